"""What a person does with encryption: compare words, decide who reads a room, search, edit."""

from __future__ import annotations

import time
from itertools import groupby
from typing import Any

import msgspec

from ...core import command_table as words
from ...core import results, search_query
from ...core.commands import Command
from ...core.entries import Entry
from ...core.errors import ChatError
from ...core.results import FileLine, FileList, Page
from ...core.text import shown
from ...e2e.directory import Reader
from ...e2e.known_devices import KnownDevice
from ..sync.conversations import LOBBY, folded
from ..sync.user import User
from . import commands
from .front import DeskInterface
from .lines import Line, SixWords

STANDINGS = {
    "seen": "not compared yet",
    "verified": "verified",
    "new": "new, or back, since you have compared",
    "changed": "its keys have changed",
}


class Readers:
    """The readers of the encrypted rooms of one user."""

    def __init__(self, user: User, room: str) -> None:
        """ChatError if the room has none because it is not encrypted."""
        if not room.startswith("#"):
            raise ChatError("args", "Name a room: only rooms have readers. Usage: /readers #room")
        if user.conversations.get(room) is None:
            raise ChatError("not_in_room", f"You are not in {room}: join it first.")
        if not (user.secrets.is_open and user.secrets.encrypted(room)):
            raise ChatError(
                "not_encrypted", f"{room} is not encrypted: its members and the server can read it."
            )
        self._devices = user.secrets.devices
        self.room = room

    async def change(self, only_verified: bool | None, admitted: str) -> None:
        """Let only verified devices read, or all again, and admit somebody."""
        if not self._devices.is_known(self.room):
            await self._devices.learn(self.room)
        if admitted:
            await self._devices.admit(self.room, admitted)
        if only_verified is not None:
            await self._devices.restrict(self.room, only_verified)

    def told(self) -> dict[str, Any]:
        """All of it, for programs."""
        return {
            "room": self.room,
            "verified": self._devices.is_restricted(self.room),
            "people": [
                {
                    "name": one.name,
                    "seen": one.seen,
                    "devices": [
                        {"device": device.device, "standing": device.standing.value, "reads": reads}
                        for devices, reads in ((one.reads, True), (one.waits, False))
                        for device in devices
                    ],
                }
                for one in self._devices.readers(self.room)
            ],
        }

    def lines(self) -> list[str]:
        """All of it, for people."""
        room, people = shown(self.room), self._devices.readers(self.room)
        reading = [line for one in people for line in _devices(one.name, one.reads)]
        if reading:
            lines = [f"What you say in {room} is encrypted for these devices, and for no others:"]
        else:
            lines = [f"What you say in {room} is encrypted for no other device yet."]
        lines += reading
        waiting = [line for one in people for line in self._waiting(one)]
        if waiting:
            lines += ["It is not encrypted for:", *waiting]
        if self._devices.is_restricted(self.room):
            lines.append(f"(Only verified devices get keys here: /readers {room} all ends that)")
        else:
            lines.append(f"(/readers {room} verified gives keys to verified devices only)")
        return lines

    def _waiting(self, one: Reader) -> list[str]:
        name = shown(one.name)
        if not one.seen:
            return [
                f"    {name} (not seen joining; if they belong there:"
                f" /readers {shown(self.room)} admit {name})"
            ]
        if not (one.reads or one.waits) and not one.own:
            return [f"    {name} (no device with keys)"]
        return _devices(one.name, one.waits, f"; to let it read: /verify {name}")


def _devices(name: str, devices: tuple[KnownDevice, ...], hint: str = "") -> list[str]:
    return [
        f"    {shown(name)}, {shown(one.device)} ({STANDINGS[one.standing.value]}{hint})"
        for one in devices
    ]


MOST_FOUND = 20  # messages that a search of one's own shows
ONCE_MORE = "Enter it again: "


