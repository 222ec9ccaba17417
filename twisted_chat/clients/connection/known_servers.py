"""What is remembered of servers: their keys, and whom one was there last."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from ...core.errors import StartError, reason_of
from ...private_file import write_private
from ..sync.folders import config_folder

VERIFIED = "verified"  # instead of a key: the system's store vouches for the server


class KnownServers:
    """The file of known servers, in the folder of settings."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def key(self, server: str) -> str:
        """The key the server had, or VERIFIED, or nothing if it is new."""
        return str(self._read().get(server, {}).get("key", ""))

    def last_name(self, server: str) -> str:
        """The name under which one was there last."""
        return str(self._read().get(server, {}).get("name", ""))

    def remember(self, server: str, **facts: str) -> None:
        """Keep facts of a server: its `key`, the `name` used there."""
        servers = self._read()
        kept = servers.setdefault(server, {})
        if any(kept.get(word) != fact for word, fact in facts.items()):
            kept.update(facts)
            try:
                write_private(self._path, json.dumps(servers, indent=2, sort_keys=True).encode())
            except OSError as error:
                raise StartError(f"{self._path} cannot be written: {reason_of(error)}.") from None

    def _read(self) -> dict[str, dict[str, Any]]:
        try:
            servers = json.loads(self._path.read_bytes())
        except FileNotFoundError:
            return {}
        except (OSError, ValueError):
            servers = None
        if not isinstance(servers, dict):
            # To go on without it would be to trust any key as if it were the first.
            raise StartError(f"The file {self._path} cannot be read: repair it, or remove it.")
        return {name: facts for name, facts in servers.items() if isinstance(facts, dict)}


def known_servers() -> KnownServers:
    """The servers this person knows; one sentence if there is nowhere to keep that."""
    try:
        return KnownServers(config_folder() / "servers.json")
    except OSError as error:
        raise StartError(
            f"There is no folder to keep anything in ({error.filename}: {reason_of(error)}):"
            " set HOME to a folder of yours."
        ) from None
