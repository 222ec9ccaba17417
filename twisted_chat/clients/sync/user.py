"""A user: connected whenever that is possible, with nothing lost and nothing sent twice."""

from __future__ import annotations

import json
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from twisted.internet.defer import CancelledError, Deferred, fail
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger
from twisted.python.failure import Failure

from ...core.entries import Entry, Form
from ...core.errors import ChatError
from ...core.events import Whisper
from ...core.text import check_lines
from ..connection.dialer import Dial
from ..connection.lifecycle import Lifecycle, Options
from ..connection.link import FOR_NOW, Event, Lost
from ..connection.sign_in import Account, SignInHandler
from ..connection.trust import KnownServers
from ..encryption.devices import MEMBERSHIP
from ..encryption.incoming import Archive, Decryptor
from ..encryption.outgoing import Encryptor, only_words
from ..encryption.secrets import Secrets
from ..files.codec import FileEncryption
from ..files.transfer import Server, Transfer
from ..files.transfers import TransferOptions, Transfers
from .conversations import Conversation, Conversations, number
from .messages import Outgoing
from .outbox import Outbox
from .receipts import Receipts
from .storage import Position, Run, Storage
from .typists import Typists
from .watcher import Watcher

GOODBYE_WITHIN = 3.0  # seconds the server has to answer a goodbye
MOST_LISTED = 100_000  # people or rooms that a server can make one keep
ORDINARY_LONGEST = 4096  # bytes of a text, where a server does not say

IN_CLEAR = frozenset(("sealed", "text", "file", "manner", "tags"))  # of an event
if TYPE_CHECKING:
    from ...e2e.envelopes import SealedFile

OFFLINE = "There is no connection at the moment: ask again when there is one."


