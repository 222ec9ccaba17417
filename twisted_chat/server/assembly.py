"""The one place where the service is put together."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NoReturn

from twisted.logger import Logger

from ..chat.accounts.passwords import Passwords
from ..chat.chat import Chat
from ..chat.threads import WorkerThreads
from ..connection.tls import CertificateFiles, Identity, TlsFactory
from ..core.errors import ChatError, StartError
from ..core.names import fold
from ..core.text import shown
from ..factory import ChatFactory
from ..settings import Settings
from ..store import open_store
from ..store.sqlite.database import locate
from .log import Log
from .preflight import check, database_of
from .service import ChatService, Parts

FILE_THREADS = 4  # what reads and writes files; none of it is work for the processor


def service(settings: Settings, only_check: bool, twistd: Mapping[str, Any]) -> ChatService:
    """The whole service, which opens nothing yet: twistd may still go into the background."""
    from twisted.internet import reactor

    try:
        if only_check:
            print(check(settings))
            raise SystemExit(0)
        log = Log(_log_place(twistd), settings.log_json)
    except StartError as error:
        raise SystemExit(str(error)) from None
    return ChatService(settings, assemble, log, _refuser(twistd), reactor)


def assemble(settings: Settings, most_connections: int, reactor: Any) -> Parts:
    """Open the store, and build everything that stands on it."""
    # Timers must not jump when somebody sets the clock, and Twisted's would.
    reactor.seconds = time.monotonic
    database = database_of(settings)
    store = open_store(database, _wall, reactor.callFromThread)
    try:
        _check_admins(settings)
        passwords = Passwords(reactor)
        worker = WorkerThreads(reactor, FILE_THREADS, "files")
        chat = Chat(settings, store, passwords, reactor, time.monotonic, _wall, worker)
        chat.start()
        identity = _identity(settings)
        tls = None if identity is None else TlsFactory(identity)
        factory = ChatFactory(chat, most_connections, tls)
    except BaseException:
        store.close()
        raise
    return Parts(store, passwords, worker, chat, factory, str(locate(database)), identity)


def _identity(settings: Settings) -> Identity | None:
    if settings.tls == "off":
        return None
    identity = Identity(CertificateFiles(settings.tls, settings.data))
    identity.open()
    return identity


def _check_admins(settings: Settings) -> None:
    for name in settings.admins:
        try:
            fold(name)
        except ChatError as error:
            raise StartError(f"--admin {shown(name)}: {error.sentence}") from None


def _wall() -> int:
    return time.time_ns() // 1_000_000


def _log_place(twistd: Mapping[str, Any]) -> int | Path | None:
    """Where the log for people goes; None when twistd was told to keep it in some other way."""
    if twistd.get("logger") or twistd.get("syslog"):
        return None
    file = twistd.get("logfile")
    foreground = twistd.get("nodaemon") or twistd.get("debug")
    if file == "-" or (foreground and not file):
        return 1
    return Path(file or "twistd.log")


def _refuser(twistd: Mapping[str, Any]) -> Callable[[str], NoReturn]:
    """What ends the program with one sentence when the service cannot start."""
    # A duplicate, since in the background twistd puts the null device in its place.
    errors = os.dup(2)

    def refuse(sentence: str) -> NoReturn:
        os.write(errors, (sentence + "\n").encode("utf-8", "backslashreplace"))
        waiting = twistd.get("statusPipe")
        if waiting is not None:  # in the background: twistd's first process waits for word
            Logger().critical("{sentence}", sentence=sentence)
            os.write(waiting, b"1 " + sentence.encode("ascii", "replace")[:98])
        if twistd.get("pidfile"):
            Path(twistd["pidfile"]).unlink(missing_ok=True)
        raise SystemExit(1)

    return refuse
