"""The client at a terminal, without one."""
