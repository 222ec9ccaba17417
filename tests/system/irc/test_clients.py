"""Everybody in one room on one port: WeeChat, Irssi, netcat, the terminal client and a program."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from tests.support.netcat import Netcat
from tests.support.server_process import Server
from tests.support.tmux import Terminal, require_tmux
from tests.system.irc.programs import irssi, weechat
from tests.system.test_one_room import CLIENT, PASSWORD

NAMES = ("weaver", "iris", "bell", "tesla", "clerk")


class Program:
    """A program that speaks JSON."""

    def __init__(self, server: Server, name: str) -> None:
        self._socket = server.connect()
        self._lines = self._socket.makefile("rb")
        self._heard: list[dict[str, Any]] = []
        self.asks(do="login", name=name, password=PASSWORD)

    def asks(self, **request: Any) -> dict[str, Any]:
        """Ask, and wait for the answer."""
        self._socket.sendall(json.dumps({"id": 1, **request}).encode() + b"\n")
        return self.hears(re=1)

    def hears(self, **facts: Any) -> dict[str, Any]:
        """A line that has all of these in it, which has come or is waited for."""
        while True:
            for told in self._heard:
                if facts.items() <= told.items():
                    assert "error" not in told, told
                    self._heard.remove(told)
                    return told
            line = self._lines.readline()
            assert line, f"nothing with {facts} came, but {self._heard}"
            self._heard.append(json.loads(line))

    def close(self) -> None:
        self._lines.close()
        self._socket.close()


class IrcClientTests(SynchronousTestCase):
    def setUp(self) -> None:
        require_tmux()
        self.folder = Path(self.mktemp()).absolute()
        self.folder.mkdir()
        users = self.folder / "users"
        users.write_text("".join(f"{name} {PASSWORD}\n" for name in NAMES))
        self.options = ("--flood-limit", "0", "--users", str(users))
        self.server = self.start()

    def start(self, port: int = 0) -> Server:
        server = Server(self.folder, "--port", str(port), *self.options)
        self.addCleanup(server.kill)
        server.line_with("New accounts from")
        return server

    def netcat(self, name: str) -> Netcat:
        netcat = Netcat(self.server, name, PASSWORD)
        self.addCleanup(netcat.close)
        return netcat

    def program(self, name: str) -> Program:
        program = Program(self.server, name)
        self.addCleanup(program.close)
        return program

    def terminal(self, name: str) -> Terminal:
        terminal = Terminal(*CLIENT, "127.0.0.1", str(self.server.port), name, size=(110, 40))
        self.addCleanup(terminal.close)
        terminal.shows("Enter user's password:")
        terminal.types(PASSWORD)
        terminal.shows("#lobby>", "TLS")
        return terminal

    def irc(self, mechanism: str) -> tuple[Terminal, Terminal]:
        """WeeChat, which knows both ways to log in, and Irssi."""
        wee = weechat(
            self.folder / "weechat", self.server.port, "weaver", PASSWORD, mechanism.lower()
        )
        self.addCleanup(wee.close)
        wee.shows("Welcome to twisted-chat, weaver!")
        iris = irssi(self.folder / "irssi", self.server.port, "iris", PASSWORD, "PLAIN")
        self.addCleanup(iris.close)
        iris.shows("Welcome to twisted-chat, iris!")
        return wee, iris

    def test_h9_all_doors_are_one_room_on_one_port(self) -> None:
        bell, clerk, tesla = self.netcat("bell"), self.program("clerk"), self.terminal("tesla")
        bell.types("create #coil", "topic #coil copper", "say #coil this was before you came")
        bell.hears("(Message #coil/")
        clerk.asks(do="join", room="#coil")
        tesla.types("/join #coil")
        tesla.shows("#coil>")
        weaver, iris = self.irc("PLAIN")
        weaver.types("/join #coil")
        weaver.shows("copper", "@bell", "tesla")
        iris.types("/join #coil")
        iris.shows("copper", "[@bell]", "weaver")

        weaver.types("woven words")
        iris.types("/me waves")
        bell.types("say #coil the telephone rings")
        tesla.types("it hums")
        clerk.asks(do="send", room="#coil", text="noted", cid="c-1")
        everything = ("woven words", "waves", "the telephone rings", "it hums", "noted")
        for person in (weaver, iris, tesla):
            person.shows(*everything)
        for text in everything:
            bell.types("history #coil")
            bell.hears(text)
        rings = clerk.hears(event="message", text="the telephone rings")["seq"]

        weaver.types("/msg bell between us")
        bell.hears("weaver: between us <private message>")
        bell.types("PM iris a call for you")
        iris.types("/query bell")  # its window, whether the words have come or not
        iris.shows("a call for you")
        iris.types("/window goto 2")

        bell.types(f"edit #coil/{rings} it rang", "topic #coil iron")
        for person in (weaver, iris):
            person.shows(f"bell has changed message {rings} to: it rang")
        tesla.shows("it rang")
        for person in (weaver, iris, tesla):
            person.shows("iron")
        bell.types("kick #coil iris too loud")
        weaver.shows("too loud")
        iris.shows("too loud")
        tesla.shows("bell kicked iris from #coil: too loud")

    def test_h8_they_come_back_and_are_shown_what_they_missed(self) -> None:
        bell = self.netcat("bell")
        bell.types("create #coil")
        weaver, iris = self.irc("SCRAM-SHA-256")
        weaver.types("/join #coil")
        iris.types("/join #coil")
        weaver.shows("iris")
        iris.shows("weaver")
        port = self.server.port
        self.server.kill()
        bell.close()
        self.server = self.start(port)
        bell = self.netcat("bell")
        bell.types("say #coil you were away")
        bell.hears("(Message #coil/")
        for person in (weaver, iris):
            person.shows("you were away")
