"""Accounts: signing in, passwords, certificates, and what keeps strangers out."""
