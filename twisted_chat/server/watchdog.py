"""Watches from a thread of its own that the service is getting on.

A reactor that stands still is reported with what it is busy with. A writer that
does not finish its batch ends the process: nobody was told that those messages
are kept, and a service that starts anew can keep the next ones.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable
from traceback import StackSummary, walk_stack

from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import LoopingCall
from twisted.logger import Logger

from ..core.durations import spoken

PERIOD = 0.025  # seconds between two looks
STANDSTILL = 0.1  # a reactor that does nothing else for longer is reported,
REPORT_EVERY = 10.0  # but not more often than this
HUNG = 10.0  # seconds after which a batch is taken for lost
FILES_EVERY = 5.0
EXIT_CODE = 70  # the system's word for an internal error
FRAMES = 12
JUMP = 60.0  # seconds by which a clock that was set differs from one that ran on


class Stall:
    """For how long the same thing has been under way, in time this process was awake."""

    def __init__(self) -> None:
        self._mark: object = None
        self._awake = 0.0

    def seen(self, mark: object, elapsed: float) -> float:
        """The time that `mark` has lasted; None is nothing under way."""
        if mark is None or mark != self._mark:
            self._mark = mark
            self._awake = 0.0
        else:
            # A stopped or suspended process has missed that time, and so has everything in it.
            self._awake += min(elapsed, 2 * PERIOD)
        return self._awake


class Watchdog:
    """Looks after the reactor, the writer and the files of the store."""

    log = Logger()

    def __init__(
        self,
        clock: IReactorTime,
        writing: Callable[[], object],
        look_at_files: Callable[[], None],
        exit: Callable[[int], object] = os._exit,
        wall: Callable[[], float] = time.time,
    ) -> None:
        """`writing` tells batches apart, and is None between them."""
        self.longest_standstill = 0.0  # seconds, as the reactor itself noticed
        self._writing = writing
        self._look_at_files = look_at_files
        self._exit = exit
        self._wall = wall
        self._told = wall()  # the time of day at the last look
        self._turns = 0
        self._last_turn = 0.0
        self._turning = LoopingCall(self._turn)
        self._turning.clock = clock
        self._reactor_thread = 0
        self._reactor_stall = Stall()
        self._writer_stall = Stall()
        self._since_report = REPORT_EVERY
        self._since_files = 0.0
        self._stopped = threading.Event()

    def start(self) -> None:
        """Begin to watch; called by the reactor's own thread."""
        self._reactor_thread = threading.get_ident()
        self._turning.start(PERIOD, now=False)
        threading.Thread(target=self._watch, name="watchdog", daemon=True).start()

    def stop(self) -> None:
        """Watch no longer."""
        self._stopped.set()
        if self._turning.running:
            self._turning.stop()

    def look_at_files_now(self) -> None:
        """Do not wait for the next time."""
        self._since_files = FILES_EVERY

    def _turn(self) -> None:
        now = time.monotonic()
        if self._turns:
            self.longest_standstill = max(self.longest_standstill, now - self._last_turn - PERIOD)
        self._last_turn = now
        self._turns += 1

    def _watch(self) -> None:
        before = time.monotonic()
        while not self._stopped.wait(PERIOD):
            now = time.monotonic()
            self.look(now - before)
            before = now

    def look(self, elapsed: float) -> None:
        """One look, that many seconds after the one before."""
        self._since_report += elapsed
        # No turns yet: the reactor has not started.
        still = self._reactor_stall.seen(self._turns or None, elapsed)
        if still > STANDSTILL + PERIOD and self._since_report >= REPORT_EVERY:
            self._since_report = 0.0
            self.log.warn(
                "The service has stood still for more than {limit} ms, in {stack}",
                limit=round(STANDSTILL * 1000),
                stack=stack_of(self._reactor_thread),
            )
        if self._writer_stall.seen(self._writing(), elapsed) > HUNG and not self._stopped.is_set():
            self.log.critical(
                "Nothing could be written for {limit} seconds; the service ends so that it can be"
                " started anew. Nothing that was acknowledged is lost.",
                limit=round(HUNG),
            )
            self._exit(EXIT_CODE)
        self._look_at_clock(elapsed)
        self._since_files += elapsed
        if self._since_files >= FILES_EVERY:
            self._since_files = 0.0
            self._look_at_files()

    def _look_at_clock(self, elapsed: float) -> None:
        before, self._told = self._told, self._wall()
        jump = self._told - before - elapsed
        if abs(jump) < JUMP:
            return
        by = spoken(round(abs(jump)))
        if jump > 0:
            self.log.warn(
                "The clock of this machine has gone forward by {by} at once (it was set, or the"
                " machine slept): messages are dated by it",
                by=by,
            )
        else:
            self.log.warn(
                "The clock of this machine was set back by {by}: messages in a room wait for their"
                " last one's time for a day at most, and are dated by the clock then",
                by=by,
            )


def stack_of(thread: int) -> str:
    """What a thread is doing, the innermost call first, on one line."""
    frame = sys._current_frames().get(thread)
    if frame is None:
        return "a thread that has ended"
    calls = StackSummary.extract(walk_stack(frame), limit=FRAMES, lookup_lines=False)
    return " < ".join(f"{call.name} ({call.filename}:{call.lineno})" for call in calls)
