"""The settings that a start is given, on its command line and in a TOML file."""

from __future__ import annotations

import re
from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from ..core.doors import DoorKind
from ..core.errors import StartError, reason_of
from .table import BY_KEY, Settings, quoted


def settle(typed: Mapping[str, object], file: Path | None = None) -> Settings:
    """The settings of a command line and of a file; the command line has the last word.

    StartError says in one sentence what is wrong.
    """
    chosen: dict[str, Any] = {}
    if file is not None:
        chosen = read_file(file)
    for key, value in typed.items():
        row = BY_KEY[key]
        try:
            chosen[row.field] = row.read(value)
        except ValueError as error:
            given = value if isinstance(value, list) else [value]
            shown = "" if row.secret else " " + ", ".join(map(quoted, given))
            raise StartError(f"--{key}{shown}: {error}.") from None
    settings = Settings(**chosen)
    _check_ports(settings)
    _check_together(settings)
    return settings


def _check_together(settings: Settings) -> None:
    """Refuse settings that are in order one by one, but not together."""
    if settings.tls == "off" and settings.plaintext == "never" and not settings.trusted_proxies:
        raise StartError(
            "With --tls off and --plaintext never nobody could log in: leave one of them out."
        )
    if settings.web_address and settings.no_web:
        raise StartError("--web-address names what --no-web closes: leave one of them out.")
    if settings.motd and settings.motd_file is not None:
        raise StartError("There are both --motd and --motd-file: leave one of them out.")
    if settings.sts and settings.tls in ("auto", "off"):
        raise StartError(
            "--sts needs --tls with a certificate of your own, which clients can verify: those that"
            " cannot would be kept out for as long as it says."
        )
    names = [oper.name for oper in settings.opers]
    for name in names:
        if names.count(name) > 1:
            raise StartError(f"There are two of --oper {quoted(name)}: leave one of them out.")


def _check_ports(settings: Settings) -> None:
    """Refuse a port for what is switched off, one port twice, and doors that are all closed."""
    ports = (
        ("irc", settings.irc_port, settings.no_irc),
        ("web", settings.web_port, settings.no_web),
        ("tls", settings.tls_port, settings.tls == "off"),
    )
    for key, place, off in ports:
        if place is not None and off:
            switch = "--tls off" if key == "tls" else f"--no-{key}"
            raise StartError(f"--{key}-port opens what {switch} closes: leave one of them out.")
    taken = {settings.port: "port"}
    for key, place, _ in ports:
        if place is None or place == "0":
            continue
        if place in taken:
            raise StartError(f"--{key}-port and --{taken[place]} are both {place}: choose another.")
        taken[place] = f"{key}-port"
    if {DoorKind.IRC, DoorKind.TEXT, DoorKind.JSON} <= settings.closed_doors:
        raise StartError("With --no-irc, --no-text and --no-json nobody could talk: leave one out.")


def read_file(file: Path) -> dict[str, Any]:
    """The fields of Settings that a TOML file sets."""
    import tomllib  # most servers do without a file

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
