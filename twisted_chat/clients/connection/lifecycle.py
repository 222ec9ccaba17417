"""The lifecycle of a user's connection: dialing, signing in, staying, and coming back."""

from __future__ import annotations

from contextlib import suppress
from enum import Enum
from typing import Any, NamedTuple, Protocol

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.python.failure import Failure

from ...core.errors import ChatError, StartError
from .backoff import Backoff
from .dialer import Dial
from .link import FOR_NOW, Event, Link, Lost
from .sign_in import Account, SignInHandler
from .trust import Decision, KnownServers, Peer, judge

# Why a server may close a connection that does not come back by itself.
FOR_GOOD = frozenset(
    {"resumed", "too_many_devices", "ended", "password_changed", "account_deleted", "suspended"}
)


class State(Enum):
    """The states of a connection."""

    OFF = "not connected"
    DIALING = "connecting"
    SIGNING_IN = "signing in"
    ONLINE = "connected"
    WAITING = "waiting to connect again"
    ENDED = "ended"


class Options(NamedTuple):
    """Options of the command line that concern the connection."""

    insecure: bool = False  # go on without TLS
    trust_new_key: bool = False
    downloads: str = ""  # the folder for what is fetched, if it is not the person's usual one


class LifecycleEvents(Protocol):
    """What is told of a connection."""

    def state_changed(self) -> None: ...
    def happened(self, event: Event) -> None: ...
    def offline(self) -> None: ...
    def waiting(self, sentence: str, seconds: float) -> None: ...


