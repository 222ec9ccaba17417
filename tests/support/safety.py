"""The rules that keep words safe, as checks that anybody can run against a build of the chat.

Each takes a hall of its own and raises AssertionError when the build breaks the rule.
"""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from typing import Any
from unittest import mock

from twisted_chat.testing import Client, Hall

CONTROLS = ["\x00", "\x07", "\x0b", "\r", "\x1b[2J", "\x7f", "\x85", "\x9b", "\u202e", "\u2028"]
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")


def on_disk(hall: Hall) -> list[str]:
    """The texts that would be there if the machine lost its power now."""
    with closing(sqlite3.connect(hall.directory / "chat.db")) as db:
        return [text for (text,) in db.execute("SELECT text FROM entry ORDER BY id")]


def _watched(client: Client, look: Callable[[bytes], None]) -> None:
    """Look at everything before a client gets it."""
    write = client.transport.write

    def watch(data: bytes) -> None:
        look(data)
        write(data)

    client.transport.write = watch  # type: ignore[method-assign]


def _lines(data: bytes) -> list[dict[str, Any]]:
    return [json.loads(line) for line in data.splitlines()]


def acknowledged_only_from_the_disk(hall: Hall) -> None:
    """Whoever is told that a message is stored, is told so when it is."""
    ann = hall.bot("ann")
    first = ann.begins("ping") + 1
    said = {first + n: f"word {n}" for n in range(3)}

    def look(data: bytes) -> None:
        stored = on_disk(hall)
        for line in _lines(data):
            if "ok" in line and line["re"] in said:
                assert said[line["re"]] in stored, f"acknowledged, but not stored: {line}"

    _watched(ann, look)
    for number, text in said.items():
        request = {"id": number, "do": "send", "room": "#lobby", "text": text, "cid": text}
        ann.sends(json.dumps(request).encode() + b"\n")
    for number in said:
        assert "seq" in ann.answer_to(number)


def shown_only_from_the_disk(hall: Hall) -> None:
    """Nobody is shown what would not be there after a power cut."""
    ann, bob, tom = hall.bot("ann"), hall.bot("bob"), hall.person("tom")
    too_early: list[bytes] = []

    def look(data: bytes) -> None:
        stored = on_disk(hall)
        shown = re.findall(rb"word [0-9]", data)
        too_early.extend(word for word in shown if word.decode() not in stored)

    _watched(bob, look)
    _watched(tom, look)
    ann.asks("send", room="#lobby", text="word 1", cid="1")
    ann.asks("send", room="bob", text="word 2", cid="2")
    ann.asks("create", room="#room")
    bob.asks("join", room="#room")
    ann.asks("send", room="#room", text="word 3", cid="3")
    assert [event["text"] for event in bob.takes_events("message")] == [
        "word 1",
        "word 2",
        "word 3",
    ]
    tom.hears("word 1")
    assert not too_early, f"shown, but not stored: {too_early}"


def sent_again_is_stored_once(hall: Hall) -> None:
    """Who did not get the answer sends again, and the message is there once all the same."""
    ann, bob = hall.bot("ann"), hall.bot("bob")
    ann.begins("send", room="#lobby", text="once", cid="c1")
    ann.vanishes()
    hall.restart()
    ann, bob = hall.bot("ann"), hall.bot("bob")
    answers = [ann.asks("send", room="#lobby", text="once", cid="c1") for _ in range(2)]
    assert [answer.get("seq") for answer in answers] == [1, 1], answers
    assert on_disk(hall) == ["once"], on_disk(hall)
    assert bob.takes_events("message") == []
    answer = ann.asks("send", room="#lobby", text="something else", cid="c1")
    assert answer.get("error", {}).get("code") == "conflict", answer


def controls_are_refused(hall: Hall) -> None:
    """No message, topic, introduction or reason with a control character comes in."""
    ann, bob, tom = hall.bot("ann"), hall.bot("bob"), hall.person("tom")
    ann.asks("create", room="#room")
    bob.asks("join", room="#room")
    bob.takes_events()
    before = on_disk(hall)
    for number, control in enumerate(CONTROLS):
        text = f"forged{control}line"
        for do, arguments in {
            "send": {"room": "#lobby", "text": text, "cid": f"c{number}"},
            "topic": {"room": "#room", "text": text},
            "kick": {"room": "#room", "user": "bob", "reason": text},
            "personalintro": {"text": text},
            "edit": {"message": "1", "text": text},
        }.items():
            answer = ann.asks(do, **arguments)
            assert "error" in answer, f"{do} let {control!r} in"
    assert on_disk(hall) == before
    assert bob.takes_events() == []
    tom.hears_nothing()


def controls_leave_by_no_door(hall: Hall) -> None:
    """Not even a row that came into the database by another way harms a terminal."""
    ann, tom = hall.bot("ann"), hall.person("tom")
    ann.asks("send", room="#lobby", text="harmless", cid="1")
    ann.asks("send", room="tom", text="harmless too", cid="2")
    hall.close()
    with closing(sqlite3.connect(hall.directory / "chat.db")) as db:
        forged = "".join(CONTROLS) + "\nadmin: forged"
        db.execute("UPDATE entry SET text = ?, checksum = NULL", (forged,))
        db.commit()
    hall.open()
    tom = hall.connects()
    tom.types("tom", "correct horse", "history", "history ann", "CH #lobby 5")
    ann = hall.bot("ann", device="new", positions={"#lobby": 0})
    ann.asks("history")
    for client in (tom, ann):
        assert not _CONTROL.search(client.received), repr(client.received)
    lines = [line for line in tom.received.splitlines() if "forged" in line]
    assert lines, tom.received
    for line in lines:
        assert re.match(r"\[[^]]*\] ann: ", line), f"a forged line: {line!r}"


def kicked_is_out_at_once(hall: Hall) -> None:
    """From the moment of a kick the person says nothing in the room and sees nothing of it."""
    ann, bob, tom = hall.bot("ann"), hall.bot("bob"), hall.person("tom")
    second = hall.bot("ann", device="second")  # a session has one command done after another
    ann.asks("create", room="#room")
    bob.asks("join", room="#room")
    tom.types("join #room")
    tom.takes()
    bob.takes_events()
    with one_turn(hall):
        ann.begins("kick", room="#room", user="bob")
        second.begins("kick", room="#room", user="tom")
        said = bob.begins("send", room="#room", text="too late", cid="1")
        read = bob.begins("history", place="#room")
        tom.types("say #room too late as well")
        ann.begins("send", room="#room", text="among us", cid="2")
    assert bob.answer_to(said).get("error", {}).get("code") == "not_a_member"
    assert bob.answer_to(read).get("error", {}).get("code") == "not_a_member"
    assert not [text for text in on_disk(hall) if text.startswith("too late")], on_disk(hall)
    assert [event["event"] for event in bob.takes_events("message", "kick")] == ["kick"]
    heard = tom.takes()
    assert "among us" not in heard and "kicked tom" in heard, heard


@contextmanager
def one_turn(hall: Hall) -> Iterator[None]:
    """What several clients send meanwhile arrives before the writer commits any of it."""

    def deliver() -> None:
        for client in list(hall.clients):
            client.deliver()

    with mock.patch.object(hall, "settle", deliver):
        yield
    hall.settle()
