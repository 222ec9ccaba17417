"""The window: a front of the desk."""

from __future__ import annotations

import tkinter as tk
from types import TracebackType
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.task import LoopingCall
from twisted.logger import Logger
from twisted.python.failure import Failure

from ...core.entries import Kind
from ...core.text import shown
from ..connection.trust import Judgement
from ..desk.command_line import Arguments, make_user
from ..desk.desk import Desk
from ..desk.lines import Line, plain
from .composer import FEW
from .parts import Parts
from .style import LIGHT, Palette, desktop_palette

SOON = 0.03  # seconds in which changes are gathered
TICK = 1.0  # seconds between two looks at what changes by itself
SAYS = (Kind.MESSAGE, Kind.EDIT, Kind.DELETE)  # everything else may be about members
GOODBYE = 2.0  # seconds for the server to hear that one leaves


class Window:
    """Shows what the desk says, and tells it what somebody does here."""

    log = Logger()
    echoes = True

    def __init__(self, root: tk.Tk, reactor: Any, arguments: Arguments) -> None:
        self._root = root
        self._reactor = reactor
        self._arguments = arguments
        self._over: Deferred[int] = Deferred()
        self._code = 0
        self._leaving = False
        self._closed = False
        self._looking = False
        self._refreshing: Any = None
        self._last_error = ""
        self._ticking = LoopingCall(self._tick)
        self._ticking.clock = reactor
        self.desk = Desk(self, reactor)
        self.desk.attach(make_user(reactor, arguments, self.desk))
        self._parts = Parts(root, reactor, arguments, self.desk, self)
        self._questions = self._parts.questions
        self._transcripts = self._parts.transcripts
        self._composer = self._parts.composer
        root.report_callback_exception = self._faulty
        root.protocol("WM_DELETE_WINDOW", self.asks_to_leave)
        for sign in ("<FocusIn>", "<FocusOut>"):
            root.bind(sign, lambda event: root.after_idle(self._attend), add=True)

    # --- from the beginning to the end -------------------------------------------------------

    def run(self, wanted: Palette | None) -> Deferred[int]:
        """Connect and stay; fires with the exit code when the window can close."""
        self._recolor(wanted or LIGHT)
        if wanted is None:
            desktop_palette(self._reactor).addCallback(self._recolor)
        self._questions.title = f"Sign in to {self._arguments.address.server}"
        self.desk.attend(self._looking)
        self._ticking.start(TICK, now=False)
        self._refresh()
        ended = self.desk.run(self._arguments.name, self._arguments.room)
        ended.addCallbacks(self._ended, self._failed)
        return self._over

    def _recolor(self, palette: Palette) -> None:
        if not self._closed:
            self._parts.recolor(palette)

    def asks_to_leave(self) -> None:
        """Leave, if nothing is cut short by it that somebody did not know of."""
        if self._leaving or self._questions.entering:
            self.leave()
            return
        agreed = self._parts.files.may_leave()
        agreed.addCallback(lambda leaves: self.leave() if leaves else None)

    def leave(self) -> Deferred[int]:
        """Say goodbye and close, at the latest after a moment."""
        if self._leaving:
            self._close()
        else:
            self._leaving = True
            self._reactor.callLater(GOODBYE, self._close)
            self.desk.leave().addErrback(lambda failure: None)
        return self._over

    def _ended(self, code: int) -> None:
        self._code = code
        if code == 0 or self._leaving:
            self._close()
            return
        self._leaving = True
        told = self._questions.tell("Not connected", self._last_error)
        told.addCallback(lambda _: self._close())
        self._refresh()

    def _failed(self, failure: Failure) -> None:
        self.log.failure("The window failed", failure)
        self._last_error = f"This program has a fault: {failure.value!r}"
        self._ended(1)

    def _close(self) -> None:
        if not self._closed:
            self._closed = True
            self._parts.close()
            self._ticking.stop()
            if self._refreshing is not None:
                self._refreshing.cancel()
            self._over.callback(self._code)

    def _faulty(
        self, kind: type[BaseException], error: BaseException, trace: TracebackType | None
    ) -> None:
        """Something that Tk has called went wrong."""
        self.log.failure("The window has a fault", Failure(error, kind, trace))
        self.show(plain(f"(This program has a fault: {error!r})", "error"))

    # --- what the desk needs -----------------------------------------------------------------

    def show(self, line: Line) -> None:
        if line.is_error:
            self._last_error = line.text
        if not self.desk.user.life.been_in:
            self._questions.note(line.text)
            return
        if self._questions.entering:
            self._refresh()  # one can type from now on
        self._parts.verification.note(line)
        here = shown(self.desk.here)
        self._transcripts.show(line, line.place or here, self._looking and line.place == here)
        entry = line.entry
        if line.is_entry and entry is not None and entry.kind not in SAYS:
            self._parts.memberships.forget(line.place)

    def ask(self, prompt: str, secret: bool = False) -> Deferred[str]:
        return self._questions.ask(prompt, secret)

    def trusts(self, judgement: Judgement) -> Deferred[bool]:
        return self._questions.trusts(judgement)

    def alert(self, line: Line) -> None:
        if not self._looking:
            self._parts.alerts.call(line)

    def changed(self) -> None:
        if self._refreshing is None and not self._closed:
            self._refreshing = self._reactor.callLater(SOON, self._refresh)

    # --- showing how things are --------------------------------------------------------------

    def _refresh(self) -> None:
        if self._refreshing is not None and self._refreshing.active():
            self._refreshing.cancel()
        self._refreshing = None
        self._parts.refresh(self._looking, self._leaving)
        self._allow_composer()

    def _tick(self) -> None:
        """The time until the next attempt passes, and people stop typing, without any event."""
        self._refresh()
        questions = self._questions
        if questions.entering and not questions.is_open and not self._leaving:
            questions.wait(f"{self.desk.status().connection.capitalize()}…", self.leave)

    def _attend(self) -> None:
        """Whether what is typed comes to this window."""
        looking = bool(self._root.tk.call("focus"))
        if looking != self._looking:
            self._looking = looking
            self.desk.attend(looking)
            if looking:
                self._parts.alerts.seen()
            self.changed()

    def question_opened(self, opened: bool) -> None:
        """What is typed is the answer to a question, or is so no longer."""
        self._allow_composer()
        if not opened:
            self._parts.to_composer()

    def _allow_composer(self) -> None:
        been_in = self.desk.user.life.been_in
        self._composer.allow(been_in and not self._leaving and not self._questions.is_open)

    # --- what somebody does ------------------------------------------------------------------

    def enter(self, lines: list[str]) -> None:
        """Lines were typed; many at once are asked about first."""
        if len(lines) <= FEW:
            self._send(lines)
            return
        asked = self._questions.confirm(
            f"These are {len(lines):,} lines. Send each of them as a message of its own?",
            f"Send {len(lines):,} messages",
        )
        asked.addCallback(lambda agreed: self._send(lines) if agreed else None)

    def _send(self, lines: list[str]) -> None:
        self._composer.taken(lines)
        self._transcripts.here.to_end()
        for line in lines:
            self.do(line)

    def do(self, command: str) -> None:
        """Carry out a line as if it had been typed."""
        self.desk.enter(command)
        self.changed()

    def switch(self, label: str) -> None:
        """Look at a conversation."""
        self.desk.switch(label)
        self._refresh()
        self._parts.to_composer()

    def ask_for_room(self) -> None:
        self._ask_for("Which room do you want to join?", "/join #", "#")

    def ask_for_person(self) -> None:
        self._ask_for("Whom do you want to talk to?", "/switch ", "@")

    def _ask_for(self, prompt: str, command: str, sign: str) -> None:
        if self._leaving or self._questions.entering:
            return

        def named(answer: str) -> None:
            name = answer.strip().removeprefix(sign)
            if name:
                self.do(command + name)

        asked = self._questions.ask(prompt)
        asked.addCallbacks(named, lambda failure: None)  # it was not to be after all

    def earlier(self, label: str) -> Deferred[list[Line]] | None:
        """What was said before the oldest message that is shown; None if it cannot be asked."""
        conversation = self.desk.user.conversations.get(label)
        if conversation is None or not self.desk.user.is_online:
            return None
        before = self._transcripts.of(label).first or conversation.position + 1
        return self.desk.earlier(label, before)
