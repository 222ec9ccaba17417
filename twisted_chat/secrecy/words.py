"""The six words that two people compare to know that nobody is between them.

Both sides write down the same lines, of the two names in order, and hash them:

    twisted-chat words 1
    NAME KEY KEY ...
    NAME KEY KEY ...

NAME is the folded name, each KEY the ed25519 key of a device that is in use (in base64), in
order, separated by one blank; lines end with a line feed, and the text is UTF-8. The first
twelve bytes of its SHA-256 are six words: each stands for 16 bits, consonant (4 bits), vowel
(2), consonant (4), vowel (2), consonant (4), out of `bdfghjklmnprstvz` and `aiou`.
"""

from __future__ import annotations

from collections.abc import Collection
from hashlib import sha256

CONSONANTS = "bdfghjklmnprstvz"
VOWELS = "aiou"
WORDS = 6


def six_words(one: str, keys: Collection[str], other: str, other_keys: Collection[str]) -> str:
    """The words of two people, the same whoever asks."""
    people = sorted([(one, sorted(keys)), (other, sorted(other_keys))])
    lines = ["twisted-chat words 1", *(" ".join([name, *own]) for name, own in people)]
    digest = sha256("".join(f"{line}\n" for line in lines).encode()).digest()
    return " ".join(_word(digest[at : at + 2]) for at in range(0, 2 * WORDS, 2))


def _word(two: bytes) -> str:
    bits = int.from_bytes(two, "big")
    return (
        CONSONANTS[bits >> 12]
        + VOWELS[bits >> 10 & 3]
        + CONSONANTS[bits >> 6 & 15]
        + VOWELS[bits >> 4 & 3]
        + CONSONANTS[bits & 15]
    )
