"""Everything a client needs to talk end-to-end encrypted, for one device of one account.

A `Confidant` is made of the rows that were kept and does nothing by itself. Every operation
that changes anything gives an `Outcome`: its value, and the changes of rows to be written in
one transaction before anything in the value is sent, shown or acknowledged. If they cannot be
written, throw the `Confidant` away and make another from the rows on disk: the operation was
never done, and may be done again. An operation that raises has changed nothing.

The rows of the table `rows.TEXT` are one to a message and are not given to the constructor:
read one when it is wanted, and let `recall` open it. Entries are opened in the order of their
numbers in a conversation, live or missed: the keys of ten thousand old messages are not kept.
Look for the row of a message (`text_key`) before it is opened: what was opened and written does
not open a second time.

    sealed = confidant.seal("bob", Message(cid, "hi"), now)       # write sealed.changes, then
    ...                                                            # share, send; then
    confidant.settle("bob", cid, row, Spot(conversation, seq))     # it has its number
    opened = confidant.open("bob", "bob", Spot(conversation, seq), text)
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import wraps
from hashlib import sha256
from typing import TYPE_CHECKING, Concatenate, Generic, NamedTuple, ParamSpec, TypeVar

import msgspec

from ..core.errors import ChatError
from ..core.names import fold, room_name
from .acquaintances import Acquaintance, Acquaintances, News, What
from .base64 import to_base64
from .counting import Counting
from .device import OwnDevice
from .group import Groups
from .opening import Opening, parsed
from .pairwise import Pairwise
from .reading import (
    HEALED_BY_GREETING,
    CannotRead,
    Handed,
    Kept,
    Opened,
    Reason,
    Spot,
    Unreadable,
)
from .rows import TEXT, Change, Delete, Rows
from .sealing import Message, Sealed, Sealing, nobody_can_read
from .signed import BadKeys, Bundle, checked_one_time
from .words import six_words

if TYPE_CHECKING:
    from .vault import Vault

BETWEEN_GREETINGS = 3_600  # seconds, of one device
P = ParamSpec("P")
Value = TypeVar("Value")


class Outcome(NamedTuple, Generic[Value]):
    """What an operation gave, and what has to be written before that is used."""

    value: Value
    changes: tuple[Change, ...]


class Recipients(NamedTuple):
    """Who in a conversation may be sent to now."""

    devices: tuple[Acquaintance, ...]
    withheld: tuple[Acquaintance, ...]  # until their owners are verified


class _Members(msgspec.Struct):
    names: list[str]


class _Greeted(msgspec.Struct):
    at: float


def _whole(
    operation: Callable[Concatenate[Confidant, P], Value],
) -> Callable[Concatenate[Confidant, P], Outcome[Value]]:
    """Done whole, with the changes to write, or not at all."""

    @wraps(operation)
    def run(self: Confidant, /, *args: P.args, **named: P.kwargs) -> Outcome[Value]:
        try:
            value = operation(self, *args, **named)
            return Outcome(value, self._rows.take())
        finally:
            self._rows.forget()

    return run


class Confidant:
    """One device, and all it knows of others. `room` is a `#room` or the name of a person."""

    def __init__(self, vault: Vault, rows: Iterable[tuple[str, str, bytes]]) -> None:
        """`rows` are all that were kept, but for the table TEXT."""
        self._rows = Rows(vault, rows)
        self._begin(OwnDevice(self._rows))

    @classmethod
    def new(cls, vault: Vault, account: str, device: str) -> Outcome[Confidant]:
        """A device that has not been before, called as the session of the account is."""
        first = Rows(vault, ())
        OwnDevice.make(first, fold(account).folded, device)
        changes = first.take()
        rows = [(one.table, one.key, one.value) for one in changes if not isinstance(one, Delete)]
        return Outcome(cls(vault, rows), changes)

    def _begin(self, own: OwnDevice) -> None:
        self.own = own
        self.people = Acquaintances(self._rows, own.account, own.keys)
        self._counting = Counting(self._rows)
        self._groups = Groups(self._rows)
        self._pairwise = Pairwise(self._rows, own)
        self._sealing = Sealing(own, self._pairwise, self._groups, self._counting)
        self._opening = Opening(own, self.people, self._pairwise, self._groups, self._counting)

    def place(self, room: str) -> str:
        """What a conversation is called inside messages, the same on both sides."""
        if room.startswith("#"):
            return room_name(room).folded
        return " ".join(sorted([self.own.account, fold(room).folded]))

    # --- keys of one's own -------------------------------------------------------------------

    @_whole
    def publish(self, at_server: int, now: float) -> Bundle | None:
        """What to publish when the server has so many one-time keys left; None if nothing."""
        return self.own.bundle(at_server, now)

    # --- other people ------------------------------------------------------------------------

    @_whole
    def learn(self, room: str, people: Mapping[str, Sequence[object]]) -> list[News]:
        """Take in the answer to `keys`; tell the person what is new before anything is sent."""
        told = {fold(name).folded: devices for name, devices in people.items()}
        names = self._names(room)
        if room.startswith("#"):
            names = sorted(told)
            self._rows.put("members", self.place(room), _Members(names))
        return [one for name in names for one in self.people.learn(name, told.get(name, ()))]

    def recipients(self, room: str) -> Recipients:
        """The devices that may read what is said now, and those that have to wait."""
        devices = [one for name in self._names(room) for one in self.people.devices(name)]
        return Recipients(
            tuple(one for one in devices if not one.waits),
            tuple(one for one in devices if one.waits),
        )

    def words(self, name: str) -> str:
        """The six words to compare with somebody."""
        other = fold(name).folded
        keys = {one.ed25519 for one in self.people.devices(other)}
        if not keys or other == self.own.account:
            raise ChatError("no_keys", f"There are no keys of {name} to compare yet.")
        own = {one.ed25519 for one in self.people.devices(self.own.account)}
        return six_words(self.own.account, {*own, self.own.ed25519}, other, keys)

    @_whole
    def verify(self, name: str, words: str) -> None:
        """The words that were shown are the same on the other side."""
        if words != self.words(name):
            raise ChatError(
                "changed",
                f"The devices have changed since the words were shown: say /verify {name} again.",
            )
        self.people.verify(fold(name).folded)

    @_whole
    def trust_own(self) -> None:
        """One's other devices are all one's own."""
        self.people.verify(self.own.account)

    def _names(self, room: str) -> list[str]:
        if not room.startswith("#"):
            return self.place(room).split(" ")
        members = self._rows.find("members", self.place(room), _Members)
        return members.names if members is not None else []

    # --- saying ------------------------------------------------------------------------------

    def unclaimed(self, room: str, now: float) -> list[str]:
        """The devices of which a one-time key has to be claimed before something is said."""
        place = self.place(room)
        wanted = [one.curve25519 for one in self.recipients(room).devices]
        if room.startswith("#"):
            wanted = self._groups.due(place, wanted, now)
        return [one for one in wanted if not self._pairwise.has(place, one)]

    @_whole
    def claimed(self, room: str, answer: Mapping[str, object]) -> list[News]:
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
                    News(What.REFUSED, device.name, device.device, device.curve25519, reason=reason)
                )
        return refused

    @_whole
    def seal(self, room: str, message: Message, now: float) -> Sealed:
        """Encrypt something for a conversation, and keep it as one's own.

        What was refused as stale is sealed again with the same cid.
        """
        place, recipients = self.place(room), self.recipients(room)
        ready = [one for one in recipients.devices if self._pairwise.has(place, one.curve25519)]
        without = tuple(one for one in recipients.devices if one not in ready)
        shares: tuple[str, ...] = ()
        if room.startswith("#"):
            shares, sealed = self._sealing.for_room(place, message, ready, now)
        else:
            other = fold(room).folded
            if other not in {one.name for one in ready}:
                waiting = other in {one.name for one in recipients.withheld}
                raise nobody_can_read(room, waiting=waiting)
            sealed = self._sealing.for_pair(place, message, ready)
        kept = Kept(
            digest=_digest(sealed),
            text=message.text,
            author=self.own.account,
            device=self.own.device,
            target=message.target,
            file=message.file,
            verified=True,
        )
        self._rows.put(TEXT, sent_key(message.cid), kept)
        return Sealed(shares, sealed, without)

    @_whole
    def settle(self, room: str, cid: str, row: bytes, spot: Spot) -> Kept:
        """A message of one's own has its number; `row` is the one with its `sent_key`."""
        kept = self._kept(sent_key(cid), row)
        self._counting.settled(self.place(room), cid)
        self._rows.delete(TEXT, sent_key(cid))
        self._rows.put(TEXT, text_key(spot), kept)
        return kept

    @_whole
    def drop(self, room: str, cid: str) -> None:
        """A message of one's own will never be stored."""
        self._counting.dropped(self.place(room), cid)
        self._rows.delete(TEXT, sent_key(cid))

    # --- hearing -----------------------------------------------------------------------------

    @_whole
    def open(
        self, room: str, author: str, spot: Spot, sealed: str, target: int | None = None
    ) -> Opened | Unreadable:
        """Read a message; `target` is the number that the server says it edits."""
        place, author = self.place(room), fold(author).folded
        try:
            opened = self._opening.message(place, author, spot, sealed, target)
        except CannotRead as error:
            self._rows.forget()
            unreadable = self._unreadable(author, sealed, error.reason)
            if unreadable.greet or error.reason is Reason.NOT_FOR_DEVICE:
                self._counting.blank(place, parsed(sealed).by, spot)
            return unreadable
        kept = Kept(
            digest=_digest(sealed),
            text=opened.text,
            author=opened.author,
            device=opened.device,
            target=opened.target,
            file=opened.file,
            verified=opened.verified,
            note=opened.note,
        )
        self._rows.put(TEXT, text_key(spot), kept)
        return opened

    @_whole
    def receive(self, room: str, author: str, sealed: str) -> Handed | Unreadable:
        """Take in a `keys` entry. Those that are not for this device are nothing to show."""
        place, author = self.place(room), fold(author).folded
        try:
            return self._opening.keys(place, author, sealed)
        except CannotRead as error:
            self._rows.forget()
            return self._unreadable(author, sealed, error.reason)

    def may_greet(self, curve25519: str, now: float) -> bool:
        """Whether a device may be greeted; if so, claim a one-time key of it first."""
        greeted = self._rows.find("greeted", curve25519, _Greeted)
        return greeted is None or not 0 <= now - greeted.at < BETWEEN_GREETINGS

    @_whole
    def greet(self, room: str, name: str, curve25519: str, key: object, now: float) -> str | None:
        """Begin a new session with a device that was not understood: what to share, if anything.

        `key` is what came for this device in the answer to `claim`.
        """
        device = self.people.find(fold(name).folded, curve25519)
        if device is None or not self.may_greet(curve25519, now):
            return None
        try:
            self._begin_session(self.place(room), device, key)
        except ValueError:
            return None
        self._rows.put("greeted", curve25519, _Greeted(now))
        return self._sealing.greeting(self.place(room), device)

    # --- what was said and heard -------------------------------------------------------------

    def recall(self, spot: Spot, row: bytes, sealed: str | None = None) -> Kept | None:
        """A message that was kept; None if it is not the one in this envelope."""
        kept = self._kept(text_key(spot), row)
        return None if sealed is not None and _digest(sealed) != kept.digest else kept

    def recall_sent(self, cid: str, row: bytes) -> Kept:
        """A message of one's own that has no number yet."""
        return self._kept(sent_key(cid), row)

    def _kept(self, key: str, row: bytes) -> Kept:
        return msgspec.json.decode(self._rows.vault.open(TEXT, key, row), type=Kept)

    def _unreadable(self, author: str, sealed: str, reason: Reason) -> Unreadable:
        if reason not in HEALED_BY_GREETING:
            return Unreadable(reason)
        try:
            by = parsed(sealed).by
        except CannotRead:
            return Unreadable(reason)
        return Unreadable(reason, by if self.people.find(author, by) is not None else "")

    def _begin_session(self, place: str, device: Acquaintance, said: object) -> None:
        key = checked_one_time(device.name, device.ed25519, device.curve25519, said)
        self._pairwise.begin(place, device.curve25519, key.key)


def text_key(spot: Spot) -> str:
    """The key of a message's row; rows of a conversation sort by number."""
    return f"{spot.conversation}/{spot.seq:012}"


def sent_key(cid: str) -> str:
    """The key of the row of a message of one's own that has no number yet."""
    return f"cid/{cid}"


def _digest(sealed: str) -> str:
    return to_base64(sha256(sealed.encode()).digest())
