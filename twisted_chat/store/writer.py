"""The group commit: one thread; each transaction takes in all that came during the last.

When nothing waits, the full-text index is brought up to date, a little at a time.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from queue import Empty, SimpleQueue
from typing import Any, Final, NamedTuple

from ..core.errors import ChatError
from .commit import Committer
from .cursors import DirtyCursors
from .sqlite.database import Database
from .work import Batch, Post, Upkeep, Work

BATCH_WORKS = 512
BATCH_BYTES = 256 * 1024
QUEUE_WORKS = 4096
QUEUE_BYTES = 16 * 1024 * 1024

IDLE = 0.1
"""Seconds without work after which the index is looked after."""

MOST_BEHIND = 100_000
"""Entries that the index may lack; beyond that it is looked after between two batches too."""

AWAY = 0.2
"""Seconds after which it is looked again whether the database is back in its place."""

_NO_ROOM = 5.0  # seconds until the index is tried again when the disk had no room for it
_SIZE_OF_OTHERS = 256

_log = logging.getLogger(__name__)


class Item(NamedTuple):
    """Works that came at once, and how large they are; without any it only wakes the writer."""

    works: Sequence[Work]
    size: int


class Writer:
    """Takes works in their order and commits them in batches.

    `submit` and `cursors` are for one thread (the reactor's). `deliver` is called on the
    writer's thread, once for each batch, after its commit. `die` is called when it is not known
    whether something was stored: it must end the process, for then nobody may be answered.

    `heartbeat` is the monotonic time at which the present batch began, None between batches.
    """

    def __init__(
        self,
        database: Database,
        now: Callable[[], int],
        deliver: Callable[[Batch], object],
        die: Callable[[], object],
        max_works: int = QUEUE_WORKS,
        max_bytes: int = QUEUE_BYTES,
    ) -> None:
        self.heartbeat: float | None = None
        self.cursors: Final = DirtyCursors()
        self._database = database
        self._committer = Committer(database, now, self.cursors)
        self._deliver = deliver
        self._die = die
        self._max_works = max_works
        self._max_bytes = max_bytes
        # What was said at once is one item, so that the writer wakes for all of it.
        self._queue: SimpleQueue[Item] = SimpleQueue()
        # Each of these is counted up by one thread only, so no lock is needed.
        self._put_works = self._put_bytes = 0
        self._taken_works = self._taken_bytes = 0
        self._thread: threading.Thread | None = None
        self._closed = False
        self._dead = False
        self._patience = IDLE
        # What was committed to a database that was no longer in its place.
        self._withheld: Batch | None = None
        self._stopping = threading.Event()

    def submit(self, work: Work) -> None:
        """Queue a work; ChatError when there is no room for it, and then nothing is stored."""
        self._take_in(_SIZE_OF_OTHERS)
        self._queue.put(Item((work,), _SIZE_OF_OTHERS))

    def post(self, posts: Sequence[Post]) -> None:
        """Queue what was said at once; what there is no room for is answered so."""
        taken: list[Post] = []
        refused: list[Post] = []
        total = 0
        for post in posts:
            if len(taken) >= BATCH_WORKS or total >= BATCH_BYTES:
                self._queue.put(Item(taken, total))
                taken, total = [], 0
            try:
                size = _size_of(post)
                self._take_in(size)
            except ChatError as error:
                post.error = error
                refused.append(post)
            else:
                taken.append(post)
                total += size
        if taken:
            self._queue.put(Item(taken, total))
        for post in refused:  # who may have more to say, and that behind what was taken
            post.answer()

    def _take_in(self, size: int) -> None:
        """Count one work more, or refuse it."""
        if self._closed or self._dead:
            raise ChatError("busy", "The server is stopping; try again soon.", retry_after=1)
        if (
            self._put_works - self._taken_works >= self._max_works
            or self._put_bytes - self._taken_bytes + size > self._max_bytes
        ):
            raise ChatError(
                "busy", "Too much is waiting to be stored; try again in a moment.", retry_after=1
            )
        self._put_works += 1
        self._put_bytes += size

    @property
    def waiting(self) -> int:
        """How many works are queued."""
        return self._put_works - self._taken_works

    def wake(self) -> None:
        """Write the cursors that have moved, even if there is nothing else to write."""
        self._queue.put(Item((), 0))

    def start(self) -> None:
        """Begin to work on a thread of its own."""
        self._thread = threading.Thread(target=self._work, name="store writer", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Finish everything that is queued, and end."""
        self._closed = True
        self._stopping.set()
        if self._thread is not None:
            self.wake()
            self._thread.join()
            self._thread = None
        while self.run_once():
            pass

    def run_once(self) -> bool:
        """Commit one batch on the calling thread; False when there is nothing to do."""
        if self._dead or self._is_withholding():
            return False
        try:
            first = self._queue.get_nowait()
        except Empty:
            if not self.cursors:
                return False
            first = Item((), 0)
        self._guarded(lambda: self._settle(first))
        return not self._dead

    def index(self, done: Callable[[bool | Exception], object]) -> None:
        """Take some more into the full-text index; True when it knows all that was stored."""
        self.submit(Upkeep(self._committer.follow_with_index, done))

    @property
    def behind(self) -> int:
        """About how many entries the full-text index does not know yet."""
        return self._committer.behind

    def _work(self) -> None:
        while not self._dead and not (self._closed and self._queue.empty()):
            if self._is_withholding():
                if self._stopping.wait(AWAY):
                    return
                continue
            try:
                # In a silent hour nothing is to be done, and nobody looks again and again.
                item = self._queue.get(timeout=self._patience if self.behind else None)
            except Empty:
                self._guarded(self._idle)
            else:
                self._patience = IDLE
                self._guarded(lambda item=item: self._settle(item))  # type: ignore[misc]

    def _idle(self) -> None:
        self._look_after_index()
        self._committer.checkpoint()

    def _look_after_index(self) -> None:
        upkeep = Upkeep(self._committer.follow_with_index, lambda outcome: None)
        self._committer.attend(upkeep)
        self._patience = 0.0 if upkeep.error is None else _NO_ROOM

    def _gather(self, item: Item) -> tuple[list[Work], Upkeep[Any] | None]:
        """Whatever is waiting, until a batch is full; an upkeep ends it."""
        works: list[Work] = []
        room = BATCH_BYTES
        while True:
            self._taken_works += len(item.works)
            self._taken_bytes += item.size
            room -= item.size
            if item.works and isinstance(item.works[0], Upkeep):
                return works, item.works[0]
            works.extend(item.works)
            if len(works) >= BATCH_WORKS or room <= 0:
                return works, None
            try:
                item = self._queue.get_nowait()
            except Empty:
                return works, None

    def _settle(self, first: Item) -> None:
        works, upkeep = self._gather(first)
        if works or self.cursors:
            last = self._committer.last
            batch = self._committer.commit(works)
            if self._committer.last != last and self._database.has_moved():
                self._withheld = batch
            else:
                self._report(batch)
        if upkeep is not None:
            self._committer.attend(upkeep)
            self._deliver(Batch([], [upkeep]))
        if self.behind > MOST_BEHIND:
            self._look_after_index()
        self._committer.checkpoint()

    def _report(self, batch: Batch) -> None:
        self._database.note(self._committer.last)
        self._deliver(batch)

    def _is_withholding(self) -> bool:
        """Whether something was committed that cannot be told of yet.

        If the files come back to their place, it is there, and so it is told of then. If not, it is
        lost, and nobody was answered. Meanwhile no other batch is committed.
        """
        if self._withheld is not None and not self._database.moved():
            batch, self._withheld = self._withheld, None
            self._guarded(lambda: self._report(batch))
        return self._withheld is not None

    def _guarded(self, work: Callable[[], None]) -> None:
        self.heartbeat = time.monotonic()
        try:
            work()
        except BaseException:
            # Nobody is answered, since it is not known what was stored and reported.
            _log.critical("The store's writer failed; the server must end", exc_info=True)
            self._dead = True
            self._die()
        finally:
            self.heartbeat = None


def _size_of(post: Post) -> int:
    """The bytes of a message, which proves that it can be stored as text."""
    text, cid = post.draft.text, post.draft.cid
    if cid is None and text.isascii() and post.author.isascii():
        return len(post.author) + len(text)
    try:
        return len(f"{post.author}{cid}{text}".encode())
    except UnicodeEncodeError:
        raise ChatError("bad_utf8", "This text contains half a character.") from None
