"""The desk: what a person types, carried out, and what comes of it, shown."""

from __future__ import annotations

from collections.abc import Awaitable, Sequence
from typing import Any

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.python.failure import Failure

from ...console import replies
from ...console.dialogue import Dialogue
from ...core import command_table as words
from ...core.command_table import TABLE
from ...core.commands import Command, Who
from ...core.errors import ChatError, StartError
from ...core.results import FileList, Guide, Joined, Page, Result, Sent, Whispered
from ...core.text import shown
from ..connection.link import Lost
from ..connection.sign_in import Account
from ..connection.trust import Judgement
from ..sync.conversations import LOBBY, folded
from ..sync.messages import Outgoing, Stage
from ..sync.user import User
from . import places
from .answers import result_of
from .commands import (
    LOCAL,
    Cancel,
    Get,
    Jump,
    Next,
    Passphrase,
    Readers,
    Reconnect,
    Reply,
    Said,
    Send,
    Switch,
    Transfers,
    Verify,
    is_command,
    is_shadowed,
    meaning,
)
from .completion import Completion, completions
from .encryption import EncryptionCommands
from .files import FileCommands, fetched_sentence
from .front import Front
from .lines import Line, of_entry
from .news import News
from .sign_in import SignIn

EARLIER = 50  # messages of one step back


