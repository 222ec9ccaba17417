"""Olm sessions: what one device says to one other, in one place.

Every place has sessions of its own with a device: the server brings places in no order to one
another, and a session bears little disorder (the last 40 keys that were passed over are kept,
and 2,000 messages may be missing at a time). Both devices may begin a session at once, and
either may lose one: a message goes out on the session on which one came last.
"""

from __future__ import annotations

import msgspec
from vodozemac import AnyOlmMessage, PreKeyMessage, Session

from .base64 import from_base64, to_base64
from .device import PICKLES, OwnDevice
from .messages import CannotRead, Reason
from .rows import Rows

MOST_SESSIONS = 5  # with one device in one place
TABLE = "session"


class _Kept(msgspec.Struct):
    pickles: list[str] = []  # the one to send with first


class OlmSessions:
    """The sessions of this device."""

    def __init__(self, rows: Rows, device: OwnDevice) -> None:
        self._rows = rows
        self._device = device

    def has(self, place: str, curve25519: str) -> bool:
        """Whether there is a session with a device."""
        return self._rows.find(TABLE, f"{place}\n{curve25519}", _Kept) is not None

    def begin(self, place: str, curve25519: str, one_time: str) -> None:
        """Begin a session with a device; ValueError if its keys are no good."""
        session = self._device.begin_outbound(curve25519, one_time)
        self._keep(place, curve25519, [session, *self._sessions(place, curve25519)])

    def encrypt(self, place: str, curve25519: str, plain: bytes) -> tuple[int, str]:
        """Encrypt for a device with which there is a session."""
        sessions = self._sessions(place, curve25519)
        kind, text = sessions[0].encrypt(plain).to_parts()
        self._keep(place, curve25519, sessions)
        return kind, to_base64(text)

    def decrypt(self, place: str, curve25519: str, kind: int, text: str) -> bytes:
        """Decrypt what a device has encrypted for this one."""
        try:
            message = AnyOlmMessage.from_parts(kind, from_base64(text))
        except (ValueError, OverflowError):
            raise CannotRead(Reason.DAMAGED) from None
        sessions = self._sessions(place, curve25519)
        first = message.to_pre_key()
        if first is not None:
            sessions = [one for one in sessions if one.session_matches(first)]
            if not sessions:
                return self._begun(place, curve25519, first)
        if not sessions:
            raise CannotRead(Reason.NO_SESSION)
        problems = []
        for session in sessions:
            try:
                plain = session.decrypt(message)
            except ValueError as error:
                problems.append(_reason(str(error)))
                continue
            others = self._sessions(place, curve25519)
            rest = [one for one in others if one.session_id != session.session_id]
            self._keep(place, curve25519, [session, *rest])
            return plain
        telling = [reason for reason in problems if reason is not Reason.DAMAGED]
        raise CannotRead(telling[0] if telling else Reason.DAMAGED)

    def _begun(self, place: str, curve25519: str, first: PreKeyMessage) -> bytes:
        try:
            session, plain = self._device.begin_inbound(curve25519, first)
        except ValueError as error:
            unknown = "unknown one-time key" in str(error)
            raise CannotRead(Reason.NO_SESSION if unknown else Reason.DAMAGED) from None
        self._keep(place, curve25519, [session, *self._sessions(place, curve25519)])
        return plain

    def _sessions(self, place: str, curve25519: str) -> list[Session]:
        kept = self._rows.find(TABLE, f"{place}\n{curve25519}", _Kept) or _Kept()
        key = self._rows.vault.derived(PICKLES)
        return [Session.from_pickle(pickle, key) for pickle in kept.pickles]

    def _keep(self, place: str, curve25519: str, sessions: list[Session]) -> None:
        key = self._rows.vault.derived(PICKLES)
        pickles = [session.pickle(key) for session in sessions[:MOST_SESSIONS]]
        self._rows.put(TABLE, f"{place}\n{curve25519}", _Kept(pickles))


def _reason(problem: str) -> Reason:
    """The library tells its reasons apart by their words only."""
    if "can't be created" in problem:
        return Reason.REPLAYED  # its key was used, or was passed over long ago
    if "gap was too big" in problem:
        return Reason.TOO_FAR
    return Reason.DAMAGED
