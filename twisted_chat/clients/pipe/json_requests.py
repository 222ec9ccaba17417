"""A pipe with a program at the other end: requests and answers instead of sentences."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from twisted.internet.defer import Deferred
from twisted.logger import Logger
from twisted.python.failure import Failure

from ...core import command_table as words
from ...core.errors import ChatError, StartError
from ...core.text import without_blanks
from ..connection.link import Lost
from ..desk.commands import Get, Readers, Said, Send, TypedCommand, meaning
from ..desk.places import read_events
from ..sync.conversations import LOBBY
from ..sync.messages import Outgoing, Stage
from .desk import PipeDesk

PAGES = ("lines", "entries")  # parts of an answer that are entries
SAYS = {"send": "room", "say": "room", "message": "user", "me": "place", "broadcast message": ""}
TEXTS = ("text", "cid", "manner")
OFFICIAL = frozenset({"do", "id"})

Request = dict[str, Any]


class JsonRequests:
    """Answers each line with one line of JSON: `re` is its own id, or `line` its number."""

    log = Logger()

    def __init__(self, desk: PipeDesk, write: Callable[[Request], None]) -> None:
        self._desk = desk
        self._write = write
        self._number = 0

    def only_says(self, line: str) -> bool:
        try:
            request = self._request(line)
            return request.get("do") in SAYS and "path" not in request
        except ChatError:
            return False

    def online(self) -> bool:
        return self._desk.online()

    def caught_up(self) -> bool:
        return self._desk.caught_up()

    def refuse(self, error: ChatError) -> None:
        """What cannot be read at all counts as a line too."""
        self._number += 1
        self._answer_badly(error, {"line": self._number})

    def enter(self, line: str) -> Deferred[None]:
        self._number += 1
        names: list[Request] = [{"line": self._number}]
        done = Deferred.fromCoroutine(self._carry_out(line, names))
        return done.addErrback(self._failed, names)

    async def _carry_out(self, line: str, names: list[Request]) -> None:
        request = self._request(line)
        if "id" in request:
            names.append({"re": request["id"]})
        answer = await self._answered(request)
        self._write({**names[-1], "ok": answer})

    async def _answered(self, request: Request) -> Any:
        do = request.get("do")
        if not isinstance(do, str):
            raise ChatError("syntax", "A request has a do, which is a word.")
        if "self" in request:  # which is a word of Python's
            raise ChatError("args", f"{do} does not take self.")
        arguments = {word: value for word, value in request.items() if word not in OFFICIAL}
        if do == "send" and "path" in arguments:
            return await self._send(**arguments)
        if do == "fetch":
            return await self._fetch(**arguments)
        if do in SAYS:
            return await self._say(do, arguments)
        if do == "logout":
            self._desk.leave()
            return {}
        if do == "switch":
            self._desk.switch(str(arguments.get("place") or LOBBY))
            return {"place": self._desk.here}
        if do == "readers":
            return await self._readers(**arguments)
        if do == "edit" and arguments.keys() == {"message", "text"}:
            edited = await self._desk.encryption.edit(words.Edit(**arguments))
            if edited is not None:
                return edited
        if do == "encrypt":
            await self._desk.user.secrets.publish()
        answer = await self._desk.user.ask(do, **arguments)
        if do in ("join", "create"):
            self._desk.switch(str(answer["room"]))
        for name in PAGES:
            if name in answer:
                answer[name] = await read_events(self._desk.user, answer[name])
        return answer

    async def _say(self, do: str, arguments: Request) -> Request:
        """Say something; it is kept until the server has it, as at a terminal."""
        place = SAYS[do]
        room = arguments.pop(place, LOBBY if do == "me" else None) if place else LOBBY
        taken = TEXTS[:-1] if do == "me" else TEXTS
        given = {name: arguments.pop(name, "") for name in taken}
        if arguments or not all(isinstance(value, str) for value in (room, *given.values())):
            wanted = ", ".join(name for name in (place, *taken) if name)
            raise ChatError("args", f"{do} takes {wanted}, and each is a string.")
        if do == "me":
            given["manner"] = "action"
        return await _stored(self._desk.user.say(str(room), **given))

    async def _send(self, room: object = "", path: object = "", **more: object) -> Request:
        """Send a file; the answer comes when the message that names it is stored."""
        if more or not (isinstance(room, str) and isinstance(path, str) and room and path):
            raise ChatError("args", "send takes room and path to send a file; each is a string.")
        outgoing = await self._desk.files.send(room, path)
        return {**await _stored(outgoing), "file": outgoing.file}

    async def _fetch(self, file: object = None, path: object = "", **more: object) -> Request:
        """Fetch a file; the answer says where it is."""
        if more or not isinstance(path, str) or not isinstance(file, int):
            raise ChatError("args", "fetch takes file, a number, and path, a string, if any.")
        fetched = await self._desk.files.get(file, path)
        return {**fetched._asdict(), "path": str(fetched.path)}

    async def _readers(
        self, room: object = "", verified: object = None, admit: object = "", **more: object
    ) -> Request:
        """Who can read an encrypted room; `verified` says whether only verified devices do."""
        if more or not (
            isinstance(room, str)
            and isinstance(admit, str)
            and (verified is None or isinstance(verified, bool))
        ):
            raise ChatError(
                "args", "readers takes room and admit, strings, and verified, true or false."
            )
        command = Readers(room, verified is True, verified is False, admit)
        return (await self._desk.encryption.readers(command)).told()

    # --- what a line asks for ----------------------------------------------------------------

    def _request(self, line: str) -> Request:
        """The request that a line is, or stands for."""
        text = without_blanks(line)
        if not text.startswith("{"):
            return self._typed(line)
        try:
            request = json.loads(text)
        except ValueError:
            raise ChatError("syntax", "That line is no JSON.") from None
        assert isinstance(request, dict)
        return request

    def _typed(self, line: str) -> Request:
        desk = self._desk
        meant = meaning(line, desk.here, desk.is_somebody)
        if isinstance(meant, Said):
            return {"do": "send", "room": desk.here, "text": meant.text}
        return _asked(meant)

    def _failed(self, failure: Failure, names: list[Request]) -> None:
        error = failure.value
        if isinstance(error, Lost):
            error = ChatError("lost", "The connection was lost before this was answered.")
        elif isinstance(error, StartError):
            error = ChatError("disk", str(error))
        elif not isinstance(error, ChatError):
            self.log.failure("A request failed", failure)
            error = ChatError("internal", f"This program has a fault: {error!r}")
        self._answer_badly(error, names[-1])

    def _answer_badly(self, error: ChatError, name: Request) -> None:
        self._desk.refused += 1
        told = {"code": error.code, "message": error.sentence, **error.details}
        self._write({**name, "error": told})


async def _stored(message: Outgoing) -> Request:
    """What is to be said of a message of one's own when the server has it."""
    await message.done
    if message.stage is Stage.REFUSED:
        raise message.error or ChatError("internal", "This was not sent.")
    told = message.stage is Stage.TOLD  # and kept nowhere, so that it has no number
    names = ("room", "now", "cid") if told else ("room", "seq", "now", "later", "again", "cid")
    return {name: getattr(message, name) for name in names}


def _asked(meant: TypedCommand) -> Request:
    """The request for a command; what it would ask a person for has to be there."""
    typed = meant.typed
    if typed.missing:
        raise ChatError("args", f"Usage: {typed.row.usage}")
    command = typed.command()
    if isinstance(command, Send):
        return {"do": "send", "room": command.place, "path": command.path}
    if isinstance(command, Get):
        return {"do": "fetch", "file": command.file, "path": command.path}
    if isinstance(command, Readers):
        rule = {"verified": command.verified} if command.verified or command.all else {}
        return {"do": "readers", "room": command.room, "admit": command.admit, **rule}
    if meant.local and typed.row.name != "switch":
        raise ChatError("unknown_command", f"{typed.row.name} is for people only.")
    return {"do": typed.row.name, **command.given()}
