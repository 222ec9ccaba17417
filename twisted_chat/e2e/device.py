"""Devices: the keys that they publish, and the private keys of one's own.

What a device publishes is signed, so that nobody can add a device in another person's name.

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
from typing import Any, TypeVar

import msgspec
from vodozemac import (
    Account,
    Curve25519PublicKey,
    Ed25519PublicKey,
    Ed25519Signature,
    PreKeyMessage,
    Session,
)

from .base64 import from_base64
from .rows import Rows

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
    """What to publish of one's own device, as the request has it."""

    device_keys: Mapping[str, str]
    one_time: Mapping[str, Published]
    fallback: Mapping[str, Published]


class BadKeys(ValueError):
    """Keys that are not valid; the text says why, as half a sentence."""


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


ENOUGH = 25  # one-time keys at the server; with fewer it gets more
MOST = 50
FALLBACK_AGE = 7 * 86_400  # seconds; then another fallback key takes its place
TABLE, KEY = "device", "own"
PICKLES = "olm pickles"


class _Kept(msgspec.Struct):
    account: str
    device: str
    pickle: str
    fallback: dict[str, Published]
    fallback_since: float


class OwnDevice:
    """The device this client is. Its private keys leave it only into its row."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows
        kept = rows.find(TABLE, KEY, _Kept)
        if kept is None:
            raise ValueError("there is no device in these rows")
        self.account, self.device = kept.account, kept.device
        account = self._account(kept)
        self.ed25519 = account.ed25519_key.to_base64()
        self.curve25519 = account.curve25519_key.to_base64()
        self._reader = account  # its own keys never change, and unpickling takes a while
        text = device_text(self.account, self.device, self.ed25519, self.curve25519)
        self.signature = account.sign(text).to_base64()

    @classmethod
    def make(cls, rows: Rows, account: str, device: str) -> OwnDevice:
        """A device with keys of its own, for a folded name."""
        pickle = Account().pickle(rows.vault.derived(PICKLES))
        rows.put(TABLE, KEY, _Kept(account, device, pickle, {}, 0.0))
        return cls(rows)

    @property
    def keys(self) -> DeviceKeys:
        """What others may know of it."""
        return DeviceKeys(self.device, self.ed25519, self.curve25519, self.signature)

    def bundle(self, at_server: int, now: float) -> Bundle | None:
        """What to publish if `at_server` one-time keys are left there; None if nothing is.

        One-time keys are given out here once: if the bundle is lost, they are never used. The
        fallback key is in every bundle.
        """
        kept = self._kept()
        account = self._account(kept)
        wanted = MOST - max(0, at_server) if at_server < ENOUGH else 0
        aged = not kept.fallback or not 0 <= now - kept.fallback_since < FALLBACK_AGE
        if not wanted and not aged:
            return None
        one_time = {}
        if wanted:
            account.generate_one_time_keys(wanted)
            keys = account.one_time_keys
            one_time = {key: self._signed(account, keys[key], False) for key in sorted(keys)}
        if aged:
            ready: Any = account  # the stubs of the library do not know fallback keys
            ready.generate_fallback_key()
            new = {key: self._signed(account, one, True) for key, one in ready.fallback_key.items()}
            kept.fallback, kept.fallback_since = new, now
        account.mark_keys_as_published()
        self._keep(kept, account)
        device_keys = {"ed25519": self.ed25519, "curve25519": self.curve25519}
        return Bundle({**device_keys, "signature": self.signature}, one_time, kept.fallback)

    def begin_inbound(self, curve25519: str, message: PreKeyMessage) -> tuple[Session, bytes]:
        """The session that somebody's first message to this device begins, and its text."""
        kept = self._kept()
        account = self._account(kept)
        session, plain = account.create_inbound_session(curve_key(curve25519), message)
        self._keep(kept, account)
        return session, plain

    def begin_outbound(self, curve25519: str, one_time: str) -> Session:
        """A session with another device, begun with one of its one-time keys."""
        return self._reader.create_outbound_session(curve_key(curve25519), curve_key(one_time))

    def _signed(self, account: Account, key: Any, fallback: bool) -> Published:
        text = one_time_text(self.account, self.curve25519, key.to_base64(), fallback=fallback)
        return Published(key.to_base64(), account.sign(text).to_base64())

    def _kept(self) -> _Kept:
        kept = self._rows.find(TABLE, KEY, _Kept)
        assert kept is not None
        return kept

    def _account(self, kept: _Kept) -> Account:
        return Account.from_pickle(kept.pickle, self._rows.vault.derived(PICKLES))

    def _keep(self, kept: _Kept, account: Account) -> None:
        kept.pickle = account.pickle(self._rows.vault.derived(PICKLES))
        self._rows.put(TABLE, KEY, kept)
