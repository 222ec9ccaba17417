"""Whatever happens, in whatever order: everybody gets everything once."""

from __future__ import annotations

from collections.abc import Callable

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import TestCase

from tests import often
from tests.store.fresh import everything
from twisted_chat.testing import Hall

from .receiver import Receiver

PLACES = ("#lobby", "#den", "zoe")
WHAT = ("say", "say", "say", "burst", "pause", "pause", "unpause")
BREAKS = ("vanish", "break", "come", "come", "edit", "restart")
STEPS = st.lists(
    st.tuples(
        st.sampled_from((*WHAT, *BREAKS)),
        st.integers(0, 3),
        st.integers(0, len(PLACES) - 1),
    ),
    min_size=30,
    max_size=60,
)


class World:
    """Three people, one of them with two devices, and what they have said."""

    def __init__(self, hall: Hall) -> None:
        self.hall = hall
        self.said: dict[str, list[str]] = {}
        self.count = 0
        self.all = [
            Receiver(hall, "ann"),
            Receiver(hall, "bob"),
            Receiver(hall, "zoe"),
            Receiver(hall, "ann", "phone"),
        ]
        for receiver in self.all:
            receiver.connects()
        ann, bob, zoe, _ = self.all
        for receiver, do in ((ann, "create"), (bob, "join"), (zoe, "join")):
            assert receiver.program is not None
            receiver.program.asks(do, room="#den")
        self.read()

    def read(self) -> None:
        for receiver in self.all:
            receiver.reads()

    def step(self, what: str, who: int, where: int) -> None:
        steps: dict[str, Callable[[Receiver, str], None]] = {
            "say": lambda one, place: self.say(one, place, 1),
            "burst": lambda one, place: self.say(one, place, 70),
            "pause": lambda one, _: one.stops_reading(),
            "unpause": lambda one, _: one.reads_again(),
            "vanish": lambda one, _: one.vanishes(),
            "break": lambda one, _: one.breaks(),
            "come": lambda one, _: self.come(one),
            "edit": self.edit,
            "restart": lambda *_: self.restart(),
        }
        steps[what](self.all[who], PLACES[where])
        if who != 3:  # now and then what came is left lying
            self.read()

    def say(self, one: Receiver, place: str, count: int) -> None:
        if place == one.name:
            place = "bob"
        texts = [f"{one.name} {self.count + n}" for n in range(count)]
        self.count += count
        pair = f"{min(one.name, place)}+{max(one.name, place)}"
        self.said.setdefault(place if place[0] == "#" else pair, []).extend(texts)
        one.says(place, *texts)

    def edit(self, one: Receiver, place: str) -> None:
        if one.program is not None and not one.paused:
            one.program.begins("edit", message=f"{place}/1", text=f"edited {self.count}")
            one.program.sort_out()
            # Only the answers to messages are the receiver's to look at.
            one.program.events = [
                line
                for line in one.program.events
                if "re" not in line or "seq" in line.get("ok", {})
            ]

    def come(self, one: Receiver) -> None:
        if one.program is None:
            one.connects()

    def restart(self) -> None:
        for one in self.all:
            one.vanishes()
        self.hall.restart()

    def finish(self) -> None:
        for one in self.all:
            one.reads_again()
            self.come(one)
        self.hall.settle()
        self.read()


class ScheduleTests(TestCase):
    @settings(max_examples=often(30))
    @given(STEPS)
    def test_d1_c9_everybody_gets_every_entry_once_and_in_order(
        self, steps: list[tuple[str, int, int]]
    ) -> None:
        with Hall() as hall:
            world = World(hall)
            for step in steps:
                world.step(*step)
            world.finish()
            for one in world.all:
                self.assertEqual(one.unanswered, {})
                self.complete(hall, one)
            for place, texts in world.said.items():
                self.stored(hall, place, texts)

    def complete(self, hall: Hall, one: Receiver) -> None:
        """Everything that there is was received."""
        person = hall.chat.roster.names.find(one.name)
        assert person is not None
        for room in hall.chat.rooms.of(person):
            label = room.label(person)
            self.assertEqual(one.positions.get(label, 0), room.last_seq, (one.name, label))
            log = one.log.get(label, [])
            first = log[0]["seq"] if log else room.last_seq + 1
            self.assertEqual([e["seq"] for e in log], list(range(first, room.last_seq + 1)))

    def stored(self, hall: Hall, place: str, texts: list[str]) -> None:
        """What was said is stored once, that of each person in the order of its sending."""
        for room in hall.chat.rooms.rooms.values():
            name = "+".join(sorted(p.name for p in room.pair)) if room.pair else room.name
            if name != place:
                continue
            entries = everything(hall.store, room.id)
            found = [e.text for e in entries if e.cid is not None and e.state == 0]
            edited = sum(1 for e in entries if e.cid is not None and e.state != 0)
            self.assertEqual(len(found) + edited, len(texts))
            self.assertLessEqual(set(found), set(texts))
            self.assertEqual(len(set(found)), len(found))


class ReceiverTests(TestCase):
    """The property would be worth nothing if a loss or a copy went unnoticed."""

    def test_a_gap_and_a_copy_are_noticed(self) -> None:
        with Hall() as hall:
            bot = Receiver(hall, "bot")
            bot.connects()
            for wrong in (0, 2):
                with self.assertRaises(AssertionError):
                    bot._received({"event": "message", "room": "#lobby", "seq": wrong, "text": ""})
