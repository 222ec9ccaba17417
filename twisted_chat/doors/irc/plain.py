"""What IRC has no command for, in a sentence of the server's."""

from __future__ import annotations

from ...console.render import words_of
from ...core.entries import Entry, Kind, reason_of
from ...core.text import formatted, shown


def sentence(entry: Entry) -> str:
    """What happened; empty when it is nothing for people."""
    by = shown(entry.author)
    match entry.kind:
        case Kind.EDIT:
            return f"{by} has changed message {entry.target} to: {formatted(words_of(entry))}"
        case Kind.DELETE:
            whose = "" if entry.subject in ("", entry.author) else f" of {shown(entry.subject)}"
            reason = reason_of(entry)
            because = f": {formatted(reason)}" if reason else ""
            return f"{by} has deleted message {entry.target}{whose}{because}"
        case Kind.RENAME:
            name, _, why = formatted(entry.text).partition(" ")
            return f"{by} has renamed {shown(entry.subject)} to {name}" + (
                f": {why}" if why else ""
            )
        case Kind.ENCRYPT:
            return (
                f"{by} encrypts this conversation from here on: only clients that have the keys can"
                " read and write here"
            )
    return ""
