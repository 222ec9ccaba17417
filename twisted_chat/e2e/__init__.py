"""End-to-end encryption as a client does it: no connection, no file and no clock.

`machine.OlmMachine` is what a client uses; the other modules are its parts. The formats stand in
the modules that make them: `device` has what devices publish, `envelopes` what the server carries,
`chunks` how files are encrypted, `verification` what two people compare, `vault` what is on disk.

Importing this package loads nothing: what it needs is loaded with the modules one uses.
"""
