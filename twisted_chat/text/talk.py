"""A conversation in the text dialect: commands, guided dialogues, and plain talking."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Sequence
from dataclasses import replace
from secrets import token_hex
from typing import TYPE_CHECKING, Any, ClassVar

from twisted.internet.defer import CancelledError, Deferred, succeed
from twisted.python.failure import Failure

from .. import actions
from ..actions import reading
from ..conversation import MOST_MISTAKES, Conversation, Line
from ..core import vocabulary as words
from ..core.clean import decode_line, shown
from ..core.errors import ChatError
from ..core.events import Closed
from ..core.results import Left, Page, Result
from ..session import State
from . import login, parse, replies
from .render import CRLF, LF, TextDialect

if TYPE_CHECKING:
    from ..chat import Chat
    from ..proving import Proof

DEVICE = "text"  # all text sessions of an account are one device


class TextTalk(Conversation):
    """One person at a plain terminal."""

    def __init__(self, chat: Chat, line: Line) -> None:
        super().__init__(chat, line)
        self.dialect: TextDialect = LF
        self._greeted = False
        self._mistakes = 0
        self._asking: Deferred[str] | None = None
        self._prompt = b""
        self._place = ""  # where plain lines are said, after `talk`
        self._search: words.Search | None = None  # the next page of the last search

    # --- beginning and end ----------------------------------------------------------------

    def greet(self, on_new_line: bool = False) -> None:
        """Ask who is there."""
        if not self._greeted:
            self._greeted = True
            self.occupied(lambda: Deferred.fromCoroutine(self._sign_in()))

    def abandon(self) -> bool:
        """A program is there after all; whether it was prompted already."""
        prompted = bool(self._prompt)
        self.lost()
        return prompted

    async def _sign_in(self) -> None:
        proof = await login.sign_in(self)
        if proof is None:
            return
        if self.closed:
            self.chat.leave_unseated(proof.person)
            return
        self.sit_down(proof)
        assert self.session is not None
        settings = self.chat.settings
        self.say(f"Login successful, Welcome to {settings.name}!")
        if settings.motd:
            self.say(*shown_lines(settings.motd))
        try:
            unseen = await reading.unseen(self.chat, self.session)
        except ChatError as error:
            # What was missed is still there at the next login.
            self.close(Closed(error.code, error.sentence))
            return
        self.say(*replies.lines(unseen))
        self.session.begin()
        self.chat.delivery.active.update(
            self.chat.rooms.rooms[line.entry.room] for line in unseen.lines
        )

    def sit_down(self, proof: Proof) -> None:
        """Somebody has proved who it is."""
        self.seat(self.chat.enter(proof, self, DEVICE))

    def lost(self) -> None:
        super().lost()
        self._prompt = b""
        asking, self._asking = self._asking, None
        if asking is not None:
            asking.cancel()

    def use_crlf(self) -> None:
        """The client ends its lines as telnet does, so it gets them that way too."""
        if self.session is None:
            self.dialect = CRLF

    # --- writing ----------------------------------------------------------------------------

    def write(self, data: bytes) -> None:
        """Send delivered lines; a prompt that stands there is repeated below them."""
        if not data:
            return
        if self._prompt:
            end = self.dialect.end.encode()
            data = b"".join((end, data, self._prompt))
        self.connection.write(data)

    def say(self, *lines: str) -> None:
        """Answer with lines."""
        if lines:
            self.connection.reply(self.dialect.encoded(*lines))

    def refuse(self, error: ChatError) -> None:
        self.say(f"({shown(error.sentence)})")
        if self._prompt:
            self.connection.reply(self._prompt)  # what was asked for is still awaited
        if self.session is None and not self.closed and error.code in ("bad_utf8", "too_long"):
            self._mistakes += 1
            if self._mistakes >= MOST_MISTAKES:
                self.close(Closed("syntax", "That does not look like text: goodbye."))

    def farewell(self, reason: Closed) -> bytes:
        start = self.dialect.end.encode() if self._prompt else b""
        return start + self.dialect.event(reason)

    # --- asking -----------------------------------------------------------------------------

    def ask(self, prompt: str) -> Deferred[str]:
        """Show a prompt and wait for the line typed after it."""
        shown_prompt = prompt.replace("\n", self.dialect.end).encode()
        self.connection.reply(shown_prompt)
        self._prompt = shown_prompt
        self._asking = Deferred()
        self.wait_for_line()
        return self._asking

    def _answer(self, text: str) -> None:
        asking, self._asking = self._asking, None
        assert asking is not None
        self._prompt = b""
        self.line_came()
        asking.callback(text)

    # --- lines ------------------------------------------------------------------------------

    def take(self, line: bytes) -> bool:
        try:
            text = decode_line(line)
            self._note_shown()
            if self._asking is not None:
                self._answer(text)
            elif not text or text.isspace():
                pass
            elif self.session is not None:
                return self._perform(text)
        except ChatError as error:
            if self.sending:
                return False  # the refusal waits until what came before is answered
            self.refuse(error)
        return True

    def _note_shown(self) -> None:
        """Where nothing tells what has arrived, that somebody types is the best sign of it."""
        session = self.session
        if session is not None and session.state is State.LIVE and self.flushed() is None:
            self.chat.note_all_shown(session)

    def _perform(self, text: str) -> bool:
        """Begin a command; False if it must wait for messages under way."""
        said = self._said(text)
        if said is None:
            typed = parse.read(text.lstrip().removeprefix("/"), self._place)
            sends = typed.row.sends and not typed.missing
            if self.sending and not sends:
                return False
            special = self._SPECIAL.get(typed.row.make)
            if special is not None:
                self.occupied(lambda: self._answering(special(self, typed)))
                return True
            if typed.missing:
                self.occupied(lambda: self._answering(self._guide(typed)))
                return True
            command = typed.command()
        else:
            command, sends = said, True
        if sends:
            self.under_way(self._answered(command))
        else:
            self.occupied(lambda: self._answered(command))
        return True

    def _answered(self, command: object) -> Deferred[None]:
        """Carry out a command and show what comes of it."""
        assert self.session is not None
        shown = actions.perform(self.chat, self.session, command).addCallback(self._show)
        return shown.addErrback(self._failed, command)

    def _said(self, text: str) -> object | None:
        """After `talk`, a line without a slash is said; two slashes say one."""
        if not self._place or text.strip().lower() == "tata":
            return None
        if text.startswith("/"):
            if not text.startswith("//"):
                return None
            text = text[1:]
        if self._place.startswith("#"):
            return words.Say(self._place, text)
        return words.Message(self._place, text)

    def _show(self, result: Result) -> None:
        if self.closed:
            return  # the reason was the last thing to be said
        if isinstance(result, Left):
            if result.reason is None:
                self.log_out("logout")
            else:
                self.close(result.reason)
        else:
            self.say(*replies.lines(result))

    def log_out(self, word: str) -> None:
        """Leave at one's own word; each has its own answer."""
        last = "DISCONNECTED!!" if word.lower() == "tata" else "Disconnected"
        self.leave(self.dialect.encoded("Logging off", last))

    def _answering(self, dialogue: Coroutine[Any, Any, None]) -> Deferred[None]:
        """Run a dialogue; what it raises is answered."""
        return Deferred.fromCoroutine(dialogue).addErrback(self._failed, None)

    def _failed(self, failure: Failure, command: object) -> Deferred[None]:
        if failure.check(CancelledError) or self.closed:
            return succeed(None)
        error = failure.value
        if not isinstance(error, ChatError):
            number = token_hex(4)
            self.log.failure("Internal error {number}", failure, number=number)
            error = ChatError("internal", f"Something went wrong here; its number is {number}.")
        elif error.code == "confirm" and command is not None:
            return self._answering(self._confirm(error.sentence, command))
        self.refuse(error)
        return succeed(None)

    # --- dialogues --------------------------------------------------------------------------

    async def _do(self, command: object) -> Result:
        assert self.session is not None
        result = await actions.perform(self.chat, self.session, command)
        self._show(result)
        return result

    async def _confirm(self, question: str, command: Any) -> None:
        answer = await self.ask(f"{question}\nType yes to go on: ")
        if answer.strip().lower() == "yes":
            await self._do(replace(command, sure=True))
        else:
            self.say("(Nothing was done)")

    async def _guide(self, typed: parse.Typed) -> None:
        """Ask for what was left out, one thing after another."""
        if typed.row.lists_online and "user" not in typed.values:
            await self._do(words.WhoElse())
        answers = {}
        for arg in typed.missing:
            answer = (await self.ask(arg.ask)).strip()
            if not answer and not arg.or_empty:
                self.say("(Nothing was done)")
                return
            answers[arg.field] = answer
        await self._do(typed.command(**answers))

    async def _talk(self, typed: parse.Typed) -> None:
        place = str(typed.values.get("place", ""))
        if self._place and not place:
            self.say(f"(You are not talking to {self._place} any more)")
            self._place = ""
            return
        place = place or "#lobby"
        await self._do(words.Talk(place))
        self._place = place
        self.say(f"(Every line is said to {place} now; commands begin with /, and /talk ends it)")

    async def _password(self, typed: parse.Typed) -> None:
        assert self.session is not None
        old = "" if self.session.person.guest else await self.ask("Enter your password: ")
        new = await self.ask("Enter new password: ")
        if await self.ask("Enter new password again: ") != new:
            raise ChatError("args", "The two are not the same: nothing was changed.")
        await self._do(words.Password(new=new, old=old))

    async def _find(self, typed: parse.Typed) -> None:
        command = typed.command()
        assert isinstance(command, words.Search)
        if not command.words:
            if self._search is None:
                raise ChatError("query", "Type what to look for: search <words>.")
            command = self._search
        page = await self._do(command)
        assert isinstance(page, Page)
        more = page.older is not None
        self._search = replace(command, page=page.older) if more else None

    async def _logout(self, typed: parse.Typed) -> None:
        self.log_out(typed.word)

    _SPECIAL: ClassVar[dict[type[object], Callable[..., Coroutine[Any, Any, None]]]] = {
        words.Talk: _talk,
        words.Password: _password,
        words.Search: _find,
        words.Logout: _logout,
    }


def shown_lines(text: str) -> Sequence[str]:
    """A text of several lines, each safe to show."""
    return [shown(line) for line in text.splitlines()]