class EncryptionCommands:
    """What the person at a desk does with encryption."""

    def __init__(self, desk: DeskInterface) -> None:
        self._desk = desk

    @property
    def _user(self) -> User:
        return self._desk.user

    # --- comparing words -----------------------------------------------------------------------

    async def verify(self, name: str, same: bool) -> None:
        """Show the words to compare with somebody, or take down that they are the same."""
        name = name or ("" if self._desk.here.startswith("#") else self._desk.here)
        if not name or name.startswith("#"):
            raise ChatError("args", "Whom do you want to verify? Type /verify and a name.")
        secrets = self._user.secrets
        if same:
            await secrets.devices.verify(name)
            self._desk.say(
                f"({shown(name)} is verified: what you say reaches these devices, and another one"
                " only after you have compared the words anew)"
            )
            self._desk.changed()
            return
        compared = await secrets.devices.compare(name)
        who = shown(name)
        self._desk.say(f"If nobody is between you, {who} sees the same six words:")
        self._desk.put(Line(((SixWords(compared),),)))
        self._desk.say(
            *self._devices(name),
            f"Compare them in person or on the telephone. If they are the same: /verify {name} ok",
        )

    def _devices(self, name: str) -> list[str]:
        """For which devices the words stand, and which are left out of them."""
        devices, own = self._user.secrets.devices, self._user.name
        whose = "your devices" + ("" if _is_same(name, own) else f" and those of {shown(name)}")
        people = dict.fromkeys((own, *([] if _is_same(name, own) else [name])))
        found = [f"They stand for {whose}:"]
        for person in people:
            yours = "yours, " if person == own else ""
            if yours:
                found.append(f"    {shown(devices.own)} (yours, this one)")
            for one in devices.of(person):
                waits = ", and gets nothing yet" if one.waits else ""
                found.append(
                    f"    {shown(one.device)} ({yours}{STANDINGS[one.standing.value]}{waits})"
                )
        left_out = [(person, one) for person in people for one in devices.unlisted_of(person)]
        if left_out:
            found.append("They do not stand for these, which have written and are not listed:")
        for person, one in left_out:
            found.append(f"    {shown(one.device)} (in the name of {shown(person)}, gets nothing)")
        return found

    async def read_by(self, command: commands.Readers) -> None:
        """Show who can read an encrypted room, after changing that if it was asked for."""
        readers = await self.readers(command)
        if command.admit:
            self._desk.say(
                f"({shown(command.admit)} counts as a member of {shown(readers.room)} here)"
            )
        self._desk.say(*readers.lines())
        self._desk.changed()

    async def readers(self, command: commands.Readers) -> Readers:
        """Who can read a room, changed as the command says."""
        if command.verified and command.all:
            raise ChatError("args", "Choose one: verified devices only, or all.")
        readers = Readers(self._user, command.room or self._desk.here)
        only_verified = command.verified if command.verified or command.all else None
        await readers.change(only_verified, command.admit)
        return readers

    async def protect(self) -> None:
        """Ask for a passphrase for the keys, or take it away."""
        ask, secrets = self._desk.ask, self._user.secrets
        chosen = await ask(
            "A passphrase for the keys that are kept here (none: a key file protects them): ",
            secret=True,
        )
        if await ask(ONCE_MORE, secret=True) != chosen:
            raise ChatError("args", "These are not the same: nothing was changed.")
        whole = await secrets.protect(chosen)
        if chosen:
            self._desk.say(
                "(From now on this client asks for the passphrase when it starts. Without it, what"
                " is kept here of encrypted conversations cannot be read: there is no other way.)"
            )
        else:
            self._desk.say("(The keys are protected by a file beside them, and ask for nothing.)")
        if not whole:
            self._desk.say(
                "(Another client of yours runs on this computer. What it keeps is encrypted anew"
                " when it has ended and a client starts again.)"
            )

    # --- what was said -------------------------------------------------------------------------

    def is_encrypted(self, place: str) -> bool:
        """Whether that conversation is."""
        return self._user.secrets.encrypted(place)

    async def read(self, page: Page) -> Page:
        """A page with what it says where it is encrypted."""
        lines: list[results.Line] = []
        for room, group in groupby(page.lines, key=lambda line: line.room):
            entries = await self._user.archive.recalled(room, [line.entry for line in group])
            lines += [results.Line(room, entry) for entry in entries]
        return _with(page, lines)

    async def named(self, found: FileList) -> FileList:
        """A list of files with the names that no server knows."""
        files = [await self._named(one) for one in found.files]
        return msgspec.structs.replace(found, files=tuple(files))

    async def _named(self, line: FileLine) -> FileLine:
        archive = self._user.archive
        if line.name and not archive.is_sealed(line.room, line.seq):
            return line
        kept = await archive.kept_at(line.room, line.seq)
        if kept is None or kept.file is None:
            return msgspec.structs.replace(line, name="")
        return msgspec.structs.replace(line, name=kept.file.name, size=kept.file.size)

    def left(self, command: Command) -> None:
        """The person has left a room, or deleted it: its name is for others too now."""
        match command:
            case words.Leave(room) | words.Delete(room) if room.startswith("#") and "/" not in room:
                self._user.secrets.encrypted.release(room)

    async def edit(self, command: words.Edit) -> Any | None:
        """Change a message of an encrypted conversation; None if it is in another one."""
        place, _, number = command.message.rpartition("/")
        place = place or LOBBY
        if not (self.is_encrypted(place) and number.isascii() and number.isdigit()):
            return None
        return await self._user.encryptor.edit(place, int(number), command.text)

    # --- searching -----------------------------------------------------------------------------

    def is_for_here_alone(self, typed: str) -> bool:
        """Whether a search is of encrypted conversations only; then no server hears of it."""
        place = search_query.read(typed).filters.get("in", "")
        return self.is_encrypted(place or self._desk.here)

    async def search(self, command: words.Search, page: Page) -> Page:
        """A page of a search with what was found on this computer."""
        if command.page is not None:
            return page
        found = await self._found(search_query.read(command.words))
        if len(found) > MOST_FOUND:
            older = len(found) - MOST_FOUND
            self._desk.say(
                f"({older:,} older ones of encrypted conversations are not shown: narrow the search"
                " with before: or after:)"
            )
        lines = [*page.lines, *(results.Line(*one) for one in found[-MOST_FOUND:])]
        return _with(page, sorted(lines, key=lambda line: line.entry.time))

    async def _found(self, typed: search_query.SearchQuery) -> list[tuple[str, Entry]]:
        before, after = typed.day("before"), typed.day("after")
        places = self._places(typed)
        author = typed.filters.get("from", "").lower()

        def fits(label: str, seq: int, by: str, time: int) -> bool:
            return (
                (places is None or label in places)
                and (not author or by == author)
                and (before is None or time < before)
                and (after is None or time > after)
            )

        return await self._user.archive.search(typed.terms(), fits)

    def _places(self, typed: search_query.SearchQuery) -> set[str] | None:
        """The one conversation that is searched, if it is not all of them."""
        place = typed.filters.get("in", "")
        if not place:
            return {self._desk.here} if self.is_encrypted(self._desk.here) else None
        found = self._user.conversations.get(place)
        return {found.label} if found is not None else set()


def _is_same(name: str, other: str) -> bool:
    return folded(name) == folded(other)


def _with(page: Page, lines: list[results.Line]) -> Page:
    now = page.now or int(time.time() * 1000)
    return Page(tuple(lines), page.place, page.older, page.search, now)
