"""A connection, from its first byte to a queue of lines, whatever is spoken on it."""
