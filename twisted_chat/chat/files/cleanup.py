"""Removes files that nobody sends and contents without a row, and finds rows without content."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from twisted.internet.defer import Deferred
from twisted.logger import Logger
from twisted.python.failure import Failure

from ...core.errors import ChatError, sentence_of
from ...store import Ledger, files
from ..async_store import AsyncStore
from .pending import KEPT, Space

EXPIRE_EVERY = 60.0  # seconds
COMPARE_EVERY = 3600.0
FRESH = 600.0  # seconds for which a content may have no row yet
MOST_NAMED = 10  # files in one line of the log


class Cleanup:
    """Keeps the folder of contents and the rows of files in step, at the start and hourly."""

    log = Logger()

    def __init__(
        self,
        store: AsyncStore,
        space: Space,
        run: Callable[[Callable[[], Any]], Deferred[Any]],
        ticks: Callable[[], float],
    ) -> None:
        """`run` does something on a thread."""
        self._store = store
        self._blobs = store.blobs
        self._space = space
        self.run = run
        self._ticks = ticks
        self.missing: set[int] = set()  # files whose content is lost
        self._fresh: dict[str, float] = {}  # contents that were made a short while ago
        self._useless: set[int] = set()  # rows whose content cannot be completed any more
        self._next_expiry = 0.0
        self._next_comparison = 0.0
        self._busy = False

    def made(self, blob: str) -> None:
        """Note a content that was just made, and whose row follows."""
        self._fresh[blob] = self._ticks()

    def later(self, file: int) -> None:
        """Forget this file, which no message names, at the next sweep."""
        self._useless.add(file)

    def sweep(self, now: float) -> None:
        """Do what is due, unless the last sweep is not done yet."""
        if self._busy or self._store.refusing is not None:
            return
        compare = now >= self._next_comparison
        if not compare and now < self._next_expiry:
            return
        self._next_expiry = now + EXPIRE_EVERY
        self._busy = True
        done = Deferred.fromCoroutine(self._sweep(now, compare))
        done.addErrback(self._not_swept)
        done.addBoth(self._swept)

    def _not_swept(self, failure: Failure) -> None:
        error = failure.value
        if isinstance(error, ChatError) and error.code == "restart":
            return  # the server stops, and does it at its next start
        if reason := sentence_of(error):
            line = "Files were not swept, which is tried again in a minute: {reason}"
            self.log.warn(line, reason=reason)
        else:
            self.log.failure("Files were not swept", failure)

    def _swept(self, _: object) -> None:
        self._busy = False

    async def _sweep(self, now: float, compare: bool) -> None:
        old = {one.id for one in self._space if one.receiving is None and now - one.touched > KEPT}
        for file in sorted(old | self._useless):
            await self._store.change(partial(_drop, file))
            self._useless.discard(file)
        if compare:
            await self._compare()
            self._next_comparison = now + COMPARE_EVERY

    async def _compare(self) -> None:
        """Remove contents that no row names, and find out which rows have lost theirs."""
        blobs, run = self._blobs, self.run
        earlier = await run(blobs.listed)
        rows = await self._store.read(files.contents)
        # A file is complete on the disk before its row says so.
        there = await run(blobs.listed)
        self._forget_fresh()
        for blob in earlier:
            if blob not in rows and blob not in self._fresh:
                await run(partial(blobs.remove, blob))
        missing = {
            file
            for blob, (file, size, complete) in rows.items()
            if complete and (blob not in there or there[blob].size != size)
        }
        if new := sorted(missing - self.missing):
            self.log.error(
                "The contents of {count} files are missing or damaged: {files}",
                count=len(new),
                files=", ".join(map(str, new[:MOST_NAMED])) + (", …" if new[MOST_NAMED:] else ""),
            )
        self.missing = missing

    def _forget_fresh(self) -> None:
        old = self._ticks() - FRESH
        for blob in [blob for blob, since in self._fresh.items() if since < old]:
            del self._fresh[blob]


def _drop(file: int, ledger: Ledger) -> None:
    ledger.files.drop_unnamed(file)
