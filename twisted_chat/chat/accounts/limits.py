"""What the sessions of one account may do together, and the guests of one network.

A limit that counts for each session alone is no limit for somebody who opens twenty.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from math import ceil
from weakref import WeakValueDictionary

from ...core.durations import spoken
from ...core.errors import ChatError
from ...core.limits import Common, Share, SlidingWindow
from ...settings import Settings
from ..session import Session

DAY = 24 * 60 * 60  # seconds
NEW = DAY  # the age until which an account counts as new
OF_ONE_ACCOUNT = 2  # times what one session may do, for all sessions of an account
OF_ONE_NETWORK = 10  # the same for all guests of a network
ROOMS_A_DAY = 50  # that one account may make, or all guests and new accounts of a network
ROOMS_OF_NETWORK_A_DAY = 200  # that all accounts of a network may make
MOST_COUNTED = 20_000  # rooms of a day, of which it is remembered who has made them


class AccountLimits:
    """Limits that hold for an account, however many sessions it has.

    For guests, who can be somebody else at any time, they hold for their network.
    """

    def __init__(
        self, settings: Settings, ticks: Callable[[], float], wall: Callable[[], int]
    ) -> None:
        self._flood_limit = settings.flood_limit  # 0 is none, here as there
        self._ticks = ticks
        self._wall = wall
        # Held by the shares that sessions have of them.
        self._shared: WeakValueDictionary[Hashable, Common] = WeakValueDictionary()
        self._rooms = SlidingWindow(ROOMS_A_DAY, MOST_COUNTED, DAY, forgets=True)
        self._rooms_of_network = SlidingWindow(
            ROOMS_OF_NETWORK_A_DAY, MOST_COUNTED, DAY, forgets=True
        )

    def shared_flood_limit(self, session: Session) -> Share | None:
        """The session's share of the limit of all sessions of its account; None without limits."""
        if not self._flood_limit:
            return None
        key = session.party
        times = OF_ONE_NETWORK if session.person.guest else OF_ONE_ACCOUNT
        rate = self._flood_limit * times
        now = self._ticks()
        common = self._shared.get(key)
        if common is None:
            common = self._shared[key] = Common(rate, now)
        return Share(common, now)

    def count_room(self, session: Session) -> None:
        """Count a room that somebody is about to make.

        ChatError('too_many') when it would be one too many for a day. Rooms that were deleted
        since count too, for they are kept for some time.
        """
        person, network = session.person, session.door.network
        if not self._flood_limit or person.admin or not network.limited:
            return
        # Anybody can have any number of guests and new accounts.
        new = person.guest or self._wall() - person.created < NEW * 1000
        now = self._ticks()
        own = self._rooms.wait(network if new else person.id, now)
        wait = max(own, self._rooms_of_network.wait(network, now))
        if wait > 0:
            who = "You have" if own and not new else "You, or others at your address, have"
            raise ChatError(
                "too_many",
                f"{who} made too many rooms within a day: try again in {spoken(wait)},"
                " or join a room that there is.",
                retry_after=ceil(wait),
            )
        self._rooms.take(network if new else person.id, now)
        self._rooms_of_network.take(network, now)
