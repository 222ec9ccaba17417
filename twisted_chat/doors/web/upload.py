"""A file that comes over HTTP, and the one answer to it."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from ...chat.files.links import ReceivingForLink
from ...core.errors import ChatError
from ...core.events import Closed
from ..file_transfer import Upload
from .body import Body, Chunked
from .request import BadRequest

if TYPE_CHECKING:
    from ...chat.chat import Chat
    from ...connection.interface import Connection
    from .responses import Answers

GO_ON = b"HTTP/1.1 100 Continue\r\n\r\n"


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
            self.lost()
            self.connection.end_reading_on(self.farewell(reason))

    def farewell(self, reason: Closed) -> bytes:
        return self._answers.refusal(reason.code, reason.text, self.chat.wall())
