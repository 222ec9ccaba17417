"""The desk of a pipe: nobody looks at it, and what it was told is confirmed when it is written."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime

from ...core.durations import spoken
from ...core.entries import Entry
from ...core.errors import ChatError
from ...core.text import shown
from ..connection.lifecycle import State
from ..connection.link import Event
from ..connection.trust import Judgement
from ..desk.commands import Said, meaning
from ..desk.desk import Desk
from ..desk.front import Front
from ..desk.lines import Line
from ..sync.conversations import Conversation
from ..sync.messages import Outgoing, Stage
from .streams import Errors, Output

UNASKED = "This asks for a password, which is never read from a pipe: do it at a terminal."


class PipeFront(Front):
    """What is shown goes to standard output, and what went wrong to standard error."""

    echoes = False

    def __init__(
        self, output: Output, errors: Errors, answer: Callable[[], Any], programs: bool
    ) -> None:
        """`answer` gives the next line of the input; `programs` want no sentences."""
        self._output = output
        self._errors = errors
        self._answer = answer
        self._programs = programs

    def show(self, line: Line) -> None:
        if line.is_error:
            self._errors.say(line.text)
        elif not self._programs:
            self._output.write(line.text + "\n")

    async def ask(self, prompt: str, secret: bool = False) -> str:
        """A question is answered by the next line, except one for a password."""
        if secret:
            raise ChatError("no_terminal", UNASKED)
        if not self._programs:
            self._output.write("".join(f"{shown(one).rstrip()}\n" for one in prompt.splitlines()))
        line = await self._answer()
        if line is None:
            raise ChatError("args", "The input ended before this was answered: nothing was done.")
        return str(line)

    async def trusts(self, judgement: Judgement) -> bool:
        return True

    def changed(self) -> None:
        pass

    def alert(self, line: Line) -> None:
        pass


class PipeDesk(Desk):
    """A desk whose lines come from a pipe."""

    def __init__(
        self,
        front: PipeFront,
        clock: IReactorTime,
        output: Output,
        errors: Errors,
        programs: bool,
    ) -> None:
        super().__init__(front, clock)
        self.attend(False)
        self._output = output
        self._errors = errors
        self._programs = programs
        self._told: dict[str, int] = {}  # how far each conversation was written
        self._telling: dict[str, int] = {}  # and what is on its way out
        self._said = State.OFF
        self.on_welcome: Callable[[], None] = lambda: None
        self.on_change: Callable[[], None] = lambda: None
        self.on_leave: Callable[[], None] = lambda: None
        self._final: dict[str, int] | None = None  # how far everything was told in the end
        self._missed: dict[str, int] = {}  # the newest entries when one signed in

    # --- connection --------------------------------------------------------------------------

    def welcomed(self, answer: dict[str, Any], again: bool) -> None:
        if self._programs:
            facts = {"name": answer["name"], "rooms": answer["rooms"]}
            self._write_event({"event": "connection", "state": "online", **facts})
        rooms = answer["rooms"]
        self._missed = {label: room["last"] for label, room in rooms.items()}
        if again:
            self._errors.say("Connected again.")
        else:
            super().welcomed(answer, again)
            self.on_welcome()

    def may_leave(self) -> bool:
        return True  # what was typed before is done by then

    def leave(self) -> Deferred[None]:
        """Go when everything is written."""
        self.on_leave()
        return self._output.flush().addCallback(lambda _: self.leave_at_once())

    def leave_at_once(self) -> Deferred[None]:
        """Go; what comes now is for the next run, and what is not written as well."""
        if self._final is None:
            known = self.user.conversations.all
            self._final = {label: self.done_with(one) for label, one in known.items()}
        return super().leave()

    def waiting(self, sentence: str, seconds: float) -> None:
        self._errors.say(f"{sentence} The next try is in {spoken(seconds)}.")

    def changed(self) -> None:
        state = self.user.life.state
        if self._programs and state not in (self._said, State.ONLINE):
            self._write_event({"event": "connection", "state": state.name.lower()})
        self._said = state
        self.on_change()

    def room(self, label: str, joined: bool) -> None:
        here = self.here
        super().room(label, joined)
        # What was meant for a room is not said to everybody because one was put out of it.
        self.here = here

    def renamed(self, old: str, label: str) -> None:
        super().renamed(old, label)
        for kept in (self._told, self._telling, self._missed, self._final or {}):
            if old in kept:
                kept[label] = kept.pop(old)

    def about_keys(self, label: str, sentence: str) -> None:
        if self._programs:  # whose people have to know of a new device all the same
            self._errors.say(f"[keys] {label}: {sentence}" if label else f"[keys] {sentence}")
        else:
            super().about_keys(label, sentence)

    # --- what happens ------------------------------------------------------------------------

    def event(self, event: Event) -> None:
        if self._final is not None:
            return  # the next run will be told
        if self._programs:
            self._write_event(event)
        if "seq" in event and "room" in event:
            self._told.setdefault(event["room"], event["seq"] - 1)
            (self._telling if self._output.busy else self._told)[event["room"]] = event["seq"]
        if self._output.full and self.user.life.link is not None:
            self.user.life.link.pause()

    def _write_event(self, event: Event) -> None:
        self._output.write(json.dumps(event) + "\n")

    def entry(self, conversation: Conversation, entry: Entry) -> None:
        if self._final is None:
            super().entry(conversation, entry)

    def caught_up(self) -> bool:
        """Whether everything that was said before one came is shown."""
        known = self.user.conversations.all
        return all(known[label].position >= last for label, last in self._missed.items())

    def written(self) -> None:
        """Everything that was shown is out."""
        self._told.update(self._telling)
        self._telling.clear()
        self.user.confirm_soon()
        if self.user.life.link is not None:
            self.user.life.link.resume()

    def done_with(self, conversation: Conversation) -> int:
        if self._final is not None:
            return self._final.get(conversation.label, 0)
        if conversation.label in self._telling:
            return self._told[conversation.label]
        return conversation.position

    # --- what is typed -----------------------------------------------------------------------

    def online(self) -> bool:
        return self.user.is_online

    def only_says(self, line: str) -> bool:
        """Whether a line says something and no more, so that the next need not wait for it."""
        try:
            meant = meaning(line, self.here, self.is_somebody)
        except ChatError:
            return False
        if isinstance(meant, Said):
            return True
        return not meant.local and meant.typed.row.sends and not meant.typed.missing

    def left_over(self, message: Outgoing) -> Outgoing:
        """A message of an earlier run has come to its end."""
        if message.stage is Stage.REFUSED and message.error is not None:
            self.refuse(message.error)
        elif message.stage is Stage.TOLD:
            self.say(f"(Kept from before: the message to {message.room} is delivered)")
        else:
            self.say(f"(Kept from before: message {message.room}/{message.seq} is sent)")
        return message
