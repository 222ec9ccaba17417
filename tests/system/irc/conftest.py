"""One server for each module, and a network of connections for each test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.server_process import Server
from tests.system.irc.network import PASSWORD, Network

ACCOUNTS = ("tesla", "edison", "bell")


@pytest.fixture(scope="module")
def irc_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that nothing has gone wrong in when the last test is over."""
    folder = tmp_path_factory.mktemp("irc")
    (folder / "users").write_text("".join(f"{one} {PASSWORD}\n" for one in ACCOUNTS))
    with Server(
        folder,
        *("--users", "users", "--flood-limit", "0", "--connection-limit", "0"),
        *("--name", "irc.example", "--guests"),
    ) as server:
        server.line_with("New accounts from")
        yield server
        server.stop()
        assert "Traceback" not in "\n".join(server.lines) + server.errors


@pytest.fixture
def network(tmp_path: Path, irc_server: Server) -> Iterator[Network]:
    with Network(tmp_path, irc_server) as network:
        yield network
