"""Tests of encryption from end to end, as far as the server has a part in it."""
