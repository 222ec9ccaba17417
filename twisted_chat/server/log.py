"""The log: one plain line an event for people, and if wanted one JSON object for programs.

A log that cannot be written never stops the service: lines wait in memory for a
while, then they are dropped, counted, and the loss is reported in the log itself.
"""

from __future__ import annotations

import json
import logging
import os
import select
import threading
from collections import deque
from collections.abc import Callable
from pathlib import Path

from twisted.logger import (
    ILogObserver,
    LogEvent,
    Logger,
    LogLevel,
    LogPublisher,
    formatEvent,
    formatTime,
)
from twisted.python.failure import Failure
from zope.interface import implementer

from ..core.errors import StartError, reason_of

MOST_WAITING = 256 * 1024  # bytes that wait for a terminal that stands still or a full disk
CHUNK = select.PIPE_BUF  # so much can be written whenever poll says so, without waiting
OURS = ("twisted_chat", "stdout", "stderr")  # whose events at level info people are shown
PLAIN = "plain"  # the key of an event that is shown without the time

ESCAPES = {
    code: f"\\x{code:02x}" if code < 256 else f"\\u{code:04x}"
    for code in (*range(32), *range(127, 160), *range(0x202A, 0x202F), 0x2028, 0x2029)
} | {code: f"\\u{code:04x}" for code in range(0x2066, 0x206A)}


class Outlet:
    """A file descriptor that takes lines from any thread without ever waiting for it."""

    def __init__(self, fd: int, loss: Callable[[int], bytes], file: Path | None = None) -> None:
        self.fd = fd
        self.file = file  # what it leads to, where that is a file of the log's own
        self.dropped = 0  # lines lost since the service began
        self._loss = loss  # the line that reports how many were lost
        self._unreported = 0
        self._lines: deque[bytes] = deque()
        self._waiting = 0  # the bytes in them
        # A signal is handled between two steps of whatever the main thread is doing, which may
        # be a line of the log, and its handler logs: so the same thread may come in twice.
        self._lock = threading.RLock()
        self._draining = False
        self._poll = select.poll()
        self._poll.register(fd, select.POLLOUT)

    def write(self, line: bytes) -> None:
        """Write a line now or when there is room for it again, or count it as lost."""
        with self._lock:
            self._drain()
            if self._unreported and self._waiting < MOST_WAITING // 2:
                report, self._unreported = self._loss(self._unreported), 0
                self._append(report)
            if self._waiting + len(line) > MOST_WAITING:
                self.dropped += 1
                self._unreported += 1
                return
            self._append(line)
            self._drain()

    def drain(self) -> None:
        """Write what waits, as far as there is room for it."""
        with self._lock:
            self._drain()

    def reopen(self) -> None:
        """Go on in the file that has its name now; StartError if there can be none."""
        if self.file is None:
            return
        fresh = open_log(self.file)
        with self._lock:
            os.dup2(fresh, self.fd, inheritable=False)
        os.close(fresh)

    def _append(self, line: bytes) -> None:
        size = len(line)  # first, for a signal may come with any call
        self._waiting += size
        self._lines.append(line)

    def _drain(self) -> None:
        if self._draining:
            return  # the one that is at it goes on until nothing waits
        self._draining = True
        try:
            while self._lines and any(event & select.POLLOUT for _, event in self._poll.poll(0)):
                line = self._lines[0]
                written = os.write(self.fd, line[:CHUNK])
                self._waiting -= written
                if written < len(line):
                    self._lines[0] = line[written:]
                else:
                    self._lines.popleft()
        except OSError:
            pass  # no space, or nobody reads any more: the lines wait, and then they are counted
        finally:
            self._draining = False


def escaped(text: str) -> str:
    """Text that cannot move a cursor, begin a line or change the direction of writing."""
    return text.translate(ESCAPES).encode("utf-8", "backslashreplace").decode()


