"""What somebody does with files in the window."""

from __future__ import annotations

import shlex
from functools import partial
from pathlib import Path
from typing import Any

from twisted.internet.defer import Deferred
from twisted.logger import Logger
from twisted.python.failure import Failure

from ..core.clean import shown
from ..core.errors import ChatError
from ..desk.desk import Desk
from ..desk.paths import dropped
from .choosing import Choosing
from .composer import Composer
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

    # --- sending -----------------------------------------------------------------------------

    def choose(self) -> None:
        """Ask for files, and send them to the conversation one looks at now."""
        if self._questions.entering or self._questions.is_open:
            return
        place = self._desk.here

        def chosen(paths: list[str]) -> None:
            for path in paths:
                self._send(place, path)

        self._choosing.ask(f"Send a file to {shown(place)}").addCallbacks(chosen, self._failed)

    def pasted(self, text: str) -> None:
        """If that is the path of a file, and all there is in the field, ask whether to send it."""
        looked: Deferred[Path | None] = self._desk.user.transfers.run(partial(dropped, text))
        looked.addCallback(self._found, text).addErrback(self._failed)

    def drop(self, paths: list[str]) -> None:
        """Files were dropped onto the window."""
        if not self._questions.entering and not self._questions.is_open and paths:
            self._ask(paths).addCallback(lambda _: None)

    def _found(self, path: Path | None, text: str) -> None:
        if path is None or self._composer.text != text or self._questions.is_open:
            return

        def agreed(yes: bool) -> None:
            if yes and self._composer.text == text:
                self._composer.taken([])

        self._ask([str(path)]).addCallback(agreed)

    def _ask(self, paths: list[str]) -> Deferred[bool]:
        """Send files if that was meant."""
        place = self._desk.here
        names = [shown(Path(path).name) for path in paths]
        what = names[0] if len(names) == 1 else f"{len(names):,} files"
        asked = self._questions.confirm(
            f"Send {what} to {shown(place)}?", "Send the file" if len(names) == 1 else "Send them"
        )

        def answered(yes: bool) -> bool:
            for path in paths if yes else ():
                self._send(place, path)
            return yes

        return asked.addCallback(answered)

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
        """Ask whoever wants to leave while files are on their way."""
        count = len(self._desk.user.transfers.running)
        if self._desk.may_leave():
            leaves: Deferred[bool] = Deferred()
            leaves.callback(True)
            return leaves
        what = "A file is" if count == 1 else f"{count:,} files are"
        them = "it" if count == 1 else "them"
        return self._questions.confirm(
            f"{what} still on the way. Leave all the same? To send or fetch {them} again goes on"
            " where it was.",
            "Leave",
        )
