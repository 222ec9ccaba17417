"""Wrong passwords: how many there may be under one name and from one network, at every door.

What is wrong counts twice. Under one name from one network there are `--login-attempts` tries; so
nobody can lock a name out for those who come from elsewhere. From one network there are ten times
as many, under whatever names: so one password cannot be tried with many names. That is enough for a
class or a company behind one address, in which some mistype: failures are forgiven as fast as they
may come, three a minute by default, and the names that have logged in from a network before go
on being let in while it is blocked.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from math import ceil

from twisted.logger import Logger

from ...core.addresses import Network
from ...core.durations import spoken
from ...core.errors import ChatError
from ...core.limits import SlidingWindow, Tries
from ...core.names import fold
from ...core.rooms import Person
from ...settings import Settings

NAME_SPAN = 3600.0  # seconds in which all tries of a name from a network come back
NETWORKS_SHARE = 10  # how many times the tries of one name a network has
NETWORK_SPAN = 600.0  # seconds in which all of them come back
AT_ONCE = 64  # logins of a network that may be under way before any of them has failed
MOST_KNOWN = 20_000  # names and the networks they have logged in from
MANY = 1_000  # failures in all that are worth a line in the log,
MANY_SPAN = 600.0  # in so many seconds

OPERATOR = "OPER "  # what stands before the names of IRC's operators, and in nobody's name

Key = tuple[str, Network]  # a name, as it is counted, and a network


class LoginAttempts:
    """Counts what fails, and refuses those who have failed too often."""

    log = Logger()

    def __init__(
        self,
        settings: Settings,
        find: Callable[[str], Person | None],
        ticks: Callable[[], float],
    ) -> None:
        """`find` returns the account of a name, so that the log shows no name without one."""
        self._limited = settings.login_attempts > 0
        self._find = find
        self._ticks = ticks
        limit, block = settings.login_attempts or sys.maxsize, settings.block_time
        self._names: Tries[Key] = Tries(limit, block, span=NAME_SPAN)
        self._networks: Tries[Network] = Tries(
            limit * NETWORKS_SHARE, block, span=NETWORK_SPAN, again=limit, at_once=AT_ONCE
        )
        self._known: dict[Key, None] = {}  # the latest login last
        self._all = SlidingWindow(MANY, MANY, MANY_SPAN)
        self._told_of_many = -MANY_SPAN

    def check(self, name: str, network: Network) -> None:
        """Raise ChatError('blocked') if no tries are left for that name, or for any."""
        if not self._counts(network):
            return
        key, now = (folded(name), network), self._ticks()
        blocked = self._names.blocked(key, now)
        if blocked > 0:
            raise _name_blocked(blocked)
        refusal = None if key in self._known else self.blocked_from(network)
        if refusal is not None:
            raise refusal

    def blocked_from(self, network: Network) -> ChatError | None:
        """The refusal of a network that is blocked now."""
        blocked = self._networks.blocked(network, self._ticks())
        return _network_blocked(blocked) if blocked > 0 else None

    @contextmanager
    def attempt(self, name: str, network: Network) -> Iterator[None]:
        """Carry out one try; raises a ChatError if none is left.

        It counts from its beginning, or many at once would be more than are allowed.
        """
        self.check(name, network)
        if not self._counts(network):
            yield
            return
        key, now = (folded(name), network), self._ticks()
        if not self._names.begin(key, now):
            raise _busy("under this name")
        counted = key not in self._known
        try:
            if counted and not self._networks.begin(network, now):
                counted = False
                raise _busy()
            yield
        finally:
            self._names.give_back(key)
            if counted:
                self._networks.give_back(network)

    def failed(self, name: str, network: Network, sentence: str) -> ChatError:
        """Count a failed try, and return the refusal, which begins with that sentence."""
        if not self._counts(network):
            return ChatError("wrong_password", sentence)
        key, now = (folded(name), network), self._ticks()
        left = self._names.failed(key, now)
        refusal = self.failed_from(network)
        if not left:
            seconds = self._names.blocked(key, now)
            # A name that nobody has may be a password that was typed in the wrong place.
            known = self._find(key[0])
            nobody = "an operator" if name.startswith(OPERATOR) else "a name that nobody has"
            self.log.warn(
                "Too many wrong passwords for {name} from {network}: blocked for {span}",
                name=nobody if known is None else known.name,
                network=network.name,
                span=spoken(seconds),
            )
            return _name_blocked(seconds)
        if refusal is not None and key not in self._known:
            return refusal
        tries = "1 try" if left == 1 else f"{left} tries"
        return ChatError("wrong_password", f"{sentence} You have {tries} left.", tries=left)

    def failed_from(self, network: Network) -> ChatError | None:
        """Count a failure of a network alone; returns the refusal if it is blocked now."""
        if not self._counts(network):
            return None
        now = self._ticks()
        before = self._networks.blocked(network, now)
        left = self._networks.failed(network, now)
        self._note_in_all(now)
        if left:
            return None
        seconds = self._networks.blocked(network, now)
        if not before:
            self.log.warn(
                "Too many wrong passwords from {network}, under whatever names: blocked for {span}",
                network=network.name,
                span=spoken(seconds),
            )
        return _network_blocked(seconds)

    def succeeded(self, name: str, network: Network) -> None:
        """Forget the failures of a name from a network, since a try was right."""
        if self._counts(network):
            self._names.succeeded((folded(name), network))
            self.remember(name, network)

    def remember(self, name: str, network: Network) -> None:
        """Remember that a name has logged in from a network, in any way."""
        if not self._counts(network):
            return
        key = (folded(name), network)
        self._known.pop(key, None)
        self._known[key] = None
        if len(self._known) > MOST_KNOWN:
            del self._known[next(iter(self._known))]

    def _counts(self, network: Network) -> bool:
        return self._limited and network.limited

    def _note_in_all(self, now: float) -> None:
        """Tell the log of an attack from so many networks that none of them is blocked."""
        if self._all.take(None, now) > 0 and now - self._told_of_many >= MANY_SPAN:
            self._told_of_many = now
            self.log.warn(
                "{count} wrong passwords in {span}, from all networks together",
                count=MANY,
                span=spoken(MANY_SPAN),
            )


def folded(name: str) -> str:
    """The name, known or not, the same however it is written."""
    try:
        return fold(name).folded
    except ChatError:
        return name.lower()[:64]


def _name_blocked(seconds: float) -> ChatError:
    return ChatError(
        "blocked",
        f"Too many wrong passwords: this name is blocked for you for {spoken(seconds)}.",
        retry_after=ceil(seconds),
    )


def _network_blocked(seconds: float) -> ChatError:
    return ChatError(
        "blocked",
        f"Too many wrong passwords from your network: wait {spoken(seconds)}.",
        retry_after=ceil(seconds),
    )


def _busy(how: str = "") -> ChatError:
    where = f" {how}" if how else ""
    return ChatError(
        "busy",
        f"Others from your network are logging in{where}: try again in a second.",
        retry_after=1,
    )
