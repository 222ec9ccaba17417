"""The text door: people with netcat, telnet or a terminal of their own."""
