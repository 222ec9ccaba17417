"""The JSON dialect: one JSON object a line, for programs."""
