"""MODE of oneself: i (not in lists), w (hears WALLOPS), B (is a bot), o (is an operator)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .commands import shortened
from .names import folded
from .numerics import Refused

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .door import IrcTalk

OWN = frozenset("iwB")  # what everybody may set
LETTERS = OWN | {"o"}  # which OPER sets, and anybody may give up


def change(talk: IrcTalk, target: str, rest: Sequence[str]) -> None:
    """Show the client's modes, or change them."""
    if folded(target) != folded(talk.nick):
        if talk.company.person(target) is None:
            raise Refused("401", shortened(target))
        raise Refused("502")
    if not rest:
        talk.numeric("221", f"+{''.join(sorted(talk.modes))}")
        return
    before = frozenset(talk.modes)
    unknown = _apply(talk, rest[0])
    if unknown:
        talk.numeric("501", text=f"There is no user mode {shortened(unknown)} here")
    done = _written(before, frozenset(talk.modes))
    if done:
        talk.line(talk.company.mask(talk.nick), f"MODE {talk.nick} :{done}")


def _apply(talk: IrcTalk, letters: str) -> str:
    """Change what may be changed; the letters that mean nothing."""
    adding, unknown = True, ""
    for letter in letters:
        if letter in "+-":
            adding = letter == "+"
        elif letter not in LETTERS:
            unknown += letter
        elif not adding:
            talk.modes.discard(letter)
            talk.oper = talk.oper and letter != "o"
        elif letter in OWN:
            talk.modes.add(letter)
    talk.company.note_bot(talk.me)
    return unknown


def _written(before: frozenset[str], after: frozenset[str]) -> str:
    added, taken = "".join(sorted(after - before)), "".join(sorted(before - after))
    return (f"+{added}" if added else "") + (f"-{taken}" if taken else "")
