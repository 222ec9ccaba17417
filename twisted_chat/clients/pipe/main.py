"""One run of the client in a pipe, from the first byte to the exit code."""

from __future__ import annotations

import json
from typing import Any

from twisted.internet.defer import Deferred

from ...core.errors import ChatError, StartError
from ..connection.sign_in import UnattendedSignIn, given_password
from ..desk.command_line import NOT_POSSIBLE, Arguments, make_user
from ..sync.assembly import leave_at_shutdown
from .desk import PipeDesk, PipeFront
from .json_requests import JsonRequests
from .streams import Errors, Input, Output
from .typist import PATIENCE, Typist

CLOSED = 141  # what a shell says of a program whose output nobody reads any more
SIGNAL = 128  # and to the number of the signal that ended one


def run_with(reactor: Any, arguments: Arguments) -> int:
    """Run the pipe, and the reactor for it; the exit code."""
    errors = Errors()
    try:
        password = given_password(arguments.password_file, errors.say)
        pipe = Pipe(reactor, arguments, errors, password)
    except StartError as error:
        errors.say(str(error))
        return NOT_POSSIBLE
    reactor.callWhenRunning(pipe.begin)
    reactor.run()
    errors.finish()
    signal = getattr(reactor, "_exitSignal", None)
    return pipe.code if signal is None else SIGNAL + int(signal)


class Pipe:
    """Everything of one run."""

    def __init__(self, reactor: Any, arguments: Arguments, errors: Errors, password: str) -> None:
        self._reactor = reactor
        self._arguments = arguments
        self._errors = errors
        self._output = Output(self._written)
        self._source = Input(self._output, self._input_ended)
        pages = PipeFront(self._output, errors, self._answer, arguments.json)
        self._desk = PipeDesk(pages, reactor, self._output, errors, arguments.json)
        server = arguments.address.server
        entrance = UnattendedSignIn(server, errors.say, password, arguments.register)
        self._user = make_user(reactor, arguments, entrance)
        self._desk.attach(self._user)
        self._desk.on_welcome = self._welcomed
        keyboard = JsonRequests(self._desk, self._write) if arguments.json else self._desk
        self._typist = Typist(reactor, keyboard, self._source, self._output, self._give_up)
        self._desk.on_change = self._typist.progress
        self._desk.on_leave = self._typist.stop
        self._gave_up: str | None = None  # the line that was not typed, if any
        self._stopping = False
        self._life: Deferred[None] | None = None
        self.code = 0

    def begin(self) -> None:
        """Take up the pipe and connect."""
        self._source.begin(self._reactor)
        leave_at_shutdown(self._reactor, self._interrupted)
        life = self._desk.run(self._arguments.name)
        self._life = life.addCallback(self._over)

    # --- what the parts tell each other ------------------------------------------------------

    def _answer(self) -> Any:
        return self._typist.answer()

    def _written(self) -> None:
        self._desk.written()
        if self._output.closed:
            self._source.stop()

    def _input_ended(self) -> None:
        self._typist.input_ended()

    def _write(self, answer: dict[str, Any]) -> None:
        self._output.write(json.dumps(answer) + "\n")

    # --- the course of it --------------------------------------------------------------------

    def _welcomed(self) -> None:
        assert self._user.outbox is not None
        for message in list(self._user.outbox.messages.values()):
            self._typist.watch(message.done.addCallback(self._desk.left_over))
        self._typist.start(self._begin_in_room).addCallback(self._typed)

    async def _begin_in_room(self) -> bool:
        """Go to the room that the address names; nothing is said anywhere else instead."""
        room, desk = self._arguments.room, self._desk
        if not room:
            return True
        if self._user.conversations.get(room) is not None:
            desk.switch(room)
        else:
            await desk.enter(f"/join {room}" if room.startswith("#") else f"/switch {room}")
        there = desk.here.lower() == room.lower()
        if not there:
            desk.refuse(ChatError("args", f"Nothing was typed, for it was meant for {room}."))
        return there

    def _typed(self, outcome: Any) -> None:
        self._desk.leave()

    def _give_up(self, line: str) -> None:
        self._gave_up = line
        self._desk.leave()

    def _interrupted(self) -> Deferred[None] | None:
        """Somebody ends this program: go when everything is on disk."""
        if not self._stopping:
            self._errors.say("Interrupted: this client ends.")
        self._stopping = True
        self._typist.stop()
        self._desk.leave_at_once()
        return self._life

    def _over(self, code: int) -> Deferred[None] | None:
        self._typist.stop()
        kept = self._unsent()
        if self._gave_up is not None:
            self._errors.say(f"For {PATIENCE:.0f} seconds nothing could be done.")
        if self._gave_up:
            self._errors.say(f"The lines from this one on were not typed: {self._gave_up[:80]}")
        if kept:
            what = "1 message is" if kept == 1 else f"{kept:,} messages are"
            self._errors.say(
                f"{what} not acknowledged: the next run of this client sends what is kept"
                f" of {self._user.name}."
            )
        failed = code or self._desk.refused or kept or self._gave_up is not None
        self.code = NOT_POSSIBLE if failed else 0
        if self._source.cut and not failed:
            self.code = CLOSED
        if self._stopping:
            return None
        return self._output.flush().addCallback(self._stop)

    def _unsent(self) -> int:
        outbox = self._user.outbox
        return 0 if outbox is None or self._user.account.guest else len(outbox.messages)

    def _stop(self, outcome: None) -> None:
        if not self._stopping:
            self._stopping = True
            self._reactor.stop()
