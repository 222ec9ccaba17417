"""The client in a pipe, without a process."""
