"""The chat's refusals as IRC has them: a numeric where there is one, else a standard reply."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...core.errors import ChatError
from ...core.text import shown
from .commands import shortened
from .numerics import Refused

if TYPE_CHECKING:
    from .door import IrcDoor
    from .responses import Answers

# What stands between the numeric and the sentence is what the refused command was about.
NUMERICS = {
    "accounts_only": "477",
    "bad_key": "475",
    "bad_name": "432",
    "bad_password": "464",
    "banned": "474",
    "blocked": "464",
    "closed": "465",
    "guest": "477",
    "invite_only": "473",
    "list_full": "478",
    "moderated": "404",
    "muted": "404",
    "name_taken": "433",
    "no_ctcp": "404",
    "no_such_room": "403",
    "no_such_user": "401",
    "not_a_member": "442",
    "not_allowed": "482",
    "not_available": "403",
    "room_full": "471",
    "suspended": "465",
    "too_many": "405",
    "unknown_mode": "472",
    "wrong_password": "464",
}
SPEAKING = {**NUMERICS, "banned": "404", "not_a_member": "404", "encrypted": "404"}
"""The same for what is said."""
WITHOUT_SUBJECT = frozenset(("464", "465"))


def add(
    client: IrcDoor,
    answers: Answers,
    error: ChatError | Refused,
    command: str,
    about: str,
    numerics: dict[str, str] = NUMERICS,
) -> None:
    """Add a refusal to the answer to a command."""
    server, nick = client.clients.server, client.nick
    if isinstance(error, Refused):
        words = " ".join((error.numeric, nick, *error.params))
        answers.add(f":{server} {words} :{shown(error.text)}")
        return
    sentence = shown(error.sentence)
    if error.code == "bad_utf8":
        command = str(error.details.get("command", "*"))
        answers.add(f":{server} FAIL {command} INVALID_UTF8 :{sentence}")
        return
    numeric = numerics.get(error.code)
    if numeric is not None:
        subject = "" if numeric in WITHOUT_SUBJECT else f" {shortened(about)}"
        answers.add(f":{server} {numeric} {nick}{subject} :{sentence}")
    elif client.has("standard-replies") or command in STANDARD:
        context = f" {shortened(about)}" if about else ""
        code = error.code.upper()
        answers.add(f":{server} FAIL {command or '*'} {code}{context} :{sentence}")
    else:
        answers.add(f":{server} NOTICE {nick} :{sentence}")


def of_saying(client: IrcDoor, answers: Answers, error: ChatError | Refused, about: str) -> None:
    """The same for something that was said: a NOTICE is never answered, unless it has a label."""
    if answers.command != "NOTICE" or answers.label:
        add(client, answers, error, answers.command, about, SPEAKING)


STANDARD = frozenset(
    ("CHATHISTORY", "MARKREAD", "REDACT", "REGISTER", "VERIFY", "SETNAME", "SEARCH", "BATCH")
)
"""Commands that clients only use who know standard replies."""
