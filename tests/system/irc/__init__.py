"""IRC clients on real sockets, and the programs that people use."""
