"""Tickets, each of which is good for moving one file once. Pure: every `now` is passed in."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum, auto
from hashlib import sha256
from secrets import token_hex

from msgspec import Struct

from .errors import ChatError

SPAN = 3600.0  # seconds for which a ticket is good
MOST = 100_000  # tickets in all
MOST_OF_ONE = 100  # of one account; the oldest makes room


class Purpose(Enum):
    """Which way a file is to be moved."""

    UPLOAD = auto()
    DOWNLOAD = auto()


class Ticket(Struct, frozen=True):
    """Who may move which file which way."""

    purpose: Purpose
    file: int
    account: int
    device: int = 0  # the number of the token with which its session can resume, if it has one


class Tickets:
    """Those that have been given out and not been used. Only their hashes are kept."""

    def __init__(self, most: int = MOST, most_of_one: int = MOST_OF_ONE) -> None:
        self._most = most
        self._most_of_one = most_of_one
        self._tickets: dict[bytes, tuple[Ticket, float]] = {}  # the oldest first
        self._of: dict[int, dict[bytes, None]] = {}  # by account, the oldest first

    def __len__(self) -> int:
        return len(self._tickets)

    def give(self, ticket: Ticket, now: float) -> str:
        """What opens it, which is told to nobody else and not kept."""
        self._forget_old(now)
        own = self._of.get(ticket.account, {})
        if len(own) >= self._most_of_one:
            self._take(next(iter(own)))
        if len(self._tickets) >= self._most:
            raise ChatError(
                "busy", "Too many files are being moved; try again in a minute.", retry_after=60
            )
        token = token_hex(16)
        key = _hash(token)
        self._tickets[key] = ticket, now + SPAN
        self._of.setdefault(ticket.account, {})[key] = None
        return token

    def find(self, token: str, purpose: Purpose, now: float) -> Ticket:
        """The ticket that it opens, which stays good."""
        self._forget_old(now)
        ticket, _ = self._tickets.get(_hash(token), (None, 0.0))
        if ticket is None or ticket.purpose is not purpose:
            raise ChatError(
                "bad_ticket",
                "That ticket was used, has expired or was never given out: ask for another.",
            )
        return ticket

    def use(self, token: str) -> None:
        """From now on it opens nothing."""
        self._take(_hash(token))

    def revoke(self, account: int, devices: Callable[[int], bool]) -> None:
        """None of an account's is good any more that was given to one of these devices."""
        for key in tuple(self._of.get(account, ())):
            if devices(self._tickets[key][0].device):
                self._take(key)

    def _take(self, key: bytes) -> None:
        found = self._tickets.pop(key, None)
        if found is not None:
            own = self._of[found[0].account]
            del own[key]
            if not own:
                del self._of[found[0].account]

    def _forget_old(self, now: float) -> None:
        while self._tickets:
            oldest = next(iter(self._tickets))
            if self._tickets[oldest][1] > now:
                return
            self._take(oldest)


def _hash(token: str) -> bytes:
    return sha256(token.encode("utf-8", "surrogatepass")).digest()
