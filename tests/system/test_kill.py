"""A server that is killed, or told to stop, in a flood of messages keeps every word."""

from __future__ import annotations

import signal
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing
from itertools import cycle
from pathlib import Path
from random import Random
from time import monotonic

import pytest

from tests import often
from tests.support.server_process import PATIENCE, Server
from tests.system.peers import Peer, Person, Program, Seen, numbers, run
from tests.system.world import World
from twisted_chat.store import LOBBY

KILLS = often(10)
STOPS = often(3, 200)
# twistd ends with the signal itself; a server that is not done in 5 seconds, with another code.
CLEAN = -signal.SIGTERM
UNDER_WAY = 8
ROOM = "#flood"
OPTIONS = ("--flood-limit", "0", "--connection-limit", "0")


class Flood:
    """Programs and a person who talk to everyone, in a room and in private, all at once."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.person = Person("nora")
        self.programs = [Program(name) for name in ("ada", "bea", "cid", "dot")]
        self.peers: list[Peer] = [self.person, *self.programs]
        self.starts: list[float] = []
        self._numbers = numbers()
        self._places = cycle(["#lobby", ROOM, "ada", "#lobby", ROOM, "cid"])

    def start(self) -> Server:
        """Start the server, and let everybody begin to come back."""
        before = monotonic()
        server = Server(self.folder, *OPTIONS)
        self.starts.append(monotonic() - before)
        for peer in self.peers:
            peer.connect(server)
        return server

    def settle_in(self) -> None:
        """Everybody is signed in, and the programs are in the room."""
        run(self.peers, lambda: all(p.here for p in self.programs) and self.person.here)
        self.programs[0].ask("create", room=ROOM)
        run(self.peers, lambda: bool(self.programs[0].answers))
        for program in self.programs[1:]:
            program.ask("join", room=ROOM)
        run(self.peers, lambda: all(p.answers for p in self.programs))

    def acknowledged(self) -> int:
        """How many messages were acknowledged so far."""
        return len(self.person.acknowledged) + sum(len(p.acknowledged) for p in self.programs)

    def go_on(self, count: int) -> None:
        """Talk until so many more messages are acknowledged."""
        end = self.acknowledged() + count

        def done() -> bool:
            if self.acknowledged() >= end:
                return True
            self._send()
            return False

        run(self.peers, done)

    def _send(self) -> None:
        for program in self.programs:
            while program.here and len(program.waiting) < UNDER_WAY:
                number = next(self._numbers)
                place = next(self._places)
                place = "dot" if place == program.name else place
                program.send(place, f"c{number}", f"{program.name} says {number}")
        while self.person.here and len(self.person.under_way) < 2:
            self.person.says(f"nora says {next(self._numbers)}")

    def finish(self) -> None:
        """Send what is not acknowledged again, and read everything."""
        run(self.peers, lambda: self.person.here and not any(p.waiting for p in self.programs))
        self.person.says("the end")
        run(self.peers, lambda: "the end" in self.person.acknowledged)
        ends = {place: log[-1].seq for place, log in self.stored().items()}

        def all_read() -> bool:
            return all(
                program.positions.get(label, 0) == ends[place]
                for program in self.programs
                for label, place in labels(program.name, ends)
            )

        run(self.peers, all_read)

    def hang_up(self) -> None:
        """Take what the server sent before its end."""
        for peer in self.peers:
            peer.drain()

    # --- what must be so in the end ---------------------------------------------------------

    def stored(self) -> dict[str, list[Seen]]:
        """The log of every room, as it is on the disk; pairs are called `ada+bea`."""
        path = self.folder / "chat-data" / "chat.db"
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as db:
            names: dict[int, str] = dict(db.execute("SELECT id, name FROM account"))
            rooms = {
                room: "#lobby"
                if room == LOBBY
                else name or "+".join(sorted(map(names.__getitem__, pair)))
                for room, name, *pair in db.execute("SELECT id, name, first, second FROM room")
            }
            logs: dict[str, list[Seen]] = {}
            for room, *entry in db.execute(
                "SELECT room, seq, author, text FROM entry ORDER BY room, seq"
            ):
                logs.setdefault(rooms[room], []).append(Seen(*entry))
        return logs

    def check(self) -> None:
        """Every message is there once, in order, and everybody has been shown all of it."""
        logs = self.stored()
        for place, log in logs.items():
            assert [seen.seq for seen in log] == list(range(1, len(log) + 1)), f"holes in {place}"
        said = [seen.text for log in logs.values() for seen in log if seen.text]
        assert len(said) == len(set(said)), "something is stored twice"
        for program in self.programs:
            self._check_acknowledged(program, logs)
            for label, place in labels(program.name, logs):
                shown = program.logs[label]
                assert shown == logs[place][-len(shown) :], (program.name, place)
                assert shown[0].seq == 1 or label == ROOM, (program.name, place, shown[0])
        self._check_person(logs["#lobby"])

    def _check_acknowledged(self, program: Program, logs: dict[str, list[Seen]]) -> None:
        assert not program.waiting
        latest: dict[str, int] = {}
        for cid, (room, text, seq) in program.acknowledged.items():
            place = room if room.startswith("#") else "+".join(sorted((room, program.name)))
            assert logs[place][seq - 1] == Seen(seq, program.name, text), (program.name, cid)
        for _, (room, _, seq) in sorted(
            program.acknowledged.items(), key=lambda sent: int(sent[0][1:])
        ):
            assert latest.get(room, 0) < seq, f"{program.name} was put out of order in {room}"
            latest[room] = seq

    def _check_person(self, log: list[Seen]) -> None:
        person = self.person
        for text, seq in person.acknowledged.items():
            assert log[seq - 1] == Seen(seq, person.name, text)
        unseen = {seen.seq for seen in log if seen.by != person.name and seen.text}
        for count, before, shown in person.older:
            told = {seq for seq in unseen if seq < before} - shown
            assert len(told) <= count, f"more than the {count} messages before {before}"
            unseen -= told
        assert unseen <= set(person.shown), unseen - set(person.shown)
        for seen in person.shown.values():
            assert log[seen.seq - 1] == seen


def labels(name: str, places: Iterable[str]) -> list[tuple[str, str]]:
    """What a program of that name calls the places it is in."""
    found = []
    for place in places:
        if place.startswith("#"):
            found.append((place, place))
        elif name in (both := place.split("+")):
            found.append((both[both[0] == name], place))
    return found


class Kills(World):
    def begin(self) -> None:
        super().begin()
        self.flood = Flood(self.folder)
        self.random = Random(1)

    def server(self) -> Server:
        server = self.flood.start()
        self.after(server.kill)
        return server

    def finish(self) -> None:
        """Everybody comes back, and nothing is lost, doubled or out of order."""
        server = self.server()
        self.flood.finish()
        assert server.stop() == CLEAN, server.lines
        self.flood.hang_up()
        assert server.errors == ""
        self.flood.check()


@pytest.fixture
def kills(tmp_path: Path) -> Iterator[Kills]:
    with Kills(tmp_path) as kills:
        yield kills


def test_d1_killed_in_a_flood(kills: Kills) -> None:
    for number in range(KILLS):
        server = kills.server()
        if number == 0:
            kills.flood.settle_in()
        # Sometimes at once, while the clients are still coming back.
        kills.flood.go_on(kills.random.choice((0, 1, 10, 60, 150)) if number else 50)
        server.kill()
        kills.flood.hang_up()
        assert server.errors == ""
    kills.finish()
    slowest, count = max(kills.flood.starts), kills.flood.acknowledged()
    print(f"\n{KILLS} kills, {count} messages acknowledged, slowest start {slowest:.2f} s")


def test_k1_stopped_in_a_flood(kills: Kills) -> None:
    for number in range(STOPS):
        server = kills.server()
        if number == 0:
            kills.flood.settle_in()
        kills.flood.go_on(kills.random.choice((20, 60, 150)))
        server.process.send_signal(signal.SIGTERM)
        kills.flood.hang_up()
        assert server.process.wait(PATIENCE) == CLEAN, server.lines
        assert server.errors == ""
        for program in kills.flood.programs:
            assert program.closed_with == "restart", program.name
        assert kills.flood.person.last_words[-1] == "Disconnected"
    kills.finish()
