"""Sessions that are behind, and people who are put out just then, miss nothing that is theirs."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from unittest import mock

from sqlalchemy import Connection
from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from tests.support.safety import one_turn
from twisted_chat.chat import delivery
from twisted_chat.core.entries import Entry
from twisted_chat.core.errors import ChatError
from twisted_chat.core.rooms import Person, Room
from twisted_chat.testing import Hall, Program


class KeepingUpTest(SynchronousTestCase):
    def setUp(self) -> None:
        self.hall = Hall()
        self.addCleanup(self.hall.__exit__, None, None, None)
        self.ann, self.bob = self.hall.bot("ann"), self.hall.bot("bob")
        self.ann.asks("create", room="#room")
        self.bob.asks("join", room="#room")
        self.bob.takes_events()

    def say(self, *texts: str, room: str = "#room") -> None:
        for text in texts:
            assert "seq" in self.ann.asks("send", room=room, text=text, cid=text)

    def heard(self, program: Program) -> list[str]:
        return [event["text"] for event in program.takes_events("message")]

    @contextmanager
    def slow_reading(self) -> Iterator[list[Callable[[], None]]]:
        """What the delivery reads from the store comes when it is called for."""
        waiting: list[Callable[[], None]] = []
        store, read = self.hall.chat.store, self.hall.chat.store.read

        def later(question: Callable[[Connection], list[Entry]]) -> Deferred[list[Entry]]:
            done: Deferred[list[Entry]] = Deferred()

            def come() -> None:
                read(question).chainDeferred(done)

            waiting.append(come)
            return done

        with mock.patch.object(store, "read", later):
            yield waiting

    def test_a16_what_is_said_while_another_room_is_read_from_the_store(self) -> None:
        self.say("one")
        self.say("two", room="#lobby")
        self.bob.stops_reading()
        self.say("three")
        self.say("four", room="#lobby")
        for name in ("#room", "#lobby"):
            room = self.hall.chat.rooms.find(name)
            assert room is not None
            room.forget_recent()
        self.heard(self.bob)
        with self.slow_reading() as waiting:
            self.bob.reads_again()
            number = 0
            while waiting:
                waiting.pop(0)()
                # In the room that was just done with, more is said at once.
                if (number := number + 1) <= 2:
                    self.say(f"meanwhile {number}")
                    self.say(f"meanwhile {number} too", room="#lobby")
        events = self.bob.takes_events("message")
        for name, first in (("#room", 4), ("#lobby", 2)):
            seqs = [event["seq"] for event in events if event["room"] == name]
            self.assertEqual(seqs, list(range(first, first + 3)), events)

    def test_a17_those_who_catch_up_take_turns(self) -> None:
        """So that nobody waits for one who has missed a lot."""
        self.patch(delivery, "SLICE", 0.0)
        self.patch(delivery, "PORTION", 10)  # one message
        readers = {name: self.hall.bot(name) for name in ("cleo", "dora", "emil")}
        turns: list[str] = []

        def noted(name: str, write: Callable[[bytes], None]) -> Callable[[bytes], None]:
            def note(data: bytes) -> None:
                turns.append(name)
                write(data)

            return note

        for name, reader in readers.items():
            session = reader.protocol.door.session
            self.patch(session, "write", noted(name, reader.protocol.write))
            reader.stops_reading()
        self.say("one", "two", "three", room="#lobby")
        self.hall.chat.rooms.lobby.forget_recent()  # so that the store is asked
        self.say("four", "five", room="#lobby")
        for reader in readers.values():
            assert reader.transport.producer is not None
            reader.transport.producer.resumeProducing()
        self.hall.settle()
        # The first of them did not have to wait, as nobody was behind yet.
        self.assertEqual(turns, ["cleo", *(list(readers) * 4), "dora", "emil"])
        for reader in readers.values():
            self.assertEqual(self.heard(reader), ["one", "two", "three", "four", "five"])

    def test_a16_with_too_many_questions_waiting_a_session_tries_again(self) -> None:
        self.bob.stops_reading()
        self.say("one")
        room = self.hall.chat.rooms.find("#room")
        assert room is not None
        room.forget_recent()
        busy = ChatError("busy", "Too much is being looked up.")
        with mock.patch.object(self.hall.store, "read", side_effect=busy):
            self.bob.reads_again()
        self.assertEqual(self.heard(self.bob), [])
        self.hall.wait(2)
        self.assertEqual(self.heard(self.bob), ["one"])

    def test_a16_an_entry_that_cannot_be_shown_hides_no_other(self) -> None:
        dialect = self.bob.protocol.door.dialect
        show = dialect.entry

        def fails(room: Room, entry: Entry, person: Person) -> bytes:
            if entry.text == "two":
                raise ValueError("a fault of the server")
            return show(room, entry, person)

        self.bob.stops_reading()
        self.say("one", "two", "three")
        with mock.patch.object(type(dialect), "entry", lambda _, *what: fails(*what)):
            self.bob.reads_again()
        self.say("four")
        self.assertEqual(self.heard(self.bob), ["one", "three", "four"])
        self.assertEqual(len(self.flushLoggedErrors(ValueError)), 1)

    def test_d3_a_kick_that_cannot_be_stored_takes_nothing_away(self) -> None:
        self.bob.stops_reading()
        self.say("one", "two")
        full = sqlite3.OperationalError("database or disk is full")
        full.sqlite_errorcode = sqlite3.SQLITE_FULL
        with mock.patch.object(self.hall.store.writer._committer, "_write", side_effect=full):
            refused = self.ann.asks("kick", room="#room", user="bob")
        self.assertEqual(refused["error"]["code"], "store_full")
        self.say("three")
        self.bob.reads_again()
        self.assertEqual(self.heard(self.bob), ["one", "two", "three"])
        self.assertIn("seq", self.bob.asks("send", room="#room", text="here", cid="1"))

    def test_c2_put_out_of_a_room_that_is_just_being_deleted(self) -> None:
        second = self.hall.bot("ann", device="second")
        with one_turn(self.hall):
            self.ann.begins("delete", what="#room", sure=True)
            kick = second.begins("kick", room="#room", user="bob")
        self.assertEqual(second.answer_to(kick)["error"]["code"], "no_such_room")
        room = self.hall.chat.rooms.find("#room")
        assert room is not None
        self.assertEqual((room.online, self.hall.chat.delivery.live_in(room)), (0, []))
        self.ann.asks("undelete", room="#room")
        self.assertEqual(room.online, 2)
        self.say("back")
        self.assertEqual(self.heard(self.bob), ["back"])

    def test_c5_a_mute_outlasts_leaving_and_a_restart(self) -> None:
        self.ann.asks("mute", room="#room", user="bob")
        for restart in (False, True):
            self.bob.asks("leave", room="#room")
            if restart:
                self.hall.restart()
                self.ann, self.bob = self.hall.bot("ann"), self.hall.bot("bob")
            self.bob.asks("join", room="#room")
            said = self.bob.asks("send", room="#room", text="hi", cid=f"{restart}")
            self.assertEqual(said["error"]["code"], "muted")

    def test_c2_letting_somebody_speak_makes_nobody_a_member(self) -> None:
        self.ann.asks("mute", room="#room", user="bob")
        self.bob.asks("leave", room="#room")
        self.ann.asks("unmute", room="#room", user="bob")
        self.hall.restart()
        room = self.hall.chat.rooms.find("#room")
        assert room is not None
        self.assertEqual([m.person.name for m in room.members.values()], ["ann"])

    def test_c3_a_private_message_to_a_program_that_is_away(self) -> None:
        self.bob.vanishes()
        self.say("hello", room="bob")
        bob = self.hall.program()
        bob.asks(
            "login",
            name="bob",
            password="correct horse",
            device="bot",
            epoch=self.hall.store.epoch,
            positions={"#lobby": 0},
        )
        self.assertEqual(self.heard(bob), ["hello"])
