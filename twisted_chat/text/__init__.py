"""The text dialect: what people with netcat type and read."""
