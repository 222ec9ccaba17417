"""A file of one's own that is sent. What is here blocks, and runs on other threads."""

from __future__ import annotations

import errno
import os
import stat
from hashlib import sha256
from pathlib import Path

from ...core.attachments import size_in_words
from ...core.errors import ChatError, reason_of
from ...core.text import shown
from .packing import Coding, blocks_of, stored_size

PIECE = 64 * 1024  # about so many bytes of a file are in memory at once


class Source:
    """An open file, as it is stored."""

    def __init__(self, path: Path, most: int) -> None:
        """A ChatError says what is wrong with it; `most` is how many bytes it may have."""
        self.path = path
        self._file = _opened(path)
        try:
            _check_kind(path, os.fstat(self._file).st_mode)
            self._facts = _facts(self._file)
            self.size = self._facts[0]
            if not most:
                raise ChatError("too_long", "This server takes no files.")
            if self.size > most:
                raise ChatError(
                    "too_long",
                    f"{shown(path.name)} has {size_in_words(self.size)},"
                    f" and {size_in_words(most)} is the most that this server takes.",
                    max=most,
                    actual=self.size,
                )
        except BaseException:
            os.close(self._file)
            raise

    def take(self, coding: Coding) -> None:
        """How it is stored."""
        self._coding = coding
        self._step = max(1, PIECE // coding.plain)  # blocks of a piece
        self._blocks = blocks_of(coding, self.size)
        self.stored = stored_size(coding, self.size)
        self._hash = sha256()
        self._hashed = 0

    def hash_on(self) -> bool:
        """Look at the next piece for `sha256`; whether there is more."""
        if self._hashed < self.stored:
            piece = self.read(self._hashed)
            self._hash.update(piece)
            self._hashed += len(piece)
        return self._hashed < self.stored

    @property
    def sha256(self) -> str:
        """The hash of all of it as it is stored."""
        return self._hash.hexdigest()

    def read(self, position: int) -> bytes:
        """The next bytes of what is stored; a ChatError if the file is not what it was."""
        first, skipped = divmod(position, self._coding.stored)
        begin = first * self._coding.plain
        end = min(begin + self._step * self._coding.plain, self.size)
        plain = self._plain(begin, end)
        if _facts(self._file) != self._facts or len(plain) != end - begin:
            raise ChatError(
                "changed",
                f"{shown(self.path.name)} was changed while it was sent: send it again"
                " when nobody writes to it.",
            )
        ends = first + self._step >= self._blocks
        return self._coding.outward(first, plain, ends)[skipped:]

    def _plain(self, begin: int, end: int) -> bytes:
        found = bytearray()
        while begin + len(found) < end:
            try:
                some = os.pread(self._file, end - begin - len(found), begin + len(found))
            except OSError as error:
                raise _unreadable(self.path, error) from None
            if not some:
                break
            found += some
        return bytes(found)

    def close(self) -> None:
        os.close(self._file)


def _opened(path: Path) -> int:
    try:
        # A pipe that nobody writes to would hold up whoever opens it.
        return os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
    except (OSError, ValueError) as error:
        raise _unreadable(path, error) from None


def _check_kind(path: Path, mode: int) -> None:
    if stat.S_ISDIR(mode):
        raise ChatError(
            "no_file",
            f"{shown(str(path))} is a folder: pack it into one file (zip, tar), and send that.",
        )
    if not stat.S_ISREG(mode):
        raise ChatError("no_file", f"{shown(str(path))} is not an ordinary file.")


def _facts(file: int) -> tuple[int, int]:
    """What changes when the file does."""
    found = os.fstat(file)
    return found.st_size, found.st_mtime_ns


def _unreadable(path: Path, error: OSError | ValueError) -> ChatError:
    number = error.errno if isinstance(error, OSError) else errno.ENOENT
    if number in (errno.ENOENT, errno.ENOTDIR):
        return ChatError("no_file", f"There is no file {shown(str(path))} on this computer.")
    return ChatError("no_file", f"{shown(str(path))} cannot be read: {reason_of(error)}.")
