"""The text door of one client: its lines, its prompts, and plain talking."""

from __future__ import annotations

from twisted.internet.defer import CancelledError, Deferred, fail
from twisted.python.failure import Failure

from ...chat import commands
from ...chat.accounts.sign_in import Proof
from ...chat.chat import Chat
from ...chat.session import State
from ...connection import plaintext
from ...connection.interface import Connection
from ...connection.line_queue import MOST_MISTAKES, BaseDoor
from ...console import parse, replies
from ...console.dialogue import Dialogue, SignInDialogue
from ...console.render import CRLF, LF, TextDialect
from ...core import command_table as words
from ...core.commands import Command
from ...core.errors import ChatError
from ...core.events import Closed
from ...core.results import FileTicket, Left, Result, Standing
from ...core.rooms import LOBBY
from ...core.text import decode_line, shown
from ..file_transfer import shell_lines

DEVICE = "text"  # all text sessions of an account are one device
FIRST_STEPS = "Type help to list the commands, BM <text> to speak to everyone, and tata to leave."


class TextDoor(BaseDoor):
    """One person at a plain terminal."""

    def __init__(self, chat: Chat, connection: Connection) -> None:
        super().__init__(chat, connection)
        self.dialect: TextDialect = LF
        self._greeted = False
        self._mistakes = 0
        self._understood = False  # a line that was text has come
        self._asking: Deferred[str] | None = None
        self._prompt = b""
        self._place = ""  # where plain lines are said, after `talk`
        self._dialogue = Dialogue(self)

    # --- beginning and end ----------------------------------------------------------------

    def greet(self, on_new_line: bool = False) -> None:
        """Ask who is there."""
        if not self._greeted:
            self._greeted = True
            if self.exposed:
                ways = plaintext.ways_in(self.tls, self.connection.destination)
                self.leave(self.dialect.encoded(*ways))
            else:
                self.occupied(lambda: Deferred.fromCoroutine(self._sign_in()))

    def abandon(self) -> bool:
        """A program is there after all; whether it was prompted already."""
        prompted = bool(self._prompt)
        self.lost()
        return prompted

    async def _sign_in(self) -> None:
        proof = await TextSignIn(self).sign_in()
        if proof is None:
            if not self.closed:
                self.close(Closed("too_many_tries", "That was tried too often: goodbye."))
            return
        if self.closed:
            self.chat.leave_unseated(proof.person)
            return
        self.sit_down(proof)
        assert self.session is not None
        self.say(f"Login successful, Welcome to {self.chat.settings.name}!")
        self.say(FIRST_STEPS, *map(shown, self.chat.motd))
        try:
            unseen = await self.chat.history.unseen(self.session)
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
        """Begin the session of somebody who has proved who they are."""
        self.seat(self.chat.enter(proof, self, DEVICE))
        self.write_straight(not self._prompt)

    def acknowledged(self) -> int | None:
        return self.connection.acknowledged()

    def reset(self) -> None:
        if self.session is not None:
            self.chat.cursors.take_back(self.session)

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
        if error.code == "bad_utf8" and not self._understood:
            self.close(Closed("syntax", error.sentence))  # another protocol, or a terminal's fault
            return
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

    def ask(self, prompt: str, secret: bool = False) -> Deferred[str]:
        """Show a prompt and wait for the line typed after it, which netcat shows in any case."""
        if self.closed:
            return fail(CancelledError())  # nobody is there to answer
        shown_prompt = prompt.replace("\n", self.dialect.end).encode()
        self.connection.reply(shown_prompt)
        self._prompt = shown_prompt
        self.write_straight(False)
        self._asking = Deferred()
        self.wait_for_line()
        return self._asking

    def _answer(self, text: str) -> None:
        asking, self._asking = self._asking, None
        assert asking is not None
        self._prompt = b""
        self.write_straight(True)
        self.become_busy()
        asking.callback(text)

    # --- lines ------------------------------------------------------------------------------

    def take(self, line: bytes) -> bool:
        try:
            text = decode_line(line)
            self._understood = True
            self._note_shown()
            if self._asking is not None:
                self._answer(text)
            elif not text or text.isspace():
                pass
            elif self.session is not None:
                return self._begin(text)
        except ChatError as error:
            if self.sending:
                return False  # the refusal waits until what came before is answered
            self.refuse(error)
            if self._place and error.code in ("not_a_member", "no_such_room"):
                # Ended for it, the rest of what it says would be said somewhere else.
                self.say(f"(Every line is still said to {self._place}: /talk ends that)")
        return True

    def _note_shown(self) -> None:
        """Somebody who types reads; where nothing tells what has arrived, that is the best sign."""
        session = self.session
        if session is None:
            return
        session.unconfirmed.confirm()
        if session.state is State.LIVE and self.flushed() is None:
            self.chat.cursors.note_all_shown(session)

    def _begin(self, text: str) -> bool:
        """Begin what a line asks for; False if it must wait for messages under way."""
        command = parse.said(text, self._place)
        if command is None:
            typed = parse.read(text.lstrip().removeprefix("/"), self._place)
            if typed.missing or not typed.row.sends:
                if self.sending:
                    return False
                self.occupied(lambda: self._carried_out(typed))
                return True
            command = typed.command()
        self.under_way(self._sent(command))
        return True

    def _sent(self, command: Command) -> Deferred[None]:
        """Send a message and answer it."""
        return self.perform(command).addCallback(self.show).addErrback(self._failed)

    def _carried_out(self, typed: parse.Typed) -> Deferred[None]:
        """Do anything else, which may take a dialogue; what is raised in it is answered."""
        return Deferred.fromCoroutine(self._dialogue.carry_out(typed)).addErrback(self._failed)

    def _failed(self, failure: Failure) -> None:
        if failure.check(CancelledError) or self.closed:
            return
        self.refuse(self.refusal_for(failure))

    # --- what dialogues need ----------------------------------------------------------------

    @property
    def guest(self) -> bool:
        assert self.session is not None
        return self.session.person.guest

    def perform(self, command: Command) -> Deferred[Result]:
        """Carry out a command; a ChatError raised here or later is the refusal."""
        assert self.session is not None
        return commands.perform(self.chat, self.session, command)

    def show(self, result: Result) -> None:
        """Show what came of a command."""
        if self.closed:
            return  # the reason was the last thing to be said
        if isinstance(result, FileTicket):
            line = self.connection
            self.say(*shell_lines(result, line.destination, line.tls))
        elif isinstance(result, Left):
            if result.reason is None:
                self.log_out("logout")
            else:
                self.close(result.reason)
        else:
            self.say(*replies.lines(result))

    async def talk(self, place: str) -> None:
        """Say every line there from now on; without a place, end that or begin in the lobby."""
        if self._place and not place:
            self.say(f"(You are not talking to {self._place} any more)")
            self._place = ""
            return
        place = place or LOBBY
        self.show(await self.perform(words.Talk(place)))
        self._place = place
        self.say(f"(Every line is said to {place} now; commands begin with /, and /talk ends it)")

    def log_out(self, word: str) -> None:
        """Leave at one's own word; each has its own answer."""
        last = "DISCONNECTED!!" if word.lower() == "tata" else "Disconnected"
        self.leave(self.dialect.encoded("Logging off", last))


class TextSignIn(SignInDialogue[Proof]):
    """Looks names and passwords up in the chat itself."""

    def __init__(self, door: TextDoor) -> None:
        super().__init__(door)
        self._signin = door.chat.signin
        self._door = door

    async def standing(self, name: str) -> Standing:
        if name.lower().split(None, 1)[:1] == ["fetch-file"]:
            raise ChatError(
                "bad_name",
                "fetch-file is taken only as the first line of a new connection, sent at once:"
                " run the line that you were given as it stands.",
            )
        connection = self._door.connection
        return self._signin.standing(name, connection.network, connection.local)

    async def log_in(self, name: str, password: str) -> Proof:
        return await self._signin.with_password(name, password, self._door.connection.network)

    async def register(self, name: str, password: str) -> Proof:
        connection = self._door.connection
        return await self._signin.register(name, password, connection.network, connection.local)

    async def come_as_guest(self, name: str) -> Proof:
        return self._signin.guest(name)
