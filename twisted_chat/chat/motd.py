"""The message of the day, which is shown after every login."""

from __future__ import annotations

import stat
from pathlib import Path
from unicodedata import category

from ..core.errors import StartError, reason_of
from ..settings import Settings

LARGEST = 64 * 1024  # bytes of the file


def message_of_the_day(settings: Settings) -> tuple[str, ...]:
    """Its lines, none of which moves a cursor; StartError says why its file cannot be used."""
    if settings.motd_file is None:
        return tuple(settings.motd.splitlines())
    return _lines(settings.motd_file)


def _lines(file: Path) -> tuple[str, ...]:
    what = f"The message of the day {file}"
    try:
        # Looked at before it is opened: opening a pipe would wait for somebody to write into it.
        if not stat.S_ISREG(file.stat().st_mode):
            raise StartError(f"{what} cannot be read: it is not a file.")
        with file.open("rb") as opened:
            data = opened.read(LARGEST + 1)
    except OSError as error:
        raise StartError(f"{what} cannot be read: {reason_of(error)}.") from None
    if len(data) > LARGEST:
        raise StartError(f"{what} is too long: it may have {LARGEST:,} bytes.")
    try:
        text = data.decode("utf-8").removeprefix("\ufeff").replace("\r\n", "\n")
    except UnicodeDecodeError:
        raise StartError(f"{what} is not text in UTF-8.") from None
    lines = text.removesuffix("\n").split("\n") if text else []
    for number, line in enumerate(lines, 1):
        if any(category(character) == "Cc" and character != "\t" for character in line):
            raise StartError(f"{what} has a control character in line {number}: remove it.")
    return tuple(line.expandtabs() for line in lines)
