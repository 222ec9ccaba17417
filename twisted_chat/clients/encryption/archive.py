"""Reading again what came sealed, out of what was kept of it."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace
from twisted.internet.defer import Deferred

from ...core.entries import UNREADABLE, Entry, Form, Kind, State
from ...core.formatting import unformatted
from .incoming import FILE, as_opened, is_by, marked_plain, remember_file, sealed_of, spot_of

if TYPE_CHECKING:
    from ...e2e.messages import Kept
    from .secrets import Secrets

NOT_KEPT = "not readable here: it was not encrypted for this device, or is not kept"


class Recalling:
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
