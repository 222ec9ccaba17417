"""The full-text index, which follows the log at some distance.

Putting a message's words into the index takes longer than storing the message, and many at a
time take less. So messages are stored without, and the index is brought up to date when the
writer has nothing else to do, and before a search. `meta` says how far it has come, in the
same transaction: up to that entry all is in the index as it reads now, beyond it nothing is.

SQLite's tokenizer splits at spaces and punctuation. Chinese, Japanese, Korean, Thai, Lao,
Khmer and Burmese write without spaces (or inflect by gluing), so a run of them becomes its
overlapping pairs of characters and, last, its final character: any two neighbors are a word
of the index, and any one character begins one. A symbol such as an emoji is a word by itself.
"""

from __future__ import annotations

import re
import unicodedata
from itertools import pairwise

import sqlalchemy as sa

from ...core import attachments
from ...core.entries import IN_WORDS, Form, Kind, State
from ...core.formatting import unformatted
from .connections import BUSY_TIMEOUT
from .sql import BEGIN_TO_WRITE

STEP = 512
"""How many entries one transaction takes in: so long do new messages wait at most."""

INDEXED = "indexed"
"""The key in `meta` of the last entry that is in the index."""

UNSCRUBBED = "unscrubbed"
"""The key in `meta` that says that erased words may still be in the index's older parts."""

_CREATE = (
    "CREATE VIRTUAL TABLE words USING fts5(text, tags, content='', columnsize=0, "
    "tokenize=\"unicode61 remove_diacritics 2 categories 'L* N* M* Co So Sk'\")"
)
# The hidden column `words` takes the index's own commands; NULL there is a plain insert.
_CHANGE = "INSERT INTO words (words, rowid, text, tags) VALUES (?,?,?,?)"
_NOTE = "INSERT INTO meta VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value"
_NEXT = (
    "SELECT id, room, sender, text, form FROM entry "
    f"WHERE id > ? AND kind = {int(Kind.MESSAGE)} AND state <> {int(State.DELETED)} "
    "ORDER BY id LIMIT ?"
)

_SPACELESS = (
    "\u0e01-\u0e3a\u0e40-\u0e4e\u0e50-\u0e59"  # Thai
    "\u0e81-\u0edf"  # Lao
    "\u1000-\u1049\u1050-\u109f"  # Burmese
    "\u1780-\u17d3\u17d7\u17dc\u17dd\u17e0-\u17e9"  # Khmer
    "\u1100-\u11ff\u3131-\u318e\ua960-\ua97c\uac00-\ud7fb"  # Korean
    "\u3041-\u3096\u3099\u309a\u309d-\u309f\u30a1-\u30fa\u30fc-\u30ff"  # kana
    "\u31f0-\u31ff\U0001b000-\U0001b16f"
    "\u3105-\u312f\u31a0-\u31bf"  # bopomofo
    "\u2e80-\u2fd5\u3005-\u3007\u3021-\u3029\u3038-\u303c"  # Chinese characters
    "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufad9\U00020000-\U000323af"
)
_SYMBOLS = "\u00a6\u00a9\u00ae\u00b0\u2100-\u214f\u2190-\u2bff\U0001f000-\U0001fbff"
_PIECE = re.compile(f"([{_SPACELESS}]+)|[{_SYMBOLS}]")

# Signs that readers leave out or add at will: accents, Arabic and Hebrew vowel points,
# the Arabic stretching stroke, soft hyphens, variation selectors.
_IDLE = dict.fromkeys(
    [
        0xAD,
        *range(0x300, 0x370),
        *range(0x591, 0x5BE),
        *(0x5BF, 0x5C1, 0x5C2, 0x5C4, 0x5C5, 0x5C7),
        *range(0x610, 0x61B),
        *(0x640, 0x670),
        *range(0x64B, 0x660),
        *range(0x6D6, 0x6DD),
        *range(0x6DF, 0x6E5),
        *(0x6E7, 0x6E8),
        *range(0x6EA, 0x6EE),
        *range(0xFE00, 0xFE10),
        *range(0xE0100, 0xE01F0),
    ]
)


# The index


def create(connection: sa.Connection) -> None:
    """Make the index of a new database, inside the caller's transaction."""
    connection.exec_driver_sql(_CREATE)
    connection.exec_driver_sql(_NOTE, (INDEXED, "0"))