def line_for_people(event: LogEvent) -> str | None:
    """An event as one line, or several for a failure; None where it is not for people."""
    level = event.get("log_level") or LogLevel.info
    namespace = str(event.get("log_namespace", ""))
    if level < LogLevel.info or (level is LogLevel.info and not namespace.startswith(OURS)):
        return None
    text = escaped(formatEvent(event)) or "Something went wrong"
    if level > LogLevel.info:
        text = f"[{level.name.upper()}] {text}"
    if "log_failure" in event:
        trace = event["log_failure"].getTraceback().rstrip()
        text += "".join("\n\t" + escaped(line) for line in trace.splitlines())
    if event.get(PLAIN):
        return text + "\n"
    return f"{formatTime(event.get('log_time'), '%Y-%m-%d %H:%M:%S')} {text}\n"


def _loss_for_people(lines: int) -> bytes:
    return f"[WARN] {lines} lines of the log were lost here: they could not be written.\n".encode()


def _loss_for_programs(lines: int) -> bytes:
    return b'{"level": "warn", "lost_lines": %d}\n' % lines


def line_for_programs(event: LogEvent) -> str:
    """An event as one line of JSON: the finished sentence, and the facts it was made from."""
    level = event.get("log_level") or LogLevel.info
    facts = {
        key: value
        for key, value in event.items()
        if not key.startswith("log_") and isinstance(value, str | int | float | None)
    }
    shown: dict[str, object] = {
        "time": formatTime(event.get("log_time")),
        "level": level.name,
        "from": str(event.get("log_namespace", "")),
        "text": formatEvent(event),
        "facts": facts,
    }
    if "log_failure" in event:
        shown["traceback"] = event["log_failure"].getTraceback()
    return json.dumps(shown) + "\n"


@implementer(ILogObserver)
class Log:
    """The observer that twistd gives all events to."""

    log = Logger()

    def __init__(self, people: int | Path | None, programs: Path | None) -> None:
        """Write for people to that descriptor or file, and for programs to that file."""
        self.for_people = people is not None
        self.outlets: list[Outlet] = []
        self._publish = LogPublisher()
        if people is not None:
            self._add(people, _loss_for_people, line_for_people)
        if programs is not None:
            self._add(programs, _loss_for_programs, line_for_programs)

    def _add(
        self,
        place: int | Path,
        loss: Callable[[int], bytes],
        line: Callable[[LogEvent], str | None],
    ) -> None:
        if isinstance(place, Path):
            file = place.absolute()
            outlet = Outlet(open_log(file), loss, file)
        else:
            outlet = Outlet(place, loss)

        def observe(event: LogEvent) -> None:
            text = line(event)
            if text:
                outlet.write(text.encode())

        self.outlets.append(outlet)
        self._publish.addObserver(implementer(ILogObserver)(observe))

    def __call__(self, event: LogEvent) -> None:
        self._publish(event)

    def drain(self) -> None:
        """Write what could not be written before."""
        for outlet in self.outlets:
            outlet.drain()

    def reopen(self) -> None:
        """Go on in new files, after the old ones were renamed: what rotates logs asks for this."""
        for outlet in self.outlets:
            try:
                outlet.reopen()
            except StartError as error:
                self.log.error("{reason} The log goes on in the file that it had.", reason=error)
        self.log.info("The log files were opened anew")

    @property
    def dropped(self) -> int:
        """How many lines were lost since the service began."""
        return sum(outlet.dropped for outlet in self.outlets)


def open_log(file: Path) -> int:
    """The descriptor of a log file, which is made if need be."""
    try:
        return os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise StartError(f"The log file {file} cannot be written: {reason_of(error)}.") from None


class _Bridge(logging.Handler):
    """Gives the events of Python's own logging to Twisted's."""

    def emit(self, record: logging.LogRecord) -> None:
        level = LogLevel.levelWithName(
            "critical"
            if record.levelno >= logging.CRITICAL
            else "error"
            if record.levelno >= logging.ERROR
            else "warn"
        )
        facts = {}
        if record.exc_info and record.exc_info[1] is not None:
            facts["log_failure"] = Failure(record.exc_info[1], None, record.exc_info[2])
        Logger(namespace=record.name).emit(level, "{text}", text=record.getMessage(), **facts)


def take_in_standard_logging() -> None:
    """Let warnings and errors of modules that do not know Twisted reach the log too."""
    root = logging.getLogger()
    if not any(isinstance(handler, _Bridge) for handler in root.handlers):
        root.addHandler(_Bridge(logging.WARNING))
