"""Looking at a database before it is used, without changing anything.

SQLite notices much damage only when it reads the damaged page, and takes a broken write-ahead
log for one that ends early; so the cheap signs are looked at here first.
"""

from __future__ import annotations

import os
import sqlite3
import struct
from contextlib import closing
from pathlib import Path

import sqlalchemy as sa

from ...core.errors import StartError
from .connections import open_raw
from .lock import LastCommit, last_commit_in
from .write_ahead_log import log_of

_MAGIC = b"SQLite format 3\0"
_LOG_MAGIC = b"\x37\x7f\x06"
_NEWEST = 100
_EFFECTIVE = os.access in os.supports_effective_ids
_FRAME = struct.Struct(">IIII")  # a frame of the log: page, size after a commit, two salts


def damaged(path: Path, what: str) -> StartError:
    """The refusal to work with a damaged database."""
    return StartError(
        f"The database {path} is damaged: {what}. Nothing was changed; restore a backup of it, "
        "or move it away to begin with an empty one."
    )


def check_writable(path: Path) -> None:
    """Raise StartError where SQLite would open the database for reading only, and not say so."""
    for file in (path, *(path.with_name(path.name + end) for end in ("-wal", "-shm", "-journal"))):
        if file.exists() and not os.access(file, os.W_OK, effective_ids=_EFFECTIVE):
            raise StartError(
                f"The database {path} cannot be used: {file.name} cannot be written to by who runs"
                " the server; chown gives it to whom it belongs."
            )


def check_names(path: Path) -> None:
    """Raise StartError where the file has another name too, under which another server may use it.

    Each name has a lock and a write-ahead log of its own, and whatever is in one log is missing
    under the other name.
    """
    if path.stat().st_nlink > 1:
        raise StartError(
            f"The database {path} has another name too (a hard link), under which another server "
            "could use it, and both would spoil it. Remove the other name; `find / -samefile "
            f"{path}` tells it."
        )


def is_interrupted(path: Path) -> bool:
    """Whether a change of the whole file was cut: SQLite undoes it when it may write.

    A copy that was restored may have no write-ahead log yet, and changes to one at its first start.
    """
    _header(path)
    journal = path.with_name(path.name + "-journal")
    return journal.exists() and journal.stat().st_size > 0


def undo_interrupted(path: Path) -> None:
    """Let SQLite undo what was cut."""
    with closing(open_raw(path, "rw")) as raw:
        raw.execute("SELECT count(*) FROM sqlite_master").fetchone()


def _header(path: Path) -> bytes:
    with path.open("rb") as file:
        header = file.read(100)
    if not header:
        raise damaged(path, "it is empty")
    if header[:16] != _MAGIC:
        raise damaged(path, "it does not begin as a database does")
    return header


def check_header(path: Path) -> None:
    """Raise StartError unless the file begins as a database does and has all its pages."""
    header = _header(path)
    page_size = _page_size(header)
    if page_size < 512 or page_size & (page_size - 1):
        raise damaged(path, "its first page makes no sense")
    log = log_of(path)
    if (log.exists() and log.stat().st_size) or len(header) < 100:
        return  # pages may still be in the log: see check_log
    pages, changes, valid_for = (struct.unpack_from(">I", header, at)[0] for at in (28, 24, 92))
    if changes != valid_for or path.stat().st_size < pages * page_size:
        raise damaged(path, "its end is missing")


def check_log(path: Path, connection: sqlite3.Connection) -> None:
    """Raise StartError when commits that had been finished are missing.

    The connection must have read already: then SQLite has noted how many frames it accepts.
    """
    log = log_of(path)
    size = log.stat().st_size if log.exists() else 0
    page_size, pages = (connection.execute(f"PRAGMA {it}").fetchone()[0] for it in _SIZES)
    present = path.stat().st_size // page_size
    logged: set[int] = set()
    if size:
        with path.with_name(path.name + "-shm").open("rb") as index:
            accepted = struct.unpack("=I", index.read(20)[16:])[0]
        logged = _logged_pages(path, log, page_size, accepted)
    if any(page not in logged for page in range(present + 1, pages + 1)):
        raise damaged(path, "its end is missing")


_SIZES = ("page_size", "page_count")


