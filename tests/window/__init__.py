"""The parts of the client's window."""
