"""Whatever people do, the server and a small model of it agree at every step."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)
from twisted.trial.unittest import SynchronousTestCase

from tests import often
from tests.support.model import LOBBY, Model, Place, Refused
from tests.support.safety import one_turn
from twisted_chat.chat.session import State
from twisted_chat.core.entries import Kind
from twisted_chat.testing import PASSWORD, Client, Hall, Program

DEVICES = (("ann", "desk"), ("ann", "phone"), ("bob", "desk"), ("cid", "desk"))
PEOPLE = ("ann", "bob", "cid", "tom")
ROOMS = ("#red", "#blue")
EVENTS = frozenset(kind.name.lower() for kind in Kind)

device_numbers = st.integers(0, len(DEVICES) - 1)
rooms = st.sampled_from(ROOMS)
places = st.sampled_from((LOBBY, *ROOMS, *ROOMS))
people = st.sampled_from(PEOPLE)
recent = st.integers(0, 6)


class Device:
    """A program: what it has been shown, and what the model says it must have been."""

    def __init__(self, who: str, name: str) -> None:
        self.who, self.name = who, name
        self.client: Program | None = None
        self.reading = True
        self.token = self.epoch = ""
        self.positions: dict[str, int] = {}
        self.ids: dict[str, int] = {}  # of the rooms that these are positions in
        self.shown: list[tuple[str, int]] = []
        self.expected: list[tuple[str, int]] = []
        self.last_sent: tuple[str, str, int] | None = None  # room, text and seq

    def takes(self, model: Model) -> None:
        """Read what came, as a program that keeps its positions does."""
        assert self.client is not None
        for event in self.client.takes_events():
            kind, label = event["event"], event.get("room", "")
            if kind == "room" and event["joined"]:
                self.positions[label], self.ids[label] = event["last"], event["id"]
            elif kind in EVENTS:
                seq = event["seq"]
                self.shown.append((label, seq))
                self.positions[label] = seq
                found = model.things(self.who, label, seq)
                by = event.get("from") or event["by"]
                thing = next(one for one in found if (one.kind, one.by) == (kind, by))
                if kind in ("message", "edit"):
                    assert event.get("text", "") in thing.versions, (event, thing)

    def check(self) -> None:
        """It was shown each entry once, and those of a room in order."""
        for label in {label for label, _ in (*self.shown, *self.expected)}:
            shown = [seq for at, seq in self.shown if at == label]
            expected = [seq for at, seq in self.expected if at == label]
            assert shown == expected, f"{self.who} in {label}: {shown} instead of {expected}"


class Plain:
    """The person with netcat."""

    LINE = re.compile(r"\[(?:([^/ ]+)/)?([0-9]+) [^]]*\] (?:#[a-z]+ )?[a-z]+: (\S+)(?: <.*>)?")

    def __init__(self) -> None:
        self.client: Client | None = None
        self.reading = True
        self.known = False
        self.shown: dict[str, int] = {}  # what the server knows to have arrived
        self.expected: list[tuple[str, int, str]] = []

    def check(self) -> None:
        """Exactly the lines came that were to come."""
        assert self.client is not None
        came = []
        for line in self.client.takes().splitlines():
            found = self.LINE.fullmatch(line)
            if found and found[3] != "(deleted)":
                came.append((found[1] or LOBBY, int(found[2]), found[3]))
        assert sorted(came) == sorted(self.expected), f"{came} instead of {self.expected}"
        self.expected.clear()


class ChatMachine(RuleBasedStateMachine):
    """People who come and go, talk, make rooms and fall out with each other."""

    def __init__(self) -> None:
        super().__init__()
        self.hall = Hall()
        self.model = Model()
        self.devices = [Device(*names) for names in DEVICES]
        self.tom = Plain()
        self.words = 0

    def teardown(self) -> None:
        self.hall.__exit__(None, None, None)

    @initialize()
    def everybody_signs_up(self) -> None:
        for device in self.devices:
            self._come(device)
        self._tom_comes()
        self.creates(0, "#red", False)
        self.creates(2, "#blue", True)
        self.joins(2, "#red")
        self.invites(2, "#blue", "cid")
        self.joins(3, "#blue")

    def active(self, number: int) -> Device:
        """One of the programs that can ask for something; if none can, one comes back."""
        ready = [device for device in self.devices if device.client and device.reading]
        if not ready:
            device = self.devices[number]
            if device.client is None:
                self._come(device)
            else:
                self.reads_again(number)
            return device
        return ready[number % len(ready)]

    def boss(self, number: int, room: str) -> int:
        """The number of an active program that moderates a room, where there is one."""
        place = self.model.places.get(room)
        ready = [device for device in self.devices if device.client and device.reading]
        if place and number:
            for index, device in enumerate(ready):
                if place.roles.get(device.who, 0) > 0:
                    return index
        return number

    def member(self, room: str, other: str) -> str:
        """An ordinary member of a room instead of somebody else, where there is one."""
        place = self.model.places.get(room)
        members = [who for who, role in place.roles.items() if not role] if place else []
        return members[0] if members and other == "ann" else other

    # --- what the model expects ------------------------------------------------------------

    def spread(
        self, place: Place, but: str = "", also: str = "", origin: object = None, seq: int = 0
    ) -> None:
        """A place has a new entry, the last or that number, which all who are in it are shown."""
        seq = seq or place.last
        thing = place.log[seq - 1]
        for device in self.devices:
            told = place.has(device.who) or device.who == also
            if device.client and told and device.who != but:
                device.expected.append((place.label(device.who), seq))
        if self.tom.client and place.has("tom") and origin is not self.tom:
            if thing.kind == "message":
                self.tom.expected.append((place.label("tom"), seq, thing.text))
            elif thing.kind == "edit":
                self.tom.expected.append((place.label("tom"), thing.target, thing.text))

    def out(self, place: Place, who: str, told: bool) -> None:
        """Somebody is in a place no longer; what it had not read of it, it never will."""
        for device in self.devices:
            if device.who == who and device.client and not device.reading:
                label = place.label(who)
                had = [at for at in device.expected if at[0] != label]
                device.expected = had + [at for at in device.shown if at[0] == label]
        if who == "tom" and not self.tom.reading:
            label = place.label("tom")
            self.tom.expected = [line for line in self.tom.expected if line[0] != label]
        if not place.deleted:
            self.spread(place, also=who if told else "")

    def new_text(self) -> str:
        self.words += 1
        return f"word-{self.words}"

    # --- coming and going ------------------------------------------------------------------

    def _come(self, device: Device) -> None:
        device.client = self.hall.program()
        who = {"name": device.who, "password": PASSWORD, "device": device.name}
        if device.token:
            positions = {"epoch": device.epoch, "positions": device.positions}
            answer = device.client.asks("resume", token=device.token, **positions)
        elif self.hall.chat.roster.names.find(device.who):
            answer = device.client.asks("login", **who)
        else:
            answer = device.client.asks("register", **who)
        assert "error" not in answer, answer
        first = not device.token
        device.token, device.epoch, device.reading = answer["token"], answer["epoch"], True
        mine = self.model.of(device.who)
        for place in mine:
            label = place.label(device.who)
            if place.pair and not place.log:
                continue
            start = 0 if place.pair or place.name == LOBBY else place.joined_at[device.who] - 1
            start = device.positions.get(label, start)
            start = max(start, place.since(device.who))
            told = answer["rooms"][label]
            if device.ids.setdefault(label, told["id"]) != told["id"]:
                # Another room has the name by now: a program begins anew in it.
                device.ids[label], start = told["id"], told["from"]
            assert told["from"] == start, (label, answer, device.positions)
            assert told["last"] == place.last
            device.expected += [(label, seq) for seq in range(start + 1, place.last + 1)]
        known = {place.label(device.who) for place in mine if place.log or place.name == LOBBY}
        assert set(answer["rooms"]) == known
        assert first or set(answer["unknown"]) == set(device.positions) - known

    def _go(self, device: Device) -> None:
        assert device.client is not None
        device.takes(self.model)
        device.client = None
        device.expected = list(device.shown)

    @rule()
    def all_come_back(self) -> None:
        for device in self.devices:
            if device.client is None:
                self._come(device)

    @rule(number=device_numbers)
    def vanishes(self, number: int) -> None:
        device = self.devices[number]
        if device.client is not None:
            device.client.vanishes()
            self._go(device)

    @rule(number=device_numbers)
    def logs_out(self, number: int) -> None:
        device = self.devices[number]
        if device.client is not None and device.reading:
            device.client.asks("logout")
            assert device.client.closed
            self._go(device)

    @rule()
    def server_restarts(self) -> None:
        self.hall.close()
        for device in self.devices:
            if device.client is not None:
                self._go(device)
        if self.tom.client is not None:
            self._tom_goes()
        self.hall.open()

    @rule(number=device_numbers)
    def stops_reading(self, number: int) -> None:
        device = self.devices[number]
        if device.client is not None and device.reading:
            device.reading = False
            device.client.stops_reading()

    @rule(number=device_numbers)
    def reads_again(self, number: int) -> None:
        device = self.devices[number]
        if device.client is not None and not device.reading:
            device.reading = True
            device.client.reads_again()

    # --- programs --------------------------------------------------------------------------

    def does(self, number: int, expect: Callable[[str], Any], do: str, **arguments: Any) -> Any:
        """A program asks for something, and the model says what comes of it."""
        device = self.active(number)
        assert device.client is not None
        try:
            outcome, code = expect(device.who), None
        except Refused as refusal:
            outcome, code = None, refusal.args[0]
        answer = device.client.asks(do, **arguments)
        assert answer.get("error", {}).get("code") == code, (do, arguments, code, answer)
        return outcome

    @rule(number=device_numbers, place=places)
    def says(self, number: int, place: str) -> None:
        text = self.new_text()
        arguments = {"room": place, "text": text, "cid": text}
        said = self.does(number, lambda who: self.model.says(who, place, text), "send", **arguments)
        if said:
            self.spread(said)
            self.active(number).last_sent = (place, text, said.last)

    @rule(number=device_numbers, other=people)
    def writes(self, number: int, other: str) -> None:
        text = self.new_text()
        arguments = {"room": other, "text": text, "cid": text}
        said = self.does(
            number, lambda who: self.model.writes(who, other, text), "send", **arguments
        )
        if said:
            self.spread(said)
            self.active(number).last_sent = (other, text, said.last)

    @rule(number=device_numbers)
    def sends_again(self, number: int) -> None:
        device = self.active(number)
        assert device.client is not None
        if device.last_sent is None:
            return
        room, text, seq = device.last_sent
        answer = device.client.asks("send", room=room, text=text, cid=text)
        if "error" in answer:
            place = self.model.places[room]
            assert not place.has(device.who) or place.deleted or device.who in place.muted, answer
        else:
            assert (answer["seq"], answer["again"]) == (seq, True), answer

    @rule(number=device_numbers, place=places)
    def says_and_vanishes(self, number: int, place: str) -> None:
        device, text = self.active(number), self.new_text()
        assert device.client is not None
        device.takes(self.model)
        with one_turn(self.hall):
            device.client.begins("send", room=place, text=text, cid=text)
            device.client.vanishes()
        self._go(device)
        try:
            said = self.model.says(device.who, place, text)
        except Refused:
            return
        self.spread(said)
        device.last_sent = (place, text, said.last)

    @rule(number=device_numbers, room=rooms)
    def joins_and_vanishes(self, number: int, room: str) -> None:
        device = self.active(number)
        assert device.client is not None
        device.takes(self.model)
        with one_turn(self.hall):
            device.client.begins("join", room=room)
            device.client.vanishes()
        self._go(device)
        try:
            place = self.model.joins(device.who, room)
        except Refused:
            return
        if place:
            self.spread(place, but=device.who)
            self._tom_began(place, device.who)

    @rule(number=device_numbers, room=rooms, hidden=st.booleans())
    def creates(self, number: int, room: str, hidden: bool) -> None:
        self.does(
            number,
            lambda who: self.model.creates(who, room, hidden),
            "create",
            room=room,
            private=hidden,
        )

    @rule(number=device_numbers, room=rooms)
    def joins(self, number: int, room: str) -> None:
        place = self.does(number, lambda who: self.model.joins(who, room), "join", room=room)
        if place:
            self.spread(place, but=self.active(number).who)

    @rule(number=device_numbers, room=rooms)
    def leaves(self, number: int, room: str) -> None:
        place = self.does(number, lambda who: self.model.leaves(who, room), "leave", room=room)
        if place:
            self.left(place, self.active(number).who)

    def left(self, place: Place, who: str) -> None:
        """Somebody has left, and the room may have gone to an heir or be gone itself."""
        if place.log[-1].kind == "owner" and not place.deleted:
            self.spread(place, seq=place.last - 1)
        self.out(place, who, told=False)

    @rule(number=device_numbers, room=rooms, other=people)
    def invites(self, number: int, room: str, other: str) -> None:
        arguments = {"room": room, "user": other}
        self.does(number, lambda who: self.model.invites(who, room, other), "invite", **arguments)

    @rule(number=device_numbers, room=rooms, other=people, ban=st.booleans())
    def puts_out(self, number: int, room: str, other: str, ban: bool) -> None:
        number, other = self.boss(number, room), self.member(room, other)
        was_in = room in self.model.places and self.model.places[room].has(other)
        act = self.model.bans if ban else self.model.kicks
        do = "ban" if ban else "kick"
        place = self.does(number, lambda who: act(who, room, other), do, room=room, user=other)
        if place:
            self.out(place, other, told=was_in)

    @rule(number=device_numbers, room=rooms, victim=device_numbers)
    def kicks_somebody_speaking(self, number: int, room: str, victim: int) -> None:
        number = self.boss(number, room)
        one, other = self.active(number), self.active(victim)
        assert one.client is not None and other.client is not None
        if one is other:
            return
        with one_turn(self.hall):
            kick = one.client.begins("kick", room=room, user=other.who)
            text = self.new_text()
            said = other.client.begins("send", room=room, text=text, cid=text)
        codes: list[str | None] = []
        for attempt in (
            lambda: self.out(self.model.kicks(one.who, room, other.who), other.who, told=True),
            lambda: self.spread(self.model.says(other.who, room, text)),
        ):
            try:
                attempt()
                codes.append(None)
            except Refused as refusal:
                codes.append(refusal.args[0])
        answers = [one.client.answer_to(kick), other.client.answer_to(said)]
        assert [answer.get("error", {}).get("code") for answer in answers] == codes, answers

    @rule(
        number=device_numbers,
        room=rooms,
        other=people,
        do=st.sampled_from(["unban", "mute", "unmute", "op"]),
    )
    def moderates(self, number: int, room: str, other: str, do: str) -> None:
        number, other = self.boss(number, room), self.member(room, other)
        act = getattr(self.model, f"{do}s")
        place = self.does(number, lambda who: act(who, room, other), do, room=room, user=other)
        if place:
            self.spread(place)

    @rule(number=device_numbers, room=rooms)
    def deletes_room(self, number: int, room: str) -> None:
        place = self.does(
            number, lambda who: self.model.deletes_room(who, room), "delete", what=room, sure=True
        )
        if place:
            for who in PEOPLE:
                if place.has(who):
                    self.out(place, who, told=False)

    @rule(number=device_numbers, room=rooms)
    def undeletes(self, number: int, room: str) -> None:
        self.does(number, lambda who: self.model.undeletes(who, room), "undelete", room=room)

    @rule(number=device_numbers, back=recent, pick=st.integers(0, 9), delete=st.booleans())
    def changes(self, number: int, back: int, pick: int, delete: bool) -> None:
        who = self.active(number).who
        mine = [place for place in self.model.of(who) if place.last]
        if not mine:
            return
        place = mine[pick % len(mine)]
        seq = max(1, place.last - back)
        name = str(seq) if place.name == LOBBY else f"{place.label(who)}/{seq}"
        if delete:
            done = self.does(
                number, lambda who: self.model.deletes(who, place, seq), "delete", what=name
            )
        else:
            text = self.new_text()
            done = self.does(
                number,
                lambda who: self.model.edits(who, place, seq, text),
                "edit",
                message=name,
                text=text,
            )
        if done:
            self.spread(place)

    @rule(number=device_numbers, place=places)
    def reads_history(self, number: int, place: str) -> None:
        device = self.active(number)
        assert device.client is not None

        def readable(who: str) -> list[tuple[int, str, str]]:
            there = self.model.joined(who, place)
            return [(seq, it.by, it.text) for seq, it in there.messages(who)[-20:]]

        answer = device.client.asks("history", place=place)
        try:
            expected = readable(device.who)
        except Refused as refusal:
            assert answer["error"]["code"] == refusal.args[0], answer
        else:
            lines = [(line["seq"], line["from"], line["text"]) for line in answer["lines"]]
            assert lines == expected

    @rule(number=device_numbers)
    def looks_around(self, number: int) -> None:
        device = self.active(number)
        assert device.client is not None
        answer = device.client.asks("whoelse")
        assert {face["name"] for face in answer["people"]} == self.online() - {device.who}
        rooms = {room["room"]: room for room in device.client.asks("rooms")["rooms"]}
        for name in ROOMS:
            try:
                place = self.model.visible(device.who, name)
            except Refused:
                assert name not in rooms
            else:
                assert rooms[name]["members"] == len(place.roles)
                assert rooms[name]["online"] == len(self.online() & set(place.roles))

    # --- the person with netcat ------------------------------------------------------------

    def _tom_comes(self) -> None:
        self.tom.client = self.hall.connects()
        self.tom.reading = True
        self.tom.client.types("tom", PASSWORD, *([] if self.tom.known else [PASSWORD]))
        assert "Login successful" in self.tom.client.received, self.tom.client.received
        if not self.tom.known:
            self.tom.known = True
            self.tom.shown[LOBBY] = self.model.places[LOBBY].last
        self.tom.expected = [
            (place.label("tom"), seq, thing.text)
            for place in self.model.of("tom")
            for seq, thing in place.messages("tom", self.tom.shown.get(place.label("tom"), 0))
            if thing.by != "tom" and not thing.deleted
        ]

    def _tom_goes(self) -> None:
        if self.tom.reading:
            self.tom.check()
        self.tom.client = None
        self.tom.expected.clear()

    def _tom_began(self, place: Place, who: str) -> None:
        if who == "tom":
            label = place.label("tom")
            self.tom.shown[label] = max(place.last, self.tom.shown.get(label, 0))

    def _tom_types(self, line: str) -> str:
        """What comes back; typing is a sign that what came before was seen."""
        assert self.tom.client is not None
        self.tom.check()
        for place in self.model.of("tom"):
            if place.last:
                self.tom.shown[place.label("tom")] = place.last
        self.tom.client.types(line)
        return self.tom.client.received

    @rule()
    def tom_comes(self) -> None:
        if self.tom.client is None:
            self._tom_comes()

    @rule(politely=st.booleans())
    def tom_goes(self, politely: bool) -> None:
        if self.tom.client is None or (politely and not self.tom.reading):
            return
        if politely:
            assert "Disconnected" in self._tom_types("logout")
            assert self.tom.client.closed
        else:
            self.tom.client.vanishes()
        self._tom_goes()

    @rule(place=places)
    def tom_says(self, place: str) -> None:
        if self.tom.client is None or not self.tom.reading:
            return
        text = self.new_text()
        answer = self._tom_types(f"say {place} {text}")
        try:
            said = self.model.says("tom", place, text)
        except Refused:
            assert "sent" not in answer
        else:
            assert "sent: " in answer
            self.spread(said, origin=self.tom)

    @rule(other=people)
    def tom_writes(self, other: str) -> None:
        if self.tom.client is None or not self.tom.reading or other == "tom":
            return
        text = self.new_text()
        answer = self._tom_types(f"PM {other} {text}")
        said = self.model.writes("tom", other, text)
        sent = f"(Message {other}/{said.last} sent)" in answer
        assert sent == (other in self.online()), answer
        self.spread(said, origin=self.tom)

    @rule(room=rooms, leave=st.booleans())
    def tom_joins_or_leaves(self, room: str, leave: bool) -> None:
        if self.tom.client is None or not self.tom.reading:
            return
        answer = self._tom_types(f"{'leave' if leave else 'join'} {room}")
        try:
            if leave:
                self.left(self.model.leaves("tom", room), "tom")
                assert "You have left" in answer
            else:
                place = self.model.joins("tom", room)
                assert f"(You are in {room}." in answer
                if place:
                    self.spread(place)
                    self._tom_began(place, "tom")
        except Refused:
            assert "You have left" not in answer and f"(You are in {room}." not in answer

    @rule(stop=st.booleans())
    def tom_stops_reading_or_reads(self, stop: bool) -> None:
        if self.tom.client is not None and self.tom.reading == stop:
            self.tom.reading = not stop
            if stop:
                self.tom.check()
                self.tom.client.stops_reading()
            else:
                self.tom.client.reads_again()

    # --- what must be so at every step -------------------------------------------------------

    def online(self) -> set[str]:
        here = {device.who for device in self.devices if device.client is not None}
        return here | ({"tom"} if self.tom.client is not None else set())

    @invariant()
    def everybody_was_shown_what_is_theirs(self) -> None:
        for device in self.devices:
            if device.client is not None:
                device.takes(self.model)
                if device.reading:
                    device.check()
        if self.tom.client is not None and self.tom.reading:
            self.tom.check()

    @invariant()
    def nobody_is_a_ghost(self) -> None:
        chat = self.hall.chat
        assert {person.name for person in chat.roster.online.values()} == self.online()
        clients = sum(device.client is not None for device in self.devices)
        assert len(chat.sessions) == clients + (self.tom.client is not None)
        for name in ROOMS:
            room, place = chat.rooms.find(name), self.model.places.get(name)
            assert (room is None) == (place is None)
            if room is None or place is None:
                continue
            assert room.last_seq == place.last
            roles = {member.person.name: member.role for member in room.members.values()}
            assert roles == place.roles
            online = set() if place.deleted else self.online() & set(place.roles)
            assert room.online == len(online)
            live = chat.delivery.live_in(room)
            assert len(live) == len(set(live))
            for session in live:
                assert session in chat.sessions and session.state is State.LIVE
                assert session.person.name in online


class StatefulTest(SynchronousTestCase):
    def test_c1_c2_c5_d1_model_and_server_agree(self) -> None:
        run_state_machine_as_test(
            ChatMachine,
            settings=settings(
                max_examples=often(25),
                stateful_step_count=50,
                deadline=None,
            ),
        )
