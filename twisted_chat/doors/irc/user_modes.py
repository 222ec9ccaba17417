"""MODE of oneself: i (not in lists), w (hears WALLOPS), B (is a bot), o (is an operator)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .message import shortened
from .names import folded
from .refusals import Refused

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .door import IrcDoor

OWN = frozenset("iwB")  # what everybody may set
LETTERS = OWN | {"o"}  # which OPER sets, and anybody may give up


def change(client: IrcDoor, target: str, rest: Sequence[str]) -> None:
    """Show the client's modes, or change them."""
    if folded(target) != folded(client.nick):
        if client.clients.person(target) is None:
            raise Refused("401", shortened(target))
        raise Refused("502")
    if not rest:
        client.numeric("221", f"+{''.join(sorted(client.modes))}")
        return
    before = frozenset(client.modes)
    unknown = _apply(client, rest[0])
    if unknown:
        client.numeric("501", text=f"There is no user mode {shortened(unknown)} here")
    done = _written(before, frozenset(client.modes))
    if done:
        client.line(client.clients.mask(client.nick), f"MODE {client.nick} :{done}")


def _apply(client: IrcDoor, letters: str) -> str:
    """Change what may be changed; the letters that mean nothing."""
    adding, unknown = True, ""
    for letter in letters:
        if letter in "+-":
            adding = letter == "+"
        elif letter not in LETTERS:
            unknown += letter
        elif not adding:
            client.modes.discard(letter)
            client.oper = client.oper and letter != "o"
        elif letter in OWN:
            client.modes.add(letter)
    client.clients.note_bot(client.me)
    return unknown


def _written(before: frozenset[str], after: frozenset[str]) -> str:
    added, taken = "".join(sorted(after - before)), "".join(sorted(before - after))
    return (f"+{added}" if added else "") + (f"-{taken}" if taken else "")
