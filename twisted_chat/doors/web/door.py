"""One request of a browser's, and its one answer."""

from __future__ import annotations

import sys
from http import HTTPStatus

from ...chat.chat import Chat
from ...connection.interface import Connection
from ...connection.line_queue import BaseDoor
from ...console.render import LF
from ...core.doors import SPOKEN, DoorKind
from ...core.errors import ChatError
from ...core.events import Closed
from . import http, page
from .address import address, goes_by, takes_files
from .filehost import FileHost, is_about_files
from .http import LONGEST_HEAD, BadRequest, Request
from .websocket import may_come_from, wants_socket

METHODS = ("GET", "HEAD")


class WebDoor(BaseDoor):
    """A connection of a browser's: it is answered once, and never becomes a chat."""

    patience = 10.0  # seconds in which the head has to be there

    def __init__(self, chat: Chat, connection: Connection) -> None:
        super().__init__(chat, connection)
        self.dialect = LF
        self.longest_line = LONGEST_HEAD
        self._lines: list[bytes] = []
        self._size = 0

    def greet(self, on_new_line: bool = False) -> None:
        """A browser speaks first."""

    def feed(self, line: bytes) -> None:
        """One more line of the head; at an empty one it is answered."""
        self._size += len(line) + 2
        self.connection.kept(len(line))
        if self._size > LONGEST_HEAD:
            self._answer(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, "The request is too large.\n")
            return
        try:
            if line:
                self._lines.append(line)
                if len(self._lines) == 1:
                    http.start_of(line)  # a person who types is answered at once
            elif self._lines:
                self._serve(http.read(self._lines))
        except BadRequest as error:
            self._answer(error.status, f"The request is not understood: {error}.\n")

    def _serve(self, asked: Request) -> None:
        # A link to a file has a secret key in it, so it may be used under any name.
        by_key = is_about_files(asked.path) and asked.method in METHODS
        if not by_key and not goes_by(asked, self.chat.settings, self.connection):
            scheme = "https" if self.connection.tls else "http"
            self._answer(
                HTTPStatus.MISDIRECTED_REQUEST,
                f"This server has no name {asked.place[0]}: use its address, or start it with"
                f" --web-address {scheme}://{asked.host}.\n",
            )
        elif wants_socket(asked) and DoorKind.IRC not in self.chat.settings.closed_doors:
            self._upgrade(asked)
        elif is_about_files(asked.path) and takes_files(self.chat.settings):
            # Behind the head there may be the beginning of a file, which waits here meanwhile.
            self.longest_line = sys.maxsize
            FileHost(self, asked, self._base(asked)).serve()
        elif asked.method not in METHODS:
            self._answer(
                HTTPStatus.METHOD_NOT_ALLOWED,
                "There is only GET and HEAD here.\n",
                Allow="GET, HEAD",
            )
        elif asked.path != "/":
            self._answer(HTTPStatus.NOT_FOUND, "There is one page here, and it is /.\n")
        else:
            body = page.page(self._facts(asked))
            self._answer(HTTPStatus.OK, body, kind="text/html", policy=page.POLICY)

    def _upgrade(self, asked: Request) -> None:
        """Go over to IRC in a WebSocket."""
        settings, secure = self.chat.settings, self.connection.tls
        if not may_come_from(asked, settings.web_origins, secure, settings.web_address):
            self._answer(
                HTTPStatus.FORBIDDEN,
                "Pages from there may not chat here; who runs the server can let them"
                " (--web-origin).\n",
            )
            return
        head = b"".join([line + b"\r\n" for line in (*self._lines, b"")])
        self.lost()
        self.connection.become_socket(head, self._destination(asked))

    def _facts(self, asked: Request) -> page.Facts:
        settings, open_doors = self.chat.settings, self.connection.open_doors
        host, here = self._place(asked)
        places: dict[DoorKind, page.Place] = {}
        for door in SPOKEN:
            if door in open_doors.doors:
                places[door] = page.Place(host, here)
            elif door in open_doors.elsewhere:
                places[door] = page.Place(host, str(open_doors.elsewhere[door]))
        return page.Facts(
            settings.name,
            tls=self.tls or self.connection.tls,
            own_certificate=settings.tls == "auto",
            registration=settings.registration_open,
            guests=settings.guests,
            places=places,
        )

    def _place(self, asked: Request) -> tuple[str, str]:
        """The host and the port, as the browser calls them; else as the socket has them."""
        if not asked.host:
            host, port = self.connection.destination or ("HOST", 0)
            return str(host), str(port or "PORT")
        name, written = asked.place
        return name, written or ("443" if self.connection.tls else "80")

    def _destination(self, asked: Request) -> tuple[str, int] | None:
        """Where the browser has connected to, as it calls it."""
        if not asked.host:
            return self.connection.destination
        host, port = self._place(asked)
        return host, int(port)

    def _base(self, asked: Request) -> str:
        """What the addresses begin with of what is here."""
        settings, line = self.chat.settings, self.connection
        if settings.web_address or not asked.host:
            return address(settings, line)
        return f"{'https' if line.tls else 'http'}://{asked.host}"

    def _answer(self, status: HTTPStatus, body: str, **more: str) -> None:
        head_only = bool(self._lines) and self._lines[0].startswith(b"HEAD ")
        self.leave_reading_on(
            http.answer(status, body, self.chat.wall(), head_only=head_only, **more)
        )

    def held(self) -> int:
        return super().held() + self._size

    def too_long(self, most: int) -> None:
        self._size = LONGEST_HEAD
        self.feed(b"x")

    def refuse(self, error: ChatError) -> None:
        self._answer(HTTPStatus.SERVICE_UNAVAILABLE, f"{error.sentence}\n")

    def farewell(self, reason: Closed) -> bytes:
        late = reason.code == "timeout"
        status = HTTPStatus.REQUEST_TIMEOUT if late else HTTPStatus.SERVICE_UNAVAILABLE
        return http.answer(status, f"{reason.text}\n", self.chat.wall())

    def end_of_input(self) -> None:
        """Half a request is none."""
        if not self.closed:
            self.leave(b"")
