"""The door of one IRC client: its lines in, its commands carried out, and events shown to it."""

from __future__ import annotations

from twisted.internet.defer import CancelledError, Deferred
from twisted.python.failure import Failure

from ...chat.chat import Chat
from ...connection import plaintext
from ...connection.interface import Connection
from ...core.errors import ChatError
from ...core.events import Closed, Event, Invitation, Notice, Receipt, Typing, Whisper
from ...core.events import Room as RoomEvent
from ...core.text import decode_line
from . import channels, metadata, nickserv, presence, privmsg, read_markers
from .client import Clients, IrcClient
from .commands import Row, row_of
from .message import LONGEST_LINE, MOST_TAGS, Malformed, Message, encoded, parse, shortened
from .refusals import REFUSALS, Refused
from .responses import Response

LOOK_EVERY = 5.0  # seconds


class IrcServer:
    """What is done for all IRC clients of a server."""

    def __init__(self, chat: Chat) -> None:
        self.clients = Clients(chat)
        self.presence = presence.Presence(self.clients)
        self._next_look = 0.0
        chat.onlookers.append(self.presence)

    def tend(self, now: float) -> None:
        """Ask the silent whether they are there, and tell what could not be told before."""
        if now < self._next_look:
            return
        self._next_look = now + LOOK_EVERY
        for client in tuple(self.clients.registered):
            client.liveness.tend(now)
            privmsg.close_late_batch(client, now)
            metadata.tell_unsynced(client)
            if client.unsettled and client.keeps_up:
                presence.settle(client)


class IrcDoor(IrcClient):
    """Reads the lines of one client, and carries out the commands in them."""

    def __init__(self, chat: Chat, connection: Connection, irc: IrcServer) -> None:
        super().__init__(chat, connection, irc.clients)
        self._has_spoken = False

    def lost(self) -> None:
        if not self.closed:
            presence.withdraw_away(self)
        super().lost()

    def take(self, line: bytes) -> bool:
        label = ""
        self.liveness.line_came()
        try:
            message = self._read(line)
            if message is None:
                return True
            self.first_line = not self._has_spoken
            self._has_spoken = True
            message = nickserv.redirected(message)
            if message.tags and self.has("labeled-response"):
                label = message.tags.get("label", "")[:64]
            row = row_of(self, message)
            if self.sending and not row.concurrent:
                return False
            response = Response(self.server, row.name, label, row.concurrent)
            if row.concurrent:
                self.begin_message()
                subject = message.params[0] if message.params else ""
                self._respond(response, subject, row.handler, message)
            else:
                self.occupied(lambda: self._carried_out(row, message, response))
        except REFUSALS as error:
            if self.sending:
                return False  # the refusal waits until what came before is answered
            self.response.label = label
            self.refuse(error)
        return True

    def _read(self, line: bytes) -> Message | None:
        if line.startswith(b"@"):
            tags, _, rest = line.partition(b" ")
            if len(tags) - 1 > MOST_TAGS or len(rest) + 2 > LONGEST_LINE:
                raise Refused("417")
        elif len(line) + 2 > LONGEST_LINE:
            raise Refused("417")
        try:
            text = decode_line(line)
        except ChatError as error:
            raise ChatError("bad_utf8", error.sentence, command=command_in(line)) from None
        try:
            message = parse(text)
        except Malformed:
            raise ChatError("syntax", "That line has no command.") from None
        if message is not None and self.exposed and message.command not in ("CAP", "QUIT"):
            self.close(Closed("plaintext", plaintext.refusal(self.tls).sentence))
            return None
        return message

    def _carried_out(self, row: Row, message: Message, response: Response) -> Deferred[None]:
        return Deferred.fromCoroutine(self._carry_out(row, message, response))

    async def _carry_out(self, row: Row, message: Message, response: Response) -> None:
        """Carry out a command that nothing overtakes; what it answers goes out together."""
        self.response = response
        self.write_straight(False)  # but behind what is answered
        if self.session is not None and message.command not in ("PING", "PONG"):
            self.session.asked_at = self.chat.ticks()
        try:
            outcome = row.handler(self, message)
            if outcome is not None:
                await outcome
        except REFUSALS as error:
            self.refuse(error, message.params[0] if message.params else "")
        except CancelledError:
            return
        except Exception:
            self.report(Failure())
        finally:
            self.flush()
            self.response = Response(self.server)
            self.write_straight(True)

    def receive(self, event: Event) -> None:
        """Show an event that concerns this client and is not an entry of a room."""
        match event:
            case RoomEvent():
                self._room_changed(event)
            case Whisper():
                target = event.to or (event.room if event.by == self.nick else self.nick)
                self.write(encoded(self.dialect.whisper(target, event)))
            case Typing():
                if self.has("message-tags"):
                    target = event.room if event.room.startswith("#") else self.nick
                    mask = self.people.mask(event.who)
                    self.line(mask, f"TAGMSG {target}", {"+typing": "active"})
            case Receipt(read=int(seq)) if event.who == self.nick:
                read_markers.read_elsewhere(self, event.room, seq)
            case Invitation():
                by = self.people.find(event.by)
                tags = {} if by is None else self.tags_now(by)
                self.line(self.people.mask(event.by), f"INVITE {self.nick} {event.room}", tags)
            case Notice():
                self.notice(event.text)
            case Closed():
                self.write(self.dialect.event(event))

    def _room_changed(self, event: RoomEvent) -> None:
        room = self.chat.rooms.rooms.get(event.id)
        if room is None or room.pair is not None or event.was or event.why == "renamed":
            return  # `Presence` tells about a room's new name
        if event.joined:
            channels.show_channel(self, room)
            self.flush()  # what is said there may follow at once
        elif event.why == "put out":
            self.close_channel(room)  # it was shown as what it is
        else:
            channels.hide_channel(self, room, self.part_reasons.pop(room.name, ""))


def command_in(line: bytes) -> str:
    """The command of a line that is not text otherwise."""
    words = line.decode("ascii", "replace").split(" ")
    found = next((word for word in words if word[:1] not in ("@", ":", "")), "*")
    return shortened(found.upper())
