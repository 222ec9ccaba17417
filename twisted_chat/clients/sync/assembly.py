"""Puts a user together: a server, what is kept of it on this computer, and a way to dial it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar

from twisted.internet.defer import Deferred
from twisted.internet.threads import deferToThreadPool
from twisted.python.threadpool import ThreadPool

from ..connection.address import Address
from ..connection.dialer import Dialer
from ..connection.lifecycle import Options
from ..connection.sign_in import SignInHandler
from ..connection.trust import known_servers
from ..files.transfers import MOST_AT_ONCE, TransferOptions
from .storage import account_folder, downloads_folder
from .user import User

T = TypeVar("T")


def leave_at_shutdown(reactor: Any, leave: Callable[[], Deferred[Any] | None]) -> None:
    """Let a user go before the reactor stops; `leave` gives what fires when that is done."""

    def before() -> Deferred[None]:
        left: Deferred[None] = Deferred()
        # All connections are dropped when this fires: not while one of them is being read.
        life = leave()
        if life is None:
            left.callback(None)
        else:
            life.addBoth(lambda _: reactor.callLater(0, left.callback, None))
        return left

    reactor.addSystemEventTrigger("before", "shutdown", before)


def user_at(
    reactor: Any, address: Address, handler: SignInHandler, options: Options | None = None
) -> User:
    """A user who will be at this server; `start` brings it to life."""
    options = options or Options()
    dialer = Dialer(reactor, address, options.insecure)

    def run(work: Callable[[], T]) -> Deferred[T]:
        # The storage starts one piece of work after another, so these never overlap.
        return deferToThreadPool(reactor, reactor.getThreadPool(), work)

    return User(
        *(reactor, dialer, address.server, handler),
        known=known_servers(),
        folder=partial(account_folder, address.server),
        run=run,
        options=options,
        files=TransferOptions(
            dialer.dial_for_file, _of_files(reactor), downloads_folder(options.downloads)
        ),
    )


def _of_files(reactor: Any) -> Callable[[Callable[[], T]], Deferred[T]]:
    """Threads for files, so that a slow disk holds up nothing but these."""
    pool = ThreadPool(0, MOST_AT_ONCE, "files")
    reactor.callWhenRunning(pool.start)
    reactor.addSystemEventTrigger("during", "shutdown", pool.stop)
    return partial(deferToThreadPool, reactor, pool)
