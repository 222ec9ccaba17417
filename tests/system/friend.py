"""Somebody else at the server, for tests of one client."""

from __future__ import annotations

import json
from secrets import token_hex
from typing import Any

from tests.support.server_process import Server


class Friend:
    """Somebody who talks to the server by a program, and waits for each answer."""

    def __init__(self, server: Server, name: str) -> None:
        self.name = name
        self.events: list[dict[str, Any]] = []
        self._socket = server.connect()
        self._file = self._socket.makefile("rwb")
        self._number = 0

    def close(self) -> None:
        self._file.close()
        self._socket.close()

    def enter(self, password: str = "") -> Friend:
        """Sign in; make the account if need be."""
        do = "login" if self.ask("known", name=self.name)["known"] else "register"
        self.ask(do, name=self.name, password=password or f"{self.name}'s password")
        return self

    def ask(self, do: str, **arguments: Any) -> Any:
        """Ask for something; events that come before the answer are kept."""
        self._number += 1
        request = {"id": self._number, "do": do, **arguments}
        self._file.write(json.dumps(request).encode() + b"\n")
        self._file.flush()
        while (said := self._read()).get("re") != self._number:
            self.events.append(said)
        if "error" in said:
            raise AssertionError(said["error"])
        return said["ok"]

    def say(self, room: str, text: str) -> int:
        """The number of the message."""
        answer = self.ask("send", room=room, text=text, cid=token_hex(8))
        return int(answer["seq"])

    def hears(self, **fields: Any) -> dict[str, Any]:
        """The next event with these fields; those before it are dropped."""
        while True:
            event = self.events.pop(0) if self.events else self._read()
            if fields.items() <= event.items():
                return event

    def texts(self, room: str = "#lobby") -> list[str]:
        """Everything that was said there."""
        found: list[str] = []
        after, more = 0, True
        while more:
            page = self.ask("entries", room=room, after=after, limit=500)
            found += [one["text"] for one in page["entries"] if one["event"] == "message"]
            more = page["more"]
            after = page["entries"][-1]["seq"] if page["entries"] else after
        return found

    def _read(self) -> dict[str, Any]:
        line = self._file.readline()
        assert line, "the server has hung up"
        said: dict[str, Any] = json.loads(line)
        return said
