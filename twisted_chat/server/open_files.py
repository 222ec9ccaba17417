"""How many files this process may have open, and what for."""

from __future__ import annotations

import resource

from ..chat.files import MOST_MOVING

MOVING_PART = 8  # a file on its way is open too: for these an eighth of those it may have open
RESERVED_FILES = 64  # for the database, the log and what else must be opened when all is full
MOST_FILES = 1 << 20  # what is asked for where the system names no limit


def shared_out() -> tuple[int, int]:
    """How many connections there may be, and how many files that are on their way."""
    files = max(2, raised_file_limit() - RESERVED_FILES)
    moving = min(MOST_MOVING, files // MOVING_PART)
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
