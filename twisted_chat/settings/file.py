"""Settings out of a TOML file."""

from __future__ import annotations

import re
import tomllib
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from ..core.errors import StartError, reason_of
from .option import quoted
from .table import BY_KEY


def read_file(file: Path) -> dict[str, Any]:
    """The fields of Settings that a TOML file sets."""
    try:
        text = file.read_bytes().decode("utf-8")
        written = tomllib.loads(text)
    except OSError as error:
        raise StartError(f"The settings file {file} cannot be read: {reason_of(error)}.") from None
    except UnicodeDecodeError:
        raise StartError(f"The settings file {file} is not text in UTF-8.") from None
    except tomllib.TOMLDecodeError as error:
        raise StartError(_broken(file, str(error), text)) from None
    chosen: dict[str, Any] = {}
    for key, value in written.items():
        place = f"{file}, line {_line_of(key, text)}"
        row = BY_KEY.get(key)
        if row is None:
            raise StartError(f"{place}: there is no setting {quoted(key)}{_nearest(key)}.")
        try:
            chosen[row.field] = row.read(value)
        except ValueError as error:
            shown = "" if row.secret else f" = {quoted(value)}"
            raise StartError(f"{place}: {key}{shown}: {error}.") from None
    return chosen


def _nearest(key: str) -> str:
    # Underscores and the names of the fields are the likeliest slips.
    plain = key.lower().replace("_", "-")
    near = get_close_matches(plain, BY_KEY, n=1, cutoff=0.0)
    return f"; the nearest is {near[0]}" if near else ""


def _line_of(key: str, text: str) -> int:
    """The line that sets a key of the outermost table."""
    word = re.escape(key)
    setting = re.compile(rf"""\s*\[?\[?\s*(["']?){word}\1\s*[=.\]]""")
    for number, line in enumerate(text.splitlines(), 1):
        if setting.match(line):
            return number
    return 1


def _broken(file: Path, error: str, text: str) -> str:
    """A sentence for TOML that cannot be read, from what the reader said."""
    found = re.fullmatch(r"(.*?) \(at (?:line ([0-9]+), column [0-9]+|end of document)\)", error)
    if found is None:
        return f"The settings file {file} is not TOML: {error}."
    line = found[2] or len(text.splitlines()) or 1
    return f"{file}, line {line}: this is not TOML: {found[1][0].lower()}{found[1][1:]}."
