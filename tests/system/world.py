"""What a test with real processes has: a folder, and what is started in it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, Self


class World:
    """A folder of its own; what is started in it ends with the test.

    The worlds of the folders below derive from this one, say in `begin` what there is at first,
    and have a fixture each.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._ends = ExitStack()

    def begin(self) -> None:
        """Start what every test in this world needs."""

    def __enter__(self) -> Self:
        try:
            self.begin()
        except BaseException:
            self._ends.close()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._ends.close()

    def after(self, function: Callable[..., Any], *arguments: Any, **more: Any) -> None:
        """Call this when the test is over, the last first."""
        self._ends.callback(function, *arguments, **more)
