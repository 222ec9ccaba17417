"""What somebody does with files in the window."""

from __future__ import annotations

import shlex
from functools import partial
from pathlib import Path
from typing import Any

from twisted.internet.defer import Deferred, succeed
from twisted.logger import Logger
from twisted.python.failure import Failure

from ...core.errors import ChatError
from ...core.text import shown
from ..desk.desk import Desk
from ..desk.paths import dropped
from .composer import Composer
from .file_dialog import Choosing
from .questions import Questions


class Files:
    """Sends and fetches files, in the desk's own words."""

    log = Logger()

    def __init__(
        self, desk: Desk, choosing: Choosing, questions: Questions, composer: Composer
    ) -> None:
        self._desk = desk
        self._choosing = choosing
        self._questions = questions
        self._composer = composer
        self._fetching: set[int] = set()
        self._leaving = False  # as far as somebody has yet to answer

    # --- sending -----------------------------------------------------------------------------

    def choose(self) -> None:
        """Ask for a file, and send it to the conversation one looks at now."""
        if self._questions.entering or self._questions.is_open:
            return
        place = self._desk.here
        asked = self._choosing.ask(f"Send a file to {shown(place)}")
        asked.addCallback(lambda path: self._send(place, path) if path else None)
        asked.addErrback(self._failed)

    def pasted(self, text: str) -> None:
        """If that is the path of a file, and all there is in the field, ask whether to send it."""
        looked: Deferred[Path | None] = self._desk.user.transfers.run(partial(dropped, text))
        looked.addCallback(self._found, text).addErrback(self._failed)

    def _found(self, path: Path | None, text: str) -> None:
        if path is None or self._composer.text != text or self._questions.is_open:
            return
        place = self._desk.here

        def answered(agreed: bool) -> None:
            if agreed:
                self._composer.taken([])
                self._send(place, str(path))

        question = f"Send {shown(path.name)} to {shown(place)}?"
        self._questions.confirm(question, "Send the file").addCallback(answered)

    def _send(self, place: str, path: str) -> None:
        self._desk.enter(f"/send {place} {shlex.quote(path)}")

    def _failed(self, failure: Failure) -> None:
        error = failure.value
        if not isinstance(error, ChatError):
            self.log.failure("A file cannot be asked for", failure)
            error = ChatError("internal", f"This program has a fault: {error!r}")
        self._desk.refuse(error)

    # --- fetching ----------------------------------------------------------------------------

    def fetch(self, number: int) -> None:
        """Fetch the file of a message, once however often it is clicked at."""
        if number in self._fetching or self._questions.entering:
            return
        self._fetching.add(number)

        def over(outcome: Any) -> None:
            self._fetching.discard(number)

        self._desk.enter(f"/get {number}").addBoth(over)

    def cancel(self, number: int) -> None:
        """Stop what is on its way."""
        self._desk.enter(f"/cancel {number}")

    # --- leaving -----------------------------------------------------------------------------

    def may_leave(self) -> Deferred[bool]:
        """Ask whoever wants to leave while files are on their way; to leave again is a yes."""
        count = len(self._desk.user.transfers.running)
        if not count or self._leaving:
            return succeed(True)
        self._desk.may_leave()  # says what is on its way
        what = "A file is" if count == 1 else f"{count:,} files are"
        them = "it" if count == 1 else "them"
        self._leaving = True
        asked = self._questions.confirm(
            f"{what} still on the way. Leave all the same? To send or fetch {them} again goes on"
            " where it was.",
            "Leave",
        )
        return asked.addCallback(self._answered_to_leave)

    def _answered_to_leave(self, leaves: bool) -> bool:
        self._leaving = False
        return leaves
