"""Whether the server that answers is the one it should be."""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple

from .known_servers import VERIFIED


class Peer(NamedTuple):
    """What a connection showed of its other end before anything was sent."""

    tls: bool
    loopback: bool
    fingerprint: str = ""  # of the public key: SHA256:…
    verified: bool = False  # the system's store vouches for this name
    problem: str = ""  # why it does not


class Verdict(Enum):
    """What to do about a peer."""

    GO_ON = "go on"
    NEW = "new"  # its key has to be remembered, and shown to the person
    REFUSE = "refuse"


class Judgement(NamedTuple):
    """A verdict and the sentence that goes with it."""

    verdict: Verdict
    about: str = ""  # the sentence, up to the key if there is one
    keep: str = ""  # what to remember of the server
    key: str = ""  # that a person can compare

    @property
    def sentence(self) -> str:
        return f"{self.about} {self.key}" if self.key else self.about


def judge(
    peer: Peer, server: str, kept: str, *, insecure: bool = False, trust_new_key: bool = False
) -> Judgement:
    """Compare a peer with what is remembered of the server."""
    if not peer.tls:
        return _plain(peer, server, kept, insecure)
    if kept == peer.fingerprint:
        return Judgement(Verdict.GO_ON)  # that an authority vouches for it too makes it no weaker
    if peer.verified and kept in ("", VERIFIED):
        return Judgement(Verdict.GO_ON, keep=VERIFIED)
    if peer.verified:
        return Judgement(
            Verdict.NEW,
            f"The key of {server} was {kept}. Now it has a certificate that an authority vouches"
            " for, and so will any other be good that one vouches for; its key is",
            keep=VERIFIED,
            key=peer.fingerprint,
        )
    if not kept:
        return Judgement(
            Verdict.NEW,
            f"{server} is new here; its key is",
            keep=peer.fingerprint,
            key=peer.fingerprint,
        )
    if trust_new_key:
        return Judgement(
            Verdict.NEW,
            f"The new key of {server} is trusted from now on; it is",
            keep=peer.fingerprint,
            key=peer.fingerprint,
        )
    return Judgement(Verdict.REFUSE, _changed(peer, server, kept))


def is_the_same(before: Peer, now: Peer) -> bool:
    """Whether a second connection has reached the server that the first one was trusted as."""
    if not (before.tls and now.tls):
        return before.tls == now.tls
    return now.fingerprint == before.fingerprint or (before.verified and now.verified)


def _plain(peer: Peer, server: str, kept: str, insecure: bool) -> Judgement:
    if insecure or (peer.loopback and not kept):
        return Judgement(Verdict.GO_ON)
    if kept:
        return Judgement(
            Verdict.REFUSE,
            f"{server} was encrypted before and is not now: somebody may be reading along."
            " Ask who runs it; --insecure connects all the same.",
        )
    return Judgement(
        Verdict.REFUSE,
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
