"""What kept passwords look like, before anything is worked out."""

from __future__ import annotations

import re

# The dearest hash that is checked at all: a damaged or forged row must not be able
# to ask for gigabytes, or to keep a thread busy for an hour.
_MOST_MEMORY = 256 * 1_024  # KiB
_MOST_ROUNDS = 16
_MOST_LANES = 8
_MOST_OLD_ROUNDS = 1_000_000
_LONGEST = 2_048

_ARGON2 = re.compile(
    r"\$argon2(?:id|i|d)\$(?:v=\d{1,3}\$)?m=(\d{1,10}),t=(\d{1,10}),p=(\d{1,10})\$"
    r"[A-Za-z0-9+/]{8,128}\$[A-Za-z0-9+/]{8,256}"
)
_OLD_ROUNDS = re.compile(r"\$(?:pbkdf2-sha256\$|[56]\$rounds=)(\d+)\$")
_OTHERS = re.compile(
    r"\$pbkdf2-sha256\$\d{1,10}\$[A-Za-z0-9./]{0,128}\$[A-Za-z0-9./]{43}"
    r"|\$5\$(?:rounds=\d{1,10}\$)?[A-Za-z0-9./]{0,16}\$[A-Za-z0-9./]{43}"
    r"|\$6\$(?:rounds=\d{1,10}\$)?[A-Za-z0-9./]{0,16}\$[A-Za-z0-9./]{86}"
    r"|\{SSHA\}[A-Za-z0-9+/]{32,48}={0,2}"
)


def is_hash(text: str) -> bool:
    """Whether this is a salted hash of a kind that is known here, and no password as it is."""
    return (_ARGON2.fullmatch(text) or _OTHERS.fullmatch(text)) is not None


def excess(stored: str) -> str | None:
    """What about a stored hash is too much to be worked out, if anything is."""
    if len(stored) > _LONGEST:
        return "it is too long"
    if stored.startswith("$argon2"):
        found = _ARGON2.fullmatch(stored)
        if found is None:
            return "it is damaged"
        memory, rounds, lanes = map(int, found.groups())
        if memory > _MOST_MEMORY or rounds > _MOST_ROUNDS or lanes > _MOST_LANES:
            return f"it asks for {memory:,} KiB, {rounds:,} rounds and {lanes:,} lanes"
    elif (found := _OLD_ROUNDS.match(stored)) and int(found[1]) > _MOST_OLD_ROUNDS:
        return f"it asks for more than {_MOST_OLD_ROUNDS:,} rounds"
    return None
