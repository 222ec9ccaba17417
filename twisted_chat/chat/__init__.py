"""The application: who may do what, and what goes to whom."""
