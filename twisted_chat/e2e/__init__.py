"""End-to-end encryption as a client does it: no connection, no file and no clock.

`confidant.Confidant` is what a client uses; the other modules are its parts. Each says in its
own words what it makes: `signed` what devices publish, `envelopes` what the server carries,
`chunks` how files are encrypted, `words` what two people compare, `vault` what is on disk.

Importing this package loads nothing: what it needs is loaded with the modules one uses.
"""
