"""What a client is shown when it comes in, when its rooms change, and when it is renamed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ... import __version__
from ...core.errors import ChatError
from ...core.events import Closed, Event, Invitation, Notice, Receipt, Typing, Whisper
from ...core.events import Room as RoomEvent
from ...core.text import formatted
from . import away, isupport, metadata, names, read_markers, replay
from .commands import repeated
from .message import encoded
from .numerics import Refused

if TYPE_CHECKING:
    from ...chat.accounts.proving import Proof
    from ...core.rooms import Room
    from ...core.roster import Person
    from .door import IrcTalk


async def welcome(talk: IrcTalk, proof: Proof) -> None:
    """Seat whoever has proved who it is, and show where it is."""
    registration, company = talk.registration, talk.company
    asked = registration.nick
    company.looks(proof.person, registration.user, registration.realname, talk.network)
    talk.sit_down(proof)
    assert talk.session is not None
    settings, server = talk.chat.settings, company.server
    if talk.nick != asked:
        # Until 001 a client believes to be called as it has asked.
        talk.line(f"{asked}!{registration.user}@{proof.person.host}", f"NICK :{talk.nick}")
    mask = company.mask(talk.nick)
    talk.numeric("001", text=f"Welcome to {settings.name}, {mask}")
    talk.numeric("002", text=f"Your host is {server}, running version twisted-chat-{__version__}")
    talk.numeric("003", text=f"This server has been up since {company.started}")
    talk.numeric("004", server, f"twisted-chat-{__version__}", "Biow", "beIiklmnostvCR", "beIklov")
    isupport.tell(talk)
    isupport.tell_counts(talk)
    await metadata.arrive(talk)
    isupport.tell_motd(talk)
    await away.arrive(talk)
    await show_all(talk)


async def show_all(talk: IrcTalk) -> None:
    """Show the rooms somebody is in, and begin to deliver what is said there."""
    session = talk.session
    assert session is not None
    await read_markers.arrive(talk)
    for room in tuple(session.person.rooms):
        if not talk.closed and talk.shows(room):
            await enter(talk, room)
    if not talk.closed:
        await replay.private(talk)
    if not talk.closed:
        talk.flush()
        session.begin()
        talk.hearing.certain()  # asks at once whether what was missed has come


async def enter(talk: IrcTalk, room: Room) -> None:
    """Show a room from the beginning, and what was missed in it."""
    if show_room(talk, room):
        assert talk.session is not None
        await replay.missed(talk, room, talk.session.position(room))


def show_room(talk: IrcTalk, room: Room) -> bool:
    """The client has joined a room: its own JOIN, the topic and who is there; False if it had."""
    if not talk.company.shows(talk, room):
        return False
    me = talk.me
    joined = f"JOIN {room.name}"
    if talk.has("extended-join"):
        account = talk.company.account_of(me.name)
        joined += f" {account} :{talk.company.realname_of(me.name)}"
    talk.line(talk.company.mask(me.name), joined, talk.company.now_tags(talk, me))
    if room.topic:
        names.tell_topic(talk, room)
    read_markers.tell_in(talk, room)
    if not talk.has("no-implicit-names"):
        names.tell_names(talk, room)
    for line in metadata.may_ask(talk, [room.name]):
        talk.answers.add(line)
    return True


def hide_room(talk: IrcTalk, room: Room, reason: str = "") -> None:
    """The client has left a room."""
    if not talk.company.hides(talk, room):
        return
    text = f"PART {room.name}" + (f" :{formatted(reason)}" if reason else "")
    talk.line(talk.company.mask(talk.nick), text, talk.company.now_tags(talk, talk.me))


def rename_room(talk: IrcTalk, room: Room, old: str, by: Person, reason: str) -> None:
    """A room that the client has joined has another name."""
    reason = formatted(reason)
    if talk.has("draft/channel-rename"):
        source, tags = talk.company.mask(by.name), talk.company.now_tags(talk, by)
        talk.line(source, f"RENAME {old} {room.name} :{reason}", tags)
    elif old.lower() != room.name.lower() and talk.company.hides(talk, room):
        me = talk.company.mask(talk.nick)
        part = f"PART {old}" + (f" :{reason}" if reason else "")
        talk.line(me, part, talk.company.now_tags(talk, talk.me))
        show_room(talk, room)
    talk.flush()  # what is said there may follow at once


def receive(talk: IrcTalk, event: Event) -> None:
    """Show an event that concerns this session."""
    chat = talk.chat
    match event:
        case RoomEvent():
            room = chat.rooms.rooms.get(event.id)
            if room is None or room.pair is not None or event.was or event.why == "renamed":
                return  # a room's new name is told by those who look on
            if event.joined:
                show_room(talk, room)
                talk.flush()  # what is said there may follow at once
            elif event.why == "put out":
                talk.company.hides(talk, room)  # it was shown as what it is
            else:
                hide_room(talk, room, talk.parting.pop(room.name, ""))
        case Whisper():
            target = event.to or (event.room if event.by == talk.nick else talk.nick)
            talk.write(encoded(talk.dialect.whisper(target, event)))
        case Typing():
            _typing(talk, event)
        case Receipt(read=int(seq)) if event.who == talk.nick:
            read_markers.read_elsewhere(talk, event.room, seq)
        case Invitation():
            by = talk.company.person(event.by)
            tags = {} if by is None else talk.company.now_tags(talk, by)
            talk.line(talk.company.mask(event.by), f"INVITE {talk.nick} {event.room}", tags)
        case Notice():
            talk.notice(event.text)
        case Closed():
            talk.write(talk.dialect.event(event))


def _typing(talk: IrcTalk, event: Typing) -> None:
    if talk.has("message-tags"):
        target = event.room if event.room.startswith("#") else talk.nick
        talk.line(talk.company.mask(event.who), f"TAGMSG {target}", {"+typing": "active"})


def rename(talk: IrcTalk, wanted: str) -> None:
    """NICK after registration: guests may be called otherwise, an account has its name."""
    me = talk.me
    if wanted == me.name:
        return
    if not me.guest:
        if names.folded(wanted) == me.named.folded:
            raise Refused("432", wanted, text=f"Your account is written {me.name}.")
        raise Refused("447", text=f"Your nick is your account's name, {me.name}, and stays so.")
    try:
        talk.chat.guests.rename(me, wanted)
    except ChatError as error:
        number = "433" if error.code == "name_taken" else "432"
        raise Refused(number, repeated(wanted), text=error.sentence) from None
