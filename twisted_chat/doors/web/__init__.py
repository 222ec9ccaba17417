"""The web door: one page that says what this is and how to come in."""
