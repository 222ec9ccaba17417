"""Sending and fetching files, each on a connection of its own."""
