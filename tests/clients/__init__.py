"""The client library, against real servers in memory."""
