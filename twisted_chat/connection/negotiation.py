"""From a connection's first byte to the dialect that it speaks."""

from __future__ import annotations

from enum import Enum

from twisted.internet.interfaces import IDelayedCall
from twisted.logger import Logger

from ..core.doors import DoorKind
from .detection import by_hand, look
from .interface import NegotiatedConnection
from .proxy_header import BadHeader, Header

TOO_LATE = bytes.fromhex("1503010002020a")  # an alert of TLS: this message is unexpected here
PATIENCE_FOR_TLS = 3.0  # seconds, where nobody may sign in without TLS


class Stage(Enum):
    """What the negotiation waits for; it goes through these in their order, and may leave some out.

    TLS is no stage: what comes inside it is negotiated as what came before it.
    """

    HEADER = "a proxy, which may say first for whom it connects"
    DIALECT = "bytes that tell the dialect, or begin TLS"
    DECIDED = "nothing more"


# Looking a member up in its class takes longer, and this is looked at for every packet.
HEADER, DIALECT, DECIDED = Stage


class Negotiation:
    """Decides by the first bytes; a client that sends none is taken for a person."""

    __slots__ = ("_greeted", "_held", "_protocol", "_silence", "_stage")
    log = Logger()

    def __init__(self, protocol: NegotiatedConnection) -> None:
        self._protocol = protocol
        proxies = protocol.factory.chat.settings.trusted_proxies
        self._stage: Stage = HEADER if protocol.peer.within(proxies) else DIALECT
        self._greeted = False  # as a person, who may still turn out to be a program
        self._held = b""  # bytes that do not tell enough yet
        self._silence: IDelayedCall | None = None
        self.listen()

    @property
    def awaits_header(self) -> bool:
        """Whether a proxy may still say for whom it connects."""
        return self._stage is HEADER

    @property
    def decided(self) -> bool:
        """Whether it is known what is spoken here."""
        return self._stage is DECIDED

    def listen(self) -> None:
        """Wait for the first byte; greet a person if none comes in time.

        Where only TLS is of use, a slow network gets more time for the first bytes of it.
        """
        protocol = self._protocol
        chat = protocol.factory.chat
        seconds = chat.settings.greet_after
        if protocol.factory.has_tls and protocol.door.exposed:
            seconds = max(seconds, PATIENCE_FOR_TLS)
        self._silence = chat.clock.callLater(seconds, self._silent)

    def leave(self) -> None:
        """Wait no longer: it is decided, or nobody is there any more."""
        if self._silence is not None:
            self._silence.cancel()
            self._silence = None

    def lost(self) -> None:
        """The connection is gone."""
        self.leave()
        if self._held and self.awaits_header:
            self._complain("it has no end")

    def _silent(self) -> None:
        # The time may have passed while the reactor was busy, and the first bytes be there
        # already: they are read before this turn is over.
        clock = self._protocol.factory.chat.clock
        self._silence = clock.callLater(0, self._greet)

    def _greet(self) -> None:
        self._silence = None
        protocol = self._protocol
        if protocol.door.closed or not self._for_people:
            return
        if by_hand(self._held):
            self._take_as_it_is()  # a name that begins like something else
            return
        if self._held:
            return
        if self.awaits_header:  # which may still come
            protocol.factory.located(protocol, protocol.peer)
        if not protocol.door.closed:
            self._greeted = True
            protocol.door.greet()

    @property
    def _for_people(self) -> bool:
        """Whether people are talked with here, as far as there is TLS where it has to be."""
        open_doors = self._protocol.open_doors
        return DoorKind.TEXT in open_doors.doors and (open_doors.plain or self._protocol.over_tls)

    def give_up(self) -> None:
        """The time is up, and nothing has been decided."""
        protocol = self._protocol
        self.leave()
        if not (protocol.over_tls or protocol.open_doors.plain):
            protocol.drop()  # it waits for TLS, so that words would mean nothing to it
        elif protocol.open_doors.only is not None and not protocol.door.closed:
            self._settle()
            if not protocol.door.closed:
                self._begin(DoorKind.TEXT)

    def take(self, data: bytes) -> bytes:
        """Decide by these bytes and those before; what the dialect is to read of them."""
        data = self._held + data
        self._held = b""
        while True:
            try:
                found = look(
                    data,
                    header=self.awaits_header,
                    tls=not self._protocol.over_tls,
                    greeted=self._greeted,
                )
            except BadHeader as error:
                self._complain(str(error))
                self._protocol.drop()
                return b""
            if not isinstance(found, Header):
                break
            data = data[found.length :]
            self._pass_on(found)
        return self._enter(found, data)

    def _pass_on(self, header: Header) -> None:
        """Go on with the client for which the proxy speaks."""
        self._stage = DIALECT
        self._protocol.introduce(header)
        if self._greeted and not self._protocol.door.closed:
            self._greeted = False  # it was taken for the proxy itself
            self._protocol.start_over()
        self.leave()
        if not self._protocol.door.closed:
            self.listen()

    def _enter(self, kind: DoorKind | None, data: bytes) -> bytes:
        protocol = self._protocol
        if kind is None:
            self._held = data
            if by_hand(data):
                self.leave()
                self.listen()  # the rest of it comes at once, if this is its beginning
            return b""
        self.leave()
        self._settle()
        if protocol.door.closed:
            return b""
        if kind is DoorKind.TLS:
            if self._greeted:
                protocol.refuse_tls(TOO_LATE)
            else:
                protocol.begin_tls(data)
            return b""
        self._begin(kind)
        return b"" if protocol.door.closed else data

    def _begin(self, kind: DoorKind) -> None:
        self._stage = DECIDED
        only = self._protocol.open_doors.only
        # What means nothing in particular means the one thing that is spoken.
        self._protocol.begin(only if only is not None and kind is DoorKind.TEXT else kind)

    def _settle(self) -> None:
        """A proxy that sent no header is itself who talks here."""
        if self.awaits_header:
            self._stage = DIALECT
            self._protocol.factory.located(self._protocol, self._protocol.peer)

    def end_of_input(self) -> None:
        """Nothing more comes: what is there has to do."""
        if self.awaits_header and self._held:
            self._protocol.drop()
            return
        if self._held:
            self._held += b"\n"
        self._take_as_it_is()

    def _take_as_it_is(self) -> None:
        """What has come is all that there is to decide by: it is nothing in particular."""
        data, self._held = self._held, b""
        self.leave()
        self._settle()
        if not self._protocol.door.closed:
            self._begin(DoorKind.TEXT)
            if data:
                self._protocol.dataReceived(data)

    def _complain(self, reason: str) -> None:
        self._held = b""
        self.log.warn(
            "The proxy {address} sent a header that cannot be read: {reason}",
            address=self._protocol.peer.address,
            reason=reason,
        )
