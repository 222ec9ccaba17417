"""Whether a server is trusted: what is known of it, and whether its key is still the same."""

from __future__ import annotations

import json
from enum import Enum
from pathlib import Path
from typing import Any, NamedTuple

from ...core.errors import StartError, reason_of
from ...private_file import write_private
from ..sync.storage import config_folder


class Peer(NamedTuple):
    """What is known of the server's end of a connection before anything is sent."""

    tls: bool
    loopback: bool
    fingerprint: str = ""  # of the public key: SHA256:…
    verified: bool = False  # the system's store vouches for this name
    problem: str = ""  # why it does not


class Decision(Enum):
    """What to do about a peer."""

    GO_ON = "go on"
    NEW = "new"  # its key has to be remembered, and shown to the person
    REFUSE = "refuse"


class Judgement(NamedTuple):
    """A decision and the sentence that goes with it."""

    decision: Decision
    about: str = ""  # the sentence, up to the key if there is one
    keep: str = ""  # what to remember of the server
    key: str = ""  # that a person can compare

    @property
    def sentence(self) -> str:
        return f"{self.about} {self.key}" if self.key else self.about


def judge(
    peer: Peer, server: str, kept: str, *, insecure: bool = False, trust_new_key: bool = False
) -> Judgement:
    """Compare a peer with `kept`, the key that is remembered of the server."""
    if not peer.tls:
        return _plain(peer, server, kept, insecure)
    if kept == peer.fingerprint:
        return Judgement(Decision.GO_ON)  # that an authority vouches for it too makes it no weaker
    if peer.verified and kept in ("", VERIFIED):
        return Judgement(Decision.GO_ON, keep=VERIFIED)
    if peer.verified:
        return Judgement(
            Decision.NEW,
            f"The key of {server} was {kept}. Now it has a certificate that an authority vouches"
            " for, and so will any other be good that one vouches for; its key is",
            keep=VERIFIED,
            key=peer.fingerprint,
        )
    if not kept:
        return Judgement(
            Decision.NEW,
            f"{server} is new here; its key is",
            keep=peer.fingerprint,
            key=peer.fingerprint,
        )
    if trust_new_key:
        return Judgement(
            Decision.NEW,
            f"The new key of {server} is trusted from now on; it is",
            keep=peer.fingerprint,
            key=peer.fingerprint,
        )
    return Judgement(Decision.REFUSE, _changed(peer, server, kept))


def is_the_same(before: Peer, now: Peer) -> bool:
    """Whether a second connection has reached the server that the first one was trusted as."""
    if not (before.tls and now.tls):
        return before.tls == now.tls
    return now.fingerprint == before.fingerprint or (before.verified and now.verified)


def _plain(peer: Peer, server: str, kept: str, insecure: bool) -> Judgement:
    if insecure or (peer.loopback and not kept):
        return Judgement(Decision.GO_ON)
    if kept:
        return Judgement(
            Decision.REFUSE,
            f"{server} was encrypted before and is not now: somebody may be reading along."
            " Ask who runs it; --insecure connects all the same.",
        )
    return Judgement(
        Decision.REFUSE,
        f"{server} has no encryption, so everybody on the way could read your password:"
        " ask who runs it for TLS; --insecure connects all the same.",
    )


def _changed(peer: Peer, server: str, kept: str) -> str:
    if kept == VERIFIED:
        before = f"its certificate was good before, and now it is not ({peer.problem})"
    else:
        before = f"its key was {kept} and is {peer.fingerprint} now"
    return (
        f"THE KEY OF {server} HAS CHANGED: {before}. Somebody may be posing as the server, or it"
        " was set up anew. Ask who runs it; if they confirm this new key, say --trust-new-key once."
    )


VERIFIED = "verified"  # instead of a key: the system's store vouches for the server


class KnownServers:
    """The file of known servers in the configuration folder: their keys and the last names used."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def key(self, server: str) -> str:
        """Return the key the server had, VERIFIED, or an empty string if it is new."""
        return str(self._read().get(server, {}).get("key", ""))

    def last_name(self, server: str) -> str:
        """Return the name that was last used at the server, if any."""
        return str(self._read().get(server, {}).get("name", ""))

    def remember(self, server: str, **facts: str) -> None:
        """Keep facts of a server: its `key`, the `name` used there; StartError if that fails."""
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
    """Return the servers that this person knows; StartError if there is no folder for them."""
    try:
        return KnownServers(config_folder() / "servers.json")
    except OSError as error:
        raise StartError(
            f"There is no folder to keep anything in ({error.filename}: {reason_of(error)}):"
            " set HOME to a folder of yours."
        ) from None
