"""A user seen from the client: every entry once and in order, and an outbox on disk."""
