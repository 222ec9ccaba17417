"""The entries that a server's events tell of, whatever it writes there."""

from __future__ import annotations

from ...core import attachments
from ...core.attachments import Attachment
from ...core.entries import MANNERS, WORDS, Entry, Form, Kind, State
from ..connection.link import Event

MOST_NUMBER = 1 << 53  # what a server counts does not reach it

_KINDS = {kind.name.lower(): kind for kind in Kind}


def number(said: object) -> int:
    """A number of the server's; ValueError for what cannot be one."""
    if type(said) is not int or not 0 <= said < MOST_NUMBER:
        raise ValueError(f"{said!r} is no number")
    return said


def entry_of(event: Event) -> Entry | None:
    """The entry that an event tells of; None for one whose words are hidden or unknown."""
    kind = _KINDS.get(event["event"])
    if kind is None:
        return None
    text, form = _text_of(kind, event)
    target = event.get("target")
    return Entry(
        id=number(event.get("id") or 0),
        room=0,
        seq=number(event["seq"]),
        kind=kind,
        time=int(event.get("time", 0)),
        sender=None,
        author=str(event.get("from", event.get("by", ""))),
        text=text,
        target=None if target is None else number(target),
        subject=str(event.get("whom", "")),
        cid=event.get("cid"),
        state=State.DELETED
        if event.get("deleted")
        else State.EDITED
        if event.get("edited")
        else State.AS_SAID,
        form=form,
    )


def _text_of(kind: Kind, event: Event) -> tuple[str, Form]:
    """The text of an entry, and what it is; only what somebody says may be sealed."""
    if kind is Kind.DELETE and event.get("sealed"):
        return str(event["sealed"]), Form.SEALED
    if kind not in WORDS and kind is not Kind.KEYS:
        return str(event.get("text", "")), Form.WORDS
    sealed, file = str(event.get("sealed") or ""), event.get("file")
    if kind is Kind.MESSAGE and file is not None and not event.get("deleted"):
        facts = (number(file["file"]), number(file["size"]), str(file["sha256"]))
        text = attachments.written(Attachment(*facts, str(file.get("name", "")), sealed))
        return text, Form.SEALED_FILE if sealed else Form.FILE
    if sealed:
        return sealed, Form.SEALED
    return str(event.get("text", "")), MANNERS.get(str(event.get("manner", "")), Form.WORDS)
