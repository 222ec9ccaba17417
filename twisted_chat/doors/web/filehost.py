"""Files over HTTP: sending one with a name and a password, fetching it by its link, deleting it."""

from __future__ import annotations

import re
from base64 import b64decode
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from twisted.internet.defer import CancelledError, Deferred
from twisted.python.failure import Failure

from ...chat.accounts.sign_in import Proof
from ...chat.chat import Chat
from ...chat.files import Serving, StoredFile
from ...chat.files.links import ReceivingForLink, nothing_there
from ...connection import plaintext
from ...connection.interface import Connection
from ...connection.line_queue import BaseDoor
from ...core.errors import ChatError
from ...core.events import Closed
from ...settings import Settings
from ..file_transfer import Download, Upload
from .address import FILES, ONCE
from .http import (
    BadRequest,
    Body,
    Chunked,
    Counted,
    Part,
    Request,
    answer,
    disposition,
    head_of,
    in_link,
    kind_of,
    name_of,
    part_of,
)
from .websocket import may_come_from

STATUS = {
    "wrong_password": HTTPStatus.UNAUTHORIZED,
    "blocked": HTTPStatus.TOO_MANY_REQUESTS,
    "too_many": HTTPStatus.TOO_MANY_REQUESTS,
    "suspended": HTTPStatus.FORBIDDEN,
    "ended": HTTPStatus.FORBIDDEN,
    "not_allowed": HTTPStatus.FORBIDDEN,
    "plaintext": HTTPStatus.FORBIDDEN,
    "no_such_file": HTTPStatus.NOT_FOUND,
    "deleted": HTTPStatus.NOT_FOUND,
    "bad_ticket": HTTPStatus.NOT_FOUND,
    "timeout": HTTPStatus.REQUEST_TIMEOUT,
    "too_long": HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    "quota": HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    "internal": HTTPStatus.INTERNAL_SERVER_ERROR,
    "busy": HTTPStatus.SERVICE_UNAVAILABLE,
    "full": HTTPStatus.SERVICE_UNAVAILABLE,
    "restart": HTTPStatus.SERVICE_UNAVAILABLE,
    "store_unavailable": HTTPStatus.SERVICE_UNAVAILABLE,
    "store_full": HTTPStatus.INSUFFICIENT_STORAGE,
}
GO_ON = b"HTTP/1.1 100 Continue\r\n\r\n"
_LINK = re.compile(FILES + r"/([1-9][0-9]{0,14})/([0-9a-f]{32})(?:/[^/]*)?")
_TICKET = re.compile(FILES + f"/{ONCE}" + r"/([0-9a-f]{32})(?:/[^/]*)?")
SENDING = ("OPTIONS", "POST")
FETCHING = ("OPTIONS", "GET", "HEAD", "DELETE")
FETCHING_ONCE = ("GET",)
SENT_WITH = "Authorization, Content-Type, Content-Disposition"
FETCHED_WITH = "Authorization, Range, If-Range, If-None-Match"
FOR_A_DAY = str(24 * 60 * 60)
# A picture or a film is shown in a page that the browser makes for it; nothing else may happen.
POLICY = (
    "default-src 'none'; img-src 'self'; media-src 'self'; style-src 'unsafe-inline'; sandbox;"
    " frame-ancestors 'none'"
)


def status_of(code: str) -> HTTPStatus:
    """The status that says best what is refused with this code."""
    return STATUS.get(code, HTTPStatus.BAD_REQUEST)


class Answers:
    """The answers to one request."""

    def __init__(self, asked: Request, settings: Settings, shared: bool) -> None:
        """`shared` when a page of another place may read them."""
        self._head_only = asked.method == "HEAD"
        # A quoted text, in which these two would mean something.
        realm = settings.name.replace("\\", "").replace('"', "")
        self._challenge = f'Basic realm="{realm}", charset="UTF-8"'
        self.fields: dict[str, str] = {}
        if shared:
            self.fields = {
                "Access-Control-Allow-Origin": asked.fields["origin"],
                "Access-Control-Allow-Credentials": "true",
                "Access-Control-Expose-Headers": "Location, Content-Range, ETag",
                "Vary": "Origin",
            }

    def refusal(self, code: str, sentence: str, now: int, retry_after: object = None) -> bytes:
        """What is refused, and why."""
        more = {}
        if code == "wrong_password":
            more["WWW-Authenticate"] = self._challenge
        if retry_after is not None:
            more["Retry-After"] = str(retry_after)
        return self.answer(status_of(code), f"{sentence}\n", now, more)

    def refused(self, error: ChatError, now: int) -> bytes:
        """The same of an error."""
        return self.refusal(error.code, error.sentence, now, error.details.get("retry_after"))

    def answer(
        self, status: HTTPStatus, body: str, now: int, more: Mapping[str, str] | None = None
    ) -> bytes:
        """A whole answer in words."""
        fields = {**self.fields, **(more or {})}
        return answer(status, body, now, head_only=self._head_only, **fields)


