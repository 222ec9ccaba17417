"""The clients: what they have in common, and one folder for each kind."""
