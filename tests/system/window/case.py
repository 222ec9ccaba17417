"""What the tests of the window share: a server, somebody on a plain socket, the window itself."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from tests.support.display import Display, require_display
from tests.support.server_process import Server

PASSWORD = "alternating"
GUI = (sys.executable, "-m", "twisted_chat.gui", "--light")


class Person:
    """Somebody else, who uses a program of a few lines."""

    def __init__(self, server: Server, name: str) -> None:
        self._socket = server.connect()
        self._lines = self._socket.makefile("r", encoding="utf-8")
        self._asked = 0
        self._events: list[dict[str, Any]] = []
        self.ask("register", name=name, password="a candle in the window")

    def ask(self, do: str, **arguments: Any) -> dict[str, Any]:
        """Ask the server for something; a refusal fails the test."""
        self._asked += 1
        request = {"id": self._asked, "do": do, **arguments}
        self._socket.sendall((json.dumps(request) + "\n").encode())
        while (answer := self._read()).get("re") != self._asked:
            self._events.append(answer)
        assert "ok" in answer, answer
        ok: dict[str, Any] = answer["ok"]
        return ok

    def say(self, room: str, text: str) -> None:
        self.ask("send", room=room, text=text, cid=f"cid-{self._asked}")

    def hears(self, text: str) -> dict[str, Any]:
        """Wait until somebody says this."""
        while True:
            event = self._events.pop(0) if self._events else self._read()
            if event.get("event") == "message" and event["text"] == text:
                return event

    def leave(self) -> None:
        self._lines.close()
        self._socket.close()

    def _read(self) -> dict[str, Any]:
        line = self._lines.readline()
        assert line, "the server has closed the connection"
        read: dict[str, Any] = json.loads(line)
        return read


class WindowCase(SynchronousTestCase):
    """A server, and windows that connect to it."""

    def setUp(self) -> None:
        require_display()
        self.folder = Path(self.mktemp()).absolute()
        self.folder.mkdir()
        self.server = Server(self.folder)
        self.addCleanup(self.server.kill)

    def person(self, name: str) -> Person:
        person = Person(self.server, name)
        self.addCleanup(person.leave)
        return person

    def window(self, *words: str, port: int = 0, more: Mapping[str, str] | None = None) -> Display:
        """A window, with what earlier ones of this test have kept."""
        kept = {f"XDG_{what}_HOME": str(self.folder / what) for what in ("DATA", "CONFIG")}
        address = ("localhost", str(port or self.server.port))
        display = Display(*GUI, *words, *address, size=(1100, 760), env={**kept, **(more or {})})
        self.addCleanup(display.close)
        return display

    def trusting(self, *words: str, port: int = 0) -> Display:
        """A window that is asked who one is, by a server that is trusted."""
        display = self.window(*words, port=port)
        display.clicks("Trust")
        display.shows("Username")
        display.focus("twisted-chat")
        return display

    def signed_in(self, name: str = "tesla", *words: str, port: int = 0) -> Display:
        """A window of somebody who is new."""
        display = self.trusting(*words, port=port)
        self.sign_up(display, name)
        return display

    def sign_up(self, display: Display, name: str) -> None:
        display.types(name)
        display.shows(f"{name} is a new name here", "Enter Password")
        display.types(PASSWORD)
        display.shows("Enter Password again", "Cancel")
        display.types(PASSWORD)
        display.shows("Login successful")
        display.focus("#lobby - twisted-chat")

    def end(self, display: Display, code: int = 0) -> None:
        """It ends without a word on its terminal."""
        self.assertEqual((display.ended(), display.output), (code, ""))
