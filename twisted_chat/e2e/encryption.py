"""Encrypting what one says for every device that may read it."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from hashlib import sha256

import msgspec
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

from ..core.errors import ChatError
from .base64 import to_base64
from .counters import MessageCounters
from .device import OwnDevice
from .envelopes import (
    MOST_SEALED,
    BodyKey,
    Group,
    Keys,
    Pair,
    Payload,
    SessionShare,
    padded,
    written,
)
from .known_devices import KnownDevice
from .megolm import MegolmSessions
from .messages import Message
from .olm import OlmSessions


class EnvelopeWriter:
    """Makes envelopes."""

    def __init__(
        self, own: OwnDevice, olm: OlmSessions, megolm: MegolmSessions, counters: MessageCounters
    ) -> None:
        self._own = own
        self._olm = olm
        self._megolm = megolm
        self._counters = counters

    def for_pair(
        self, place: str, message: Message, devices: Sequence[KnownDevice]
    ) -> tuple[str, int]:
        """A message of a private conversation, and its number."""
        key = os.urandom(32)
        payload = self._payload(place, message, introduced=True)
        body = ChaCha20Poly1305(key).encrypt(bytes(12), padded(payload), None)
        digest = to_base64(sha256(body).digest())
        keys = {}
        for device in devices:
            inner = BodyKey(to_base64(key), digest, self._own.ed25519, device.ed25519)
            keys[device.curve25519] = self._olm.encrypt(
                place, device.curve25519, msgspec.json.encode(inner)
            )
        return written(Pair(1, self._own.curve25519, keys, to_base64(body))), payload.n

    def for_room(
        self, place: str, message: Message, devices: Sequence[KnownDevice], now: float
    ) -> tuple[tuple[str, ...], str, int]:
        """A message in a room and its number, and before it the session for newcomers."""
        without = set(self._megolm.prepare(place, [one.curve25519 for one in devices], now))
        session = self._megolm.session_key(place)
        newcomers = [one for one in devices if one.curve25519 in without]
        shares = tuple(self._shares(place, newcomers, session))
        payload = self._payload(place, message, introduced=False)
        name, text = self._megolm.encrypt(place, padded(payload))
        return shares, written(Group(1, self._own.curve25519, name, text)), payload.n

    def greeting(self, place: str, device: KnownDevice) -> str:
        """The beginning of a new session in place of one that is lost."""
        return next(self._shares(place, [device], ""))

    def _payload(self, place: str, message: Message, *, introduced: bool) -> Payload:
        return Payload(
            place=place,
            n=self._counters.next(place, message.cid, edit=message.target is not None),
            by=self._own.curve25519,
            text=message.text,
            target=message.target,
            file=message.file,
            device=self._own.device if introduced else "",
            signature=self._own.signature if introduced else "",
            deleted=message.deleted,
        )

    def _shares(self, place: str, devices: Sequence[KnownDevice], session: str) -> Iterator[str]:
        """As few envelopes as hold a session, or a greeting, for these devices."""
        empty = len(written(Keys(1, self._own.curve25519, {})))
        keys: dict[str, tuple[int, str]] = {}
        size = empty
        for device in devices:
            inner = SessionShare(
                place,
                self._own.ed25519,
                device.ed25519,
                self._own.device,
                self._own.signature,
                session,
            )
            one = self._olm.encrypt(place, device.curve25519, msgspec.json.encode(inner))
            more = len(device.curve25519) + len(one[1]) + 10  # and how it is written
            if keys and size + more > MOST_SEALED:
                yield written(Keys(1, self._own.curve25519, keys))
                keys, size = {}, empty
            keys[device.curve25519] = one
            size += more
        if keys:
            yield written(Keys(1, self._own.curve25519, keys))


def nobody_can_read(name: str, *, waiting: bool) -> ChatError:
    """Why a message is for nobody."""
    if waiting:
        return ChatError(
            "withheld",
            f"The devices of {name} are not those you knew, so nothing is sent until you have"
            f" compared the words: say /verify {name}.",
        )
    return ChatError("no_keys", f"{name} has no device yet that could read this: it was not sent.")


def nobody_is_verified(room: str) -> ChatError:
    """Why a message to a room is for nobody."""
    return ChatError(
        "withheld",
        f"Nobody in {room} has a device that may read this, so it was not sent: /readers {room}"
        " shows why.",
    )
