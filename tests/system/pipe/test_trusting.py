"""Servers with and without TLS, where nobody can be asked whether to trust them."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.system.pipe.pipes import NEW_SERVER, Pipes


def say(pipes: Pipes, text: str, *more: str) -> subprocess.CompletedProcess[bytes]:
    return pipes.run_client(*pipes.words("tesla", *more), typed=text)


def another_key(pipes: Pipes) -> None:
    """The server is set up anew, with what it knew before."""
    pipes.server.kill()
    (pipes.folder / "chat-data" / "tls.pem").unlink()
    pipes.server = pipes.serve(pipes.server.port)


def test_i1_a_new_server_is_trusted_and_its_key_said_once(pipes: Pipes) -> None:
    done = say(pipes, "one")
    assert done.returncode == 0
    (line,) = done.stderr.decode().splitlines()
    assert re.search(rf"^localhost:{pipes.server.port}{NEW_SERVER}[\w+/]{{43}}$", line)
    assert say(pipes, "two").stderr == b""
    assert pipes.friend().texts() == ["one", "two"]


def test_i1_another_key_is_refused_until_somebody_says_so(pipes: Pipes) -> None:
    pipes.well(say(pipes, "one"))
    another_key(pipes)
    sentence = pipes.badly(say(pipes, "two"))
    assert sentence.startswith(f"THE KEY OF localhost:{pipes.server.port} HAS CHANGED")
    before, now = re.findall(r"SHA256:[\w+/]{43}", sentence)
    assert before != now
    assert now in pipes.badly(say(pipes, "three", "--trust-new-key"), code=0)
    assert say(pipes, "four").stderr == b""
    assert pipes.friend().texts() == ["one", "three", "four"]


def test_i1_encryption_that_is_gone_is_noticed(pipes: Pipes) -> None:
    pipes.well(say(pipes, "one"))
    pipes.server.kill()
    pipes.options = (*pipes.options, "--tls", "off")
    pipes.server = pipes.serve(pipes.server.port)
    assert "was encrypted before and is not now" in pipes.badly(say(pipes, "two"))
    pipes.well(say(pipes, "three", "--insecure"))
    assert pipes.friend().texts() == ["one", "three"]


class Plain(Pipes):
    options = ("--flood-limit", "0", "--tls", "off")


@pytest.fixture
def plain(tmp_path: Path) -> Iterator[Plain]:
    with Plain(tmp_path) as plain:
        yield plain


def test_on_one_computer_no_encryption_is_needed(plain: Plain) -> None:
    done = plain.run_client(*plain.words("tesla"), typed="one")
    assert (done.returncode, done.stderr) == (0, b"")
    assert plain.friend().texts() == ["one"]
