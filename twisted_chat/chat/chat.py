"""The chat itself, which all doors share.

`Chat` puts the parts together and gives each part what it uses; no part knows `Chat`. Doors and
commands ask it for the part that can answer. It never sees a socket.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger

from ..core.command_table import TABLE
from ..core.errors import ChatError, StartError
from ..core.events import Closed
from ..core.names import Names
from ..core.rooms import Person, Room, RoomBook
from ..core.roster import Roster
from ..doors.interface import Door
from ..settings import Settings
from ..store import Batch, Store
from .accounts.accounts import Accounts
from .accounts.client_certificates import ClientCertificates
from .accounts.limits import AccountLimits
from .accounts.passwords import Passwords
from .accounts.sign_in import Proof, SignIn
from .async_store import AsyncStore
from .cursors import Cursors
from .delivery import Delivery
from .device_keys import DeviceKeys
from .files import Files
from .files.links import Links
from .guests import Guests
from .history import History
from .housekeeping import Housekeeping
from .messages import Messages, origins
from .metadata import Metadata
from .motd import message_of_the_day
from .presence import Onlookers, PresenceNotices, Typists
from .restore import fill
from .rooms import Membership
from .session import Session, Sessions, State
from .threads import Worker

STOPPING = ChatError("restart", "The server is stopping; try again in a moment.")
MOST_DEVICES = 20  # sessions of one account; the one idle for longest makes room


class Chat:
    """The parts of the chat, people who come and go, and what is done with each commit."""

    log = Logger()

    def __init__(
        self,
        settings: Settings,
        store: Store,
        passwords: Passwords,
        clock: IReactorTime,
        ticks: Callable[[], float],
        wall: Callable[[], int],
        worker: Worker,
    ) -> None:
        self.settings = settings
        self.clock = clock
        self.ticks = ticks  # seconds that only go forward: for limits and time-outs
        self.wall = wall  # milliseconds since 1970: for people
        self.started = ticks()
        self.epoch = store.epoch  # another one for a database that was put in its place
        self.motd = message_of_the_day(settings)
        self.names = names = Names(
            (*TABLE.words(), settings.name),
            protected=settings.admins,
            longest=settings.nick_length,
            longest_room=settings.room_length,
        )
        self.store = kept = AsyncStore(store, clock)
        self.roster = roster = Roster()
        self.rooms = rooms = RoomBook()
        self.sessions = sessions = Sessions()
        self.delivery = delivery = Delivery(rooms, sessions, kept, clock)
        self.presence = presence = PresenceNotices(delivery, clock)
        self.onlookers = onlookers = Onlookers()  # want to know at once who comes and goes
        self.limits = AccountLimits(settings, ticks, wall)
        self.history = History(kept, rooms, wall)
        self.cursors = cursors = Cursors(kept, sessions, delivery)
        self.metadata = metadata = Metadata(settings, kept, ticks)
        self.devices = devices = DeviceKeys(settings, kept, sessions, rooms, ticks)
        self.membership = membership = Membership(
            settings.name, kept, sessions, roster, rooms, delivery, onlookers, wall
        )
        self.messages = Messages(
            settings.max_message, kept, sessions, rooms, membership, devices, wall
        )
        self.typists = Typists(delivery, membership.audience, ticks)
        self.signin = signin = SignIn(
            settings, kept, roster, rooms, names, devices, passwords, ticks, wall
        )
        self.accounts = Accounts(settings, kept, roster, rooms, membership, devices, signin)
        self.certificates = ClientCertificates(kept, roster, signin, wall)
        self.guests = Guests(
            kept,
            sessions,
            roster,
            rooms,
            membership,
            delivery,
            presence,
            onlookers,
            metadata,
            signin,
            wall,
        )
        self.files = files = Files(
            settings, kept, roster, rooms, membership, clock, ticks, wall, worker
        )
        self.links = Links(settings, kept, roster, files, wall)
        self.housekeeping = Housekeeping(
            settings,
            kept,
            sessions,
            roster,
            rooms,
            delivery,
            cursors,
            files.cleanup,
            signin,
            devices,
            clock,
            wall,
        )
        # While a batch is being answered: what sends the answers gathered at each door.
        self.answering: list[Callable[[], None]] | None = None
        self.stop_server: Callable[[], None] = lambda: None
        self.files_changed: Callable[[], None] = lambda: None  # those that an operator may change
        self.all_gone: Callable[[], None] = lambda: None  # the last session has ended

    def start(self) -> None:
        """Load what the store holds."""
        kept = self.store.start(self.committed)
        fill(self.roster, self.rooms, kept, self.signin.admins)
        self.signin.start()
        self.files.start(kept)
        self.membership.start(kept)

    def reload_motd(self) -> None:
        """Read the message of the day anew; a file that is no good leaves it as it is."""
        try:
            lines = message_of_the_day(self.settings)
        except StartError as error:
            self.log.warn("The message of the day stays as it was: {reason}", reason=error)
            return
        if lines != self.motd:
            self.motd = lines
            self.log.info("The message of the day was read anew")

    def committed(self, batch: Batch) -> None:
        """A batch is on disk: show it, then answer those who sent it."""
        self.delivery.spread(batch.entries, origins(batch))
        self.files.discard(batch.gone)
        self.answering = []
        batch.answer()
        senders, self.answering = self.answering, None
        for send in senders:
            send()

    # --- people come and go ---------------------------------------------------------------

    def enter(
        self,
        proof: Proof,
        door: Door,
        device: str,
        positions: Mapping[Room, int] | None = None,
        lobby: bool = True,
    ) -> Session:
        """Begin a session; the door calls its `begin` when it is ready for deliveries."""
        self.signin.admit(proof)  # much may have happened since it was given
        person, sessions = proof.person, self.sessions
        at = {room: room.last_seq for room in self.rooms.of(person)}
        if positions:
            at.update(positions)
        if not lobby:
            at.pop(self.rooms.lobby, None)
        session = Session(person, door, self.delivery, self.ticks(), device, at, lobby)
        if len(sessions.of(person)) >= MOST_DEVICES:
            idle = min(sessions.of(person), key=lambda session: session.asked_at)
            idle.close(Closed("too_many_devices", "Another session of yours took this place."))
        if not person.guest:
            self.signin.attempts.remember(person.name, door.network)
        sessions.add(session)
        if len(sessions.of(person)) == 1:
            self.roster.online[person.id] = person
            for room in person.rooms:
                room.online += 1
            self.presence.joined(person)
            self.onlookers.came(person)
        self.log.info("Client {where} connected  [ {name} ]", where=door.address, name=person.name)
        return session

    def leave_unseated(self, person: Person) -> None:
        """Forget a guest whose connection was lost before their session began."""
        if person.guest and not person.online:
            self.roster.forget(person)

    def depart(self, session: Session) -> None:
        """End a session whose connection is closed."""
        if session.state is State.CLOSED:
            return
        if session.state is State.LIVE:
            if session.door.flushed() is True:
                self.cursors.note_all_shown(session)
            self.delivery.withdraw(session)
        session.state = State.CLOSED
        session.wait_no_more()
        session.behind.clear()
        self.sessions.remove(session)
        person = session.person
        self.log.info(
            "Client {where} is offline  [ {name} ]", where=session.address, name=person.name
        )
        if not self.sessions:
            self.all_gone()
        if person.online:
            return
        self.roster.online.pop(person.id, None)
        for room in person.rooms:
            room.online -= 1
        self.presence.left(person)
        self.onlookers.went(person, session.parting)
        person.last_seen = self.wall()
        if person.guest:
            self.guests.depart(person)
        elif not person.erased:
            self.accounts.keep_last_seen(person)

    def about_to_stop(self) -> None:
        """Store who was here, and refuse everything new from here on."""
        accounts = [person for person in self.roster.online.values() if not person.guest]
        for person in accounts:
            person.last_seen = self.wall()
        self.accounts.keep_last_seen(*accounts)
        self.store.refusing = STOPPING

    def close_sessions(self, person: Person, reason: Closed, keep: Session | None = None) -> None:
        """End the sessions of an account and their transfers of files, except for one session."""
        kept = None if keep is None else keep.token
        self.files.revoke(person, lambda device: device != kept)
        for session in self.sessions.of(person):
            if session is not keep:
                session.close(reason)

    @property
    def stopping(self) -> bool:
        """Whether nothing is taken any more because the server stops."""
        return self.store.refusing is STOPPING

    def stop(self, reason: Closed) -> None:
        """Tell everybody and end all sessions."""
        self.store.refusing = STOPPING
        self.presence.stop()
        for session in tuple(self.sessions):
            session.close(reason)
