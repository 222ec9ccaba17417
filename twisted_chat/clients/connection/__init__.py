"""A client's connection to a server: dialing, trust, signing in, and coming back."""
