"""End-to-end encryption of one user: what is kept of it, and where it is used."""
