"""Masks: patterns of what somebody looks like on IRC, `nick!user@host` or the account."""

from __future__ import annotations

from functools import lru_cache
from unicodedata import normalize

from .errors import ChatError
from .roster import Person

LONGEST_MASK = 200  # bytes
ACCOUNT = "~a:"  # the account's name
MUTE = "~m:"  # who matches the rest may be there and not speak


def matches(pattern: str, text: str) -> bool:
    """Whether a text is what a pattern with * and ? describes.

    All ways of reading the pattern are followed at once, as the bits of a number, so that it
    takes one step for each character of the text whatever the pattern is.
    """
    accepts, anything, stays, end = _states(pattern)
    state = 1  # bit n: the first n signs of the pattern, stars left out, have been found
    for sign in text:
        state = (state & (accepts.get(sign, 0) | anything)) << 1 | (state & stays)
        if not state:
            return False
    return bool(state & end)


@lru_cache(maxsize=1024)
def _states(pattern: str) -> tuple[dict[str, int], int, int, int]:
    """Where each sign leads on, where any sign does, where a star waits, and where the end is."""
    accepts: dict[str, int] = {}
    anything = stays = 0
    here = 1
    for sign in pattern:
        if sign == "*":
            stays |= here
            continue
        if sign == "?":
            anything |= here
        else:
            accepts[sign] = accepts.get(sign, 0) | here
        here <<= 1
    return accepts, anything, stays, here


def completed(mask: str) -> str:
    """A mask with all its parts: `bob` is `bob!*@*`, and `u@h` is `*!u@h`."""
    mask = normalize("NFC", mask)  # as names are
    if mask[: len(MUTE)].lower() == MUTE:
        rest = completed(mask[len(MUTE) :])
        if is_mute(rest):
            raise ChatError("args", f"{MUTE} is written once: {MUTE}bob")
        return _checked(MUTE + rest)
    if mask[: len(ACCOUNT)].lower() == ACCOUNT:
        _checked(mask[len(ACCOUNT) :])
        return _checked(ACCOUNT + mask[len(ACCOUNT) :])
    _checked(mask)
    nick, bang, rest = mask.partition("!")
    if not bang:
        nick, rest = ("*", mask) if "@" in mask else (mask, "*@*")
    user, _, host = rest.partition("@")
    return _checked(f"{nick or '*'}!{user or '*'}@{host or '*'}")


def _checked(mask: str) -> str:
    too_long = len(mask.encode("utf-8", "replace")) > LONGEST_MASK
    if not mask or too_long or not mask.isprintable() or " " in mask:
        raise ChatError(
            "args", f"A mask such as bob!*@* has 1 to {LONGEST_MASK} bytes and no space."
        )
    return mask


def is_mute(mask: str) -> bool:
    """Whether a ban keeps somebody only from speaking."""
    return mask.startswith(MUTE)


def looks(person: Person) -> tuple[str, str, str]:
    """What somebody is to IRC: nick, user and host."""
    return person.name, person.user, person.host


def fits(mask: str, person: Person) -> bool:
    """Whether a completed mask describes somebody; that of a mute describes whom it mutes."""
    mask = mask.removeprefix(MUTE).lower()
    if mask.startswith(ACCOUNT):
        return not person.guest and matches(mask[len(ACCOUNT) :], person.named.folded)
    nick, user, host = looks(person)
    rest = f"!{user}@{host}".lower()
    return any(matches(mask, name + rest) for name in {nick.lower(), person.named.folded})
