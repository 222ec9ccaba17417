"""What devices publish: their keys, signed, so that nobody can put in one in another's name.

A device has an Ed25519 key, which signs, and a Curve25519 key, which it is known by. Its
signatures are over these texts, in UTF-8 and without a line feed at the end:

    twisted-chat device 1            twisted-chat one-time key 1     twisted-chat fallback key 1
    ACCOUNT                          ACCOUNT                         ACCOUNT
    DEVICE                           CURVE25519                      CURVE25519
    ED25519                          KEY                             KEY
    CURVE25519

ACCOUNT is the folded name, DEVICE what its owner's session is called, the keys are base64.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

import msgspec
from vodozemac import Curve25519PublicKey, Ed25519PublicKey, Ed25519Signature

from .base64 import from_base64

LONGEST_LABEL = 64
_Said = TypeVar("_Said", bound=msgspec.Struct)


class DeviceKeys(msgspec.Struct, frozen=True):
    """A device as the server tells of it."""

    device: str
    ed25519: str
    curve25519: str
    signature: str


class OneTimeKey(msgspec.Struct, frozen=True):
    """A key for beginning one session with a device; the fallback may serve for several."""

    id: str
    key: str
    signature: str
    fallback: bool = False


class Published(msgspec.Struct, frozen=True):
    """A key of one's own with its signature, as it is published under its id."""

    key: str
    signature: str


class Bundle(msgspec.Struct, frozen=True):
    """What to publish of one's own device, in the words of the request."""

    device_keys: Mapping[str, str]
    one_time: Mapping[str, Published]
    fallback: Mapping[str, Published]


class BadKeys(ValueError):
    """Keys that are not what they say; the text says why, as half a sentence."""


def device_text(account: str, device: str, ed25519: str, curve25519: str) -> bytes:
    """What a device signs about itself."""
    return f"twisted-chat device 1\n{account}\n{device}\n{ed25519}\n{curve25519}".encode()


def one_time_text(account: str, curve25519: str, key: str, *, fallback: bool) -> bytes:
    """What a device signs about a one-time key, or its fallback key."""
    kind = "fallback" if fallback else "one-time"
    return f"twisted-chat {kind} key 1\n{account}\n{curve25519}\n{key}".encode()


def checked_device(account: str, said: object) -> DeviceKeys:
    """The keys of a device of that account as the server said them, if they are sound."""
    keys = _shaped(said, DeviceKeys)
    if not 0 < len(keys.device) <= LONGEST_LABEL or not keys.device.isprintable():
        raise BadKeys("its name cannot be one")
    for key in (keys.ed25519, keys.curve25519):
        _check_key(key)
    text = device_text(account, keys.device, keys.ed25519, keys.curve25519)
    _check_signature(keys.ed25519, text, keys.signature)
    return keys


def checked_one_time(account: str, ed25519: str, curve25519: str, said: object) -> OneTimeKey:
    """A one-time key of a device as the server said it, if that device signed it."""
    key = _shaped(said, OneTimeKey)
    _check_key(key.key)
    text = one_time_text(account, curve25519, key.key, fallback=key.fallback)
    _check_signature(ed25519, text, key.signature)
    return key


def curve_key(text: str) -> Curve25519PublicKey:
    """A Curve25519 key that was checked before."""
    return Curve25519PublicKey.from_base64(text)


def _shaped(said: object, kind: type[_Said]) -> _Said:
    try:
        return said if isinstance(said, kind) else msgspec.convert(said, kind)
    except msgspec.ValidationError:
        raise BadKeys("its keys have not the shape of keys") from None


def _check_key(text: str) -> None:
    try:
        sound = len(from_base64(text)) == 32
    except ValueError:
        sound = False
    if not sound:
        raise BadKeys("its keys have not the shape of keys")


def _check_signature(ed25519: str, text: bytes, signature: str) -> None:
    try:
        key = Ed25519PublicKey.from_base64(ed25519)
        key.verify_signature(text, Ed25519Signature.from_base64(signature))
    except ValueError:
        raise BadKeys("the signature of its keys is not its own") from None
