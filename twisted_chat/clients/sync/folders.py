"""Where the client keeps things."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import quote

from platformdirs import user_config_path, user_data_path, user_downloads_path

NAME = "twisted-chat"


def config_folder() -> Path:
    """The folder of what people set; made if need be."""
    return private_folder(user_config_path(NAME, appauthor=False))


def data_folder() -> Path:
    """The folder of what the client keeps; made if need be."""
    return private_folder(user_data_path(NAME, appauthor=False))


def account_folder(server: str, name: str) -> Path:
    """The folder of one account at one server, which may not be there yet."""
    return data_folder() / _file_name(server) / _file_name(name.lower())


def downloads_folder(given: str = "") -> Path:
    """The folder for what is fetched: the one that was given, or the person's usual one."""
    return Path(given).expanduser() if given else user_downloads_path()


def private_folder(path: Path) -> Path:
    path.mkdir(parents=True, exist_ok=True, mode=0o700)
    return path


def _file_name(text: str) -> str:
    """Any text as one name in a folder, never `.` or `..`."""
    quoted = quote(text, safe="-_@+=,!#")
    return quoted.replace(".", "%2E") if set(quoted) == {"."} else quoted
