"""Reading what comes sealed: as it comes, and later, out of what was kept of it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace
from twisted.internet.defer import Deferred
from twisted.logger import Logger

from ..core import attachments
from ..core.attachments import Attachment
from ..core.entries import UNREADABLE, Entry, Form, Kind, State
from ..core.errors import ChatError
from .link import Lost
from .shelf import SENT, TEXT

if TYPE_CHECKING:
    from ..secrecy.reading import Kept, Spot, Unreadable
    from .conversations import Conversation
    from .secrets import Secrets
    from .shelf import Change

MOST_AT_HAND = 5000  # rows of messages
PLAIN = "not shown: it is not encrypted, as everything is that is said here"
NOT_KEPT = "not readable here: it was not encrypted for this device, or is not kept"
OTHERS = "not shown: it changes what somebody else has said"
NO_KEYS = "not readable here: there are no keys for it"


class Unsealing:
    """Opens the entries of one user."""

    log = Logger()

    def __init__(self, secrets: Secrets, run: Callable[..., Deferred[Any]]) -> None:
        self._secrets = secrets
        self._run = run

    # --- as they come --------------------------------------------------------------------------

    def opened(self, conversation: Conversation, entry: Entry) -> Entry | None:
        """An entry with what it says, or why that is not to be read; None if it is for nobody."""
        if entry.kind is Kind.KEYS:
            self._receive(conversation, entry)
            return None
        if entry.kind is Kind.ENCRYPT:
            conversation.id = conversation.id or entry.id
            self._secrets.mark(conversation, entry.seq)
            self._secrets.look_around_soon()
        elif entry.kind is Kind.DELETE:
            self._forget(conversation, entry.target or 0)
        if entry.form in UNREADABLE:
            return self._unsealed(conversation, entry)
        if entry.kind in (Kind.MESSAGE, Kind.EDIT):
            return self._plain(conversation, entry)
        return entry

    def _plain(self, conversation: Conversation, entry: Entry) -> Entry:
        marked = self._marked(conversation, entry)
        if marked is entry and entry.state is State.DELETED and self._secrets.is_open:
            # One that was deleted before it came is missing for no bad reason.
            spot = self._spot(conversation, entry)
            gone = self._secrets.confidant.absent(conversation.label, entry.author, spot)
            self._write(gone.changes)
        return marked

    def _marked(self, conversation: Conversation, entry: Entry) -> Entry:
        """Words that nobody can have said where everything is encrypted are not shown as such."""
        since = self._secrets.encrypted_since(conversation)
        said = entry.kind in (Kind.MESSAGE, Kind.EDIT) and entry.state is not State.DELETED
        if not (since and said and entry.seq > since and entry.form < Form.SEALED):
            return entry
        return replace(entry, form=Form.CLOSED, text=PLAIN)

    def _unsealed(self, conversation: Conversation, entry: Entry) -> Entry:
        if not self._secrets.is_open:
            return replace(entry, form=Form.CLOSED, text=NO_KEYS)
        changed = conversation.entries.get(entry.target or 0)
        if changed is not None and changed.author != entry.author:
            return replace(entry, form=Form.CLOSED, text=OTHERS)
        spot, sealed = self._spot(conversation, entry), sealed_of(entry)
        kept = self._own(conversation, entry, spot, sealed) or self._at_hand(spot, sealed)
        if kept is not None:
            return as_opened(entry, kept)
        return self._open(conversation, entry, spot, sealed)

    def _open(self, conversation: Conversation, entry: Entry, spot: Spot, sealed: str) -> Entry:
        from ..secrecy.reading import As, Unreadable

        comes = As.EDIT if entry.kind is Kind.EDIT else As.SAID
        if comes is As.SAID and entry.state is State.EDITED:
            comes = As.EDITED
        label = conversation.label
        opened, changes = self._secrets.confidant.open(
            label, entry.author, spot, sealed, comes, entry.time
        )
        self._write(changes)
        if isinstance(opened, Unreadable):
            self._greet(label, entry.author, opened)
            return replace(entry, form=Form.CLOSED, text=opened.sentence)
        self._secrets.replenish()
        for news in opened.news:
            self._secrets.tell(label, news.sentence)
        if opened.note:
            self._secrets.tell(label, f"{entry.author}, message {entry.seq}: {opened.note}.")
        return as_opened(entry, opened)

    def _own(
        self, conversation: Conversation, entry: Entry, spot: Spot, sealed: str
    ) -> Kept | None:
        """What this device has sent itself; now it has its number."""
        from ..secrecy.reading import digest_of

        if entry.author != self._secrets.conversations.name:
            return None
        texts, confidant = self._secrets.shelf.texts, self._secrets.confidant
        digest = digest_of(sealed)
        for key in [one for one in texts if one.startswith(SENT)]:
            row = texts[key]
            if confidant.recall(key, row).digest == digest:
                del texts[key]
                cid = key.removeprefix(SENT)
                settled = confidant.settle(conversation.label, cid, row, spot, entry.time)
                self._write(settled.changes)
                return settled.value
        return None

    def _at_hand(self, spot: Spot, sealed: str) -> Kept | None:
        """What was read before the client was killed, or with the message that an edit changes."""
        from ..secrecy.reading import text_key

        key = text_key(spot, sealed)
        row = self._secrets.shelf.texts.get(key)
        return None if row is None else self._secrets.confidant.recall(key, row)

    def _spot(self, conversation: Conversation, entry: Entry) -> Spot:
        from ..secrecy.reading import Spot

        edits = entry.kind is Kind.EDIT and entry.target is not None
        return Spot(conversation.id, (entry.target or 0) if edits else entry.seq)

    def _write(self, changes: Iterable[Change]) -> None:
        changes = tuple(changes)
        texts = self._secrets.shelf.texts
        for change in changes:
            if change[0] == TEXT and len(change) == 3 and not change[1].startswith(SENT):
                texts[change[1]] = change[2]  # an edit may bring the same once more
        while len(texts) > MOST_AT_HAND:
            del texts[next(iter(texts))]
        self._secrets.write(changes).addErrback(
            lambda failure: self._secrets.tell("", str(failure.value))
        )

    def _forget(self, conversation: Conversation, target: int) -> None:
        """A message was deleted: nothing of it is kept here either."""
        if not (self._secrets.is_open and conversation.encrypted):
            return
        from ..secrecy.reading import Spot, text_prefix

        prefix = text_prefix(Spot(conversation.id, target))
        texts = self._secrets.shelf.texts
        for key in [one for one in texts if one.startswith(prefix)]:
            del texts[key]
        self._secrets.shelf.forget_texts(prefix).addErrback(lambda failure: None)

    # --- keys ----------------------------------------------------------------------------------

    def _receive(self, conversation: Conversation, entry: Entry) -> None:
        """Keys that a device hands to others, perhaps to this one."""
        from ..secrecy.reading import Handed

        if not self._secrets.is_open:
            return
        label = conversation.label
        handed, changes = self._secrets.confidant.receive(label, entry.author, entry.text)
        self._write(changes)
        if isinstance(handed, Handed):
            for news in handed.news:
                self._secrets.tell(label, news.sentence)
        else:
            self._greet(label, entry.author, handed)

    def _greet(self, label: str, author: str, unreadable: Unreadable) -> None:
        """Begin anew with a device that is not understood, so that what it says next is."""
        if unreadable.greet:
            greeted = Deferred.fromCoroutine(self._begin_anew(label, author, unreadable.greet))
            greeted.addErrback(self._not_greeted)

    async def _begin_anew(self, label: str, author: str, device: str) -> None:
        secrets = self._secrets
        if not secrets.version(label):
            await secrets.learn(label)
        if not secrets.confidant.may_greet(label, author, device, secrets.wall()):
            return
        answer = await secrets.ask("claim", room=label, devices=[device])
        key = answer["one_time"].get(device)
        if key is None:
            return
        sealed = await secrets.kept(
            secrets.confidant.greet(label, author, device, key, secrets.wall())
        )
        if sealed is not None:
            await secrets.share(label, sealed)

    def _not_greeted(self, failure: Any) -> None:
        if not failure.check(Lost, ChatError):
            self.log.failure("A device could not be greeted", failure)

    # --- later -----------------------------------------------------------------------------------

    async def recalled(self, label: str, entries: Sequence[Entry]) -> list[Entry]:
        """Entries of a page, with what was kept of those that are sealed."""
        conversation = self._secrets.conversations.get(label)
        if conversation is None or not self._secrets.is_open:
            return list(entries)
        from ..secrecy.reading import text_key

        shown = [entry for entry in entries if entry.kind is not Kind.KEYS]
        keys = {
            index: text_key(self._spot(conversation, entry), sealed_of(entry))
            for index, entry in enumerate(shown)
            if entry.form in UNREADABLE
        }
        rows = await self._secrets.shelf.find_texts(keys.values()) if keys else {}
        for index, entry in enumerate(shown):
            key = keys.get(index, "")
            if not key:
                shown[index] = self._marked(conversation, entry)
                continue
            row = rows.get(key)
            kept = None if row is None else self._secrets.confidant.recall(key, row)
            if kept is None or not self._is_by(entry, kept):
                shown[index] = replace(entry, form=Form.CLOSED, text=NOT_KEPT)
            else:
                shown[index] = as_opened(entry, kept)
        return shown

    def _is_by(self, entry: Entry, kept: Kept) -> bool:
        from ..core.names import fold

        return fold(entry.author).folded == kept.author

    async def kept_at(self, label: str, seq: int) -> Kept | None:
        """The newest of what was kept of one message."""
        conversation = self._secrets.conversations.get(label)
        if conversation is None or not self._secrets.is_open:
            return None
        from ..secrecy.reading import Spot, newest, text_prefix

        prefix = text_prefix(Spot(conversation.id, seq))
        rows = await self._secrets.shelf.some_texts(prefix)
        versions = [self._secrets.confidant.recall(key, row) for key, row in rows.items()]
        return newest(versions) if versions else None

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
        confidant = self._secrets.confidant

        def look(label: str, rows: dict[str, bytes]) -> list[tuple[str, Entry]]:
            return [
                (label, entry)
                for entry in newest_of(confidant, rows)
                if all(word.search(entry.text.casefold()) for word in wanted)
                and fits(label, entry.seq, entry.author, entry.time)
            ]

        for label, conversation in list(self._secrets.conversations.all.items()):
            if conversation.encrypted and conversation.id:
                rows = await self._secrets.shelf.some_texts(f"{conversation.id}/")
                found += await self._run(lambda label=label, rows=rows: look(label, rows))
        return sorted(found, key=lambda one: one[1].time)


def newest_of(confidant: Any, rows: dict[str, bytes]) -> list[Entry]:
    """Every message that is kept in some rows, as it is now."""
    from ..secrecy.reading import newest

    versions: dict[int, list[Kept]] = {}
    for key, row in rows.items():
        versions.setdefault(int(key.split("/")[1]), []).append(confidant.recall(key, row))
    found = []
    for seq, several in versions.items():
        kept = newest(several)
        state = State.EDITED if kept.target is not None else State.AS_SAID
        entry = Entry(
            0, 0, seq, Kind.MESSAGE, kept.time, None, kept.author, state=state, form=Form.SEALED
        )
        found.append(as_opened(entry, kept))
    return found


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
