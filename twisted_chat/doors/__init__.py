"""The doors: what translates between the chat and what clients speak."""