def _logged_pages(path: Path, log: Path, page_size: int, accepted: int) -> set[int]:
    """The pages in the accepted part of the log; StartError if finished commits follow it.

    A power cut can leave one commit unfinished. A second one after it had not begun before the
    first was safe, so where two follow, something else has happened.
    """
    pages: set[int] = set()
    lost = 0
    with log.open("rb") as file:
        header = file.read(32)
        if not _is_log_header(header):
            raise damaged(path, f"its write-ahead log {log.name} does not begin as one does")
        salts = struct.unpack(">II", header[16:24])
        number = 0
        while len(head := file.read(_FRAME.size)) == _FRAME.size:
            page, committed, *frame_salts = _FRAME.unpack(head)
            number += 1
            if number <= accepted:
                pages.add(page)
            elif committed and tuple(frame_salts) == salts:
                lost += 1
            file.seek(32 + number * (page_size + 24))
    if lost > 1:
        raise damaged(path, f"its write-ahead log {log.name} is broken in the middle")
    return pages


def _is_log_header(header: bytes) -> bool:
    if len(header) < 32 or header[:3] != _LOG_MAGIC or header[3] not in (0x82, 0x83):
        return False
    # The last bit says in which order the machine that wrote it sums up bytes.
    words = struct.unpack(">6I" if header[3] & 1 else "<6I", header[:24])
    first = second = 0
    for one, other in zip(words[::2], words[1::2], strict=True):
        first = (first + one + second) & 0xFFFFFFFF
        second = (second + other + first) & 0xFFFFFFFF
    return (first, second) == struct.unpack(">II", header[24:])


def check_newest(path: Path, connection: sqlite3.Connection) -> str:
    """Read the newest entries and what belongs to them; the database's epoch.

    Damage is usually in the pages that were written last.
    """
    run = connection.execute
    epoch = run("SELECT value FROM meta WHERE key = 'epoch'").fetchone()
    if epoch is None or not epoch[0]:
        raise damaged(path, "it does not know what it is")
    newest = run(
        "SELECT e.id, e.room, e.seq, (SELECT x.id FROM entry AS x INDEXED BY entry_place"
        " WHERE x.room = e.room AND x.seq = e.seq), length(e.text), length(e.author)"
        " FROM entry AS e ORDER BY e.id DESC LIMIT ?",
        (_NEWEST,),
    ).fetchall()
    if any(number != indexed for number, _, _, indexed, *_ in newest):
        raise damaged(path, "its newest messages and their index differ")
    for room in {row[1] for row in newest}:
        found = run(
            "SELECT last_seq, (SELECT max(seq) FROM entry WHERE room = ?1) FROM room WHERE id = ?1",
            (room,),
        ).fetchone()
        if found is None or found[0] != found[1]:
            raise damaged(path, "its rooms and their newest messages differ")
    for table in ("account", "credential", "member", "cursor"):
        run(f"SELECT * FROM {table} LIMIT 1").fetchall()
    run("SELECT rowid FROM words WHERE words MATCH 'tags : r1' ORDER BY rowid DESC LIMIT 1")
    return str(epoch[0], "ascii", "replace")


def check_last_commit(
    path: Path, connection: sqlite3.Connection, epoch: str, noted_epoch: str, noted: LastCommit
) -> None:
    """Raise StartError when less was committed than a server has noted, having this database."""
    found = last_commit_in(connection.execute)
    if noted_epoch == epoch and found.is_less_than(noted):
        raise StartError(
            f"The database {path} has lost what was stored last (entry {found.entry} of "
            f"{noted.entry}, change {found.changes} of {noted.changes}): its write-ahead log "
            f"{log_of(path).name} is missing or cut off, or it is an older copy. Nothing was "
            "changed. Put the log back, or restore a backup; give what you go on with a new epoch,"
            " as docs/operations.md says."
        )


def quick_check(connection: sa.Connection) -> str | None:
    """Read the whole database on a reading connection; what is wrong with it, or None.

    It takes seconds for each gigabyte and is meant to run while the server serves.
    """
    found = connection.exec_driver_sql("PRAGMA quick_check(1)").scalar()
    return None if found == "ok" else str(found)


def _page_size(header: bytes) -> int:
    (size,) = struct.unpack_from(">H", header.ljust(100, b"\0"), 16)
    return 65536 if size == 1 else int(size)
