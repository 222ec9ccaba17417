"""The JSON door of one program: requests, answers and resuming."""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import CancelledError, Deferred
from twisted.python.failure import Failure

from ...chat import commands
from ...chat.accounts.sign_in import Token
from ...chat.chat import Chat
from ...chat.files import Receiving, Serving
from ...connection import plaintext
from ...connection.interface import Connection
from ...connection.line_queue import MOST_MISTAKES, BaseDoor
from ...core.commands import Command
from ...core.errors import ChatError
from ...core.events import Closed
from ...core.results import MOST_NAMES, Left, Result, Standing
from ...core.text import shown
from ..file_transfer import Download, Transfer, Upload
from . import answers, requests
from .render import JSON, answer, encode, refusal, repeated

VERSION = 1
LONGEST_DEVICE = 64
MOST_TICKETS = 5  # that are no good
SPARE = 6  # what JSON's escapes can make of one byte


class JsonDoor(BaseDoor):
    """One program."""

    def __init__(self, chat: Chat, connection: Connection) -> None:
        super().__init__(chat, connection)
        self.dialect = JSON
        self.longest_line *= SPARE
        self._mistakes = 0
        self._names = 0  # that were asked about
        self._tickets = 0  # that were no good
        self._transfer: Transfer[Any] | None = None  # what this connection is for from here on

    def greet(self, on_new_line: bool = False) -> None:
        """Say who answers here, and under which rules."""
        settings = self.chat.settings
        hello = {
            "event": "hello",
            "server": settings.name,
            "software": "twisted-chat",
            "version": VERSION,
            "epoch": self.chat.epoch,
            "registration": "open" if settings.registration_open else "closed",
            "guests": settings.guests,
            "max_message": settings.max_message,
            "max_file": settings.max_file,
            "flood_limit": settings.flood_limit,
            "motd": "\n".join(self.chat.motd),
        }
        self.connection.write((b"\n" if on_new_line else b"") + encode(hello) + b"\n")

    def refuse(self, error: ChatError, request: object = None) -> None:
        self.connection.reply(refusal(request, error.code, shown(error.sentence), error.details))
        if self.session is None and error.code in ("bad_utf8", "syntax", "too_long"):
            self._mistakes += 1
            if self._mistakes >= MOST_MISTAKES and not self.closed:
                self.close(Closed("syntax", "Too many lines that are no requests: goodbye."))

    def farewell(self, reason: Closed) -> bytes:
        return self.dialect.event(reason)

    # --- requests ---------------------------------------------------------------------------

    def take(self, line: bytes) -> bool:
        if not line or line.isspace():
            return True
        number: object = None
        try:
            request = requests.decode(line)
            number = _number(request)
            asked, row = requests.read(request)
            sends = isinstance(asked, requests.Send) or (row is not None and row.sends)
            if not sends and self.sending:
                return False
            if sends:
                self.under_way(self._answered(number, self._begin(asked)))
            else:
                self.occupied(lambda: self._answered(number, self._begin(asked)))
        except ChatError as error:
            if self.sending:
                return False  # the refusal waits until what came before is answered
            self.refuse(error, number)
        return True

    def _begin(self, asked: object) -> Deferred[Any]:
        if self.session is None:
            return Deferred.fromCoroutine(self._sign_in(asked))
        self.session.asked_at = self.chat.ticks()  # a ping keeps a program from being idle
        if isinstance(asked, Command):
            return commands.perform(self.chat, self.session, asked)
        if isinstance(asked, requests.Send):
            return commands.send(self.chat, self.session, asked.room, asked.draft())
        return Deferred.fromCoroutine(self._ask(asked))

    def _answered(self, number: object, done: Deferred[Any]) -> Deferred[None]:
        return done.addCallback(self._show, number).addErrback(self._failed, number)

    def _show(self, result: Result | dict[str, Any], number: object) -> None:
        if self.closed:
            return  # the reason was the last thing that the client was told
        if isinstance(result, Left):
            last = b"" if result.reason is None else self.farewell(result.reason)
            self.leave(answer(number, {}) + last)
            return
        self.connection.reply(answer(number, result))
        if self._transfer is not None:
            self.connection.hand_over(self._transfer)
        elif self.session is not None:
            self.session.begin()  # the first time, the stream begins after the answer

    def _failed(self, failure: Failure, number: object) -> None:
        if failure.check(CancelledError) or self.closed:
            return
        self.refuse(self.refusal_for(failure), number)

    async def _ask(self, asked: object) -> dict[str, Any]:
        assert self.session is not None
        match asked:
            case requests.Typing():
                return answers.typing(self.chat, self.session, asked.room)
            case requests.Entries():
                return await answers.entries(self.chat, self.session, asked)
            case requests.Delivered():
                return answers.delivered(self.chat, self.session, asked.positions)
            case requests.Read():
                return answers.read(self.chat, self.session, asked.positions)
            case requests.Ping():
                return {}
            case requests.Publish() | requests.Keys() | requests.Claim() | requests.Share():
                return await answers.keys(self.chat, self.session, asked)
        raise ChatError("not_now", "You are logged in already.")

    # --- signing in ---------------------------------------------------------------------------

    async def _sign_in(self, asked: object) -> Result | dict[str, Any]:
        signin, connection = self.chat.signin, self.connection
        if self.exposed and not isinstance(asked, requests.Ping):
            raise plaintext.refusal(self.tls)
        match asked:
            case requests.Known():
                return self._standing(asked.name)
            case requests.Register():
                device = _device(asked.device)
                proof = await signin.register(
                    asked.name, asked.password, connection.network, connection.local
                )
                return await self._sit_down(await signin.new_token(proof, device), "", {})
            case requests.Login():
                device = _device(asked.device)
                proof = await signin.with_password(asked.name, asked.password, connection.network)
                token = await signin.new_token(proof, device)
                return await self._sit_down(token, asked.epoch, asked.positions)
            case requests.Resume():
                token = await signin.with_token(asked.token)
                return await self._sit_down(token, asked.epoch, asked.positions)
            case requests.Guest():
                proof = signin.guest(asked.name)
                return await self._sit_down(Token(proof, "program", "", 0), "", {})
            case requests.Upload() | requests.Download():
                return await self._move(asked)
            case requests.Ping():
                return {}
        raise ChatError("not_now", "Log in first: register, login, resume or guest.")

    async def _move(self, asked: requests.Upload | requests.Download) -> dict[str, Any]:
        """Go over to the bytes of a file."""
        moving: Receiving | Serving
        told: dict[str, Any]
        try:
            if isinstance(asked, requests.Upload):
                moving = receiving = await self.chat.files.receive(asked.ticket)
                told = {"file": moving.file, "from": receiving.start, "size": moving.size}
                transfer: Transfer[Any] = Upload(self.chat, self.connection, receiving)
            else:
                moving = serving = await self.chat.files.serve(asked.ticket, asked.start)
                told = {"file": moving.file, "from": serving.at, "size": moving.size}
                told["sha256"] = serving.sha256
                transfer = Download(self.chat, self.connection, serving)
        except ChatError as error:
            self._note_ticket(error)
            raise
        if self.closed or self.followed:
            transfer.lost()
            raise ChatError("syntax", "Nothing may follow that before its answer: connect anew.")
        self._transfer = transfer
        return told

    def _note_ticket(self, error: ChatError) -> None:
        self._tickets += error.code == "bad_ticket"
        if self._tickets >= MOST_TICKETS and not self.closed:
            self.close(Closed("too_many_tries", "That was tried too often: goodbye."))

    def _standing(self, name: str) -> Standing:
        """What the text door would ask for after that name, as often as it would be asked."""
        self._names += 1
        if self._names > MOST_NAMES:
            self.close(Closed("too_many_tries", "That was tried too often: goodbye."))
            raise ChatError("gone", "The connection closed.")
        return self.chat.signin.standing(name, self.connection.network, self.connection.local)

    async def _sit_down(
        self, token: Token, epoch: str, positions: dict[str, int]
    ) -> dict[str, Any]:
        person, device = token.proof.person, token.device
        reset = bool(epoch) and epoch != self.chat.epoch
        start = await answers.starting_points(self.chat, person, device, {} if reset else positions)
        if self.closed:
            self.chat.leave_unseated(person)
            raise ChatError("gone", "The connection closed.")
        for session in self.chat.sessions.of(person):
            if session.token and session.token == token.number:
                session.close(Closed("resumed", "This device has come back elsewhere."))
        session = self.chat.enter(token.proof, self, device, start.positions)
        session.token = token.number
        self.seat(session)
        self.write_straight(True)
        return {
            "name": person.name,
            "guest": person.guest,
            "admin": person.admin,
            "token": token.token,
            "device": device,
            "epoch": self.chat.epoch,
            "reset": reset,
            "unknown": [repeated(label) for label in start.unknown],
            **({"lost": start.lost} if start.lost and epoch else {}),
            "rooms": {
                room.label(person): {
                    "id": room.id,
                    "from": at,
                    "last": room.last_seq,
                    "read": min(start.read.get(room.id, 0), room.last_seq),
                    "unread": start.unread.get(room.id, 0),
                    "topic": room.topic,
                    "encrypted": room.encrypted,
                    **({"version": self.chat.devices.version(room)} if room.encrypted else {}),
                }
                for room, at in session.behind.items()
            },
            "ignores": sorted(self.chat.roster.people[i].name for i in person.ignores),
        }


def _number(request: dict[str, Any]) -> object:
    number = request.get("id")
    if number is not None and (isinstance(number, bool) or not isinstance(number, int | str)):
        raise ChatError("args", "The id of a request is a number or a string.")
    if isinstance(number, str) and len(number) > 64:
        raise ChatError("args", "The id of a request has at most 64 characters.")
    return number


def _device(name: str) -> str:
    if not 0 < len(name) <= LONGEST_DEVICE or not name.isprintable():
        raise ChatError("args", f"A device's name has 1 to {LONGEST_DEVICE} visible characters.")
    return name
