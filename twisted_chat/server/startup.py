"""What a start does for speed, and what it leaves to later.

Python's search for unused cycles of objects is put off: what is made at the start stays until the
end, so that looking through it finds nothing, and takes an eighth of the time until the server
listens. Limits of the process are set before there are threads and connections. What service needs
and the start does not is read on a thread once the server listens; else the reactor would have to
wait for it in the middle of service, for everybody.
"""

from __future__ import annotations

import ctypes
import gc
import importlib
import resource
import sys

from ..core import names

SELDOM = (25_000, 20, 50)
"""New objects between two searches, and searches of each kind between two of the next.

Messages leave no cycles behind. At Python's own 700 a fifth of a busy server's time went into
looking for some.
"""

MOVING_PART = 8  # a file on its way is open too: for these an eighth of those it may have open
RESERVED_FILES = 64  # for the database, the log and what else must be opened when all is full
MOST_FILES = 1 << 20  # what is asked for where the system names no limit
MOST_ARENAS = 2
_M_ARENA_MAX = -8  # what glibc calls the number of them


def put_off_collection() -> None:
    """Do not search for cycles until the service has started."""
    gc.disable()


def go_on_collecting() -> None:
    """Search again, if that was put off, but among what is made from now on."""
    if not gc.isenabled():
        # Else every full search would hold up the reactor for all modules, people and rooms.
        gc.freeze()
        gc.set_threshold(*SELDOM)
        gc.enable()


def share_arenas() -> None:
    """Let all threads that are begun from here on take their memory out of the same few arenas.

    glibc gives each thread an arena of its own, which reserves 64 MiB of addresses, and keeps what
    was freed for that thread alone. Python's threads take turns anyway.
    """
    if sys.platform.startswith("linux"):
        mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
        if mallopt is not None:
            mallopt(_M_ARENA_MAX, MOST_ARENAS)


def shared_out(most_moving: int) -> tuple[int, int]:
    """How many connections there may be, and how many files that are on their way."""
    files = max(2, raised_file_limit() - RESERVED_FILES)
    moving = min(most_moving, files // MOVING_PART)
    return files - moving, max(1, moving)


def raised_file_limit() -> int:
    """How many files this process may have open, after asking for as many as it can get."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MOST_FILES if hard == resource.RLIM_INFINITY else hard
    if soft != resource.RLIM_INFINITY and soft < wanted:
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
        except (OSError, ValueError):
            return soft  # some systems have another limit below the one they name
    return wanted


def read_ahead() -> None:
    """Read what the first name outside ASCII and the first WebSocket need: 0.1 s."""
    names.read_tables()
    importlib.import_module("websockets.server")
