"""Cursors that have moved since the last commit."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from typing import NamedTuple

_AT_MOST = 2000


class Moves(NamedTuple):
    """Cursors to be written: (account, device, room, seq) and (account, room, seq)."""

    delivered: list[tuple[int, str, int, int]]
    read: list[tuple[int, int, int]]


class DirtyCursors:
    """Remembers, for each cursor, the furthest place; one thread moves them, one writes."""

    def __init__(self) -> None:
        self._delivered: dict[tuple[int, str, int], int] = {}
        self._read: dict[tuple[int, int], int] = {}
        self._lock = threading.Lock()

    def __bool__(self) -> bool:
        return bool(self._delivered or self._read)

    def move(self, account: int, device: str, room: int, seq: int) -> None:
        """A device has everything of a room up to `seq`."""
        key = (account, device, room)
        with self._lock:
            if self._delivered.get(key, -1) < seq:
                self._delivered[key] = seq

    def forget(self, account: int, device: str, rooms: Iterable[int]) -> None:
        """Write nothing of where a device was in these rooms."""
        with self._lock:
            for room in rooms:
                self._delivered.pop((account, device, room), None)

    def move_read(self, account: int, room: int, seq: int) -> None:
        """A person has read everything of a room up to `seq`."""
        with self._lock:
            if self._read.get((account, room), -1) < seq:
                self._read[account, room] = seq

    def take(self) -> Moves:
        """Take out what is to be written now: not so much that messages would wait for it."""
        moves = Moves([], [])
        with self._lock:
            while self._delivered and len(moves.delivered) < _AT_MOST:
                key, seq = self._delivered.popitem()
                moves.delivered.append((*key, seq))
            while self._read and len(moves.read) < _AT_MOST:
                place, seq = self._read.popitem()
                moves.read.append((*place, seq))
        return moves

    def put_back(self, moves: Moves) -> None:
        """Keep for later what could not be written."""
        for row in moves.delivered:
            self.move(*row)
        for place in moves.read:
            self.move_read(*place)
