"""Whatever a crowd of guests does, nothing is left of those who are gone."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
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
from twisted_chat.core.rooms import Role, RoomKind
from twisted_chat.store import schema
from twisted_chat.testing import PASSWORD, Client, Hall

NAMES = ("ann", "zoe", "kim", "joe")  # only ann has an account
ROOMS = ("#red", "#blue")
names, rooms = st.sampled_from(NAMES), st.sampled_from(ROOMS)
ABOUT = ("op", "deop", "kick", "ban", "unban", "mute", "unmute", "voice", "devoice", "invite")
ACCOUNTS = ("member", "mute", "ban", "invite", "cursor")


class CrowdMachine(RuleBasedStateMachine):
    """Guests who come and go, make rooms, and keep each other in order."""

    def __init__(self) -> None:
        super().__init__()
        self.hall = Hall(guests=True)
        self.clients: dict[str, Client] = {}

    def teardown(self) -> None:
        self.hall.__exit__(None, None, None)

    @initialize()
    def everybody_comes(self) -> None:
        self.hall.bot("ann").vanishes()
        for name in NAMES:
            self.active(name)
        self.does("zoe", "create #red")
        self.does("kim", "join #red")
        self.does("ann", "join #red")

    def active(self, name: str) -> Client:
        """Somebody who is here, or comes now."""
        client = self.clients.get(name)
        if client is None or client.closed:
            client = self.clients[name] = self.hall.connects()
            client.types(name)
            if client.received.endswith("password: "):
                client.types(PASSWORD)
            client.hears("Login successful")
        return client

    def does(self, name: str, line: str) -> None:
        client = self.active(name)
        client.types(line)
        assert "Something went wrong" not in client.takes(), line

    @rule(name=names, room=rooms, private=st.booleans())
    def makes_a_room(self, name: str, room: str, private: bool) -> None:
        self.does(name, f"create {room}{' private' if private else ''}")

    @rule(name=names, room=rooms, what=st.sampled_from(("join", "join", "leave", "history")))
    def comes_or_leaves(self, name: str, room: str, what: str) -> None:
        self.does(name, f"{what} {room}")

    @rule(name=names, room=rooms)
    def speaks(self, name: str, room: str) -> None:
        self.does(name, f"say {room} hello")

    @rule(name=names, other=names)
    def whispers(self, name: str, other: str) -> None:
        self.does(name, f"PM {other} hello")

    @rule(name=names, room=rooms, other=names, what=st.sampled_from(ABOUT))
    def keeps_order(self, name: str, room: str, other: str, what: str) -> None:
        self.does(name, f"{what} {room} {other}")

    @rule(name=names)
    def vanishes(self, name: str) -> None:
        self.active(name).vanishes()

    @rule(name=names, room=rooms, what=st.sampled_from(("create", "join", "leave", "say")))
    def asks_and_vanishes(self, name: str, room: str, what: str) -> None:
        client = self.active(name)
        client.sends_later(f"{what} {room} word\n".encode())
        client.breaks()

    @rule(name=st.sampled_from(("zoe", "kim")), new=st.sampled_from(("zoe", "rob", "Zoe")))
    def is_called_something_else(self, name: str, new: str) -> None:
        self.active(name)
        found = self.hall.chat.roster.names
        person = found.find(name)
        assert person is not None
        if found.find(new) is None:
            self.hall.chat.guests.rename(person, new)
            self.clients[new.lower()] = self.clients.pop(name)

    @rule()
    def server_restarts(self) -> None:
        self.hall.restart()
        self.clients.clear()

    @invariant()
    def nothing_is_left_of_who_is_gone(self) -> None:
        self.hall.settle()
        roster = self.hall.chat.roster
        for room in self.hall.chat.rooms.rooms.values():
            noted = {*room.members, *room.bans, *room.mutes, *room.invited}
            assert noted <= set(roster.people), room.name
            if room.kind is RoomKind.GROUP:
                owners = [m for m in room.members.values() if m.role is Role.OWNER]
                assert len(owners) == 1, room.name
                assert room.online == sum(m.person.online for m in room.members.values())
        for person in roster.people.values():
            assert not person.guest or person.online
            assert all(person.id in room.members for room in person.rooms)

    @invariant()
    def the_store_knows_no_guest_and_no_room_without_anybody(self) -> None:
        for table in ACCOUNTS:
            assert all(row.account > 0 for row in self.rows(table)), table
        senders = [row.sender for row in self.rows("entry")]
        assert all(sender is None or sender > 0 for sender in senders)
        known = set(self.hall.chat.rooms.rooms)
        assert {row.room for row in self.rows("entry")} <= known
        stored = {(row.room, row.account): row.role for row in self.rows("member")}
        there = {
            (room.id, number): member.role
            for room in self.hall.chat.rooms.group_rooms()
            for number, member in room.members.items()
            if number > 0
        }
        assert stored == there

    def rows(self, table: str) -> list[Any]:
        found: list[Any] = []
        chosen = sa.select(schema.metadata.tables[table])
        self.hall.store.read(lambda db: db.execute(chosen).all(), found.append)
        return list(found[0])


class CrowdTests(SynchronousTestCase):
    def test_c2_crowds_of_guests(self) -> None:
        run_state_machine_as_test(
            CrowdMachine,
            settings=settings(max_examples=often(15), stateful_step_count=30, deadline=None),
        )
