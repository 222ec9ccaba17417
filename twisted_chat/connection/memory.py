"""How much memory this process may use, and for what."""

from __future__ import annotations

import ctypes
import re
import resource
import sys
from pathlib import Path

PART = 4  # of what is free at the start, connections may have this part to wait in
LEAST = 4 * 1024 * 1024  # bytes
MOST_ARENAS = 2
_M_ARENA_MAX = -8  # what glibc calls the number of them

_STATUS, _CGROUP = Path("/proc/self/status"), Path("/sys/fs/cgroup/memory.max")
_SIZE = re.compile(r"VmSize:\s+([0-9]+) kB")


def share_arenas() -> None:
    """Let all threads that are begun from here on take their memory out of the same few arenas.

    glibc gives each thread an arena of its own, which reserves 64 MiB of addresses, and keeps what
    was freed for that thread alone. Python's threads take turns anyway.
    """
    if sys.platform.startswith("linux"):
        mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
        if mallopt is not None:
            mallopt(_M_ARENA_MAX, MOST_ARENAS)


def affordable(wanted: int) -> int:
    """How much may wait for connections: what is wanted, or less where there is little memory.

    0 stands for as much as there is.
    """
    free = [limit - used for limit, used in limits()]
    return max(LEAST, min([wanted or sys.maxsize, *(one // PART for one in free)]))


def limits() -> list[tuple[int, int]]:
    """The limits that the system sets to this process, and what is used up of each."""
    found = []
    soft, _ = resource.getrlimit(resource.RLIMIT_AS)
    if soft != resource.RLIM_INFINITY:
        size = _SIZE.search(_read(_STATUS))
        found.append((soft, int(size[1]) * 1024 if size else 0))
    most = _read(_CGROUP).strip()
    if most.isdigit():
        found.append((int(most), 0))
    return found


def _read(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:
        return ""
