"""What a person at a client types and reads, whatever the client looks like.

A front (the terminal, the pipe, the window) shows lines and asks questions; the desk
knows what a typed line means, what to ask the server, and how an answer or an event
reads.
"""
