"""Everything a client needs to talk end-to-end encrypted, for one device of one account.

An `OlmMachine` is made of the rows that were kept and does nothing by itself. Every operation
that changes anything gives an `Outcome`: its value, and the changes of rows to be written in
one transaction before anything in the value is sent, shown or acknowledged. If they cannot be
written, throw the `OlmMachine` away and make another from the rows on disk: the operation was
never done, and may be done again. An operation that raises has changed nothing.

The rows of the table `rows.TEXT` are one to a message or an edit and are not given to the
constructor: read one when it is wanted, and let `recall` open it. Look for the row of what comes
(`text_key`) before it is opened: what was opened and written does not open a second time. Rows
with the same `text_prefix` are versions of one message (`messages.newest`); delete them with it.

Entries are opened in the order of their numbers in a conversation, live or missed: the keys of
ten thousand old messages are not kept. Nothing here waits for anything, but a passphrase, and
the first message to a room with hundreds of devices, are work for a thread; one at a time.

    sealed = machine.seal("bob", Message(cid, "hi"), now)        # write sealed.changes, then
    ...                                                           # share, send; then
    machine.settle("bob", cid, row, Spot(conversation, seq))      # it has its number
    opened = machine.open("bob", "bob", Spot(conversation, seq), text)
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

from ..core.errors import ChatError
from ..core.names import fold
from ..core.text import check_lines
from .counters import MessageCounters
from .decryption import EnvelopeReader, parsed
from .device import BadKeys, OwnDevice, checked_one_time
from .directory import Directory
from .encryption import EnvelopeWriter, nobody_can_read, nobody_is_verified
from .envelopes import MOST_SEALED
from .known_devices import DeviceNews, KnownDevice, NewsKind
from .megolm import MegolmSessions
from .messages import (
    HEALED_BY_GREETING,
    Arrival,
    CannotRead,
    Kept,
    KeysReceived,
    Message,
    Opened,
    Reason,
    Sealed,
    Spot,
    Unreadable,
    digest_of,
    sent_key,
    text_key,
    text_prefix,
)
from .olm import OlmSessions
from .rows import TEXT, Outcome, Rows, atomic
from .vault import Vault

BETWEEN_GREETINGS = 3_600  # seconds, of one device in one place


class _Greeted(msgspec.Struct):
    at: float


class OlmMachine(Directory):
    """One device, and all it knows of others. `room` is a `#room` or the name of a person."""

    def __init__(self, vault: Vault, rows: Iterable[tuple[str, str, bytes]]) -> None:
        """`rows` are all that were kept, but for the table TEXT."""
        super().__init__(vault, rows)
        self._counters = MessageCounters(self.rows)
        self._megolm = MegolmSessions(self.rows)
        self._olm = OlmSessions(self.rows, self.own)
        self._writer = EnvelopeWriter(self.own, self._olm, self._megolm, self._counters)
        self._reader = EnvelopeReader(
            self.own, self.people, self._olm, self._megolm, self._counters
        )

    @classmethod
    def new(cls, vault: Vault, account: str, device: str) -> Outcome[OlmMachine]:
        """A device that has not been before, called as the session of the account is."""
        first = Rows(vault, ())
        OwnDevice.make(first, fold(account).folded, device)
        changes = first.take()
        rows = [(one.table, one.key, one.value) for one in changes if one.value is not None]
        return Outcome(cls(vault, rows), changes)

    # --- saying ------------------------------------------------------------------------------

    def unclaimed(self, room: str, now: float) -> list[str]:
        """The devices of which a one-time key has to be claimed before something is said."""
        place = self.place(room)
        wanted = [one.curve25519 for one in self.recipients(room).devices]
        if room.startswith("#"):
            wanted = self._megolm.due(place, wanted, now)
        return [one for one in wanted if not self._olm.has(place, one)]

    @atomic
    def claimed(self, room: str, answer: Mapping[str, object]) -> list[DeviceNews]:
        """Begin sessions with the one-time keys that came; which of them were refused."""
        place, refused = self.place(room), []
        for device in self.recipients(room).devices:
            if (said := answer.get(device.curve25519)) is None:
                continue
            try:
                self._begin_session(place, device, said)
            except ValueError as error:
                reason = str(error) if isinstance(error, BadKeys) else "its one-time key is no good"
                refused.append(
                    DeviceNews(
                        NewsKind.REFUSED,
                        device.name,
                        device.device,
                        device.curve25519,
                        reason=reason,
                    )
                )
        return refused

    @atomic
    def seal(self, room: str, message: Message, now: float) -> Sealed:
        """Encrypt something for a conversation, and keep it as one's own.

        What was refused as stale is sealed again with the same cid.
        """
        if message.text or (message.file is None and not message.deleted):
            check_lines(message.text, MOST_SEALED)
        place, recipients = self.place(room), self.recipients(room)
        ready = [one for one in recipients.devices if self._olm.has(place, one.curve25519)]
        without = tuple(one for one in recipients.devices if one not in ready)
        shares: tuple[str, ...] = ()
        if room.startswith("#"):
            if not self.knows(room):
                sentence = f"Who is in {room} is not known yet, so this was not sent: try again."
                raise ChatError("no_keys", sentence)
            if self._others(recipients.withheld) and not self._others(recipients.devices):
                raise nobody_is_verified(room)
            shares, sealed, number = self._writer.for_room(place, message, ready, now)
        else:
            other = fold(room).folded
            if other not in {one.name for one in ready}:
                waiting = other in {one.name for one in recipients.withheld}
                raise nobody_can_read(room, waiting=waiting)
            sealed, number = self._writer.for_pair(place, message, ready)
        own = (self.own.account, self.own.device)
        kept = Kept(
            digest_of(sealed),
            number,
            message.text,
            *own,
            message.target,
            message.file,
            verified=True,
            deleted=message.deleted,
        )
        self.rows.put(TEXT, sent_key(message.cid), kept)
        return Sealed(shares, sealed, without)

    def _others(self, devices: Iterable[KnownDevice]) -> bool:
        """Whether any of these devices is somebody else's."""
        return any(one.name != self.own.account for one in devices)

    @atomic
    def draft(self, message: Message) -> None:
        """Keep what is to be said until it can be encrypted."""
        own = (self.own.account, self.own.device)
        kept = Kept("", 0, message.text, *own, message.target, message.file, verified=True)
        self.rows.put(TEXT, sent_key(message.cid), kept)

    @atomic
    def settle(self, room: str, cid: str, row: bytes, spot: Spot, time: int = 0) -> Kept:
        """A message of one's own is stored; `row` is the one with its `sent_key`.

        The spot of an edit is that of the message it changes.
        """
        kept = msgspec.structs.replace(self.recall(sent_key(cid), row), time=time)
        self._counters.settled(self.place(room), cid)
        self.rows.delete(TEXT, sent_key(cid))
        self.rows.put(TEXT, text_prefix(spot) + kept.digest, kept)
        return kept

    @atomic
    def drop(self, room: str, cid: str) -> None:
        """A message of one's own will never be stored."""
        self._counters.dropped(self.place(room), cid)
        self.rows.delete(TEXT, sent_key(cid))

    # --- hearing -----------------------------------------------------------------------------

    @atomic
    def open(
        self,
        room: str,
        author: str,
        spot: Spot,
        sealed: str,
        comes: Arrival = Arrival.SAID,
        time: int = 0,
    ) -> Opened | Unreadable:
        """Read a message or an edit, whose spot is that of the message it changes.

        Whether the author of an edit is the author of that message is for the caller to see.
        """
        place, author = self.place(room), fold(author).folded
        try:
            opened = self._reader.message(place, author, spot, sealed, comes)
        except CannotRead as error:
            self.rows.forget()
            if comes not in (Arrival.EDIT, Arrival.DELETED):
                self._counters.absent(place, author, spot)
            return self._unreadable(sealed, error.reason)
        doubt = self.doubt(room, author, opened.device, opened.standing)
        opened = opened._replace(doubt=doubt)
        kept = Kept(
            digest=digest_of(sealed),
            n=opened.n,
            text=opened.text,
            author=opened.author,
            device=opened.device,
            target=opened.target,
            file=opened.file,
            verified=opened.verified,
            note=opened.note,
            time=time,
            deleted=opened.deleted,
        )
        self.rows.put(TEXT, text_key(spot, sealed), kept)
        return opened

    @atomic
    def absent(self, room: str, author: str, spot: Spot) -> None:
        """A message was deleted before it came, so nobody misses it."""
        self._counters.absent(self.place(room), fold(author).folded, spot)

    @atomic
    def receive(self, room: str, author: str, sealed: str) -> KeysReceived | Unreadable:
        """Take in a `keys` entry. Those that are not for this device are nothing to show."""
        place, author = self.place(room), fold(author).folded
        try:
            return self._reader.keys(place, author, sealed)
        except CannotRead as error:
            self.rows.forget()
            return self._unreadable(sealed, error.reason)

    def may_greet(self, room: str, name: str, curve25519: str, now: float) -> bool:
        """Whether somebody's device may be greeted; if so, claim a one-time key of it first.

        A device that is not known may not: ask for the keys of the conversation and `learn`.
        """
        if self.people.find(fold(name).folded, curve25519) is None:
            return False
        greeted = self.rows.find("greeted", f"{self.place(room)}\n{curve25519}", _Greeted)
        return greeted is None or not 0 <= now - greeted.at < BETWEEN_GREETINGS

    @atomic
    def greet(self, room: str, name: str, curve25519: str, key: object, now: float) -> str | None:
        """Begin a new session with a device that was not understood: what to share, if anything.

        `key` is what came for this device in the answer to `claim`.
        """
        device = self.people.find(fold(name).folded, curve25519)
        if device is None or not self.may_greet(room, name, curve25519, now):
            return None
        try:
            self._begin_session(self.place(room), device, key)
        except ValueError:
            return None
        self.rows.put("greeted", f"{self.place(room)}\n{curve25519}", _Greeted(now))
        return self._writer.greeting(self.place(room), device)

    # --- what was said and heard -------------------------------------------------------------

    def recall(self, key: str, row: bytes) -> Kept:
        """What is kept in a row of the table TEXT."""
        return msgspec.json.decode(self.rows.vault.open(TEXT, key, row), type=Kept)

    def _unreadable(self, sealed: str, reason: Reason) -> Unreadable:
        if reason in HEALED_BY_GREETING:
            try:
                return Unreadable(reason, parsed(sealed).by)
            except CannotRead:
                pass  # who said it is not readable either
        return Unreadable(reason)

    def _begin_session(self, place: str, device: KnownDevice, said: object) -> None:
        key = checked_one_time(device.name, device.ed25519, device.curve25519, said)
        self._olm.begin(place, device.curve25519, key.key)