class Lifecycle:
    """A connection that comes back, from the first attempt to connect to the end."""

    def __init__(
        self,
        clock: IReactorTime,
        dial: Dial,
        server: str,
        known: KnownServers,
        account: Account,
        handler: SignInHandler,
        options: Options,
        events: LifecycleEvents,
    ) -> None:
        self.state = State.OFF
        self.peer = Peer(tls=False, loopback=False)
        self.link: Link | None = None
        self.server = server
        self.hello: Event = {}  # what the server has said of itself
        self.been_in = False
        self._clock = clock
        self._dial = dial
        self._known = known
        self._account = account
        self._handler = handler
        self._options = options
        self._events = events
        self._name = ""
        self._backoff = Backoff()
        self._leaving = False
        self._online_since = 0.0
        self._life: Deferred[None] | None = None
        self._pause: Deferred[None] | None = None
        self._gone: Deferred[None] | None = None
        self._signing: Deferred[None] | None = None
        self._reason: Lost | None = None  # why the connection is gone

    def start(self, name: str) -> Deferred[None]:
        """Connect and stay; fires at the end, with Lost or a ChatError that says what was wrong."""
        assert self._life is None, "a lifecycle starts once"
        self._name = name
        self._life = Deferred.fromCoroutine(self._live())
        return self._life.addBoth(self._ended)

    def stop(self) -> None:
        """End it."""
        self._leaving = True
        if self._life is not None:
            self._life.cancel()

    def leaving(self) -> None:
        """The end is near: do not come back when the connection is lost now."""
        self._leaving = True

    @property
    def is_online(self) -> bool:
        return self.state is State.ONLINE

    @property
    def is_leaving(self) -> bool:
        return self._leaving

    def hurry(self) -> None:
        """Do not wait any longer before the next attempt to connect."""
        pause, self._pause = self._pause, None
        if pause is not None:
            pause.callback(None)

    def entered(self) -> None:
        """Somebody has signed in."""
        self.been_in = True
        self._online_since = self._clock.seconds()
        self._set(State.ONLINE)

    def _ended(self, outcome: Any) -> Any:
        self._life = None  # what follows is not to be cancelled by another `stop`
        self._hang_up()
        self._set(State.ENDED)
        if isinstance(outcome, Failure) and self._leaving and outcome.check(CancelledError, Lost):
            return None
        return outcome

    async def _live(self) -> None:
        while not self._leaving:
            try:
                await self._once()
            except Lost as lost:
                if not self.been_in or lost.code in FOR_GOOD:
                    raise
                reason = str(lost)
            except ChatError as error:
                if not self.been_in or error.code not in FOR_NOW:
                    raise
                reason = error.sentence
            if self._leaving:
                return
            seconds = self._backoff.next()
            self._set(State.WAITING)
            self._events.waiting(reason, seconds)
            await self._sleep(seconds)

    async def _once(self) -> None:
        """One connection, to its end, which is always that it is lost."""
        self._set(State.DIALING)
        try:
            link = await self._reach()
            gone: Deferred[None] = Deferred()
            self._gone = gone
            link.on_event = self._events.happened
            link.on_lost = self._lost
            self.hello = await link.begin()
            self._set(State.SIGNING_IN)
            await self._signed_in()
            await gone
            assert self._reason is not None
            raise self._reason
        finally:
            self._hang_up()

    async def _reach(self) -> Link:
        """A connection to a server that is trusted."""
        while True:
            link, peer = await self._dial()
            self.link = self._account.link = link
            asked = await self._check(peer)
            if not (asked and link.is_lost):
                return link
            # Comparing a key may take longer than a server waits for the first word.

    async def _signed_in(self) -> None:
        """Sign in; a question that stands there is withdrawn when the connection is lost."""
        signing = self._signing = Deferred.fromCoroutine(self._sign_in())
        try:
            await signing
        except CancelledError:
            if self._reason is not None:
                raise self._reason from None
            raise
        finally:
            self._signing = None

    async def _check(self, peer: Peer) -> bool:
        """Nothing is said to a server that may be somebody else; whether a person was asked."""
        self.peer = peer
        judgement = judge(
            peer,
            self.server,
            self._known.key(self.server),
            insecure=self._options.insecure,
            trust_new_key=self._options.trust_new_key,
        )
        if judgement.decision is Decision.REFUSE and self.been_in and not peer.tls:
            # A server that is full says so without TLS; nothing is sent, and it is tried again.
            raise Lost(judgement.sentence)
        if judgement.decision is Decision.REFUSE:
            raise ChatError("untrusted", judgement.sentence)
        if judgement.decision is Decision.NEW and not await self._handler.trusts(judgement):
            raise ChatError("untrusted", f"{self.server} was not trusted: nothing was sent to it.")
        if judgement.keep:
            self._known.remember(self.server, key=judgement.keep)
        return judgement.decision is Decision.NEW

    async def _sign_in(self) -> None:
        account = self._account
        name = account.name if self.been_in else self._name
        if self.been_in and account.guest:
            await account.come_as_guest(name)
        elif not (name and await account.resume(name)):
            await self._handler.enter_account(account, name)
        if self.state is not State.ONLINE:
            raise CancelledError  # somebody left instead of signing in
        with suppress(StartError):  # it is only a convenience
            self._known.remember(self.server, name=account.name)

    def _lost(self, lost: Lost) -> None:
        if self.state is State.ONLINE:
            self._backoff.lasted(self._clock.seconds() - self._online_since)
        self._reason = lost
        gone, self._gone = self._gone, None
        if gone is not None:
            gone.callback(None)
        if self._signing is not None:
            self._signing.cancel()

    def _hang_up(self) -> None:
        link, self.link = self.link, None
        self._account.link = self._gone = self._reason = None
        if link is not None:
            self._events.offline()
            link.on_event = lambda event: None
            link.on_lost = lambda lost: None
            link.close()

    async def _sleep(self, seconds: float) -> None:
        pause = self._pause = Deferred()
        call = self._clock.callLater(seconds, self.hurry)
        try:
            await pause
        finally:
            self._pause = None
            if call.active():
                call.cancel()

    def _set(self, state: State) -> None:
        self.state = state
        self._events.state_changed()
