"""A bot: a function that is called with every message, once.

    from twisted_chat.bot import run

    def on_message(bot, message):
        if message.text == "!ping":
            bot.reply(message, "pong")

    run("chat://clerk@localhost:9999", on_message, password_file="clerk.txt")

`on_message` may be a coroutine function, or return a Deferred. What it was called with
is confirmed to the server when it is done: a bot that was killed hears that message
again, and none twice that it was done with. What it says is kept on disk until the
server has it.
"""

from __future__ import annotations

import sys
from collections import deque
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, NamedTuple

from twisted.internet.defer import Deferred
from twisted.logger import (
    FilteringLogObserver,
    Logger,
    LogLevel,
    LogLevelFilterPredicate,
    globalLogBeginner,
    textFileLogObserver,
)
from twisted.python.failure import Failure

from .clients.connection.address import Address, from_url
from .clients.connection.lifecycle import Options
from .clients.connection.link import Lost
from .clients.connection.sign_in import UnattendedSignIn, given_password
from .clients.connection.trust import known_servers
from .clients.sync.assembly import leave_at_shutdown, user_at
from .clients.sync.conversations import Conversation
from .clients.sync.messages import Outgoing
from .clients.sync.watcher import Watcher
from .core import attachments
from .core.attachments import Attachment
from .core.durations import spoken
from .core.entries import MANNER_OF, UNREADABLE, Entry, Form, Kind, State
from .core.errors import ChatError, StartError
from .core.events import Whisper
from .core.text import shown


class Message(NamedTuple):
    """What somebody else has said."""

    room: str  # a #room, or the name of the other person if it is private
    seq: int  # its number there; 0 for what is kept nowhere, since one of the two is a guest
    author: str
    text: str
    private: bool
    time: int  # milliseconds since 1970
    file: Attachment | None = None  # what was sent instead of words: `bot.fetch` has it
    manner: str = ""  # "action", or "notice", which a bot had better not answer


OnMessage = Callable[["Bot", Message], Awaitable[Any] | None]


class Bot(Watcher):
    """A user who reacts to what others say."""

    log = Logger()

    def __init__(
        self,
        reactor: Any,
        address: Address,
        on_message: OnMessage,
        *,
        password: str = "",
        register: bool = False,
        options: Options | None = None,
    ) -> None:
        self._on_message = on_message
        self._waiting: dict[str, deque[Message]] = {}  # in each conversation, in order
        entrance = UnattendedSignIn(address.server, self._tell, password, register)
        self.user = user_at(reactor, address, entrance, options)
        self.user.watcher = self
        self._address = address

    def start(self) -> Deferred[None]:
        """Connect and stay connected; fires at the end."""
        name = self._address.name or known_servers().last_name(self._address.server)
        return self.user.start(name)

    # --- what it can do ----------------------------------------------------------------------

    def say(self, room: str, text: str, manner: str = "") -> Outgoing:
        """Say something in a #room or to a person; `done` of what comes back fires in the end.

        The text may have several lines; the manner is "action" or "notice" if it is one.
        """
        return self.user.say(room, text, manner=manner)

    def reply(self, message: Message, text: str, manner: str = "") -> Outgoing:
        """Say something where a message was said."""
        return self.user.say(message.room, text, manner=manner)

    def send_file(self, room: str, path: str | Path) -> Deferred[Outgoing]:
        """Send a file; fires with the message that names it when the server has both, and with a
        ChatError if it cannot be."""
        sent: Deferred[Outgoing] = self.user.transfers.send(room, Path(path)).finished
        return sent.addCallback(lambda outgoing: outgoing.done)

    def fetch(self, message: Message, folder: str | Path) -> Deferred[Path]:
        """Fetch the file of a message into a folder; fires with its path there.

        Its name is made harmless, and nothing is overwritten.
        """
        if message.file is None:
            raise ValueError("this message has no file")
        fetched = self.user.transfers.fetch(message.file.file, folder=Path(folder)).finished
        return fetched.addCallback(lambda found: found.path)

    def ask(self, do: str, **arguments: Any) -> Deferred[Any]:
        """Ask the server for something, such as `ask("join", room="#coil")`."""
        return self.user.ask(do, **arguments)

    # --- what it hears -----------------------------------------------------------------------

    def welcomed(self, answer: dict[str, Any], again: bool) -> None:
        room = self._address.room
        if not again and room.startswith("#") and self.user.conversations.get(room) is None:
            self.ask("join", room=room).addErrback(
                lambda failure: self._tell(f"{room} cannot be joined: {failure.value}")
            )
        if not again:
            self._tell(f"{answer['name']} is at {self._address.server}")

    def waiting(self, sentence: str, seconds: float) -> None:
        self._tell(f"{sentence} The next try is in {spoken(seconds)}.")

    def about_keys(self, label: str, sentence: str) -> None:
        self._tell(f"[keys] {label}: {sentence}" if label else f"[keys] {sentence}")

    def entry(self, conversation: Conversation, entry: Entry) -> None:
        said = (
            entry.kind is Kind.MESSAGE
            and entry.state is not State.DELETED
            and entry.form not in (*UNREADABLE, Form.CLOSED)
        )
        if not said or entry.author == self.user.name:
            return
        label = conversation.label
        is_file = entry.form in (Form.FILE, Form.OPENED_FILE)
        file = attachments.read(entry.text) if is_file else None
        text = "" if is_file else entry.text
        message = Message(
            *(label, entry.seq, entry.author, text, conversation.private, entry.time, file),
            manner=MANNER_OF.get(entry.form, ""),
        )
        self._take(label, message)

    def whisper(self, said: Whisper) -> None:
        if said.by != self.user.name:
            private = not said.room.startswith("#")
            message = Message(said.room, 0, said.by, said.text, private, said.time)
            self._take(f"whispers of {said.by}", message)  # which stand for no conversation's own

    def _take(self, label: str, message: Message) -> None:
        waiting = self._waiting.setdefault(label, deque())
        waiting.append(message)
        if len(waiting) == 1:
            Deferred.fromCoroutine(self._deal_with(waiting))

    def renamed(self, old: str, label: str) -> None:
        if old in self._waiting:
            self._waiting[label] = self._waiting.pop(old)

    async def _deal_with(self, waiting: deque[Message]) -> None:
        """One message after another, in each conversation."""
        while waiting:
            message = waiting[0]
            try:
                result = self._on_message(self, message)
                if result is not None:
                    await result
            except Exception:
                self.log.failure(
                    "on_message failed with {room}/{seq}", room=shown(message.room), seq=message.seq
                )
            waiting.popleft()
            self.user.confirm_soon()
        for label, one in tuple(self._waiting.items()):
            if one is waiting:  # under whatever name by now
                del self._waiting[label]

    def done_with(self, conversation: Conversation) -> int:
        waiting = self._waiting.get(conversation.label)
        return min(conversation.position, waiting[0].seq - 1 if waiting else conversation.position)

    def _tell(self, sentence: str) -> None:
        self.log.info("{sentence}", sentence=shown(sentence))


