"""Requests over HTTP to a server in memory, and what is answered."""

from __future__ import annotations

from base64 import b64encode
from dataclasses import dataclass
from typing import Any, ClassVar

from twisted.trial.unittest import SynchronousTestCase

from twisted_chat.testing import PASSWORD, Client, Hall

HERE = "127.0.0.1"
HOST = "localhost:9999"
COIL = bytes(range(256)) * 700  # a file of several pieces
PNG = {"Content_Type": "image/png", "Content_Disposition": 'attachment; filename="coil.png"'}


@dataclass(frozen=True)
class Answer:
    """What has come to one request."""

    status: int
    fields: dict[str, str]  # by their names as they were written
    body: bytes

    @property
    def sentence(self) -> str:
        """What it says to a person."""
        return self.body.decode().rstrip("\n")


def basic(name: str, password: str = PASSWORD) -> str:
    """A name and a password as HTTP has them."""
    return "Basic " + b64encode(f"{name}:{password}".encode()).decode()


class Requesting(Client):
    """One connection, on which one thing is asked."""

    def __init__(self, hall: Hall, host: str = HERE) -> None:
        super().__init__(hall, host)
        hall.clients.append(self)
        self.came = b""

    def take_in(self, data: bytes) -> None:
        self.came += data

    def asks(self, method: str, path: str, body: bytes = b"", /, **fields: str) -> None:
        """Send a request, the length of its body with it unless that is told otherwise."""
        self.sends(head(method, path, len(body), **fields) + body)

    def answer(self) -> Answer:
        """The answer, which is the end."""
        self.hall.settle()
        assert self.closed, self.came[:200]
        return answer_in(self.came)


def head(method: str, path: str, length: int = 0, /, **fields: str) -> bytes:
    """The head of a request; a field that is empty is left out."""
    told = {"Host": HOST, **{name.replace("_", "-"): value for name, value in fields.items()}}
    if method == "POST" and "Transfer-Encoding" not in told:
        told = {"Content-Length": str(length), **told}
    lines = [f"{name}: {value}" for name, value in told.items() if value]
    return "\r\n".join([f"{method} {path} HTTP/1.1", *lines, "", ""]).encode()


def answer_in(data: bytes) -> Answer:
    """The answer that these bytes are; its body is as long as it says."""
    first, _, body = data.partition(b"\r\n\r\n")
    start, *lines = first.decode().split("\r\n")
    assert start.startswith("HTTP/1.1 "), data[:200]
    fields = dict(line.split(": ", 1) for line in lines)
    assert len(fields) == len(lines), lines
    return Answer(int(start.split()[1]), fields, body)


def path_of(location: str) -> str:
    """What is asked for of an address."""
    return "/" + location.split("/", 3)[3]


class HostCase(SynchronousTestCase):
    """Tests in a hall with tesla, who has files to send."""

    settings: ClassVar[dict[str, Any]] = {}

    def setUp(self) -> None:
        self.hall = Hall(**self.settings)
        self.addCleanup(self.hall.__exit__, None, None, None)
        self.tesla = self.hall.bot("tesla")

    def asks(self, method: str, path: str, body: bytes = b"", /, **fields: str) -> Answer:
        """Ask on a connection of its own; the answer."""
        one = Requesting(self.hall)
        one.asks(method, path, body, **fields)
        return one.answer()

    def sends(self, content: bytes = COIL, who: str = "tesla", **fields: str) -> Answer:
        """Send a file; the answer."""
        return self.asks(
            "POST", "/files", content, **{"Authorization": basic(who), **PNG, **fields}
        )

    def sent(self, content: bytes = COIL, who: str = "tesla", **fields: str) -> str:
        """Send a file; the path of the link to it."""
        answer = self.sends(content, who, **fields)
        self.assertEqual(answer.status, 201, answer.body)
        return path_of(answer.fields["Location"])

    def contents(self) -> list[str]:
        """The names of what lies on the disk."""
        return sorted(path.name for path in (self.hall.directory / "files").iterdir())

    def files(self, **arguments: Any) -> list[dict[str, Any]]:
        """What tesla is told to have."""
        return list(self.tesla.asks("files", **arguments)["files"])

    def assert_refused(self, answer: Answer, status: int, *words: str) -> None:
        """It is refused in one sentence that has these words in it, and nothing is kept."""
        self.assertEqual(answer.status, status, answer.body)
        self.assertTrue(answer.sentence[0].isupper() and answer.sentence.endswith("."))
        for word in words:
            self.assertIn(word, answer.sentence)
        self.assertEqual(self.files(), [])
        self.assertEqual(self.contents(), [])
