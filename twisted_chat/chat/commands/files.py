"""Files: offering, sending, listing and fetching them."""

from __future__ import annotations

import re

from twisted.internet.defer import Deferred

from ...core import command_table as words
from ...core.attachments import WITH_LINKS, check_name
from ...core.draft import Draft, check_cid
from ...core.entries import Entry
from ...core.errors import ChatError
from ...core.results import FileLine, FileList, FileTicket, Offered, Sent
from ...core.rooms import Person, Room
from ...store import Ledger, files
from ..chat import Chat
from ..history import scopes
from ..messages import only_sealed
from ..session import Session
from .lookup import account_named, conversation, may_know_of, place_of
from .messages import speaking_place

PAGE = 20
_SHA256 = re.compile("[0-9a-f]{64}")


async def offer(chat: Chat, session: Session, command: words.Offer) -> Offered:
    if command.size < 0 or not _SHA256.fullmatch(command.sha256):
        raise ChatError(
            "args",
            "A file is sent with the chat's own client (python -m twisted_chat.client), or by a"
            " program that tells its size and its SHA-256.",
        )
    room = speaking_place(chat, session, command.room)
    if room is not None:
        chat.files.may_send(session.person, room)
    _check_name(room, command.name)
    where = account_named(chat, command.room) if room is None else room
    offered, ticket = await chat.files.offer(
        session, where, command.name, command.size, command.sha256
    )
    return Offered(offered.id, ticket, offered.have)


def _check_name(room: Room | None, name: str) -> None:
    """Refuse a bad name, or any name where the conversation is encrypted."""
    if room is None or not room.encrypted:
        check_name(name)
    elif name:
        raise only_sealed()


def say_file(chat: Chat, session: Session, place: str, draft: Draft) -> Deferred[Sent]:
    """Send a file that has been uploaded."""
    person, file, cid = session.person, draft.file, draft.cid
    assert file is not None
    check_cid(cid)
    refusal: ChatError | None = None
    try:
        room = speaking_place(chat, session, place)
    except ChatError as error:
        room, refusal = place_of(chat, person, place), error
        if room is None:  # such a file was never said
            raise
    if room is None:
        raise files.no_such_file(file, " of yours that is to be sent there and has been uploaded")
    try:
        chat.messages.check(room, draft)
        chat.messages.check_version(room, draft)
    except ChatError as error:
        refusal = refusal or error

    def apply(ledger: Ledger) -> tuple[Entry, bool]:
        if refusal is not None:
            old = None if cid is None else ledger.log.said(person.id, cid)
            if old is None or (old.room != room.id and not may_know_of(room, person)):
                raise refusal
        return ledger.files.say(room.id, person.id, person.name, draft)

    def stored(outcome: tuple[Entry, bool]) -> Sent:
        entry, again = outcome
        if not again:
            chat.files.named(person.id, file)
        return chat.messages.sent(person, room, entry, again)

    return chat.store.change(apply, session).addCallback(stored)


async def list_files(chat: Chat, session: Session, command: words.Files) -> FileList:
    person = session.person
    if command.before is not None and command.before < 1:
        raise ChatError("args", "Files are numbered from 1 on.")
    rooms = chat.rooms.of(person)
    label = ""
    if command.place.lower() == WITH_LINKS:
        rooms, label = [], WITH_LINKS
    elif command.place:
        room = conversation(chat, session, command.place)
        if room is None:
            return FileList((), now=chat.wall())
        rooms, label = [room], room.label(person)
    readable = scopes(person, rooms)
    found = await chat.store.read(lambda db: files.listed(db, readable, PAGE, command.before))
    lines = [_said(chat, person, one) for one in found if _may_see(chat, person, one)]
    older = found[0].file if len(found) == PAGE else None
    if not label or label == WITH_LINKS:
        lines, older = await _with_kept(chat, person, lines, older, command.before)
    return FileList(tuple(lines), label, older, chat.wall())


async def _with_kept(
    chat: Chat, person: Person, lines: list[FileLine], older: int | None, before: int | None
) -> tuple[list[FileLine], int | None]:
    """Add the files that somebody keeps for links to a page."""
    kept = await chat.store.read(lambda db: files.kept(db, person.id, PAGE, before))
    if len(kept) == PAGE:
        older = max(kept[0].id, older or 0)
    missing = chat.files.cleanup.missing
    both = lines + [
        FileLine(
            *(one.id, one.name, one.size, WITH_LINKS, one.id, person.name, one.created),
            gone=one.id in missing,
        )
        for one in kept
    ]
    both.sort(key=lambda line: line.file)
    if len(both) > PAGE:
        both = both[-PAGE:]
        older = both[0].file
    return [line for line in both if line.file >= (older or 0)], older


def _may_see(chat: Chat, person: Person, one: files.Listed) -> bool:
    room = chat.rooms.rooms.get(one.room)
    there = room is not None and room.may_read(person, one.seq)
    return there and one.sender not in person.ignores


def _said(chat: Chat, person: Person, one: files.Listed) -> FileLine:
    return FileLine(
        one.file,
        one.name,
        one.size,
        chat.rooms.rooms[one.room].label(person),
        one.seq,
        one.author,
        one.time,
        gone=one.file in chat.files.cleanup.missing,
    )


async def get(chat: Chat, session: Session, command: words.Get) -> FileTicket:
    person = session.person
    row, room, ticket = await chat.files.ticket(session, command.file)
    assert row.seq is not None
    label = WITH_LINKS if room is None else room.label(person)
    return FileTicket(row.id, row.name, row.size, row.sha256, ticket, label, row.seq)
