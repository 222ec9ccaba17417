"""The JSON dialect, as a program meets it."""
