"""A program that follows the recipes of docs/protocol.md, and insists on what it promises."""

from __future__ import annotations

from typing import Any

from twisted_chat.testing import PASSWORD, Hall, Program


def resumes(hall: Hall, token: str, **kept: Any) -> tuple[Program, dict[str, Any]]:
    """A program that comes back with a token, and what it is answered."""
    program = hall.program()
    return program, program.asks("resume", token=token, **kept)


class Receiver:
    """One device of an account, which keeps what it received over breaks and restarts."""

    def __init__(self, hall: Hall, name: str, device: str = "bot") -> None:
        self.hall = hall
        self.name = name
        self.device = device
        self.program: Program | None = None
        self.token = ""
        self.epoch = ""
        self.positions: dict[str, int] = {}
        self.log: dict[str, list[dict[str, Any]]] = {}
        self.unanswered: dict[str, tuple[str, str]] = {}  # by cid: where, what
        self.stored: dict[str, int] = {}  # by cid: the number in the answer
        self.paused = False
        self._cids = 0

    def connects(self) -> dict[str, Any]:
        """Sign in with what is kept, and send again what was never answered."""
        self.program = self.hall.program()
        self.paused = False
        known = self.hall.chat.roster.names.find(self.name) is not None
        kept = {"epoch": self.epoch, "positions": self.positions}
        if self.token:
            answer = self.program.asks("resume", token=self.token, **kept)
        else:
            who = {"name": self.name, "password": PASSWORD, "device": self.device}
            answer = self.program.asks("login" if known else "register", **who)
        assert "error" not in answer, answer
        if answer["reset"]:
            self.positions.clear()
            self.log.clear()
        self.token, self.epoch = answer["token"], answer["epoch"]
        for label, room in answer["rooms"].items():
            if label not in self.positions:
                self.positions[label] = room["from"]
            assert self.positions[label] == room["from"], (label, self.positions, room)
        for cid, (room, text) in list(self.unanswered.items()):
            self.program.queues("send", room=room, text=text, cid=cid)
        self.reads()
        return answer

    def says(self, room: str, *texts: str) -> None:
        """Send messages in one go, without waiting for an answer."""
        for text in texts:
            self._cids += 1
            cid = f"{self.name}-{self.device}-{self._cids}"
            self.unanswered[cid] = (room, text)
            if self.program is not None:
                self.program.queues("send", room=room, text=text, cid=cid)

    def reads(self) -> None:
        """Take in what has come."""
        if self.program is None:
            return
        for line in self.program.sort_out():
            if "re" in line:
                self._answered(line)
            elif "seq" in line:
                self._received(line)
            elif line["event"] == "room" and line["joined"]:
                self.positions[line["room"]] = line["last"]
        self.program.events.clear()

    def _answered(self, line: dict[str, Any]) -> None:
        assert "ok" in line, line
        for cid, (room, _) in list(self.unanswered.items()):
            # Answers come in the order of the requests.
            if line["ok"].get("room") == room:
                del self.unanswered[cid]
                self.stored[cid] = line["ok"]["seq"]
            return

    def _received(self, entry: dict[str, Any]) -> None:
        label, seq = entry["room"], entry["seq"]
        last = self.positions.get(label, 0)
        assert seq == last + 1, f"{self.name}: after {last} of {label} came {entry}"
        self.positions[label] = seq
        self.log.setdefault(label, []).append(entry)

    def vanishes(self) -> None:
        """The connection breaks; what is on its way is lost."""
        if self.program is not None:
            self.program.vanishes()
            self.program = None

    def breaks(self) -> None:
        """The same, before what was asked last has been done."""
        if self.program is not None:
            self.program.breaks()
            self.program = None

    def stops_reading(self) -> None:
        if self.program is not None and not self.paused:
            self.paused = True
            self.program.stops_reading()

    def reads_again(self) -> None:
        if self.program is not None and self.paused:
            self.paused = False
            self.program.reads_again()

    def texts(self, label: str) -> list[str]:
        """What was said in a conversation, as it was received."""
        return [entry["text"] for entry in self.log.get(label, []) if entry["event"] == "message"]
