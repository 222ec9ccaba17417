"""Encrypting what one says: on disk before it is sent, and the same bytes until it is stored."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from secrets import token_hex
from typing import TYPE_CHECKING, Any

from twisted.python.failure import Failure

from ...core.encryption import RowChange
from ...core.errors import ChatError
from ..connection.link import Lost
from ..sync.messages import Outgoing, SealedMessage
from ..sync.storage import SENT, TEXT
from .key_store import not_kept
from .secrets import Secrets

if TYPE_CHECKING:
    from ...e2e.messages import Message

MOST_ATTEMPTS = 5  # when devices come and go just then
STALE = frozenset({"stale", "encrypted"})
"""Refusals after which the same message is to be sealed anew: nothing was stored."""


class Encryptor:
    """Seals the messages of one user."""

    def __init__(self, secrets: Secrets) -> None:
        self._secrets = secrets

    def wants(self, message: Outgoing) -> bool:
        """Whether something has to be done before a message can be sent."""
        if message.sealed is None and not self._secrets.encrypted(message.room):
            return False
        # A file that the server has in clear is not said anew: it only asks whether it was said.
        return not (message.shared or is_in_clear(message))

    async def seal(self, message: Outgoing, is_wanted: Callable[[], bool]) -> None:
        """Encrypt a message, unless it is already, and give devices what they need to read it.

        When it is not wanted any more, because the connection is another one by now, nothing of
        what was done here is used.
        """
        if message.sealed is None:
            await self._encrypt(message, is_wanted)
        assert message.sealed is not None
        for share in message.sealed.shares:
            await self._secrets.share(message.room, share)
        message.shared = is_wanted()

    async def _encrypt(self, message: Outgoing, is_wanted: Callable[[], bool]) -> None:
        if message.manner:
            raise only_words()  # the conversation was encrypted since it was said
        secrets = self._secrets
        await secrets.devices.prepare(message.room)
        _go_on(is_wanted)
        sealed = secrets.machine.seal(message.room, _said(message), secrets.wall())
        shares, envelope, without = sealed.value
        ready = SealedMessage(list(shares), envelope, secrets.devices.version(message.room))
        self.note(sealed.changes)
        await secrets.storage.seal(message.cid, ready.written(), sealed.changes).addErrback(
            _not_kept
        )
        _go_on(is_wanted)
        for device in without:
            secrets.tell(
                message.room, f"{device.name}'s device {device.device!r} has no keys left for this."
            )
        message.sealed = ready

    def again(self, message: Outgoing) -> bool:
        """A message has to be encrypted, or for other devices than it was; whether to try that."""
        self._secrets.devices.outdated(message.room)
        self._secrets.encrypted.insist(message.room)
        message.sealed, message.shared = None, False
        message.attempts += 1
        return message.attempts <= MOST_ATTEMPTS

    # --- what is kept of it --------------------------------------------------------------------

    def draft(self, message: Outgoing) -> tuple[RowChange, ...]:
        """The rows that keep a message until it is sealed; nothing if it is not to be."""
        secrets = self._secrets
        if not (secrets.is_open and secrets.encrypted(message.room)) or is_in_clear(message):
            return ()
        changes = self._secrets.machine.draft(_said(message)).changes
        self.note(changes)
        return changes

    def recall(self, message: Outgoing) -> None:
        """Take up what an earlier run has kept of a message."""
        row = self._secrets.storage.sent.get(message.cid) if self._secrets.is_open else None
        if row is not None:
            kept = self._secrets.machine.recall(SENT + message.cid, row)
            message.secret = kept.file
            message.text = kept.text if kept.file is None else kept.file.name

    def note(self, changes: Iterable[RowChange]) -> None:
        """Keep the texts of one's own at hand until they come back with their numbers."""
        for table, key, value in changes:
            if table == TEXT and key.startswith(SENT) and value is not None:
                self._secrets.storage.sent[key.removeprefix(SENT)] = value

    def stored(self, message: Outgoing) -> None:
        """A message was stored at an earlier attempt, perhaps as it was before it was sealed."""
        conversation = self._secrets.conversations.get(message.room)
        if conversation is not None and conversation.position >= message.seq:
            self.drop(message)  # what has not come by now under its number is not what was stored

    def drop(self, message: Outgoing) -> None:
        """Nothing of a message is to be kept: it was refused for good."""
        self._drop(message.room, message.cid)

    def _drop(self, room: str, cid: str) -> None:
        secrets = self._secrets
        if secrets.is_open and secrets.storage.sent.pop(cid, None) is not None:
            secrets.forgotten(secrets.write(secrets.machine.drop(room, cid).changes))

    # --- edits -------------------------------------------------------------------------------

    async def edit(self, room: str, seq: int, text: str) -> Any:
        """Change a sealed message; the server's answer."""
        from ...e2e.messages import Message

        return await self._change(room, Message(f"edit-{token_hex(12)}", text, target=seq))

    async def delete(self, room: str, seq: int, reason: str) -> Any:
        """Delete a sealed message, and let the other devices know that its author did."""
        from ...e2e.messages import Message

        gone = Message(f"edit-{token_hex(12)}", reason, target=seq, deleted=True)
        return await self._change(room, gone)

    async def _change(self, room: str, message: Message) -> Any:
        secrets, cid, where = self._secrets, message.cid, f"{room}/{message.target}"
        for attempt in range(MOST_ATTEMPTS):
            try:
                await secrets.devices.prepare(room)
                sealed = secrets.machine.seal(room, message, secrets.wall())
                self.note(sealed.changes)
                shares, envelope, _ = await secrets.kept(sealed)
                for share in shares:
                    await secrets.share(room, share)
                proof = {"sealed": envelope, "version": secrets.devices.version(room)}
                if message.deleted:
                    return await secrets.ask("delete", what=where, **proof)
                return await secrets.ask("edit", message=where, text="", **proof)
            except ChatError as error:
                secrets.devices.outdated(room)
                if error.code not in STALE or attempt == MOST_ATTEMPTS - 1:
                    self._drop(room, cid)
                    raise
        raise AssertionError("the last attempt raises")


def is_in_clear(message: Outgoing) -> bool:
    """Whether this is a file that was not encrypted when it went to the server."""
    return bool(message.file) and message.sealed is None and message.secret is None


def only_words() -> ChatError:
    """The refusal of an action or a notice where all is encrypted: an envelope has words only."""
    return ChatError(
        "encrypted",
        "This conversation is encrypted, and actions and notices cannot be: say it in words.",
    )


def _go_on(is_wanted: Callable[[], bool]) -> None:
    if not is_wanted():
        raise Lost("The connection was lost.")


def _not_kept(failure: Failure) -> None:
    raise not_kept(failure)


def _said(message: Outgoing) -> Message:
    """What a message says to those who can read it; of a file, all of it is in `file`."""
    from ...e2e.messages import Message

    text = message.text if message.secret is None else ""
    return Message(message.cid, text, file=message.secret)
