"""Control characters in every place of a line: they are answered in words, and not repeated."""

from __future__ import annotations

import re
from typing import ClassVar

from tests.irc.case import IrcCase, IrcClient
from twisted_chat.doors.irc.commands import COMMANDS

CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
HOSTILE = ("a\rb\x1b[2J\x9b\x85\u202e\x7f", "\x07")
LEAVES = {"QUIT"}


class HostileInputTests(IrcCase):
    settings: ClassVar[dict[str, object]] = {"guests": True, "flood_limit": 0}

    rose: IrcClient | None = None

    def check(self, line: str) -> None:
        """The answer to a line, which is safe to show in a terminal, has no fault in it."""
        assert self.rose is not None
        for came in self.rose.answers(line):
            shown = came.replace("\x01", "")
            self.assertNotRegex(shown, CONTROLS, f"to {line!r}")
            self.assertNotIn("INTERNAL_ERROR", came, f"to {line!r}")
        self.assertEqual(self.flushLoggedErrors(), [], repr(line))

    def lines(self) -> list[str]:
        found = []
        for bad in HOSTILE:
            for name in sorted(COMMANDS.keys() - LEAVES):
                found += [
                    f"{name} :{bad} {bad}",
                    f"{name} #coil {bad} :{bad}",
                    f"{name} rose {bad} {bad} :{bad}",
                    f"{name} {bad} rose #coil * :{bad}",
                ]
            found += [f"{bad}", f"MO{bad}DE rose", f":{bad} PING x", f"MODE #coil +b{bad} {bad}"]
            found += [f"CAP {word} :{bad} {bad}" for word in ("LS", "REQ", "END", "LIST", bad)]
            found += [f"MODE #coil +{bad}", f"MODE rose +{bad}", f"CHATHISTORY LATEST {bad} * 5"]
            found += [f"MARKREAD #coil timestamp={bad}", f"WHO #coil %{bad},{bad}", f"PONG {bad}"]
        return found

    def test_h1_h2_control_characters_of_a_registered_client(self) -> None:
        for line in self.lines():
            if self.rose is None or self.rose.closed:
                self.rose = self.account("rose", "standard-replies", "echo-message", "batch")
                self.rose.answers("JOIN #coil")
            self.check(line)

    def test_h1_h2_control_characters_before_registration(self) -> None:
        for line in self.lines()[::5]:
            client = self.client()
            client.sends_lines("CAP LS 302", "NICK lily", line)
            for came in client.lines():
                self.assertNotRegex(came, CONTROLS, f"to {line!r}")
                self.assertNotIn("INTERNAL_ERROR", came, f"to {line!r}")
            self.assertEqual(self.flushLoggedErrors(), [], repr(line))
            client.vanishes()

    def test_h9_a_cap_command_that_there_is_not_is_no_parameter(self) -> None:
        rose = self.account("rose")
        for word in ("a b", "x\ry", ":z"):
            [line] = rose.answers(f"CAP :{word}")
            self.assertRegex(line, r"^:\S+ 410 rose \S+ :There is no such CAP command$")
