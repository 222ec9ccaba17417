"""The client as a process without a terminal: its command line, the pipe, and bots."""
