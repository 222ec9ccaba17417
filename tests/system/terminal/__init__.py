"""The client in a real terminal."""
