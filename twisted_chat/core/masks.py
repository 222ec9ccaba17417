"""Masks: patterns of what somebody looks like on IRC, `nick!user@host` or the account."""

from __future__ import annotations

from .errors import ChatError
from .roster import Person

LONGEST_MASK = 128
ACCOUNT = "~a:"  # the account's name
MUTE = "~m:"  # who matches the rest may be there and not speak


def matches(pattern: str, text: str) -> bool:
    """Whether a text is what a pattern with * and ? describes; takes no more than |p|·|t| steps."""
    at = star = -1
    p = t = 0
    while t < len(text):
        if p < len(pattern) and pattern[p] == "*":
            star, at = p, t
            p += 1
        elif p < len(pattern) and pattern[p] in ("?", text[t]):
            p += 1
            t += 1
        elif star >= 0:
            at += 1
            p, t = star + 1, at
        else:
            return False
    return pattern[p:].strip("*") == ""


def completed(mask: str) -> str:
    """A mask with all its parts: `bob` is `bob!*@*`, and `u@h` is `*!u@h`."""
    for kind in (MUTE, ACCOUNT):
        if mask[: len(kind)].lower() == kind:
            rest = mask[len(kind) :]
            return kind + (completed(rest) if kind == MUTE else _checked(rest))
    nick, bang, rest = mask.partition("!")
    if not bang:
        nick, rest = ("*", mask) if "@" in mask else (mask, "*@*")
    user, sign, host = rest.partition("@")
    return _checked(f"{nick or '*'}!{user or '*'}@{(host if sign else '') or '*'}")


def _checked(mask: str) -> str:
    if not mask or len(mask) > LONGEST_MASK or not mask.isprintable() or " " in mask:
        raise ChatError(
            "args", f"A mask such as bob!*@* has 1 to {LONGEST_MASK} characters and no space."
        )
    return mask


def is_mute(mask: str) -> bool:
    """Whether a ban keeps somebody only from speaking."""
    return mask.startswith(MUTE)


def fits(mask: str, person: Person) -> bool:
    """Whether a completed mask describes somebody; that of a mute describes whom it mutes."""
    mask = mask.removeprefix(MUTE).lower()
    if mask.startswith(ACCOUNT):
        return not person.guest and matches(mask[len(ACCOUNT) :], person.named.folded)
    host = f"{person.user}@{person.host}".lower()
    return any(
        matches(mask, f"{name}!{host}") for name in {person.named.folded, person.name.lower()}
    )