class Posted(Upload):
    """Takes in the body of a request, and tells where it is to be found."""

    moving: ReceivingForLink

    def __init__(
        self,
        chat: Chat,
        connection: Connection,
        receiving: ReceivingForLink,
        body: Body,
        answers: Answers,
    ) -> None:
        super().__init__(chat, connection, receiving)
        self._body = body
        self._answers = answers
        self.location = ""
        self.waits_for_word = False  # the client asks first whether to send it
        self._early = b""

    @property
    def awaited(self) -> bool:
        return not self._body.over

    def feed(self, line: bytes) -> None:
        self._early = line

    def begin(self) -> None:
        if self._early:
            self.data(self._early)
            return
        if self.waits_for_word:
            self.connection.write(GO_ON)
        super().begin()

    def data(self, data: bytes) -> None:
        try:
            content = self._body.take(data)
            if content and isinstance(self._body, Chunked):
                self.moving.expect(len(content))
        except BadRequest as error:
            self.cut(Closed("syntax", f"The request is not understood: {error}."))
        except ChatError as error:
            self.cut(Closed(error.code, error.sentence))
        else:
            if content or self._body.over:
                self.store(content)

    def _read_on(self) -> None:
        if self._body.rest and not self.closed:
            self.data(b"")
        else:
            super()._read_on()

    def _finished(self, _: object) -> None:
        if not self.closed:
            told = {"Location": self.location}
            body = f"The file is at {self.location}\n"
            self.leave(self._answers.answer(HTTPStatus.CREATED, body, self.chat.wall(), told))

    def cut(self, reason: Closed) -> None:
        if not self.closed:
            self.leave_reading_on(self.farewell(reason))

    def farewell(self, reason: Closed) -> bytes:
        return self._answers.refusal(reason.code, reason.text, self.chat.wall())


def is_about_files(path: str) -> bool:
    """Whether a request is for what is here."""
    return path == FILES or path.startswith(FILES + "/")


