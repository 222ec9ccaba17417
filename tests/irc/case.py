"""IRC clients for tests that read like a conversation."""

from __future__ import annotations

from typing import Any, ClassVar

from twisted.trial.unittest import SynchronousTestCase

from twisted_chat.doors.irc.message import Message, parse
from twisted_chat.testing import PASSWORD, Client, Hall


class IrcClient(Client):
    """The other end of an IRC connection."""

    nick = ""

    def sends_lines(self, *lines: str) -> None:
        """Send lines as a client does."""
        self.sends("".join(line + "\r\n" for line in lines).encode())

    def registers(self, nick: str, *caps: str, password: str = "") -> None:
        """Register, with these capabilities, and read the welcome."""
        self.nick = nick
        lines = ["CAP LS 302", f"CAP REQ :{' '.join(caps)}"] if caps else []
        if password:
            lines.append(f"PASS :{nick}:{password}")
        lines += [f"NICK {nick}", f"USER {nick} 0 * :{nick} of the tests"]
        self.sends_lines(*lines, *(["CAP END"] if caps else []))
        assert f" 001 {nick} " in self.received, self.received
        self.lines()

    def lines(self) -> list[str]:
        """The lines that have come since one last looked."""
        text = self.takes()
        assert text == "" or text.endswith("\r\n"), text
        lines = text.split("\r\n")[:-1]
        assert not any("\r" in line or "\n" in line or "\0" in line for line in lines), lines
        return lines

    def messages(self) -> list[Message]:
        """The same, read."""
        found = [parse(line) for line in self.lines()]
        return [message for message in found if message is not None]

    def answers(self, *lines: str) -> list[str]:
        """Send lines; what came until the server's answer to a PING that followed them."""
        self.sends_lines(*lines, "PING end-of-answer")
        came = self.lines()
        assert came and "PONG" in came[-1] and came[-1].endswith("end-of-answer"), came
        return came[:-1]


class IrcCase(SynchronousTestCase):
    """A test with a server in memory."""

    settings: ClassVar[dict[str, Any]] = {"guests": True}

    def setUp(self) -> None:
        self.hall = Hall(**self.settings)
        self.addCleanup(self.hall.close)

    def client(self, host: str = "127.0.0.1") -> IrcClient:
        """An IRC client that has said nothing yet."""
        client = IrcClient(self.hall, host)
        self.hall.clients.append(client)
        return client

    def guest(self, nick: str, *caps: str) -> IrcClient:
        """A guest with an IRC client."""
        client = self.client()
        client.registers(nick, *caps)
        return client

    def account(self, nick: str, *caps: str) -> IrcClient:
        """Somebody with an account and an IRC client."""
        if self.hall.chat.signin.find(nick) is None:
            self.hall.bot(nick).vanishes()
        client = self.client()
        client.registers(nick, *caps, password=PASSWORD)
        return client
