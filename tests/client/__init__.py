"""The client without a terminal: its command line, the pipe, and bots."""
