"""The six words that two people compare to know that nobody is between them.

Both sides write down the same lines, of the two names in order:

    twisted-chat words 1
    NAME KEY KEY ...
    NAME KEY KEY ...

NAME is the folded name, each KEY the ed25519 key of a device that is in use (in base64), in
order, separated by one blank; lines end with a line feed. Of this text in UTF-8

    Argon2id(text, salt = "twisted-chat words 1", 16,384 KiB, 3 passes, 1 lane, 12 bytes)

is six words: each stands for 16 bits, consonant (4 bits), vowel (2), consonant (4), vowel (2),
consonant (4), out of `bdfghjklmnprstvz` and `aiou`. A server that shows each side keys of its
own would have to find two sets of keys with the same words: 2 to the power of 48 tries, each
of which Argon2id makes a thousand times dearer than a plain hash does.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple

from argon2.low_level import Type, hash_secret_raw

CONSONANTS = "bdfghjklmnprstvz"
VOWELS = "aiou"
WORDS = 6
SALT = b"twisted-chat words 1"
MEMORY = 16_384  # KiB
PASSES = 3


class Comparison(NamedTuple):
    """The keys that two people compare, or one person on two devices."""

    own_name: str
    own: frozenset[str]
    name: str
    keys: frozenset[str]

    def words(self) -> str:
        """The same in six words; this takes a while, and is work for a thread."""
        return six_words(*self)


def six_words(one: str, keys: Collection[str], other: str, other_keys: Collection[str]) -> str:
    """Return the words of two people, which are the same on both sides."""
    people = sorted([(one, sorted(keys)), (other, sorted(other_keys))])
    lines = ["twisted-chat words 1", *(" ".join([name, *own]) for name, own in people)]
    text = "".join(f"{line}\n" for line in lines).encode()
    digest = hash_secret_raw(text, SALT, PASSES, MEMORY, 1, 2 * WORDS, Type.ID)
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