class Desk(News):
    """One person at one front."""

    def __init__(self, front: Front, clock: IReactorTime) -> None:
        super().__init__(front)
        self._clock = clock
        self._dialogue = Dialogue(self)
        self.encryption = EncryptionCommands(self)
        self.files = FileCommands(self, clock)
        self._name = ""  # under which one wants to go in
        self._under_way: set[Deferred[Any]] = set()
        self.refused = 0  # how much of what was typed was refused

    def now(self) -> float:
        return self._clock.seconds()

    def attach(self, user: User) -> None:
        """Whose desk it is."""
        self.user = user
        user.watcher = self

    def run(self, name: str = "", room: str = "") -> Deferred[int]:
        """Connect and stay; fires with the exit code when it is over and the reason was shown."""
        self.wanted = room
        self._name = name
        return self.user.start(name).addCallbacks(lambda _: 0, self._ended_badly)

    def _ended_badly(self, failure: Failure) -> int:
        self._release()
        if failure.check(CancelledError):
            return 0
        error = failure.value
        if isinstance(error, ChatError | Lost | StartError):
            self.tell(str(error), "error")
        else:
            self.log.failure("The client failed", failure)
            self.tell(f"This program has a fault: {error!r}", "error")
        return 1

    def owed(self) -> int:
        """How many messages are kept to be sent at another time."""
        outbox = self.user.outbox
        return self.user.account.owed(self._name) if outbox is None else len(outbox.messages)

    def may_leave(self) -> bool:
        """Whether a person who wants to leave knows what is cut short by it; if not, it is said."""
        return self.files.may_leave()

    def leave(self) -> Deferred[None]:
        """Say goodbye and end."""
        return Deferred.fromCoroutine(self.user.leave())

    # --- signing in --------------------------------------------------------------------------

    def trusts(self, judgement: Judgement) -> Awaitable[bool]:
        return self.front.trusts(judgement)

    async def enter_account(self, account: Account, name: str) -> None:
        """Ask who it is."""
        if name:
            self.tell(f"Username: {name}", "answer")
        if not await SignIn(self, account).sign_in(name) and not self.user.life.is_leaving:
            raise ChatError("too_many_tries", "That was tried too often: goodbye.")

    def unlock(self, refusal: str) -> Awaitable[str]:
        if refusal:
            self.tell(f"({refusal})", "error")
        return self.front.ask("Enter the passphrase of your keys: ", secret=True)

    # --- what is typed -----------------------------------------------------------------------

    def enter(self, line: str, as_words: bool = False) -> Deferred[None]:
        """Carry out a typed line; fires when everything that it asks for was answered.

        With `as_words` it is said, even if it looks like a command.
        """
        if not line.strip():
            return Deferred.fromCoroutine(_nothing())
        done = Deferred.fromCoroutine(self._carry_out(line, as_words))
        self._under_way.add(done)
        return done.addErrback(self._failed).addBoth(self._over, done)

    def _over(self, outcome: None, done: Deferred[Any]) -> None:
        self._under_way.discard(done)

    @property
    def busy(self) -> bool:
        """Whether something typed is not answered yet."""
        return bool(self._under_way)

    async def _carry_out(self, line: str, as_words: bool) -> None:
        meant = Said(line) if as_words else meaning(line, self.here, self.is_somebody)
        if isinstance(meant, Said):
            await self.say_in(self.here, meant.text)
        elif meant.local:
            await self._carry_out_here(meant.typed.command())
        else:
            typed = meant.typed
            if typed.row.make is words.History and typed.word == "history":
                typed.values.setdefault("place", self.here)
            try:
                await self._dialogue.carry_out(typed)
            except ChatError as error:
                if error.code != "no_such_user" or meant.slash or len(line.split()) == 1:
                    raise
                self.refuse(error)
                self.tell("(To say it here, type /say before it.)", "answer")

    async def _carry_out_here(self, command: Command) -> None:
        """Carry out a command of this program's own."""
        user = self.user
        match command:
            case Switch(""):
                self.say(*places.listed(user))
            case Switch(place):
                await self.go_to(place)
            case Next():
                label = places.next_unread(user, self.here)
                if label:
                    self.switch(label)
                else:
                    self.say("(There is nothing unread.)")
            case Reply(message, text):
                await self.say_in(*await places.answering(user, message, text))
            case Jump(message):
                for seen in await places.around(user, message):
                    self.put(seen.as_citation(self.here))
            case Send(place, path):
                self.show(await self.settled(await self.files.send(place, path)))
            case Get(file, path):
                self.say(fetched_sentence(await self.files.get(file, path)))
            case Cancel(number):
                self.files.cancel(number)
            case Transfers():
                self.say(*self.files.listed())
            case Verify(name, ok):
                await self.encryption.verify(name, ok)
            case Readers():
                await self.encryption.read_by(command)
            case Passphrase():
                await self.encryption.protect()
            case Reconnect():
                user.life.hurry()

    def is_somebody(self, word: str) -> bool:
        """Whether that is the name of a person one could talk to."""
        return any(word.lower() == name.lower() for name in self.people())

    def people(self) -> list[str]:
        """Everybody whose name is known here."""
        return places.people(self.user)

    def _failed(self, failure: Failure) -> None:
        if failure.check(CancelledError):
            return
        error = failure.value
        if isinstance(error, Lost):
            error = ChatError(
                "lost", "The connection was lost before this was answered: repeat it."
            )
        elif isinstance(error, StartError):
            error = ChatError("disk", str(error))
        elif not isinstance(error, ChatError):
            self.log.failure("A command failed", failure)
            error = ChatError("internal", f"This program has a fault: {error!r}")
        self.refuse(error)

    # --- the terminal of the dialogues -------------------------------------------------------

    @property
    def guest(self) -> bool:
        return self.user.account.guest

    def ask(self, prompt: str, secret: bool = False) -> Awaitable[str]:
        above, newline, last = prompt.rpartition("\n")
        return self.front.ask(shown(above) + newline + shown(last), secret)

    def say(self, *lines: str) -> None:
        for line in lines:
            self.tell(line, "answer")

    def refuse(self, error: ChatError) -> None:
        self.refused += 1
        self.tell(f"({error.sentence})", "error")

    async def perform(self, command: Any) -> Result:
        """Ask the server for what a command says."""
        row = TABLE.of(type(command))
        if row.sends:
            return await self._send(command)
        if isinstance(command, words.Encrypt):
            await self.user.secrets.publish()  # it may have to do with a device of this moment
        if isinstance(command, words.Edit):
            edited = await self.encryption.edit(command)
            if edited is not None:
                return result_of(row, edited)
        if isinstance(command, words.Search):
            return await self._search(command)
        result = result_of(row, await self.user.ask(row.name, **command.given()))
        if isinstance(command, words.Password):
            self.user.account.guest = False  # a guest with a password is an account
        self.encryption.left(command)
        if isinstance(result, Page):
            return await self.encryption.read(result)
        return await self.encryption.named(result) if isinstance(result, FileList) else result

    async def _search(self, command: words.Search) -> Result:
        """Search at the server, and here in what no server can read."""
        found = Page((), search=True)
        if not self.encryption.is_for_here_alone(command.words):
            arguments = {} if command.page is None else {"page": command.page}
            answer = await self.user.ask("search", words=command.words, **arguments)
            page = result_of(TABLE.of(words.Search), answer)
            assert isinstance(page, Page)
            found = await self.encryption.read(page)
        return await self.encryption.search(command, found)

    async def say_in(self, place: str, text: str) -> None:
        """Say something in a conversation, and show what came of it."""
        say = words.Say if place.startswith("#") else words.Message
        self.show(await self.perform(say(place, text)))

    async def _send(self, command: Any) -> Result:
        manner = ""
        match command:
            case words.Say():
                place = command.room
            case words.Message():
                place = command.user
            case words.Act():
                place, manner = command.place, "action"
            case _:
                place = LOBBY
        sent = await self.settled(self.user.say(place, command.text, manner=manner))
        if isinstance(command, words.Broadcast) and self.front.echoes:
            self.say(*replies.lines(sent))  # who calls everybody is told how many have heard it
        return sent

    async def settled(self, outgoing: Outgoing) -> Sent | Whispered:
        """What has become of a message of one's own in the end."""
        message = await outgoing.done
        if message.stage is Stage.REFUSED:
            raise message.error or ChatError("internal", "This was not sent.")
        if message.stage is Stage.TOLD:
            return Whispered(message.room, message.now)
        return Sent(message.room, message.seq, 0, message.now, message.later, message.again)

    def show(self, result: Result) -> None:
        """Show what came of a command."""
        if isinstance(result, Sent) and self.front.echoes and (result.now or result.room[0] == "#"):
            return  # the message itself is there to see
        if isinstance(result, Page) and result.lines:
            self._show_page(result)
            return
        if isinstance(result, Joined):
            self._moved_to(result)
        if isinstance(result, Guide) and not result.one:
            rows = result.rows
            result = Guide(tuple(one for one in rows if not is_shadowed(one.name, one.aliases)))
        if isinstance(result, FileList) and result.files:
            self.say(*replies.listed_files(result), "(To have one: get <number>)")
            return
        self.say(*replies.lines(result))
        if isinstance(result, Guide) and not result.one:
            self.say(*replies.listed_commands(LOCAL.rows))

    def _moved_to(self, room: Joined) -> None:
        """Look at a room that one is in now, before anything is said of it."""
        conversation = self.user.conversations.get(room.room)
        if conversation is not None:
            conversation.topic = room.topic
        self.switch(room.room)

    def _show_page(self, page: Page) -> None:
        for line in page.lines:
            seen = of_entry(line.room, line.entry, self.user.name, not page.place, page.now)
            self.put(seen.as_citation(self.here))
        self.say(*replies.more_of(page))

    async def talk(self, place: str) -> None:
        """Every line is said in one conversation or another here, so this is to switch."""
        if place:
            await self.go_to(place)
        else:
            self.say(f"(Every line is said to {self.here}; /switch names the conversations)")

    def log_out(self, word: str) -> None:
        """Leave at one's own word; each has its own answer."""
        if not self.may_leave():
            return
        self.say("Logging off", "DISCONNECTED!!" if word.lower() == "tata" else "Disconnected")
        self.leave()

    # --- conversations -----------------------------------------------------------------------

    def switch(self, label: str) -> None:
        """Look at a conversation."""
        found = self.user.conversations.get(label)
        self.here = found.label if found is not None else label
        if found is not None and self._looking:
            self.user.mark_read(found)
        self.changed()

    async def go_to(self, label: str) -> None:
        """Look at a conversation that one may not be in yet."""
        if self.user.conversations.get(label) is None:
            await self.user.ask("talk", place=label)  # whether there is one to talk to
            label = self._former.get(folded(label), label)
        self.switch(label)

    def begin_in(self, label: str) -> None:
        if self.user.conversations.get(label) is None and label != LOBBY:
            self.enter(f"/join {label}" if label.startswith("#") else f"/switch {label}")
        else:
            super().begin_in(label)

    def attend(self, looking: bool) -> None:
        """Whether the person looks at this program; what nobody looks at is not read."""
        self._looking = looking
        if looking and self.user.is_online:
            self.switch(self.here)

    def typing(self, text: str) -> None:
        """The line that is being typed has changed."""
        if text and not is_command(text, self.is_somebody):
            self.user.typists.here(self.here)

    def complete(self, text: str) -> list[Completion]:
        """How the text before the cursor may go on."""
        return completions(
            text,
            [
                (name, about)
                for name, about, aliases in self._commands()
                if not is_shadowed(name, aliases)
            ],
            LOCAL.rows,
            self.people(),
            [label for label in self.user.conversations.all if label.startswith("#")],
        )

    def _commands(self) -> list[tuple[str, str, Sequence[str]]]:
        """The server's own; until it has told them, those that this client was made for."""
        if not self.user.commands:
            known = (row for row in TABLE.rows if row.who is not Who.ADMIN)
            return [(row.name, row.help, row.aliases) for row in known]
        return [
            (str(row["do"]), str(row["help"]), row.get("aliases", ())) for row in self.user.commands
        ]

    def earlier(self, label: str, before: int) -> Deferred[list[Line]]:
        """The messages before a number, oldest first."""
        asked = self.user.ask("history", place=label, before=before, count=EARLIER)
        return asked.addCallback(
            lambda answer: Deferred.fromCoroutine(places.lines_of(self.user, answer))
        )


async def _nothing() -> None:
    return None
