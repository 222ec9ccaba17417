"""People at terminals."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.system.terminal.people import People


@pytest.fixture
def people(tmp_path: Path) -> Iterator[People]:
    """A server, and as many people at terminals as a test wants."""
    with People(tmp_path) as people:
        yield people
