"""Puts a user together: a server, what is kept of it on this computer, and a way to dial it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar

from twisted.internet.defer import Deferred
from twisted.internet.threads import deferToThreadPool

from ..core.errors import StartError
from .account import Entrance
from .address import Address
from .dialing import Dialing
from .folders import account_folder, config_folder
from .known import KnownServers
from .life import Options
from .user import User

T = TypeVar("T")


def user_at(
    reactor: Any, address: Address, entrance: Entrance, options: Options | None = None
) -> User:
    """A user who will be at this server; `start` brings it to life."""
    options = options or Options()

    def run(work: Callable[[], T]) -> Deferred[T]:
        # A shelf gives out one piece of work after another, so these never overlap.
        return deferToThreadPool(reactor, reactor.getThreadPool(), work)

    return User(
        *(reactor, Dialing(reactor, address, options.insecure), address.server, entrance),
        known=known_servers(),
        folder=partial(account_folder, address.server),
        run=run,
        options=options,
    )


def known_servers() -> KnownServers:
    """The servers this person knows; one sentence if there is nowhere to keep that."""
    try:
        return KnownServers(config_folder() / "servers.json")
    except OSError as error:
        reason = error.strerror or str(error)
        raise StartError(
            f"There is no folder to keep anything in ({error.filename}: {reason}):"
            " set HOME to a folder of yours."
        ) from None
