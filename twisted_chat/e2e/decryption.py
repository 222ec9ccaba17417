"""Opening what came: who says it, whether it belongs here, and whether it came before."""

from __future__ import annotations

from hashlib import sha256
from typing import TypeVar

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

from ..core.text import formatted_lines, shown
from .base64 import from_base64, to_base64
from .counters import MessageCounters, Order
from .device import DeviceKeys, OwnDevice
from .envelopes import (
    BodyKey,
    Group,
    Keys,
    NotAnEnvelope,
    Pair,
    Payload,
    SessionShare,
    file_key,
    plain,
    read,
)
from .known_devices import DeviceNews, KnownDevice, KnownDevices
from .megolm import MegolmSessions
from .messages import Arrival, CannotRead, KeysReceived, Opened, Reason, Spot
from .olm import OlmSessions

MOST_MESSAGES = 1 << 53  # that one device says in one place
_Inner = TypeVar("_Inner", BodyKey, SessionShare)


class EnvelopeReader:
    """Opens envelopes; `CannotRead` says why one does not open."""

    def __init__(
        self,
        own: OwnDevice,
        people: KnownDevices,
        olm: OlmSessions,
        megolm: MegolmSessions,
        counters: MessageCounters,
    ) -> None:
        self._own = own
        self._people = people
        self._olm = olm
        self._megolm = megolm
        self._counters = counters

    def message(self, place: str, author: str, spot: Spot, sealed: str, comes: Arrival) -> Opened:
        """A message or an edit that `author`, as the server says, wrote for this spot."""
        envelope = parsed(sealed)
        self._check_author(place, author, envelope.by)
        if isinstance(envelope, Keys) or isinstance(envelope, Group) != place.startswith("#"):
            raise CannotRead(Reason.MOVED)
        news: list[DeviceNews] = []
        again = False
        if isinstance(envelope, Group):
            payload, again = self._from_group(envelope, place, author, spot)
            device = self._people.find(author, envelope.by)
        else:
            payload, ed25519 = self._from_pair(envelope, place)
            said = DeviceKeys(payload.device, ed25519, envelope.by, payload.signature)
            device, news = self._sender(author, said)
        if device is None or payload.by != envelope.by:
            raise CannotRead(Reason.FORGED)
        if payload.place != place or payload.target != (
            None if comes is Arrival.SAID else spot.seq
        ):
            raise CannotRead(Reason.MOVED)
        if payload.file is not None:
            if comes is not Arrival.SAID:
                raise CannotRead(Reason.MOVED)  # a file is what it was when it was sent
            _check_file(payload)
        if payload.deleted != (comes is Arrival.DELETED):
            raise CannotRead(Reason.MOVED)
        order = Order()
        if comes is not Arrival.SAID:
            if not again:
                self._counters.edit(place, envelope.by, payload.n)
            if comes is Arrival.EDITED:
                self._counters.absent(place, author, spot)
        elif not again:
            order = self._counters.message(place, author, envelope.by, payload.n, spot)
        return _opened(payload, device, order, news)

    def keys(self, place: str, author: str, sealed: str) -> KeysReceived:
        """Keys that a device hands to this one."""
        envelope = parsed(sealed)
        self._check_author(place, author, envelope.by)
        if not isinstance(envelope, Keys):
            raise CannotRead(Reason.MOVED)
        handing = self._unwrapped(envelope, place, SessionShare)
        if handing.place != place:
            raise CannotRead(Reason.MOVED)
        said = DeviceKeys(handing.device, handing.from_, envelope.by, handing.signature)
        device, news = self._sender(author, said)
        if handing.session:
            try:
                self._megolm.take(place, author, envelope.by, handing.session)
            except ValueError:
                raise CannotRead(Reason.DAMAGED) from None
        else:
            self._megolm.forgotten_by(place, envelope.by)
        return KeysReceived(author, device.device, tuple(news))

    def _check_author(self, place: str, author: str, by: str) -> None:
        """What this device has sent, and who may say anything in a private conversation."""
        if not place.startswith("#") and author not in place.split(" "):
            raise CannotRead(Reason.FORGED)
        if by == self._own.curve25519:
            raise CannotRead(Reason.OWN if author == self._own.account else Reason.FORGED)

    def _from_group(
        self, envelope: Group, place: str, author: str, spot: Spot
    ) -> tuple[Payload, bool]:
        owner, text, again = self._megolm.decrypt(
            place, envelope.by, envelope.session, envelope.body, spot
        )
        if owner != author:
            raise CannotRead(Reason.FORGED)
        return _payload(text), again

    def _from_pair(self, envelope: Pair, place: str) -> tuple[Payload, str]:
        """The payload, and the key that its sender says to have."""
        unwrapping = self._unwrapped(envelope, place, BodyKey)
        try:
            key, body = from_base64(unwrapping.key), from_base64(envelope.body)
            if to_base64(sha256(body).digest()) != unwrapping.hash:
                raise CannotRead(Reason.DAMAGED)
            text = ChaCha20Poly1305(key).decrypt(bytes(12), body, None)
        except (ValueError, InvalidTag):
            raise CannotRead(Reason.DAMAGED) from None
        return _payload(text), unwrapping.from_

    def _unwrapped(self, envelope: Pair | Keys, place: str, kind: type[_Inner]) -> _Inner:
        """What the Olm message for this device says, if it was meant for it."""
        own = envelope.keys.get(self._own.curve25519)
        if own is None:
            raise CannotRead(Reason.NOT_FOR_DEVICE)
        text = self._olm.decrypt(place, envelope.by, *own)
        try:
            inner = plain(text, kind)
        except ValueError:
            raise CannotRead(Reason.DAMAGED) from None
        if inner.to != self._own.ed25519:
            raise CannotRead(Reason.FORGED)
        return inner

    def _sender(self, author: str, said: DeviceKeys) -> tuple[KnownDevice, list[DeviceNews]]:
        """The author's device with these keys; one that is not known introduces itself."""
        try:
            news = self._people.introduce(author, said)
        except ValueError:
            raise CannotRead(Reason.FORGED) from None
        device = self._people.find(author, said.curve25519)
        if device is None or device.ed25519 != said.ed25519:
            raise CannotRead(Reason.FORGED)
        return device, news


def parsed(sealed: str) -> Pair | Group | Keys:
    """An envelope, or why it is none."""
    try:
        return read(sealed)
    except NotAnEnvelope as error:
        raise CannotRead(Reason.NEWER if error.newer else Reason.DAMAGED) from None


def _payload(text: bytes) -> Payload:
    try:
        payload = plain(text, Payload)
    except ValueError:
        raise CannotRead(Reason.DAMAGED) from None
    if not 1 <= payload.n < MOST_MESSAGES:
        raise CannotRead(Reason.DAMAGED)
    return payload


def _check_file(payload: Payload) -> None:
    assert payload.file is not None
    try:
        file_key(payload.file)
    except ValueError:
        raise CannotRead(Reason.DAMAGED) from None


def _opened(payload: Payload, device: KnownDevice, order: Order, news: list[DeviceNews]) -> Opened:
    file = payload.file
    return Opened(
        n=payload.n,
        text=formatted_lines(payload.text),  # no server has looked at it
        target=payload.target,
        file=None if file is None else msgspec.structs.replace(file, name=shown(file.name)),
        author=device.name,
        device=device.device,
        standing=device.standing,
        missing=order.missing,
        late=order.late,
        news=tuple(news),
        gone=device.is_gone,
        deleted=payload.deleted,
    )
