"""Clients in pipes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.system.pipe.pipes import Bots, Pipes


@pytest.fixture
def pipes(tmp_path: Path) -> Iterator[Pipes]:
    """A server, somebody who is there already, and clients as processes."""
    with Pipes(tmp_path) as pipes:
        yield pipes


@pytest.fixture
def bots(tmp_path: Path) -> Iterator[Bots]:
    with Bots(tmp_path) as bots:
        yield bots
