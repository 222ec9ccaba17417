"""Loads what the server keeps in memory from the store."""

from __future__ import annotations

from collections.abc import Collection

from ..core import rules
from ..core.names import Name, room_name
from ..core.rooms import Member, Person, Role, Room, RoomBook, RoomKind, pair_of
from ..core.roster import Roster
from ..store import Snapshot


def fill(roster: Roster, rooms: RoomBook, kept: Snapshot, admins: Collection[str]) -> None:
    """Fill the roster and the rooms; `admins` are the folded names of administrators."""
    for account in kept.accounts:
        name = Name(account.name, account.folded, account.skeleton)
        person = Person(account.id, name)
        person.intro = account.intro
        person.away = account.away
        person.admin = account.folded in admins and not account.erased
        person.suspended_until = account.suspended_until
        person.created = account.created
        person.last_seen = account.last_seen
        person.erased = account.erased
        person.devices = kept.devices.get(account.id, "")
        roster.add(person)
    _fill_rooms(roster, rooms, kept)
    for former in kept.former:
        if former.room in rooms.rooms:
            rooms.keep_former(rooms.rooms[former.room], room_name(former.name), former.until)
    people = roster.people
    for member in kept.members:
        place, person = rooms.rooms[member.room], people[member.account]
        place.put(Member(person, Role(member.role), member.since, member.voice))
        if place.deleted_at is None:
            person.rooms = (*person.rooms, place)
    for mute in kept.mutes:
        rooms.rooms[mute.room].mutes[mute.account] = mute.until
    for ban in kept.bans:
        rooms.rooms[ban.room].bans[ban.account] = ban.until
    for room, account_id in kept.invites:
        rooms.rooms[room].invited.add(account_id)
    for account_id, other in kept.ignored:
        people[account_id].ignores |= {other}


def _fill_rooms(roster: Roster, rooms: RoomBook, kept: Snapshot) -> None:
    for row in kept.rooms:
        kind = RoomKind(row.kind)
        if kind is RoomKind.GROUP and row.folded is None:
            continue  # erased; only its number is left
        if kind is RoomKind.PAIR:
            assert row.first is not None and row.second is not None
            room = pair_of(row.id, roster.people[row.first], roster.people[row.second])
        else:
            room = Room(row.id, room_name(row.name), kind)
            room.keep_rules(rules.read(row.rules, row.hidden))
            room.topic = row.topic
            room.deleted_at = row.deleted_at
        room.encrypted = row.encrypted
        room.created = row.created
        room.last_seq = row.last_seq
        rooms.add(room)
