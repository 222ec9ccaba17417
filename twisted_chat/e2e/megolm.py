"""Megolm sessions: one device says something to everybody in a room, encrypted once.

The sender hands the session to every device that may read it, from the message on that is sent
next, and begins another after 100 messages, after a week, or when a device it was handed to is
no longer among the recipients.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec
from vodozemac import GroupSession, InboundGroupSession, MegolmMessage, SessionKey

from .base64 import from_base64, to_base64
from .device import PICKLES
from .messages import CannotRead, Reason, Spot
from .rows import Rows

MOST_MESSAGES = 100
OLDEST = 7 * 86_400  # seconds
FARTHEST = 1_000  # no message of a session has a higher number than this
MOST_INBOUND = 10  # sessions of one device in one place that are kept
OUT, IN, LATEST = "outbound", "inbound", "latest"


class _Outbound(msgspec.Struct):
    pickle: str
    since: float
    shared: list[str] = []  # curve25519 of the devices that have it


class _Inbound(msgspec.Struct):
    pickle: str
    author: str
    seen: dict[int, Spot] = {}  # of which spot each message of it is


class _Latest(msgspec.Struct):
    sessions: list[str] = []


class MegolmSessions:
    """The sessions of this device, and those that others have handed to it."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows
        self._key = rows.vault.derived(PICKLES)

    # --- sending -----------------------------------------------------------------------------

    def prepare(self, place: str, devices: Iterable[str], now: float) -> list[str]:
        """See to it that the session may be used for these devices; those to hand it to."""
        devices = list(devices)
        kept = self._rows.find(OUT, place, _Outbound)
        if kept is None or self._is_over(kept, devices, now):
            kept = _Outbound(GroupSession().pickle(self._key), now)
        without = [one for one in devices if one not in set(kept.shared)]
        kept.shared += without
        self._rows.put(OUT, place, kept)
        return without

    def _is_over(self, kept: _Outbound, devices: list[str], now: float) -> bool:
        session = GroupSession.from_pickle(kept.pickle, self._key)
        return (
            session.message_index >= MOST_MESSAGES
            or not 0 <= now - kept.since < OLDEST
            or not set(kept.shared) <= set(devices)
        )

    def due(self, place: str, devices: list[str], now: float) -> list[str]:
        """To whom the session would have to be handed before something is said now."""
        kept = self._rows.find(OUT, place, _Outbound)
        if kept is None or self._is_over(kept, devices, now):
            return devices
        return [one for one in devices if one not in set(kept.shared)]

    def session_key(self, place: str) -> str:
        """What to hand to a device: it can read from the next message on."""
        return self._outbound(place)[1].session_key.to_base64()

    def encrypt(self, place: str, plain: bytes) -> tuple[str, str]:
        """Encrypt for everybody who has the session: its id, and the text."""
        kept, session = self._outbound(place)
        text = to_base64(session.encrypt(plain).to_bytes())
        kept.pickle = session.pickle(self._key)
        self._rows.put(OUT, place, kept)
        return session.session_id, text

    def forgotten_by(self, place: str, curve25519: str) -> None:
        """A device has lost the session: it gets it again before the next message."""
        kept = self._rows.find(OUT, place, _Outbound)
        if kept is not None and curve25519 in kept.shared:
            kept.shared.remove(curve25519)
            self._rows.put(OUT, place, kept)

    def _outbound(self, place: str) -> tuple[_Outbound, GroupSession]:
        kept = self._rows.find(OUT, place, _Outbound)
        assert kept is not None  # `prepare` comes first
        return kept, GroupSession.from_pickle(kept.pickle, self._key)

    # --- receiving ---------------------------------------------------------------------------

    def take(self, place: str, author: str, device: str, session_key: str) -> None:
        """Keep a session that a device has handed over; ValueError if it is none."""
        session = InboundGroupSession(SessionKey(session_key))
        key = _key(place, device, session.session_id)
        before = self._rows.find(IN, key, _Inbound)
        if before is not None:
            known = InboundGroupSession.from_pickle(before.pickle, self._key)
            if known.first_known_index <= session.first_known_index:
                return
            before.pickle = session.pickle(self._key)
            self._rows.put(IN, key, before)
            return
        self._rows.put(IN, key, _Inbound(session.pickle(self._key), author))
        latest = self._rows.find(LATEST, f"{place}\n{device}", _Latest) or _Latest()
        latest.sessions.append(session.session_id)
        for old in latest.sessions[:-MOST_INBOUND]:
            self._rows.delete(IN, _key(place, device, old))
        latest.sessions = latest.sessions[-MOST_INBOUND:]
        self._rows.put(LATEST, f"{place}\n{device}", latest)

    def decrypt(
        self, place: str, device: str, session: str, text: str, spot: Spot
    ) -> tuple[str, bytes, bool]:
        """Who handed the session over, what a message says, and whether it was read before."""
        key = _key(place, device, session)
        kept = self._rows.find(IN, key, _Inbound)
        if kept is None:
            raise CannotRead(Reason.NO_SESSION)
        try:
            message = MegolmMessage.from_bytes(from_base64(text))
        except ValueError:
            raise CannotRead(Reason.DAMAGED) from None
        if message.message_index() >= FARTHEST:
            raise CannotRead(Reason.TOO_FAR)
        inbound = InboundGroupSession.from_pickle(kept.pickle, self._key)
        try:
            opened = inbound.decrypt(message)
        except ValueError as error:
            early = "unknown message index" in str(error).lower()
            raise CannotRead(Reason.NO_SESSION if early else Reason.DAMAGED) from None
        before = kept.seen.get(opened.message_index)
        if before is not None and before != spot:
            raise CannotRead(Reason.REPLAYED)
        kept.seen[opened.message_index] = spot
        self._rows.put(IN, key, kept)
        return kept.author, opened.plaintext, before is not None


def _key(place: str, device: str, session: str) -> str:
    return f"{place}\n{device}\n{session}"
