"""Decrypting what comes, as it comes (`Decryptor`), and reading it again later (`Archive`)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace
from twisted.internet.defer import Deferred
from twisted.logger import Logger

from ...core import attachments
from ...core.attachments import Attachment
from ...core.encryption import RowChange
from ...core.entries import SECRET, UNREADABLE, WORDS, Entry, Form, Kind, State
from ...core.errors import ChatError
from ...core.formatting import unformatted
from ...core.names import fold
from ..connection.link import Lost
from ..sync.conversations import Conversation
from ..sync.storage import SENT, TEXT
from .secrets import Secrets

if TYPE_CHECKING:
    from ...e2e.messages import Kept, Opened, Spot, Unreadable

MOST_AT_HAND = 5000  # rows of messages
FILE = "file "  # facts: the message that names the sealed file of this number
PLAIN = "not shown: it is not encrypted, as everything is that is said here"
OTHERS = "not shown: it changes what somebody else has said"
NO_KEYS = "not readable here: there are no keys for it"


class Decryptor:
    """Opens the entries of one user."""

    log = Logger()

    def __init__(self, secrets: Secrets) -> None:
        self._secrets = secrets
        self._deleting: set[tuple[str, int]] = set()  # messages, by this person at this client
        self._greeting: set[tuple[str, str]] = set()  # the places and devices that are greeted now

    # --- as they come --------------------------------------------------------------------------

    def opened(self, conversation: Conversation, entry: Entry) -> Entry | None:
        """An entry with what it says, or why that is not to be read; None if it is for nobody."""
        if entry.kind is Kind.KEYS:
            self._receive(conversation, entry)
            return None
        if entry.kind is Kind.ENCRYPT:
            conversation.id = conversation.id or entry.id
            self._secrets.encrypted.mark(conversation, entry.seq)
            self._secrets.devices.look_around_soon()
        elif entry.kind is Kind.DELETE:
            return self._deleted(conversation, entry)
        if entry.form in UNREADABLE:
            return self._unsealed(conversation, entry)
        if entry.kind in (Kind.MESSAGE, Kind.EDIT):
            return self._plain(conversation, entry)
        return entry

    def _plain(self, conversation: Conversation, entry: Entry) -> Entry:
        marked = marked_plain(self._secrets.encrypted.since(conversation), entry)
        if marked is entry and entry.state is State.DELETED and self._secrets.is_open:
            # One that was deleted before it came is missing for no bad reason.
            spot = spot_of(conversation, entry)
            gone = self._secrets.machine.absent(conversation.label, entry.author, spot)
            self._write(gone.changes)
        return marked

    def _unsealed(self, conversation: Conversation, entry: Entry) -> Entry:
        if not self._secrets.is_open:
            return replace(entry, form=Form.CLOSED, text=NO_KEYS)
        changed = conversation.entries.get(entry.target or 0)
        if changed is not None and changed.author != entry.author:
            return replace(entry, form=Form.CLOSED, text=OTHERS)
        read = self._read(conversation, entry)
        if isinstance(read, Entry):
            return read
        if entry.kind is Kind.MESSAGE and entry.state is State.AS_SAID:
            self._secrets.encrypted.mark(conversation, entry.seq - 1)  # it proves that much
        remember_file(self._secrets, conversation, entry)
        return as_opened(entry, read)

    def _read(self, conversation: Conversation, entry: Entry) -> Opened | Kept | Entry:
        """What it says, or else the entry with the reason why that is not to be read."""
        spot, sealed = spot_of(conversation, entry), sealed_of(entry)
        kept = self._own(conversation, entry, spot, sealed) or self._at_hand(entry, spot, sealed)
        return kept or self._open(conversation, entry, spot, sealed)

    def _open(
        self,
        conversation: Conversation,
        entry: Entry,
        spot: Spot,
        sealed: str,
    ) -> Opened | Entry:
        """What it says, or else the entry with the reason why that is not to be read."""
        from ...e2e.messages import Arrival, Unreadable

        comes = {Kind.EDIT: Arrival.EDIT, Kind.DELETE: Arrival.DELETED}.get(
            entry.kind, Arrival.SAID
        )
        if comes is Arrival.SAID and entry.state is State.EDITED:
            comes = Arrival.EDITED
        label = conversation.label
        opened, changes = self._secrets.machine.open(
            label, entry.author, spot, sealed, comes, entry.time
        )
        if isinstance(opened, Unreadable):
            self._write(changes)
            self._greet(label, entry.author, opened)
            return replace(entry, form=Form.CLOSED, text=opened.sentence)
        for news in opened.news:  # before it is kept: better twice than never
            self._secrets.tell(label, news.sentence)
        if opened.note:
            self._secrets.tell(label, f"{entry.author}, message {entry.seq}: {opened.note}.")
        self._write(changes)
        self._secrets.replenish()
        return opened

    def _own(
        self, conversation: Conversation, entry: Entry, spot: Spot, sealed: str
    ) -> Kept | None:
        """What this device has sent itself; now it has its number."""
        from ...e2e.messages import digest_of

        if entry.author != self._secrets.conversations.name:
            return None
        sent, machine = self._secrets.storage.sent, self._secrets.machine
        digest = digest_of(sealed)
        for cid, row in sent.items():
            if machine.recall(SENT + cid, row).digest == digest:
                del sent[cid]
                settled = machine.settle(conversation.label, cid, row, spot, entry.time)
                self._write(settled.changes)
                return settled.value
        return None

    def _at_hand(self, entry: Entry, spot: Spot, sealed: str) -> Kept | None:
        """What was read before the client was killed, or with the message that an edit changes."""
        from ...e2e.messages import text_key

        key = text_key(spot, sealed)
        row = self._secrets.storage.texts.get(key)
        kept = None if row is None else self._secrets.machine.recall(key, row)
        return kept if kept is not None and is_by(entry, kept) else None

    def _write(self, changes: Iterable[RowChange]) -> None:
        changes = tuple(changes)
        texts = self._secrets.storage.texts
        for table, key, value in changes:
            if table == TEXT and value is not None and not key.startswith(SENT):
                texts[key] = value  # an edit may bring the same once more
        while len(texts) > MOST_AT_HAND:
            del texts[next(iter(texts))]
        self._secrets.write(changes).addErrback(
            lambda failure: self._secrets.tell("", str(failure.value))
        )

    # --- what was deleted ----------------------------------------------------------------------

    def expect_deletion(self, label: str, seq: int, wanted: bool = True) -> None:
        """Whether this person deletes a message: then nothing of it is to be kept here."""
        if wanted:
            self._deleting.add((label, seq))
        else:
            self._deleting.discard((label, seq))

    def _deleted(self, conversation: Conversation, entry: Entry) -> Entry:
        """A message was deleted, as the server says; whether its author does, is inside."""
        secrets, target = self._secrets, (conversation.label, entry.target or 0)
        wanted, by_author = target in self._deleting, False
        self._deleting.discard(target)
        if entry.form in UNREADABLE:
            read = self._read(conversation, entry) if secrets.is_open else entry
            # What a device says that is not verified, or not in use, proves nothing.
            by_author = not isinstance(read, Entry) and read.deleted and not read.note
            reason = "" if isinstance(read, Entry) or not by_author else read.text
            entry = replace(entry, form=Form.WORDS, text=reason)
        if secrets.is_open and secrets.encrypted(conversation.label):
            seen = Deferred.fromCoroutine(self._see_to(conversation, entry, by_author, wanted))
            seen.addErrback(self._not_seen_to)
        return entry

    async def _see_to(
        self, conversation: Conversation, entry: Entry, by_author: bool, wanted: bool
    ) -> None:
        """Erase what is kept of a message if its author, or this person, has deleted it."""
        from ...e2e.messages import newest

        label, seq = conversation.label, entry.target or 0
        versions = await self._versions(conversation, seq)
        said = {key: kept for key, kept in versions.items() if not kept.deleted}
        own = [key for key, kept in said.items() if by_author and is_by(entry, kept)]
        erased = list(said) if wanted else own
        for key in erased:
            self._secrets.storage.texts.pop(key, None)
        await self._secrets.write([RowChange(TEXT, key, None) for key in erased])
        kept = newest(said.values())
        if kept is not None and not erased:
            author = kept.author
            self._secrets.tell(
                label,
                f"The server says that {entry.author} deleted message {seq} of {author}. Only a"
                f" device of {author} could prove that, and none has: what was said is kept on this"
                f" computer. /jump {label}/{seq} shows it.",
            )

    async def _versions(self, conversation: Conversation, seq: int) -> dict[str, Kept]:
        """What is kept of a message and its edits, by the keys of the rows."""
        from ...e2e.messages import Spot, text_prefix

        rows = await self._secrets.storage.some_texts(text_prefix(Spot(conversation.id, seq)))
        return {key: self._secrets.machine.recall(key, row) for key, row in rows.items()}

    def _not_seen_to(self, failure: Any) -> None:
        if failure.check(ChatError):
            self._secrets.tell("", failure.value.sentence)
        else:
            self.log.failure("A deletion could not be seen to", failure)

    # --- keys ----------------------------------------------------------------------------------

    def _receive(self, conversation: Conversation, entry: Entry) -> None:
        """Keys that a device hands to others, perhaps to this one."""
        from ...e2e.messages import KeysReceived

        if not self._secrets.is_open:
            return
        label = conversation.label
        handed, changes = self._secrets.machine.receive(label, entry.author, entry.text)
        if isinstance(handed, KeysReceived):
            for news in handed.news:
                self._secrets.tell(label, news.sentence)
        self._write(changes)
        if not isinstance(handed, KeysReceived):
            self._greet(label, entry.author, handed)

    def _greet(self, label: str, author: str, unreadable: Unreadable) -> None:
        """Begin anew with a device that is not understood, so that what it says next is."""
        device = unreadable.greet
        if device and (label, device) not in self._greeting:
            self._greeting.add((label, device))
            greeted = Deferred.fromCoroutine(self._begin_anew(label, author, device))
            greeted.addErrback(self._not_greeted)
            greeted.addBoth(lambda _: self._greeting.discard((label, device)))

    async def _begin_anew(self, label: str, author: str, device: str) -> None:
        secrets = self._secrets
        if not secrets.devices.is_known(label):
            await secrets.devices.learn(label)
        if not secrets.machine.may_greet(label, author, device, secrets.wall()):
            return
        key = (await secrets.devices.claimed(label, [device])).get(device)
        if key is None:
            return
        sealed = await secrets.kept(
            secrets.machine.greet(label, author, device, key, secrets.wall())
        )
        if sealed is not None:
            await secrets.share(label, sealed)

    def _not_greeted(self, failure: Any) -> None:
        if not failure.check(Lost, ChatError):
            self.log.failure("A device could not be greeted", failure)


def spot_of(conversation: Conversation, entry: Entry) -> Spot:
    """Where a message stands, or the message that an edit or a deletion changes."""
    from ...e2e.messages import Spot

    edits = entry.kind in (Kind.EDIT, Kind.DELETE) and entry.target is not None
    return Spot(conversation.id, (entry.target or 0) if edits else entry.seq)


def is_by(entry: Entry, kept: Kept) -> bool:
    """Whether what was kept is of the one who says it, as the server tells now."""
    try:
        return fold(entry.author).folded == kept.author
    except ChatError:
        return False


def marked_plain(since: int | None, entry: Entry) -> Entry:
    """Words that nobody can have said where everything is encrypted are not shown as such."""
    said = entry.kind in WORDS and entry.state is not State.DELETED
    if since is None or not (said and entry.seq > since and entry.form not in SECRET):
        return entry
    return replace(entry, form=Form.CLOSED, text=PLAIN)


def remember_file(secrets: Secrets, conversation: Conversation, entry: Entry) -> None:
    """Which message has the key of a file: no server may say later that it is another file."""
    attachment = attachments.read(entry.text) if entry.form is Form.SEALED_FILE else None
    if attachment is None:
        return
    fact, message = f"{FILE}{attachment.file}", f"{conversation.id}/{entry.seq}"
    if secrets.storage.facts.get(fact) != message:
        secrets.forgotten(secrets.storage.remember(**{fact: message}))


def sealed_of(entry: Entry) -> str:
    """The envelope of an entry."""
    if entry.form is Form.SEALED:
        return entry.text
    attachment = attachments.read(entry.text)
    return attachment.sealed if attachment is not None else ""


def as_opened(entry: Entry, said: Any) -> Entry:
    """An entry with what it says instead of its envelope."""
    if said.file is None:
        return replace(entry, form=Form.OPENED, text=said.text)
    stored = attachments.read(entry.text) if entry.form is Form.SEALED_FILE else None
    number, sha256 = (stored.file, stored.sha256) if stored is not None else (0, "")
    opened = Attachment(number, said.file.size, sha256, said.file.name)
    return replace(entry, form=Form.OPENED_FILE, text=attachments.written(opened))


NOT_KEPT = "not readable here: it was not encrypted for this device, or is not kept"


class Archive:
    """What one user has read of encrypted conversations."""

    def __init__(self, secrets: Secrets, run: Callable[..., Deferred[Any]]) -> None:
        self._secrets = secrets
        self._run = run

    async def recalled(self, label: str, entries: Sequence[Entry]) -> list[Entry]:
        """Entries of a page, with what was kept of those that are sealed."""
        shown = [entry for entry in entries if entry.kind is not Kind.KEYS]
        conversation = self._secrets.conversations.get(label)
        if conversation is None or not self._secrets.is_open:
            since = 0 if self._secrets.encrypted(label) else None
            return [marked_plain(since, entry) for entry in shown]
        from ...e2e.messages import text_key

        since = self._secrets.encrypted.since(conversation)
        keys = {
            index: text_key(spot_of(conversation, entry), sealed_of(entry))
            for index, entry in enumerate(shown)
            if entry.form in UNREADABLE
        }
        rows = await self._secrets.storage.find_texts(keys.values()) if keys else {}
        for index, entry in enumerate(shown):
            key = keys.get(index, "")
            if not key and since is not None and entry.state is State.DELETED and entry.seq > since:
                shown[index] = await self._kept_of_deleted(conversation.id, entry)
                continue
            if not key:
                shown[index] = marked_plain(since, entry)
                continue
            row = rows.get(key)
            kept = None if row is None else self._secrets.machine.recall(key, row)
            if kept is None or not is_by(entry, kept):
                shown[index] = replace(entry, form=Form.CLOSED, text=NOT_KEPT)
            else:
                remember_file(self._secrets, conversation, entry)
                shown[index] = as_opened(entry, kept)
        return shown

    async def _kept_of_deleted(self, conversation: int, entry: Entry) -> Entry:
        """A message that was deleted as the server says, with what is kept of it here."""
        kept = await self._kept(conversation, entry.seq)
        if kept is None or kept.deleted or not is_by(entry, kept):
            return entry
        file = kept.file
        text = kept.text if file is None else f"(the file {file.name}, which is not there any more)"
        return replace(entry, form=Form.OPENED, text=text)

    def is_sealed(self, label: str, seq: int) -> bool:
        """Whether whatever was said there under this number was encrypted."""
        conversation = self._secrets.conversations.get(label)
        if conversation is None:
            return self._secrets.encrypted(label)
        since = self._secrets.encrypted.since(conversation)
        return since is not None and seq > since

    async def kept_at(self, label: str, seq: int) -> Kept | None:
        """The newest of what was kept of one message."""
        conversation = self._secrets.conversations.get(label)
        return None if conversation is None else await self._kept(conversation.id, seq)

    async def file(self, number: int) -> Kept | None:
        """What was kept of the message that names a file of this number, if it was sealed."""
        if not self._secrets.is_open:
            return None
        where = self._secrets.storage.facts.get(f"{FILE}{number}")
        return None if where is None else await self._kept(*map(int, where.split("/")))

    async def _kept(self, conversation: int, seq: int) -> Kept | None:
        if not self._secrets.is_open:
            return None
        from ...e2e.messages import Spot, newest, text_prefix

        rows = await self._secrets.storage.some_texts(text_prefix(Spot(conversation, seq)))
        versions = [self._secrets.machine.recall(key, row) for key, row in rows.items()]
        return newest(versions)

    async def search(
        self, words: Sequence[str], fits: Callable[[str, int, str, int], bool]
    ) -> list[tuple[str, Entry]]:
        """Messages of encrypted conversations in which all of these words are, oldest first.

        `fits` is asked with the conversation, the number, the author and the time of each.
        """
        found: list[tuple[str, Entry]] = []
        if not self._secrets.is_open:
            return found
        wanted = [re.compile(re.escape(word.casefold())) for word in words]
        machine = self._secrets.machine

        def look(label: str, rows: dict[str, bytes]) -> list[tuple[str, Entry]]:
            return [
                (label, entry)
                for entry in newest_of(machine, rows)
                if all(word.search(unformatted(entry.text).casefold()) for word in wanted)
                and fits(label, entry.seq, entry.author, entry.time)
            ]

        for label, conversation in list(self._secrets.conversations.all.items()):
            if conversation.encrypted and conversation.id:
                rows = await self._secrets.storage.some_texts(f"{conversation.id}/")
                found += await self._run(lambda label=label, rows=rows: look(label, rows))
        return sorted(found, key=lambda one: one[1].time)


def newest_of(machine: Any, rows: dict[str, bytes]) -> list[Entry]:
    """Every message that is kept in some rows, as it is now."""
    from ...e2e.messages import newest

    versions: dict[int, list[Kept]] = {}
    for key, row in rows.items():
        versions.setdefault(int(key.split("/")[1]), []).append(machine.recall(key, row))
    found = []
    for seq, several in versions.items():
        kept = newest(several)
        if kept is None or kept.deleted:
            continue
        state = State.EDITED if kept.target is not None else State.AS_SAID
        entry = Entry(
            0, 0, seq, Kind.MESSAGE, kept.time, None, kept.author, state=state, form=Form.SEALED
        )
        found.append(as_opened(entry, kept))
    return found