class Index:
    """The index on the writer's connection. `upto` is the last entry that it knows."""

    def __init__(self, connection: sa.Connection, last_id: int) -> None:
        self._run = connection.exec_driver_sql
        kept = self._run("SELECT value FROM meta WHERE key = ?", (INDEXED,)).scalar()
        self.upto = int(kept or 0)
        if self.upto > last_id:
            # The numbers of entries that were erased at the end of the log are given out again.
            self.upto = last_id
            self._run(_NOTE, (INDEXED, str(last_id)))

    def replace(self, number: int, room: int, sender: int | None, old: str, new: str) -> None:
        """An entry reads otherwise from now on; within the present transaction."""
        if number > self.upto:
            return
        tags = _tags(room, sender)
        if old:
            self._run(_CHANGE, ("delete", number, indexed(old), tags))
        if new:
            self._run(_CHANGE, (None, number, indexed(new), tags))

    def leave_to_scrub(self) -> None:
        """A word was dropped: it is only marked, and goes when the index's parts are merged."""
        self._run(_NOTE, (UNSCRUBBED, "begin"))

    def follow(self, last_id: int) -> None:
        """Take in some more of the log, in a transaction of its own; the last entry is given."""
        rows = self._run(_NEXT, (self.upto, STEP)).all()
        upto = rows[-1].id if len(rows) == STEP else last_id
        fresh = [
            (None, row.id, indexed(words), _tags(row.room, row.sender))
            for row in rows
            if isinstance(row.text, str) and (words := searchable(row.text, row.form))
        ]
        self._run(BEGIN_TO_WRITE)
        if fresh:
            self._run(_CHANGE, fresh)
        self._run(_NOTE, (INDEXED, str(upto)))
        self._run("COMMIT")
        self.upto = upto


def searchable(text: str, form: int) -> str:
    """What of a text can be searched for."""
    if form in IN_WORDS:
        return unformatted(text)
    attachment = attachments.read(text) if form == Form.FILE else None
    return attachment.name if attachment is not None else ""


def _tags(room: int, sender: int | None) -> str:
    return f"r{room}" if sender is None else f"r{room} a{sender}"


def scrub(connection: sa.Connection, pages: int = 256) -> bool:
    """Do one step of making erased text unrecoverable; True when nothing is left to do.

    Runs outside a transaction, on the writer's connection. A step rewrites about so many pages
    of the index; at last the write-ahead log is emptied too.
    """
    run = connection.exec_driver_sql
    step = run("SELECT value FROM meta WHERE key = ?", (UNSCRUBBED,)).scalar()
    if step is None:
        return True
    run(BEGIN_TO_WRITE)
    before = run("SELECT total_changes()").scalar_one()
    # A negative number takes all parts of the index into one merge, a positive one goes on.
    amount = -pages if step == "begin" else pages
    run("INSERT INTO words (words, rank) VALUES ('merge', ?)", (amount,))
    merged = run("SELECT total_changes()").scalar_one() - before
    run("UPDATE meta SET value = 'merge' WHERE key = ?", (UNSCRUBBED,))
    run("COMMIT")
    if step == "begin" or merged > 1:
        return False
    run("PRAGMA busy_timeout = 0")  # somebody reading is no reason to keep everybody waiting
    busy = run("PRAGMA wal_checkpoint(TRUNCATE)").one()[0]
    run(f"PRAGMA busy_timeout = {BUSY_TIMEOUT}")
    if not busy:
        run("DELETE FROM meta WHERE key = ?", (UNSCRUBBED,))
    return not busy


# Its words


def folded(text: str) -> str:
    """`text` without the differences that a search overlooks: case, width, accents."""
    if text.isascii():
        return text  # the tokenizer sees to the case of these itself
    bare = unicodedata.normalize("NFKD", text.casefold()).translate(_IDLE)
    return unicodedata.normalize("NFC", bare)


def indexed(text: str) -> str:
    """`text` as the index is given it."""
    if text.isascii():
        return text
    return _PIECE.sub(_pairs_and_last, folded(text))


def phrase(term: str) -> str | None:
    """One searched term as a quoted phrase of the full-text query language.

    None when nothing in it is ever indexed, such as `++`.
    """
    plain = folded(unformatted(term).replace("\0", " ").encode("utf-8", "replace").decode())
    if not any(map(_is_indexed, plain)):
        return None
    end = len(plain)

    def cut(match: re.Match[str]) -> str:
        if match.end() < end:
            return _pairs_and_last(match)
        run = match[0]
        return f" {run if len(run) < 3 else _pairs(run)} "

    # A lone last character begins the pair that it makes with whatever comes after it.
    last = re.search(f"(?:^|[^{_SPACELESS}])[{_SPACELESS}]$", plain)
    quoted = '"' + _PIECE.sub(cut, plain).replace('"', '""') + '"'
    return quoted + " *" if last else quoted


def _pairs(run: str) -> str:
    return " ".join(map("".join, pairwise(run)))


def _pairs_and_last(match: re.Match[str]) -> str:
    run = match[0]
    if len(run) == 1:
        return f" {run} "
    return f" {_pairs(run)} {run[-1]} "


def _is_indexed(character: str) -> bool:
    category = unicodedata.category(character)
    return category[0] in "LNM" or category in ("Co", "So", "Sk")
