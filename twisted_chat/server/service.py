"""The life of the service: how it starts, what it watches over, how it stops."""

from __future__ import annotations

import os
import resource
import signal
import threading
from collections.abc import Callable, Generator
from typing import Any, NoReturn

from msgspec import Struct
from twisted.application.service import Service
from twisted.internet.defer import Deferred, TimeoutError, inlineCallbacks
from twisted.internet.task import LoopingCall, deferLater
from twisted.logger import ILogObserver, Logger, globalLogPublisher
from twisted.python.components import Componentized
from twisted.python.failure import Failure

from .. import __version__
from ..chat.accounts.passwords import Passwords
from ..chat.chat import Chat
from ..chat.files import MOST_MOVING
from ..chat.threads import WorkerThreads
from ..connection.tls import Identity
from ..core.attachments import size_in_words
from ..core.errors import ChatError, StartError, sentence_of
from ..core.events import Closed
from ..factory import ChatFactory
from ..settings import Settings
from ..store import Store
from . import startup
from .import_users import Newcomers, open_users
from .log import PLAIN, Log, take_in_standard_logging
from .ports import Ports
from .signals import interrupt_in_order, take_hangups, take_log_rotation
from .watchdog import EXIT_CODE, Watchdog

LAST_COMMIT = 1.5  # seconds in which what was taken is stored before the clients are told
FAREWELL = 2.0  # seconds in which clients are told that the service stops
STOP_WITHIN = 4.5  # seconds in which it has stopped, or is ended
DRAIN_EVERY = 1.0  # seconds after which a log that could not be written is tried again

LONG_LOG = 256 * 1024 * 1024  # bytes of the write-ahead log that are told of

DAMAGED = 1  # the exit code

RESTART = Closed("restart", "The server is stopping: come back in a moment.")
LOST = ChatError(
    "store_unavailable",
    "The server's database was moved or removed, so nothing can be stored: tell who runs it.",
)


class Parts(Struct, frozen=True):
    """What is put together when the service starts."""

    store: Store
    passwords: Passwords
    worker: WorkerThreads  # where files are read and written
    chat: Chat
    factory: ChatFactory
    place: str  # where the data is
    identity: Identity | None  # None without TLS


Assemble = Callable[[Settings, int, Any], Parts]