class FileHost:
    """One request about a file."""

    def __init__(self, door: BaseDoor, asked: Request, base: str) -> None:
        """`base` is what the address of a file begins with."""
        self._door = door
        self._chat = door.chat
        self._asked = asked
        self._base = base
        self._from_page = "origin" in asked.fields
        self._welcome = may_come_from(
            asked, self._chat.settings.web_origins, door.connection.tls, base
        )
        shared = self._from_page and self._welcome
        self._answers = Answers(asked, self._chat.settings, shared)

    def serve(self) -> None:
        """Answer it, at once or when that is possible."""
        # What comes behind the head is read when it is known whose it is.
        self._door.connection.hold()
        answered = Deferred.fromCoroutine(self._serve())
        answered.addErrback(self._failed)

    def _failed(self, failure: Failure) -> None:
        if self._door.closed or failure.check(CancelledError):
            return
        error = failure.value
        if isinstance(error, BadRequest):
            sentence = f"The request is not understood: {error}.\n"
            self._door.leave_reading_on(
                self._answers.answer(error.status, sentence, self._chat.wall())
            )
            return
        self._door.leave_reading_on(
            self._answers.refused(self._door.refusal_for(failure), self._chat.wall())
        )

    async def _serve(self) -> None:
        asked = self._asked
        link, ticket = _LINK.fullmatch(asked.path), _TICKET.fullmatch(asked.path)
        if link is None and ticket is None and asked.path != FILES:
            raise nothing_there()
        methods = FETCHING if link else FETCHING_ONCE if ticket else SENDING
        if asked.method not in methods:
            allowed = ", ".join(methods)
            sentence = f"There is only {' and '.join(methods)} here.\n"
            self._say(HTTPStatus.METHOD_NOT_ALLOWED, sentence, Allow=allowed)
            return
        if asked.method == "OPTIONS":
            self._tell_options(methods)
            return
        if self._door.exposed:
            raise plaintext.refusal(self._door.tls)
        if ticket is not None:
            await self._give_once(ticket[1])
        elif link is not None:
            row, owner = await self._chat.links.find(int(link[1]), link[2])
            await (self._delete(row) if asked.method == "DELETE" else self._give(row, owner))
        else:
            await self._take()

    def _say(self, status: HTTPStatus, body: str, **more: str) -> None:
        if not self._door.closed:
            self._door.leave_reading_on(self._answers.answer(status, body, self._chat.wall(), more))

    def _tell_options(self, methods: tuple[str, ...]) -> None:
        told = {"Allow": ", ".join(methods)}
        if methods is SENDING:
            told["Accept-Post"] = "*/*"
        if self._answers.fields:
            fields = SENT_WITH if methods is SENDING else FETCHED_WITH
            told |= {
                "Access-Control-Allow-Methods": ", ".join(methods),
                "Access-Control-Allow-Headers": fields,
                "Access-Control-Max-Age": FOR_A_DAY,
            }
        self._say(HTTPStatus.OK, "", **told)

    # --- sending and deleting -----------------------------------------------------------------

    async def _take(self) -> None:
        """Be ready for a file, from somebody who has proved who it is."""
        door, asked, links = self._door, self._asked, self._chat.links
        size = asked.size
        expected = asked.fields.get("expect", "").lower()
        if expected not in ("", "100-continue"):
            raise BadRequest("that cannot be expected", HTTPStatus.EXPECTATION_FAILED)
        fields = asked.fields
        name = name_of(fields.get("content-disposition", ""), fields.get("content-type", ""))
        self._chat.files.check_size(size or 0)
        proof = await self._prove()
        receiving = await links.receive(proof.person, door.host, name, size)
        try:
            key = await links.key(receiving.pending)
        except Exception:
            receiving.end()
            raise
        if door.closed:
            receiving.end()
            return
        body = Chunked() if size is None else Counted(size)
        posted = Posted(self._chat, door.connection, receiving, body, self._answers)
        posted.location = f"{self._base}{FILES}/{receiving.file}/{key}/{in_link(name)}"
        posted.waits_for_word = bool(expected)
        door.connection.hand_over(posted)

    async def _prove(self) -> Proof:
        """Who it is that asks, as at every door."""
        # A browser adds by itself what somebody has typed into it once, whatever page asks.
        if not self._welcome:
            raise ChatError(
                "not_allowed",
                "Pages from there may not do that; who runs the server can let them"
                " (--web-origin).",
            )
        name, password = _credentials(self._asked.fields.get("authorization", ""))
        return await self._chat.signin.with_password(name, password, self._door.network)

    async def _delete(self, row: StoredFile) -> None:
        proof = await self._prove()
        await self._chat.links.delete(proof.person, row.id, self._door.address)
        self._say(HTTPStatus.OK, "The file is deleted.\n")

    # --- fetching -----------------------------------------------------------------------------

    async def _give(self, row: StoredFile, owner: Any) -> None:
        """Give out a file, or the part of it that is asked for."""
        door, asked = self._door, self._asked
        tag = f'"{row.sha256}"'
        if asked.fields.get("if-none-match") in (tag, f"W/{tag}", "*"):
            self._end_with(HTTPStatus.NOT_MODIFIED, self._about(tag))
            return
        part = part_of(asked, row.size, tag)
        if part is None:
            where = {"Content-Range": f"bytes */{row.size}"}
            sentence = "The file has no such part.\n"
            self._say(HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE, sentence, **where)
            return
        status = HTTPStatus.OK if part.whole else HTTPStatus.PARTIAL_CONTENT
        fields = self._about(tag) | _measures(row.name, row.size, part)
        if asked.method == "HEAD":
            self._end_with(status, fields)
            return
        links = self._chat.links
        serving = await links.serve(row, owner, door.network, part.start, part.end)
        self._pass_on(serving, status, fields)

    async def _give_once(self, ticket: str) -> None:
        """Give out a file of a conversation to a client that has a ticket for it."""
        serving = await self._chat.files.serve(ticket, 0)
        fields = _measures(serving.name, serving.size, Part(0, serving.size, whole=True))
        policy = {**self._answers.fields, "Content-Security-Policy": POLICY}
        self._pass_on(serving, HTTPStatus.OK, policy | fields)

    def _pass_on(self, serving: Serving, status: HTTPStatus, fields: dict[str, str]) -> None:
        door = self._door
        if door.closed:
            serving.end()
            return
        door.connection.write(head_of(status, self._chat.wall(), fields))
        door.connection.hand_over(Download(self._chat, door.connection, serving))

    def _end_with(self, status: HTTPStatus, fields: dict[str, str]) -> None:
        if not self._door.closed:
            self._door.leave_reading_on(head_of(status, self._chat.wall(), fields))

    def _about(self, tag: str) -> dict[str, str]:
        # It never changes, but it may be gone: so it is asked for each time.
        return {
            **self._answers.fields,
            "ETag": tag,
            "Cache-Control": "private, no-cache",
            "Content-Security-Policy": POLICY,
        }


def _measures(name: str, size: int, part: Part) -> dict[str, str]:
    """What a file is, and how much of it comes."""
    fields = {
        "Content-Type": kind_of(name),
        "Content-Disposition": disposition(name),
        "Content-Length": str(part.end - part.start),
        "Accept-Ranges": "bytes",
    }
    if not part.whole:
        fields["Content-Range"] = f"bytes {part.start}-{part.end - 1}/{size}"
    return fields


def _credentials(field: str) -> tuple[str, str]:
    """The name and the password of HTTP's Basic way to log in."""
    scheme, _, letters = field.partition(" ")
    if scheme.lower() != "basic":
        raise ChatError("wrong_password", "Log in with your name and your password.")
    try:
        data = b64decode(letters.strip(), validate=True)
    except ValueError:
        raise BadRequest("the name and the password are not in Base64") from None
    try:
        text = data.decode()
    except UnicodeDecodeError:
        text = data.decode("latin-1")  # as older clients write it
    name, colon, password = text.partition(":")
    if not colon:
        raise BadRequest("there is no colon between the name and the password")
    return name, password
