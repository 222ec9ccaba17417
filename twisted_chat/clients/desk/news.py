"""What happens, as lines: entries, who comes and goes, what the connection does."""

from __future__ import annotations

from collections.abc import Sequence
from time import time
from typing import Any

from twisted.internet.defer import Deferred
from twisted.logger import Logger
from twisted.python.failure import Failure

from ...console.render import presence_line
from ...core.entries import Entry
from ...core.errors import ChatError
from ...core.events import Presence, Whisper
from ...core.text import shown
from ..connection.link import Lost
from ..files.transfer import Transfer
from ..sync.conversations import LOBBY, Conversation, folded
from ..sync.messages import Outgoing, Stage
from ..sync.user import User
from ..sync.watcher import Watcher
from .files import progress
from .front import Front, LastSent, Secrecy, Status, Unread
from .lines import Line, of_entry, of_whisper, plain
from .places import read

CONTEXT = 10  # messages from before, shown at the start


class News(Watcher):
    """Shows what a user is told."""

    log = Logger()
    user: User

    def __init__(self, front: Front) -> None:
        self.front = front
        self.here = LOBBY
        self.wanted = ""  # a room to begin in
        self._looking = True
        self._held: list[Line] | None = None  # what has to wait for what was said before it
        self._lost = False  # which was said already
        self._attempt_at: float | None = None
        self._last: dict[str, int] = {}  # one's newest message by conversation
        self._former: dict[str, str] = {}  # the present name of a room by each earlier one

    def put(self, line: Line) -> None:
        """Show a line now, or after what belongs above it."""
        if self._held is None:
            self.front.show(line)
        else:
            self._held.append(line)

    def tell(self, text: str, style: str = "server", place: str = "") -> None:
        """Show a sentence; what it has below its first line is marked as belonging to it."""
        for number, one in enumerate(text.splitlines()):
            self.put(plain(f"  {one}" if number else one, style, place))

    # --- the connection ----------------------------------------------------------------------

    def changed(self) -> None:
        self.front.changed()

    def waiting(self, sentence: str, seconds: float) -> None:
        self._attempt_at = seconds + self.now()
        if not self._lost:
            self._lost = True
            self.tell(f"{sentence} What you say now is sent when there is a connection again.")
        self.changed()

    def now(self) -> float:
        """The time on the clock that `waiting` counts by."""
        raise AssertionError("the desk has a clock")

    def welcomed(self, answer: dict[str, Any], again: bool) -> None:
        self._lost, self._attempt_at = False, None
        if again:
            self.tell("(Connected again.)")
            # Only for rooms: a private conversation with no message yet is not among them.
            if self.here.startswith("#") and self.user.conversations.get(self.here) is None:
                self._put_out(self.here)
            return
        hello = self.user.hello
        self.tell(f"Login successful, Welcome to {hello.get('server', '')}!")
        self.tell(str(hello.get("motd", "")))
        self.begin_in(self.wanted or LOBBY)
        conversation = self.user.conversations.get(self.here)
        if not self.front.echoes or conversation is None:
            return
        # What was said before comes later than what is new, and belongs above it.
        self._held = []
        before = conversation.position
        shown = Deferred.fromCoroutine(self._show_recalled(self.here, before))
        shown.addErrback(self._not_recalled).addBoth(lambda _: self._release())

    def begin_in(self, label: str) -> None:
        """Look at a conversation first."""
        found = self.user.conversations.get(label)
        if found is not None:
            self.here = found.label

    async def _show_recalled(self, room: str, upto: int) -> None:
        """Show the last of what was said in a room up to a number."""
        events = await self.user.entries(room, max(0, upto - CONTEXT), upto)
        for entry in await read(self.user, room, events):
            self.front.show(of_entry(room, entry, self.user.name))

    def _not_recalled(self, failure: Failure) -> None:
        if not failure.check(ChatError, Lost):
            self.log.failure("What was said before cannot be shown", failure)

    def _release(self) -> None:
        held, self._held = self._held or [], None
        if any(line.seq for line in held):
            self.front.show(plain("— new since you were here —", "new"))
        for line in held:
            self.front.show(line)

    # --- entries -----------------------------------------------------------------------------

    def entry(self, conversation: Conversation, entry: Entry) -> None:
        own = entry.author == self.user.name
        mention = self.user.conversations.mentions(conversation, entry)
        if own and entry.cid is not None:
            self._last[conversation.label] = entry.seq
        if self.front.echoes or not (own and entry.cid is not None):
            line = of_entry(conversation.label, entry, self.user.name)._replace(mention=mention)
            self.put(line)
            if mention:
                self.front.alert(line)
        if self._looking and conversation.label == self.here:
            self.user.mark_read(conversation)
        self.changed()

    def missing(self, conversation: Conversation, first: int, last: int) -> None:
        count = last - first + 1
        what = "message" if count == 1 else "messages"
        label = conversation.label
        self.tell(f"({count:,} older {what} of {label} cannot be read any more.)", place=label)

    def set_back(self, conversation: Conversation, last: int) -> None:
        label = conversation.label
        self.tell(
            f"(The server has lost messages of {label} that were here before: what it has ends at"
            f" {last:,}. Tell who runs it.)",
            place=label,
        )

    def sending(self, message: Outgoing) -> None:
        if message.stage is Stage.TOLD and self.front.echoes:
            own, now = self.user.name, round(time() * 1000)
            told = Whisper(message.room, own, message.text, now, message.manner)
            self.put(of_whisper(told, own))
        self.changed()

    def whisper(self, said: Whisper) -> None:
        line = of_whisper(said, self.user.name)
        self.put(line)
        if line.mention:
            self.front.alert(line)

    def transfer(self, transfer: Transfer) -> None:
        self.changed()

    def receipt(self, conversation: Conversation, who: str) -> None:
        self.changed()

    def somebody_types(self, conversation: Conversation, who: str) -> None:
        self.changed()

    # --- everything else ---------------------------------------------------------------------

    def presence(
        self, joined: Sequence[str], left: Sequence[str], more_joined: int, more_left: int
    ) -> None:
        came = tuple(shown(name) for name in joined if name != self.user.name)
        went = tuple(shown(name) for name in left if name != self.user.name)
        if came or went:
            # A sentence with others in it begins with two names.
            others = (more_joined if came[1:] else 0, more_left if went[1:] else 0)
            self.put(plain(presence_line(Presence(came, went, *others)), "event"))

    def room(self, label: str, joined: bool) -> None:
        if not joined:
            self._put_out(label)
        self.changed()

    def renamed(self, old: str, label: str) -> None:
        self._former = {name: label if at == old else at for name, at in self._former.items()}
        self._former[folded(old)] = label
        if old == self.here:
            self.here = label
        if old in self._last:
            self._last[label] = self._last.pop(old)

    def _put_out(self, label: str) -> None:
        self.tell(f"(You are not in {label} any more.)")
        if label == self.here:
            self.here = LOBBY

    def notice(self, code: str, text: str) -> None:
        self.tell(f"[server] {text}")

    def about_keys(self, label: str, sentence: str) -> None:
        self.tell(f"[keys] {sentence}", place=label)
        self.changed()

    # --- the line of status ------------------------------------------------------------------

    def status(self) -> Status:
        """What a front shows all the time."""
        user, life = self.user, self.user.life
        here = user.conversations.get(self.here)
        unsent = user.outbox.messages.values() if user.outbox is not None else ()
        known = user.conversations.all.values()
        return Status(
            connection=self._connection(),
            online=user.is_online,
            tls=life.peer.tls,
            server=shown(life.server),
            name=shown(user.name),
            here=shown(self.here),
            topic=shown(here.topic) if here is not None else "",
            people=tuple(shown(name) for name in user.online),
            unread=tuple(
                Unread(shown(one.label), one.unread, one.mentions)
                for one in known
                if one.unread and one.label != self.here
            ),
            typing=tuple(shown(who) for who in user.typists.who(self.here)),
            unsent=tuple(one.text for one in unsent),
            last=self._last_said(here),
            secrecy=self._secrecy(),
            transfers=tuple(progress(one) for one in user.transfers.running.values()),
        )

    def _secrecy(self) -> Secrecy:
        secrets, here = self.user.secrets, self.here
        if not secrets.encrypted(here):
            return Secrecy.NONE
        if here.startswith("#"):
            only = secrets.devices.is_restricted(here)
            return Secrecy.VERIFIED_ONLY if only else Secrecy.ENCRYPTED
        return Secrecy.VERIFIED if secrets.devices.is_verified(here) else Secrecy.ENCRYPTED

    def _connection(self) -> str:
        if self._attempt_at is not None and not self.user.is_online:
            left = self._attempt_at - self.now()
            if left > 0:
                return f"not connected, next try in {left:.0f} s"
        return self.user.life.state.value

    def _last_said(self, here: Conversation | None) -> LastSent | None:
        seq = self._last.get(here.label, 0) if here is not None else 0
        return LastSent(seq, here.state_of(seq)) if here is not None and seq else None
