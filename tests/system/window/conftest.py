"""People at windows."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.system.window.windows import Windows


@pytest.fixture
def windows(tmp_path: Path) -> Iterator[Windows]:
    """A server, and windows that connect to it."""
    with Windows(tmp_path) as windows:
        yield windows