class ChatService(Service):
    """Everything that `twistd chat` runs."""

    log = Logger()
    name = "chat"

    def __init__(
        self,
        settings: Settings,
        assemble: Assemble,
        observer: Log,
        refuse: Callable[[str], NoReturn],
        reactor: Any,
    ) -> None:
        """`refuse` ends the program with the sentence that says why it cannot start."""
        self.settings = settings
        self._assemble = assemble
        self._observer = observer
        self._refuse = refuse
        self._reactor = reactor
        self._parts: Parts | None = None
        self._ports = Ports(settings)
        self._newcomers: Newcomers | None = None
        self._watchdog: Watchdog | None = None
        self._log_is_long = False
        self._draining = LoopingCall(observer.drain)
        self._draining.clock = reactor

    def setServiceParent(self, parent: Any) -> None:
        # twistd asks its application for the observer of the log before anything starts.
        if self._observer.for_people and isinstance(parent, Componentized):
            parent.setComponent(ILogObserver, self._observer)
        super().setServiceParent(parent)

    # --- start --------------------------------------------------------------------------

    def privilegedStartService(self) -> None:
        """Take the port while the process may still have the right to."""
        super().privilegedStartService()
        try:
            self._ports.bind()
        except StartError as error:
            self._refuse(str(error))

    def startService(self) -> None:
        """Everything up to listening happens before the reactor runs, or is refused."""
        super().startService()
        if not self._observer.for_people:
            globalLogPublisher.addObserver(self._observer)
        take_in_standard_logging()
        take_log_rotation(self._reactor, self._observer.reopen)
        try:
            self._open()
        except StartError as error:
            if self._parts is not None:
                self._parts.store.close()
            self._refuse(str(error))
        startup.go_on_collecting()
        self._watch()
        self._announce()  # those who wait for it may send signals at once

    def _open(self) -> None:
        users = open_users(self.settings.users) if self.settings.users is not None else None
        startup.share_arenas()
        connections, moving = startup.shared_out(MOST_MOVING)
        parts = self._assemble(self.settings, self._most_connections(connections), self._reactor)
        self._parts = parts
        parts.chat.files.most = moving
        parts.chat.stop_server = self._stop_server
        parts.chat.files_changed = self._read_files_again
        parts.chat.all_gone = self._say_waiting
        self._ports.listen(self._reactor, parts.factory)
        if users is not None:
            self._newcomers = Newcomers(parts.chat, self._reactor, users)
            taken = Deferred.fromCoroutine(self._newcomers.take_in())
            taken.addErrback(
                lambda failure: self.log.failure("The users' file was not taken in", failure)
            )

    def _most_connections(self, most: int) -> int:
        """How many connections there may be, which is told when it is fewer than are wanted."""
        if most < self.settings.connection_limit:
            self.log.warn(
                "This process may have {files} files open: more than {most} connections"
                " at once will be turned away",
                files=resource.getrlimit(resource.RLIMIT_NOFILE)[0],
                most=most,
            )
        return most

    def _announce(self) -> None:
        assert self._parts is not None
        for port in self._ports.all[1:]:
            line = "[INFO] {speaks} alone is spoken on {where}"
            self.log.info(line, speaks=port.speaks, where=port.shown, **{PLAIN: True})
        # Starters and tests wait for exactly this line, after which every port is open.
        self._say_waiting()
        self.log.info("[INFO] The data is in {place}", place=self._parts.place, **{PLAIN: True})
        if self._parts.identity is not None:
            loaded = self._parts.identity.current
            for line, fingerprint in (
                ("[INFO] The fingerprint of this server's key is {known}", loaded.fingerprint),
                ("[INFO] IRC clients know its certificate by {known}", loaded.certificate),
            ):
                self.log.info(line, known=fingerprint, **{PLAIN: True})
        elif self.settings.plaintext == "loopback" and not self.settings.trusted_proxies:
            self.log.warn("Without TLS nobody can log in but on this machine (--plaintext always)")

        self.log.info(  # with the time, which the lines above are without
            "twisted-chat {version} has started, as process {process}",
            version=__version__,
            process=os.getpid(),
        )

    def _say_waiting(self) -> None:
        """Nobody is signed in, and everybody may."""
        if self.running:
            where = self._ports.all[0].shown
            line = "[INFO] Waiting for connection on {where}..."
            self.log.info(line, where=where, **{PLAIN: True})

    # --- watch --------------------------------------------------------------------------

    def _watch(self) -> None:
        assert self._parts is not None
        store = self._parts.store
        self._watchdog = Watchdog(
            self._reactor, lambda: store.writer.heartbeat, self._look_at_files
        )
        self._watchdog.start()
        take_hangups(self._reactor, self._files_changed, self._stop_server)
        store.check(self._checked)
        self._reactor.callWhenRunning(interrupt_in_order, self._reactor)
        self._reactor.callWhenRunning(self._read_ahead)
        self._draining.start(DRAIN_EVERY, now=False)

    def _read_ahead(self) -> None:
        assert self._parts is not None
        reading = self._parts.worker.run(startup.read_ahead)
        reading.addErrback(self._not_ready)

    def _not_ready(self, failure: Failure) -> None:
        """It is read when it is needed, or that fails for the same reason."""
        error = failure.value
        if isinstance(error, ChatError) and error.code == "restart":
            return  # the server stops already
        if reason := sentence_of(error):
            line = "Not all was read ahead, so the first who needs it waits for it: {reason}"
            self.log.warn(line, reason=reason)
        else:
            self.log.failure("Not all was read ahead", failure)

    def _files_changed(self) -> None:
        if self.running and self._parts is not None:
            self._parts.chat.reload_motd()
            self._read_files_again()

    def _read_files_again(self) -> None:
        """Look at once what has become of the certificate and the database."""
        if self._watchdog is not None:
            self._watchdog.look_at_files_now()

    def _look_at_files(self) -> None:
        """Called by the watchdog's thread."""
        assert self._parts is not None
        if self._parts.identity is not None:
            self._parts.identity.look()
        store = self._parts.store
        self._reactor.callFromThread(self._files_seen, store.moved())
        self._reactor.callFromThread(self._log_seen, store.log_size())

    def _log_seen(self, size: int) -> None:
        """Tell that the write-ahead log grows, which only somebody can end who runs the server."""
        if size > LONG_LOG and not self._log_is_long:
            self._log_is_long = True
            self.log.warn(
                "The database's write-ahead log has {size}: another program has been reading the"
                " database for long, and keeps it from being emptied. End that program.",
                size=size_in_words(size),
            )
        elif size < LONG_LOG // 2 and self._log_is_long:
            self._log_is_long = False
            self.log.info("The database's write-ahead log is short again")

    def _files_seen(self, moved: bool) -> None:
        assert self._parts is not None
        chat = self._parts.chat
        if not self.running:
            return
        if moved and chat.store.refusing is None:
            self.log.critical(
                "The database in {place} was moved, removed or replaced; nothing is stored until"
                " it is back in its place",
                place=self._parts.place,
            )
            chat.store.refusing = LOST
        elif not moved and chat.store.refusing is LOST:
            self.log.warn("The database is back in its place")
            chat.store.refusing = None

    def _checked(self, damage: str | Exception | None) -> None:
        """The whole database was read, which takes too long to wait for it with listening."""
        if isinstance(damage, Exception):
            self.log.warn("The database could not be checked: {reason}", reason=damage)
        elif damage is not None and self.running:
            self.log.critical(
                "The database {place} is damaged, so the service stops: restore a backup of it."
                " (SQLite says: {damage})",
                place=self._parts.place if self._parts else "",
                damage=" ".join(damage.split()),
            )
            self._reactor.addSystemEventTrigger("after", "shutdown", os._exit, DAMAGED)
            self._reactor.stop()

    # --- stop ---------------------------------------------------------------------------

    def _stop_server(self) -> None:
        """What an administrator's command to shut down does."""
        if self.running:
            self._reactor.stop()

    @inlineCallbacks
    def stopService(self) -> Generator[Deferred[Any], Any, None]:
        """Take nothing new, finish what was taken, tell the clients, close."""
        super().stopService()
        parts = self._parts
        if parts is None:
            return
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_IGN)  # it is stopping already
        deadline = threading.Timer(STOP_WITHIN, self._give_up)
        deadline.daemon = True
        deadline.start()
        self.log.info("The server is stopping")
        self._stop_watching()
        yield self._ports.close()
        parts.chat.about_to_stop()
        yield self._committed(parts.store)
        parts.factory.stop(RESTART)
        yield self._farewell(parts.factory)
        parts.passwords.close()
        parts.worker.close()
        parts.store.close()
        self.log.info("The server has stopped")
        self._observer.drain()
        deadline.cancel()

    def _stop_watching(self) -> None:
        if self._watchdog is not None:
            self._watchdog.stop()
        if self._newcomers is not None:
            self._newcomers.stop()
        if self._draining.running:
            self._draining.stop()

    def _committed(self, store: Store) -> Deferred[object]:
        """Fires when all that was handed to the writer so far is on disk and answered.

        Without its files the store answers nobody, so the clients are told after a while anyway.
        """
        done: Deferred[object] = Deferred()
        try:
            store.change(lambda ledger: None, done.callback)
        except ChatError:
            done.callback(None)  # no room in the queue, so the store's own end has to do
        done.addTimeout(LAST_COMMIT, self._reactor)
        done.addErrback(self._not_committed)
        return done

    def _not_committed(self, failure: Failure) -> None:
        failure.trap(TimeoutError)
        self.log.warn("What was said last is not answered: the store could not take it in time")

    @inlineCallbacks
    def _farewell(self, factory: ChatFactory) -> Generator[Deferred[Any], Any, None]:
        end = self._reactor.seconds() + FAREWELL
        while factory.connections and self._reactor.seconds() < end:
            yield deferLater(self._reactor, 0.01)
        for connection in list(factory.connections):
            connection.transport.abortConnection()

    def _give_up(self) -> None:
        self.log.critical("The service did not stop in time and is ended")
        os._exit(EXIT_CODE)
