"""People and programs with files to send."""

from __future__ import annotations

from hashlib import sha256
from typing import Any, ClassVar

from twisted.trial.unittest import SynchronousTestCase

from twisted_chat.testing import Hall, Program

from .couriers import Courier, Netcat, new_courier, new_netcat

COIL = bytes(range(256)) * 700  # a file of several pieces


def digest(content: bytes) -> str:
    return sha256(content).hexdigest()


class FilesTestCase(SynchronousTestCase):
    """Tests in a hall with tesla and edison, both programs."""

    settings: ClassVar[dict[str, Any]] = {}

    def setUp(self) -> None:
        self._cids = 0
        self.enter()
        self.addCleanup(self.leave)

    def enter(self) -> None:
        self.hall = Hall(**self.settings)
        self.hall.__enter__()
        self.come_in()

    def leave(self) -> None:
        self.hall.__exit__(None, None, None)

    def come_in(self) -> None:
        """Both sign in, as after a restart."""
        self.tesla = self.hall.bot("tesla")
        self.edison = self.hall.bot("edison")

    def courier(self) -> Courier:
        """A connection for the bytes of a file."""
        return new_courier(self.hall)

    def netcat(self) -> Netcat:
        """A terminal in which the line is run that fetches a file."""
        return new_netcat(self.hall)

    def offers(
        self, who: Program, room: str, content: bytes = COIL, name: str = "coil.png"
    ) -> dict[str, Any]:
        """Offer a file; the answer."""
        return who.asks("offer", room=room, name=name, size=len(content), sha256=digest(content))

    def begins_upload(
        self, who: Program, room: str, content: bytes = COIL, name: str = "coil.png"
    ) -> Courier:
        """Offer a file and be asked for its bytes; the connection for them."""
        courier = self.courier()
        answer = courier.asks("upload", ticket=self.offers(who, room, content, name)["ticket"])
        assert "error" not in answer, answer
        return courier

    def uploads(
        self, who: Program, room: str, content: bytes = COIL, name: str = "coil.png"
    ) -> int:
        """Offer a file and upload it; its number."""
        offered = self.offers(who, room, content, name)
        assert "error" not in offered, offered
        ending = self.courier().uploads(offered["ticket"], content)
        self.assertEqual(ending, {"event": "stored", "file": offered["file"]})
        return int(offered["file"])

    def says_file(self, who: Program, room: str, file: int, cid: str = "") -> dict[str, Any]:
        """Send the message that names a file; the answer."""
        self._cids += 1
        return who.asks("send", room=room, text="", file=file, cid=cid or f"file-{self._cids}")

    def sends(self, who: Program, room: str, content: bytes = COIL, name: str = "coil.png") -> int:
        """All of it: a file is sent to a conversation; its number."""
        file = self.uploads(who, room, content, name)
        answer = self.says_file(who, room, file)
        assert "error" not in answer, answer
        return file

    def ticket(self, who: Program, file: int) -> str:
        """A ticket to fetch a file with."""
        answer = who.asks("get", file=file)
        assert "error" not in answer, answer
        return str(answer["ticket"])

    def fetches(self, who: Program, file: int) -> bytes:
        """Ask for a file and fetch it."""
        return self.courier().downloads(self.ticket(who, file))

    def begins_download(self, who: Program, file: int) -> Courier:
        """A download that has begun, and whose client then reads no further."""
        courier = self.courier()
        courier.reads_at_most(10_000)
        courier.asks("download", ticket=self.ticket(who, file))
        return courier

    def assert_refused(self, answer: dict[str, Any], code: str) -> None:
        """It is refused with this code, and in one sentence."""
        self.assertIn("error", answer)
        message = answer["error"]["message"]
        self.assertEqual(answer["error"]["code"], code, message)
        self.assertTrue(message[0].isupper() and message.endswith("."), message)

    def contents(self) -> list[str]:
        """The names of what lies on the disk."""
        return sorted(path.name for path in (self.hall.directory / "files").iterdir())