class User:
    """One account at one server, as the clients and bots use it."""

    log = Logger()

    def __init__(
        self,
        clock: IReactorTime,
        dial: Dial,
        server: str,
        handler: SignInHandler,
        *,
        known: KnownServers,
        folder: Callable[[str], Path],
        run: Run[Any],
        files: TransferOptions,
        options: Options | None = None,
    ) -> None:
        """`folder` gives the folder of a name's slots, `run` carries out what may block."""
        self.watcher = Watcher()
        self.online: dict[str, None] = {}  # who is, oneself included
        self.commands: list[dict[str, Any]] = []  # the server's own table
        self.conversations = Conversations(self._fill, self._taken, self._missing, self._set_back)
        self.secrets = Secrets(
            time.time, run, self.ask, self.conversations, self._about_keys, clock
        )
        self.encryptor = Encryptor(self.secrets)
        self.decryptor = Decryptor(self.secrets)
        self.archive = Archive(self.secrets, run)
        self.conversations.unseal = self.decryptor.opened
        self.account = Account(
            folder, run, self.conversations, partial(self._unlock, handler), self._welcomed
        )
        self.life = Lifecycle(
            *(clock, dial, server, known, self.account, handler, options or Options(), self)
        )
        self.outbox: Outbox | None = None
        self._clock = clock
        self.typists = Typists(clock, self._is_online, self.ask)
        self._receipts = Receipts(
            clock, self._is_online, self.ask, self.conversations, self.account, self._done_with
        )
        self._file_server = Server(clock, self.life, self.ask, files.dial, files.run)
        encryption = FileEncryption(self.secrets.encrypted, self.archive, self.say_file)
        self.transfers = Transfers(
            *(clock, self._file_server, encryption, files.folder, self._transfer_changed)
        )

    # --- what one can do ---------------------------------------------------------------------

    @property
    def name(self) -> str:
        return self.account.name

    @property
    def is_online(self) -> bool:
        return self.life.is_online

    @property
    def hello(self) -> Event:
        """What the server has said of itself."""
        return self.life.hello

    def start(self, name: str = "") -> Deferred[None]:
        """Connect and stay connected; fires at the end, with Lost or a ChatError if it is a bad
        one."""
        return self.life.start(name).addBoth(self._closed)

    async def leave(self) -> None:
        """Confirm what was shown, say goodbye and end."""
        self.life.leaving()
        if self.is_online:
            self._receipts.now()
            slow = self._clock.callLater(GOODBYE_WITHIN, self.life.stop)
            with suppress(Lost, ChatError, CancelledError):  # gone is gone
                await self.ask("logout")
            if slow.active():
                slow.cancel()
        self.life.stop()

    def ask(self, do: str, **arguments: Any) -> Deferred[Any]:
        """Ask the server for something: its answer, a ChatError, or Lost."""
        if self.life.link is None or not self.is_online:
            return fail(ChatError("offline", OFFLINE))
        try:
            self.secrets.encrypted.check(do, arguments)
        except ChatError as error:
            return fail(error)
        if do in ("kick", "ban") and self.secrets.is_open:
            asked = self.life.link.ask(do, **arguments)
            return asked.addCallback(self._put_out, arguments)
        message = self._sealed_message(arguments.get("what")) if do == "delete" else None
        if message is not None and not arguments.get("sealed"):
            return Deferred.fromCoroutine(self._delete(*message, arguments))
        return self.life.link.ask(do, **arguments)

    def _put_out(self, answer: Any, arguments: dict[str, Any]) -> Any:
        """This person puts somebody out of a room, who gets no more keys whatever is listed."""
        self.secrets.devices.put_out(str(arguments.get("room")), str(arguments.get("user")))
        return answer

    def _sealed_message(self, what: object) -> tuple[str, int] | None:
        """The place and the number of a message, if everything there is encrypted."""
        if not isinstance(what, str) or not self.secrets.is_open:
            return None
        place, _, number = what.rpartition("/")
        found = self.conversations.get(place) if number.isascii() and number.isdigit() else None
        since = None if found is None else self.secrets.encrypted.since(found)
        if found is None or since is None or int(number) <= since:
            return None
        return found.label, int(number)

    async def _delete(self, place: str, seq: int, arguments: dict[str, Any]) -> Any:
        """Delete a message where the other devices do not believe the server alone."""
        self.decryptor.expect_deletion(place, seq)
        entry = self.conversations.all[place].entries.get(seq)
        if entry is None or entry.author == self.name:
            with suppress(ChatError):  # it cannot be sealed, or is somebody else's
                return await self.encryptor.delete(place, seq, str(arguments.get("reason", "")))
        if self.life.link is None:
            raise Lost("The connection was lost.")
        try:
            return await self.life.link.ask("delete", **arguments)
        except ChatError:
            self.decryptor.expect_deletion(place, seq, False)
            raise

    def say(self, room: str, text: str, cid: str = "", manner: str = "") -> Outgoing:
        """Say something; it is sent as soon as possible, and stored once.

        The manner is "action" or "notice", if it is one of these.
        """
        if self.outbox is None:
            raise ChatError("not_now", "Log in first.")
        # What can never be stored is not kept to be sent; too long a line ends a connection.
        check_lines(text, int(self.hello.get("max_message", ORDINARY_LONGEST)))
        if manner and self.secrets.encrypted(room):
            raise only_words()
        message = self.outbox.say(room, text, cid, manner=manner)
        self.watcher.sending(message)
        return message

    def say_file(
        self, room: str, name: str, file: int, secret: SealedFile | None = None
    ) -> Outgoing:
        """Say the message that names a file which the server has."""
        if self.outbox is None:
            raise ChatError("not_now", "Log in first.")
        message = self.outbox.say(room, name, file=file, secret=secret)
        self.watcher.sending(message)
        return message

    def mark_read(self, conversation: Conversation) -> None:
        """The person has seen all of a conversation."""
        if self.conversations.mark_read(conversation):
            self._receipts.soon()
            self.watcher.changed()

    def confirm_soon(self) -> None:
        """A watcher is done with more than before."""
        self._receipts.soon()

    # --- connecting --------------------------------------------------------------------------

    def state_changed(self) -> None:
        self.watcher.changed()

    def waiting(self, sentence: str, seconds: float) -> None:
        self.watcher.waiting(sentence, seconds)

    def offline(self) -> None:
        """The connection is gone."""
        self._receipts.offline()
        self.secrets.devices.forget()
        self.online.clear()
        self.typists.forget()
        if self.outbox is not None:
            self.outbox.disconnected()

    def _welcomed(self, answer: dict[str, Any]) -> None:
        again, before = self.life.been_in, set(self.conversations.all)
        self.life.entered()
        moved = self.conversations.begin(answer["name"], answer["rooms"], answer["reset"])
        for old, label in moved:
            self.watcher.renamed(old, label)
        left = before - set(self.conversations.all)
        gone = [] if answer["reset"] else [*{*answer["unknown"], *left}]
        if self.account.storage is not None and gone:
            self.account.storage.move({}, gone).addErrback(lambda failure: None)
        if self.outbox is None:
            storage = None if self.account.guest else self.account.storage
            self.outbox = Outbox(self._clock, storage, self.encryptor, self._sending)
        assert self.life.link is not None
        if self.account.guest:
            self.secrets.close()
        self.watcher.welcomed(answer, again)
        self.secrets.entered(answer["rooms"])
        self.outbox.connected(self.life.link, self.hello.get("flood_limit"))
        self._file_server.connected()
        self.look_around()
        self.ask("help").addCallbacks(self._learned, lambda failure: None)
        self._receipts.begin(answer["rooms"])

    def _learned(self, answer: dict[str, Any]) -> None:
        rows = answer.get("rows", ())
        self.commands = [
            row for row in rows if isinstance(row, dict) and {"do", "help"} <= set(row)
        ]

    def look_around(self) -> None:
        """Find out who is online."""
        everybody = Deferred.fromCoroutine(self.whole("whoelse", "people"))
        everybody.addCallbacks(self._seen_around, lambda failure: None)

    def _seen_around(self, answer: dict[str, Any]) -> None:
        self.online = dict.fromkeys([self.name, *(face["name"] for face in answer["people"])])
        self.watcher.changed()

    async def whole(self, do: str, part: str, **arguments: Any) -> dict[str, Any]:
        """The answer to a command that lists something, with all there is in its `part`."""
        answer = await self.ask(do, **arguments)
        found = [*answer[part]]
        while answer.get("more") and len(found) < MOST_LISTED:
            answer = await self.ask(do, after=answer["more"], **arguments)
            found += answer[part]
        return {**answer, part: found}

    def _closed(self, outcome: Any) -> Any:
        return Deferred.fromCoroutine(self._close()).addBoth(lambda _: outcome)

    async def _close(self) -> None:
        await self.transfers.end()
        await self.account.close()

    # --- what happens ------------------------------------------------------------------------

    def happened(self, event: Event) -> None:
        """An event of the server's."""
        what = event["event"]
        if "seq" in event and "room" in event:
            self.conversations.happened(event)
            return
        if what == "presence":
            self._presence(event)
        elif what == "receipt":
            self._receipt(event)
        elif what == "typing":
            conversation = self.conversations.get(str(event["room"]))
            self.typists.somebody(str(event["room"]), str(event["who"]))
            if conversation is not None:
                self.watcher.somebody_types(conversation, str(event["who"]))
        elif what == "room":
            self._moved(event)
        elif what == "notice":
            self.watcher.notice(event["code"], event["text"])
        elif what == "whisper":
            self._whispered(event)
            return
        elif what == "devices":
            self.secrets.devices.changed(str(event["who"]))
        self.watcher.event(event)

    def _taken(self, conversation: Conversation, entry: Entry, event: Event) -> None:
        self.typists.ends(conversation.label, entry.author)
        if self.outbox is not None and entry.cid is not None:
            self.outbox.seen(entry)
        shown = False
        try:
            self.watcher.entry(conversation, entry)
            shown = True
            self.watcher.event(as_read(event, entry))
        except Exception:
            # One entry that cannot be shown must not stop all that come after it.
            self.log.failure("{room}/{seq} was not shown", room=conversation.label, seq=entry.seq)
        if entry.kind in MEMBERSHIP:
            self.secrets.devices.moved(conversation, entry, shown)
        self._receipts.soon()

    def _set_back(self, conversation: Conversation, last: int) -> None:
        self.watcher.set_back(conversation, last)

    def _missing(self, conversation: Conversation, first: int, last: int) -> None:
        self.watcher.missing(conversation, first, last)

    def _fill(self, label: str, after: int, upto: int) -> None:
        """Ask for the entries between two numbers."""

        link = self.life.link

        def filled(answer: dict[str, Any]) -> None:
            self.conversations.filled(label, upto, answer["entries"], bool(answer["more"]))

        def failed(failure: Failure) -> None:
            if failure.check(Lost):
                return  # the next connection begins at the position anyway
            if isinstance(failure.value, ChatError) and failure.value.code not in FOR_NOW:
                self.conversations.filled(label, upto, [], False)  # it cannot be had
            elif link is not None:
                link.abort()  # to begin anew at the position

        def confused(failure: Failure) -> None:
            self.log.failure("A gap in {room} was not filled", failure, room=label)
            if link is not None:
                link.confused()

        asked = self.ask("entries", room=label, after=after, upto=upto)
        asked.addCallbacks(filled, failed).addErrback(confused)

    async def entries(self, room: str, after: int, upto: int) -> list[Event]:
        """All entries between two numbers, which may be more than one answer has."""
        found: list[Event] = []
        while True:
            answer = await self.ask("entries", room=room, after=after, upto=upto)
            found += answer["entries"]
            last = number(found[-1]["seq"]) if found else 0
            if not answer["more"] or not after < last < upto:
                return found
            after = last

    def _presence(self, event: Event) -> None:
        joined = [str(name) for name in event.get("joined", ())]
        left = [str(name) for name in event.get("left", ())]
        more_joined, more_left = int(event.get("more_joined", 0)), int(event.get("more_left", 0))
        self.online.update(dict.fromkeys(joined))
        for name in left:
            self.online.pop(name, None)
        if more_joined or more_left:
            self.look_around()
        self.watcher.presence(joined, left, more_joined, more_left)
        self.watcher.changed()

    def _receipt(self, event: Event) -> None:
        conversation = self.conversations.get(event["room"])
        if conversation is None:
            return
        if event["who"] == self.name:  # read at another device of one's own
            self.conversations.mark_read(conversation, event["read"] or 0)
        else:
            for kept, seq in ((conversation.delivered, "delivered"), (conversation.seen, "read")):
                if event.get(seq) is not None:
                    kept[event["who"]] = max(event[seq], kept.get(event["who"], 0))
            self.watcher.receipt(conversation, event["who"])
        self.watcher.changed()

    def _whispered(self, event: Event) -> None:
        """Something in clear that is kept nowhere; where all is to be encrypted it is not shown."""
        room, by, text = str(event["room"]), str(event["by"]), str(event["text"])
        self.typists.ends(room, by)
        if self.secrets.encrypted(room):
            self._about_keys(
                room, f"The server says that {by} has said something there in clear: not shown."
            )
            return
        time, manner, to = number(event["time"]), *(str(event.get(k, "")) for k in ("manner", "to"))
        self.watcher.whisper(Whisper(room, by, text, time, manner, to))
        self.watcher.event(event)

    def _renamed(self, old: str, label: str) -> None:
        """A room has another name; its numbers go on."""
        if not self.conversations.renamed(old, label):
            return
        self.watcher.renamed(old, label)
        conversation, storage = self.conversations.all[label], self.account.storage
        if storage is not None:
            # Under the new name it is known on the disk as soon as that is confirmed.
            place = Position(conversation.id, self.watcher.done_with(conversation))
            storage.move({label: place}, [old]).addErrback(lambda failure: None)

    def _moved(self, event: Event) -> None:
        label, was = event["room"], str(event.get("was", ""))
        if event.get("why") == "renamed" and not self.secrets.encrypted(label):
            return  # what it is called now is said next
        if was and not self.secrets.encrypted(was) and not self.secrets.encrypted(label):
            self._renamed(was, label)
        if event["joined"]:
            encrypted = bool(event.get("encrypted"))
            self.conversations.joined(label, event.get("id", 0), event["last"], encrypted)
            self.secrets.encrypted.joined(label, event["last"], encrypted)
            if self.secrets.encrypted(label):
                self.secrets.devices.look_around_soon()
        else:
            self.conversations.left(label)
            self.secrets.devices.left(label)
            if self.account.storage is not None:
                self.account.storage.move({}, [label]).addErrback(lambda failure: None)
        self.watcher.room(label, event["joined"])
        self.watcher.changed()

    def _unlock(
        self, handler: SignInHandler, folder: Path, storage: Storage, name: str
    ) -> Awaitable[None]:
        return self.secrets.open(folder, storage, name, handler.unlock)

    def _about_keys(self, label: str, sentence: str) -> None:
        self.watcher.about_keys(label, sentence)

    def _is_online(self) -> bool:
        return self.life.is_online

    def _transfer_changed(self, transfer: Transfer) -> None:
        self.watcher.transfer(transfer)

    def _done_with(self, conversation: Conversation) -> int:
        return self.watcher.done_with(conversation)

    def _sending(self, message: Outgoing) -> None:
        self.watcher.sending(message)


def as_read(event: Event, entry: Entry) -> Event:
    """Return the event of an entry as programs get it: decrypted, if it was encrypted."""
    if entry.form not in (Form.OPENED, Form.OPENED_FILE, Form.CLOSED):
        return event
    # Whatever the server has said of it in clear is not what it says.
    read = {name: value for name, value in event.items() if name not in IN_CLEAR}
    if entry.form is Form.CLOSED:
        return {**read, "unreadable": entry.text}
    if entry.form is Form.OPENED:
        return {**read, "text": entry.text, "encrypted": True}
    return {**read, "text": "", "file": json.loads(entry.text), "encrypted": True}
