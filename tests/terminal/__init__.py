"""The client at a terminal."""
