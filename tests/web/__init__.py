"""The page that browsers are shown, and the requests it answers."""
