"""Everybody in one room on one port: WeeChat, Irssi, netcat, the terminal client and a program."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.netcat import Netcat
from tests.support.server_process import Server
from tests.support.tmux import Terminal, require_tmux
from tests.system.friend import Friend
from tests.system.irc.programs import irssi, weechat
from tests.system.test_one_room import CLIENT, PASSWORD
from tests.system.world import World

NAMES = ("weaver", "iris", "bell", "tesla", "clerk")


class IrcPrograms(World):
    def begin(self) -> None:
        super().begin()
        require_tmux()
        users = self.folder / "users"
        users.write_text("".join(f"{name} {PASSWORD}\n" for name in NAMES))
        self.options = ("--flood-limit", "0", "--users", str(users))
        self.server = self.start()

    def start(self, port: int = 0) -> Server:
        server = Server(self.folder, "--port", str(port), *self.options)
        self.after(server.kill)
        server.line_with("New accounts from")
        return server

    def netcat(self, name: str) -> Netcat:
        netcat = Netcat(self.server, name, PASSWORD)
        self.after(netcat.close)
        return netcat

    def program(self, name: str) -> Friend:
        friend = Friend(self.server, name)
        self.after(friend.close)
        return friend.enter(PASSWORD)

    def terminal(self, name: str) -> Terminal:
        terminal = Terminal(*CLIENT, "127.0.0.1", str(self.server.port), name, size=(110, 40))
        self.after(terminal.close)
        terminal.shows("Enter user's password:")
        terminal.types(PASSWORD)
        terminal.shows("#lobby>", "TLS")
        return terminal

    def irc(self, mechanism: str) -> tuple[Terminal, Terminal]:
        """WeeChat, which knows both ways to log in, and Irssi."""
        wee = weechat(
            self.folder / "weechat", self.server.port, "weaver", PASSWORD, mechanism.lower()
        )
        self.after(wee.close)
        wee.shows("Welcome to twisted-chat, weaver!")
        iris = irssi(self.folder / "irssi", self.server.port, "iris", PASSWORD, "PLAIN")
        self.after(iris.close)
        iris.shows("Welcome to twisted-chat, iris!")
        return wee, iris


@pytest.fixture
def programs(tmp_path: Path) -> Iterator[IrcPrograms]:
    with IrcPrograms(tmp_path) as programs:
        yield programs


def test_h9_all_doors_are_one_room_on_one_port(programs: IrcPrograms) -> None:
    bell, clerk, tesla = (
        programs.netcat("bell"),
        programs.program("clerk"),
        programs.terminal("tesla"),
    )
    bell.types("create #coil", "topic #coil copper", "say #coil this was before you came")
    bell.hears("(Message #coil/")
    clerk.ask("join", room="#coil")
    tesla.types("/join #coil")
    tesla.shows("#coil>")
    weaver, iris = programs.irc("PLAIN")
    weaver.types("/join #coil")
    weaver.shows("copper", "@bell", "tesla")
    iris.types("/join #coil")
    iris.shows("copper", "[@bell]", "weaver")

    weaver.types("woven words")
    iris.types("/me waves")
    bell.types("say #coil the telephone rings")
    tesla.types("it hums")
    clerk.ask("send", room="#coil", text="noted", cid="c-1")
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


def test_h8_they_come_back_and_are_shown_what_they_missed(programs: IrcPrograms) -> None:
    bell = programs.netcat("bell")
    bell.types("create #coil")
    weaver, iris = programs.irc("SCRAM-SHA-256")
    weaver.types("/join #coil")
    iris.types("/join #coil")
    weaver.shows("iris")
    iris.shows("weaver")
    port = programs.server.port
    programs.server.kill()
    bell.close()
    programs.server = programs.start(port)
    bell = programs.netcat("bell")
    bell.types("say #coil you were away")
    bell.hears("(Message #coil/")
    for person in (weaver, iris):
        person.shows("you were away")
