"""Tests of the client's window."""
