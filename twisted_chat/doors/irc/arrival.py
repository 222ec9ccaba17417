"""What a client is shown when it comes in, when its rooms change, and when it is renamed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ... import __version__
from ...core.errors import ChatError
from ...core.events import Closed, Event, Invitation, Notice, Receipt, Typing, Whisper
from ...core.events import Room as RoomEvent
from ...core.text import formatted
from . import away, isupport, metadata, names, read_markers, replay
from .message import encoded, repeated
from .refusals import Refused

if TYPE_CHECKING:
    from ...chat.accounts.sign_in import Proof
    from ...core.rooms import Room
    from ...core.roster import Person
    from .door import IrcDoor


async def welcome(client: IrcDoor, proof: Proof) -> None:
    """Seat whoever has proved who it is, and show where it is."""
    registration, clients = client.registration, client.clients
    asked = registration.nick
    clients.looks(proof.person, registration.user, registration.realname, client.network)
    client.sit_down(proof)
    assert client.session is not None
    settings, server = client.chat.settings, clients.server
    if client.nick != asked:
        # Until 001 a client believes to be called as it has asked.
        client.line(f"{asked}!{registration.user}@{proof.person.host}", f"NICK :{client.nick}")
    mask = clients.mask(client.nick)
    client.numeric("001", text=f"Welcome to {settings.name}, {mask}")
    client.numeric("002", text=f"Your host is {server}, running version twisted-chat-{__version__}")
    client.numeric("003", text=f"This server has been up since {clients.started}")
    client.numeric(
        "004", server, f"twisted-chat-{__version__}", "Biow", "beIiklmnostvCR", "beIklov"
    )
    isupport.tell(client)
    isupport.tell_counts(client)
    await metadata.arrive(client)
    isupport.tell_motd(client)
    await away.arrive(client)
    await show_all(client)


async def show_all(client: IrcDoor) -> None:
    """Show the rooms somebody is in, and begin to deliver what is said there."""
    session = client.session
    assert session is not None
    await read_markers.arrive(client)
    for room in tuple(session.person.rooms):
        if not client.closed and client.shows(room):
            await enter(client, room)
    if not client.closed:
        await replay.private(client)
    if not client.closed:
        client.flush()
        session.begin()
        client.liveness.certain()  # asks at once whether what was missed has come


async def enter(client: IrcDoor, room: Room) -> None:
    """Show a room from the beginning, and what was missed in it."""
    if show_room(client, room):
        assert client.session is not None
        await replay.missed(client, room, client.session.position(room))


def show_room(client: IrcDoor, room: Room) -> bool:
    """The client has joined a room: its own JOIN, the topic and who is there; False if it had."""
    if not client.clients.shows(client, room):
        return False
    me = client.me
    joined = f"JOIN {room.name}"
    if client.has("extended-join"):
        account = client.clients.account_of(me.name)
        joined += f" {account} :{client.clients.realname_of(me.name)}"
    client.line(client.clients.mask(me.name), joined, client.clients.now_tags(client, me))
    if room.topic:
        names.tell_topic(client, room)
    read_markers.tell_in(client, room)
    if not client.has("no-implicit-names"):
        names.tell_names(client, room)
    client.response.add_rendered(metadata.may_ask(client, [room.name]))
    return True


def hide_room(client: IrcDoor, room: Room, reason: str = "") -> None:
    """The client has left a room."""
    if not client.clients.hides(client, room):
        return
    text = f"PART {room.name}" + (f" :{formatted(reason)}" if reason else "")
    client.line(client.clients.mask(client.nick), text, client.clients.now_tags(client, client.me))


def rename_room(client: IrcDoor, room: Room, old: str, by: Person, reason: str) -> None:
    """A room that the client has joined has another name."""
    reason = formatted(reason)
    if client.has("draft/channel-rename"):
        source, tags = client.clients.mask(by.name), client.clients.now_tags(client, by)
        client.line(source, f"RENAME {old} {room.name} :{reason}", tags)
    elif old.lower() != room.name.lower() and client.clients.hides(client, room):
        me = client.clients.mask(client.nick)
        part = f"PART {old}" + (f" :{reason}" if reason else "")
        client.line(me, part, client.clients.now_tags(client, client.me))
        show_room(client, room)
    client.flush()  # what is said there may follow at once


def receive(client: IrcDoor, event: Event) -> None:
    """Show an event that concerns this session."""
    chat = client.chat
    match event:
        case RoomEvent():
            room = chat.rooms.rooms.get(event.id)
            if room is None or room.pair is not None or event.was or event.why == "renamed":
                return  # a room's new name is told by those who look on
            if event.joined:
                show_room(client, room)
                client.flush()  # what is said there may follow at once
            elif event.why == "put out":
                client.clients.hides(client, room)  # it was shown as what it is
            else:
                hide_room(client, room, client.parting.pop(room.name, ""))
        case Whisper():
            target = event.to or (event.room if event.by == client.nick else client.nick)
            client.write(encoded(client.dialect.whisper(target, event)))
        case Typing():
            _typing(client, event)
        case Receipt(read=int(seq)) if event.who == client.nick:
            read_markers.read_elsewhere(client, event.room, seq)
        case Invitation():
            by = client.clients.person(event.by)
            tags = {} if by is None else client.clients.now_tags(client, by)
            client.line(client.clients.mask(event.by), f"INVITE {client.nick} {event.room}", tags)
        case Notice():
            client.notice(event.text)
        case Closed():
            client.write(client.dialect.event(event))


def _typing(client: IrcDoor, event: Typing) -> None:
    if client.has("message-tags"):
        target = event.room if event.room.startswith("#") else client.nick
        client.line(client.clients.mask(event.who), f"TAGMSG {target}", {"+typing": "active"})


def rename(client: IrcDoor, wanted: str) -> None:
    """NICK after registration: guests may be called otherwise, an account has its name."""
    me = client.me
    if wanted == me.name:
        return
    if not me.guest:
        if names.folded(wanted) == me.named.folded:
            raise Refused("432", wanted, text=f"Your account is written {me.name}.")
        raise Refused("447", text=f"Your nick is your account's name, {me.name}, and stays so.")
    try:
        client.chat.guests.rename(me, wanted)
    except ChatError as error:
        number = "433" if error.code == "name_taken" else "432"
        raise Refused(number, repeated(wanted), text=error.sentence) from None
