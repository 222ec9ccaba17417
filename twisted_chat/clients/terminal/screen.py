"""The front of a person at a terminal: lines go by above the one that is being typed."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from prompt_toolkit.application import Application
from prompt_toolkit.buffer import Buffer
from prompt_toolkit.clipboard import ClipboardData
from prompt_toolkit.history import InMemoryHistory
from prompt_toolkit.input import Input
from twisted.internet.defer import Deferred, succeed
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.internet.threads import deferToThread

from ...core.errors import ChatError
from ..connection.trust import Judgement
from ..desk.commands import Said, meaning
from ..desk.desk import Desk
from ..desk.front import Status
from ..desk.lines import Line, Text, plain
from . import status_bar
from .formatting import STYLE
from .input_history import TypedLines, is_kept
from .keys import keys, read_drop, read_paste
from .layout import DeskCompleter, layout
from .questions import Questions
from .scrollback import Backfill, Scrollback
from .tty import Output

AGAIN = 1.0  # seconds after which what counts seconds is drawn again


class Screen:
    """Shows lines, asks questions, and takes what is typed to the desk."""

    echoes = True
    desk: Desk  # set right after both are made

    def __init__(
        self,
        clock: IReactorTime,
        input: Input,
        output: Output,
        bell: bool,
        leave: Callable[[], None],
    ) -> None:
        """`leave` is called when the person wants to leave."""
        self._clock = clock
        self._bell = bell
        self._leave = leave
        self._looking = True
        self._status: Status | None = None
        self._stale: IDelayedCall | None = None
        self._ticking: IDelayedCall | None = None
        self._typed: TypedLines | None = None
        self._here = ""  # the conversation that was named last
        self._asked = False  # whether anything was
        self.output = output
        self.questions = Questions(self._turn)
        self.line = Buffer(
            completer=DeskCompleter(lambda text: self.desk.complete(text)),
            multiline=False,
            name="line",
        )
        self.line.on_text_changed += self._typing
        self.answer = Buffer(multiline=False, name="answer")
        self.app: Application[None] = Application(
            layout=layout(self),
            key_bindings=keys(self),
            style=STYLE,
            erase_when_done=True,
            input=input,
            output=output,
            terminal_size_polling_interval=None,
        )
        self.scrollback = Scrollback(clock, output, self.app)
        self._backfill = Backfill(self.show)

    # --- what the desk wants -----------------------------------------------------------------

    def show(self, line: Line) -> None:
        self._backfill.note(line)
        self.scrollback.put(line)

    def ask(self, prompt: str, secret: bool = False) -> Awaitable[str]:
        self._asked = True
        return self.questions.ask(prompt, secret)

    def trusts(self, judgement: Judgement) -> Awaitable[bool]:
        """What was never seen before is trusted, and shown, so that it can be compared."""
        self.show(plain(judgement.sentence, "server"))
        return succeed(True)

    async def _agrees(self, question: str) -> bool:
        return (await self.ask(question)).strip().lower() in ("y", "yes")

    def changed(self) -> None:
        # A flood changes the status as often as it has lines.
        if self._stale is None:
            self._stale = self._clock.callLater(0, self._refresh)

    def alert(self, line: Line) -> None:
        """Ring, unless the person is typing an answer already."""
        typing = self._looking and bool(self.line.text) and line.place == self.status.here
        if self._bell and not typing:
            self.scrollback.ring()

    # --- what is drawn -----------------------------------------------------------------------

    @property
    def status(self) -> Status:
        """The desk's status, made when it has changed only: every key draws it."""
        if self._status is None:
            self._status = self.desk.status()
        return self._status

    @property
    def columns(self) -> int:
        return self.output.get_size().columns

    @property
    def is_asking(self) -> bool:
        """Whether there is a question to answer, or nobody to talk to yet."""
        return self.questions.now is not None or not self.status.name

    @property
    def is_unseen(self) -> bool:
        """Whether what is typed is not shown; a password may be typed before it is asked for."""
        return self.questions.now is None or self.questions.now.secret

    @property
    def question_prompt(self) -> str:
        return self.questions.now.prompt if self.questions.now is not None else ""

    @property
    def question_above(self) -> list[str]:
        """The lines of the question above the one that is answered in."""
        return self.questions.now.above if self.questions.now is not None else []

    def _refresh(self) -> None:
        self._stale = None
        before, self._status = self._status, None
        if self.status.name and not self._here:
            self._signed_in()
        elif self._here and self.status.here != self._here:
            self._here = self.status.here
            unread = before.unread if before is not None else ()
            self._moved(next((one.messages for one in unread if one.label == self._here), 0))
        self._turn()

    def _turn(self) -> None:
        """Draw what has changed, with the cursor where something is to be typed."""
        self.app.layout.focus(self.answer if self.is_asking else self.line)
        self.app.invalidate()
        counting = self.status.typing or self.status.transfers or not self.status.online
        if self._ticking is None and counting:
            self._ticking = self._clock.callLater(AGAIN, self._tick)

    def _tick(self) -> None:
        self._ticking = None
        self.changed()

    def _moved(self, unread: int) -> None:
        """Say which conversation the lines are said in from now on, and what was said there."""
        about = f": {self.status.topic}" if self.status.topic else ""
        self.show(plain(f"— {status_bar.place(self.status)}{about} —", "day"))
        self._backfill.look(self.desk, self._here, unread)

    # --- what is typed -----------------------------------------------------------------------

    def enter(self) -> None:
        """Enter was pressed."""
        question = self.questions.now
        if question is not None:
            text = self.answer.text
            self.answer.reset()
            self.app.clipboard.set_data(ClipboardData())  # a part of a password may be in it
            for above in question.above:
                self.show(plain(above))
            self.show(plain(question.prompt + ("" if question.secret else text)))
            self.questions.answered(text)
        elif not self.is_asking and self.line.text.strip():
            self._enter(self.line.text)

    def _enter(self, text: str) -> None:
        self.line.reset(append_to_history=is_kept(text))
        if self._typed is not None and is_kept(text):
            self._typed.keep(text)
        if not self._is_said(text):
            prompt = status_bar.prompt(self.status, self.columns)
            self.show(Line(((Text("typed", prompt + text),),)))
        self.desk.enter(text)

    def _is_said(self, text: str) -> bool:
        try:
            meant = meaning(text, self.desk.here, self.desk.is_somebody)
        except ChatError:
            return False
        return isinstance(meant, Said)

    def paste(self, text: str) -> None:
        """Several lines at once."""
        buffer = self.app.current_buffer
        before, after = buffer.document.text_before_cursor, buffer.document.text_after_cursor
        dropped = "" if self.is_asking else read_drop(text, before + after, self.status.here)
        if dropped:
            buffer.insert_text(dropped)
            return
        pasted = read_paste(text, before, after, self.status.here)
        if pasted.refusal or (pasted.lines and self.is_asking):
            refusal = pasted.refusal or "An answer is one line: nothing of that was pasted."
            self.show(plain(f"({refusal})", "error"))
        elif not pasted.lines:
            buffer.insert_text(pasted.typed)
        elif not pasted.question:
            self._send(pasted.lines)
        else:
            Deferred.fromCoroutine(self._send_if_meant(pasted.lines, pasted.question)).addErrback(
                lambda failure: None  # Ctrl-C at the question is a no
            )

    async def _send_if_meant(self, lines: tuple[str, ...], question: str) -> None:
        if await self._agrees(question):
            self._send(lines)
        else:
            self.show(plain("(Nothing was sent.)"))

    def _send(self, lines: tuple[str, ...]) -> None:
        self.line.reset()
        for line in lines:
            # What somebody copied may look like a command anywhere.
            self.desk.enter(line, as_words=True)

    def give_up(self) -> None:
        """Ctrl-C or Ctrl-D where nothing is typed: no answer, or goodbye."""
        if self.questions.now is not None:
            self.answer.reset()
            self.questions.cancel()
        elif self.desk.may_leave():
            self._leave()

    def step(self, by: int) -> None:
        """Go to the next conversation, or the one before."""
        labels = list(self.desk.user.conversations.all)
        if self.desk.here in labels:
            self.desk.switch(labels[(labels.index(self.desk.here) + by) % len(labels)])

    def go_to_unread(self) -> None:
        """Go to the next conversation with something unread."""
        self.desk.enter("/next")

    def looked(self, looking: bool) -> None:
        """Whether somebody looks at this terminal; only some terminals tell."""
        self._looking = looking
        self.desk.attend(looking)

    def _typing(self, buffer: Any) -> None:
        if self.status.name:
            self.desk.typing(buffer.text)

    # --- what is kept ------------------------------------------------------------------------

    def _signed_in(self) -> None:
        self._here = self.status.here
        self._backfill.begin(self._here)
        if self.answer.text and not self._asked:
            self.line.text = self.answer.text  # typed while the connection was made
        self.answer.reset()
        if not self.desk.guest:
            self._typed = TypedLines(self.desk.user.life.server, self.status.name, deferToThread)
            self._typed.load().addCallback(self._remember)

    def _remember(self, lines: list[str]) -> None:
        self.line.history = InMemoryHistory([*lines, *self.line.history.get_strings()])
        if not self.line.text:
            self.line.reset()
