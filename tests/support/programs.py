"""What the tests of whole programs share: what they need, an account of their own, patience."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar
from unittest import SkipTest

from tests.support.server_process import PATIENCE, ROOT

PAUSE = 0.01  # seconds until the second look; the next ones wait longer, since looking costs too
LONGEST_PAUSE = 0.1
LAST_LOOKS = 20  # at a program that has ended

Found = TypeVar("Found")


def need(*programs: str) -> None:
    """Skip the test where one of these programs is not installed."""
    for program in programs:
        if shutil.which(program) is None:
            raise SkipTest(f"{program} is not installed")


def account(home: Path, **more: str) -> dict[str, str]:
    """The environment of somebody who has logged in for the first time, in an empty home."""
    home.mkdir(parents=True, exist_ok=True)
    return {
        "PATH": os.environ.get("PATH", os.defpath),
        "PYTHONPATH": str(ROOT),
        "HOME": str(home),
        "SHELL": "/bin/sh",
        "PS1": "$ ",
        "LC_ALL": "C.UTF-8",
        "TZ": "UTC",
        **more,
    }


def until(
    condition: Callable[[], Found | None], otherwise: Callable[[], str], patience: float = PATIENCE
) -> Found:
    """Look again and again until this is so; fail with the other's words if it does not become."""
    end = time.monotonic() + patience
    pause = PAUSE
    while not (found := condition()):
        if time.monotonic() > end:
            raise AssertionError(otherwise())
        time.sleep(pause)
        pause = min(pause * 1.5, LONGEST_PAUSE)
    return found


class Shown:
    """A program that shows something: wait for what it shows."""

    def __init__(self) -> None:
        self.patience: float = PATIENCE

    def shows(self, *texts: str) -> str:
        """Wait until all of these can be seen at once; all that can be seen then."""

        looks = iter(range(LAST_LOOKS))

        def seen() -> str | None:
            sight = self._sight()
            if all(text in sight for text in texts):
                return sight
            # The last words of a program may come after its end.
            if self._over() and next(looks, None) is None:
                raise AssertionError(f"the program has ended without {texts}:\n{self._report()}")
            return None

        return until(seen, lambda: f"no {texts} in:\n{self._report()}", self.patience)

    def hides(self, *texts: str) -> None:
        """Wait until none of these can be seen any more."""

        def hidden() -> bool:
            sight = self._sight()
            return not any(text in sight for text in texts)

        until(hidden, lambda: f"still {texts} in:\n{self._report()}", self.patience)

    def ended(self) -> int:
        """Wait until the program has ended; its exit status, or minus the signal that ended it."""
        until(self._over, lambda: f"it still runs:\n{self._report()}", self.patience)
        return self._status()

    def _over(self) -> bool:
        """Whether the program has ended."""
        raise NotImplementedError

    def _status(self) -> int:
        """How it has."""
        raise NotImplementedError

    def _sight(self) -> str:
        """What can be seen now."""
        raise NotImplementedError

    def _report(self) -> str:
        """What a person needs who wants to know why it is not as it should be."""
        return self._sight().rstrip()
