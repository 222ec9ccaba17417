"""What a name is to the server, before anybody has proved to have it."""

from __future__ import annotations

from .results import Result

MOST_NAMES = 10  # that one connection may try; names are not to be found out in bulk


class Standing(Result, frozen=True):
    """How somebody signs in who gives a name; neither is true of one that can be registered."""

    known: bool  # with its password
    guest: bool = False  # at once, since nobody has it and guests are allowed
