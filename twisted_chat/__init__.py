"""A chat service on Twisted: every word on disk before anybody sees it."""

__version__ = "0.2.0"
