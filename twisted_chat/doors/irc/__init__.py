"""The IRC door: it translates between the chat and IRC, and keeps no rooms or rules of its own."""
