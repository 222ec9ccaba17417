"""The settings, and the parts of the process that need no process of their own."""
