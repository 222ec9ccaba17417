"""End-to-end encryption of one user: its keys on disk, and what is encrypted and decrypted."""
