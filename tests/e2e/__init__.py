"""End-to-end encryption, without a server."""
