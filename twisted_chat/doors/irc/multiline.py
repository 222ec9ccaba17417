"""BATCH: messages of several lines, which clients send line by line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct, field

from ...core.text import MAX_LINES
from .commands import shortened, spoken
from .message import encoded
from .numerics import Refused
from .responses import Answers

if TYPE_CHECKING:
    from .door import IrcDoor
    from .message import Message

TYPE = "draft/multiline"
CONCAT = "draft/multiline-concat"
OPEN_FOR = 60.0  # seconds a batch may take; its lines fit into a sixth of them at the usual rate


class Open(Struct):
    """A batch whose lines are still coming. A client has one at a time."""

    reference: str
    since: float  # when it was opened
    target: str
    label: str
    tags: dict[str, str]
    command: str = ""  # PRIVMSG or NOTICE, whatever its first line was
    lines: list[list[str]] = field(default_factory=list)  # each in the parts it came in
    count: int = 0
    size: int = 0
    failed: bool = False  # it was said what is wrong with it: what comes yet is passed over


class Invalid(Exception):
    """A batch is refused; `code` says why to programs."""

    def __init__(self, code: str, text: str, *context: str) -> None:
        super().__init__(code)
        self.code = code
        self.text = text
        self.context = context


def taken(client: IrcDoor, message: Message, answers: Answers) -> Open | None:
    """Begin a batch or end it; the batch that is complete, if one is."""
    if not client.has("draft/multiline"):
        raise Refused("421", "BATCH")
    if not message.params or message.params[0][:1] not in ("+", "-"):
        raise Refused("461", "BATCH")
    sign, reference = message.params[0][0], message.params[0][1:]
    try:
        if "batch" in message.tags:
            raise _invalid("A batch cannot be in another one")
        if sign == "-":
            return _end(client, reference)
        _begin(client, reference, message, answers)
    except Invalid as invalid:
        refuse(client, answers, invalid)
    return None


def _begin(client: IrcDoor, reference: str, message: Message, answers: Answers) -> None:
    kind = message.params[1] if len(message.params) > 1 else ""
    if client.batch is not None and not client.batch.failed:
        raise _invalid("Another batch is open already")
    if not reference or len(reference) > 64:
        raise _invalid("A batch has a reference")
    target = message.params[2] if len(message.params) > 2 else ""
    now = client.chat.ticks()
    client.batch = Open(reference, now, target, answers.label, dict(message.tags))
    if kind != TYPE:
        raise Invalid("UNKNOWN_TYPE", f"Only {TYPE} can be sent", shortened(reference))
    if not target:
        raise _invalid("A message of several lines has a target")
    answers.label = ""  # what it says in the end is answered, and has the label


def _end(client: IrcDoor, reference: str) -> Open | None:
    """The batch that is complete; None when it has failed before."""
    finished = client.batch
    if finished is None or finished.reference != reference:
        raise _invalid("There is no such batch")
    client.batch = None
    if finished.failed:
        return None
    if not any(part for line in finished.lines for part in line):
        raise _invalid("There is nothing but blank lines in that")
    return finished


def hold(client: IrcDoor, message: Message, answers: Answers) -> None:
    """Keep a line until its batch is complete."""
    try:
        current = client.batch
        if current is None or message.tags["batch"] != current.reference:
            raise _invalid("There is no such batch")
        if not current.failed:
            _add(client, current, message)
    except Invalid as invalid:
        refuse(client, answers, invalid)
    else:
        answers.label = ""


def _add(client: IrcDoor, current: Open, message: Message) -> None:
    target, *said = message.params[:2] or [""]
    text = spoken(said[0]) if said else ""
    concat = CONCAT in message.tags
    most = client.chat.settings.max_message
    if target != current.target:
        raise Invalid(
            "MULTILINE_INVALID_TARGET",
            "All lines of a batch go where the batch goes",
            shortened(current.target),
            shortened(target),
        )
    if current.command not in ("", message.command):
        raise _invalid("A batch has PRIVMSG or NOTICE, and not both")
    if concat and (not text or not current.lines):
        raise _invalid("There is nothing to be put together")
    current.command = message.command
    current.count += 1
    client.connection.kept(len(text))
    current.size += len(text.encode()) + (bool(current.lines) and not concat)
    if current.count > MAX_LINES:
        raise Invalid("MULTILINE_MAX_LINES", "Those are too many lines", str(MAX_LINES))
    if current.size > most:
        raise Invalid("MULTILINE_MAX_BYTES", "That is too much at once", str(most))
    if concat:
        current.lines[-1].append(text)
    else:
        current.lines.append([text])


def tend(client: IrcDoor, now: float) -> None:
    """Give up a batch that was left open; what still comes of it is passed over."""
    left = client.batch
    if left is None or left.failed or now - left.since < OPEN_FOR:
        return
    answers = Answers(client.clients.server)
    text = f"The batch was not ended in {OPEN_FOR:.0f} seconds, so nothing of it was sent"
    refuse(client, answers, Invalid("TIMEOUT", text, shortened(left.reference)))
    client.connection.reply(encoded(answers.taken()))


def refuse(client: IrcDoor, answers: Answers, invalid: Invalid) -> None:
    """Say what is wrong with a batch; what still comes of it is passed over."""
    if client.batch is not None:
        client.batch.failed = True
        client.batch.lines.clear()
        answers.label = answers.label or client.batch.label
    words = " ".join(("FAIL BATCH", invalid.code, *invalid.context))
    answers.add(f":{client.clients.server} {words} :{invalid.text}")


def _invalid(text: str) -> Invalid:
    return Invalid("MULTILINE_INVALID", text)
