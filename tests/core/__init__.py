"""Plain values and rules, by themselves."""