def run(
    address: str,
    on_message: OnMessage,
    *,
    password_file: str = "",
    register: bool = False,
    insecure: bool = False,
    trust_new_key: bool = False,
) -> None:
    """Run a bot until it is stopped (Ctrl-C, or SIGTERM); what it has to say goes to stderr.

    It goes to `chat://NAME@HOST:PORT/#ROOM`, with the password in the first line of the
    file, or in the environment's TWISTED_CHAT_PASSWORD; from the second time on it needs
    none. SystemExit with a sentence if it cannot be there at all.
    """
    from twisted.internet import reactor

    _log_to_stderr()
    try:
        password = given_password(password_file, lambda text: print(text, file=sys.stderr))
        bot = Bot(
            *(reactor, from_url(address), on_message),
            password=password,
            register=register,
            options=Options(insecure, trust_new_key),
        )
    except StartError as error:
        raise SystemExit(str(error)) from None
    reason = _live(reactor, bot)
    if reason:
        raise SystemExit(shown(reason))


def _log_to_stderr() -> None:
    """What the bot and this package say, and of everything else only what is wrong."""
    chosen = LogLevelFilterPredicate(LogLevel.warn)
    chosen.setLogLevelForNamespace("twisted_chat", LogLevel.info)
    observer = FilteringLogObserver(textFileLogObserver(sys.stderr), [chosen])
    globalLogBeginner.beginLoggingTo([observer], redirectStandardIO=False)


def _live(reactor: Any, bot: Bot) -> str:
    """Run the reactor until the bot has ended; why it has, if nobody wanted that."""
    reasons: list[str] = []
    stopping: list[bool] = []

    def over(outcome: Any) -> None:
        if isinstance(outcome, Failure):
            known = outcome.check(ChatError, Lost)
            if not known:
                Bot.log.failure("The bot failed", outcome)
            reasons.append(str(outcome.value) if known else "The bot failed.")
        if not stopping:
            stopping.append(True)
            reactor.stop()

    def begin() -> None:
        life = bot.start().addBoth(over)

        def leave() -> Deferred[None]:
            stopping.append(True)
            Deferred.fromCoroutine(bot.user.leave())
            return life  # until everything is on disk

        leave_at_shutdown(reactor, leave)

    reactor.callWhenRunning(begin)
    reactor.run()
    return "".join(reasons)
