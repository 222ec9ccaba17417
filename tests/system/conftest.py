"""The world of every test with processes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.system.world import World


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """A folder of its own, where what is started ends with the test."""
    with World(tmp_path) as world:
        yield world
