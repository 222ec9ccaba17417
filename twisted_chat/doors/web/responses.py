"""What those are answered who send and fetch files over HTTP: in words, and by a status."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import TYPE_CHECKING

from ...core.errors import ChatError
from . import request

if TYPE_CHECKING:
    from ...settings import Settings
    from .request import Request

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
        return request.answer(status, body, now, head_only=self._head_only, **fields)
