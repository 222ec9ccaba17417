"""A real server, somebody who is there already, and the client as a process."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from secrets import token_hex
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from tests.support.programs import account
from tests.support.server_process import PATIENCE, Server

CLIENT = (sys.executable, "-m", "twisted_chat.client")
PASSWORD = "alternating"
NEW_SERVER = " is new here; its key is SHA256:"


class Friend:
    """Somebody who talks to the server by a program, and waits for each answer."""

    def __init__(self, server: Server, name: str) -> None:
        self.name = name
        self.events: list[dict[str, Any]] = []
        self._socket = server.connect()
        self._file = self._socket.makefile("rwb")
        self._number = 0

    def close(self) -> None:
        self._file.close()
        self._socket.close()

    def enter(self) -> Friend:
        """Sign in; make the account if need be."""
        do = "login" if self.ask("known", name=self.name)["known"] else "register"
        self.ask(do, name=self.name, password=f"{self.name}'s password")
        return self

    def ask(self, do: str, **arguments: Any) -> Any:
        """Ask for something; events that come before the answer are kept."""
        self._number += 1
        request = {"id": self._number, "do": do, **arguments}
        self._file.write(json.dumps(request).encode() + b"\n")
        self._file.flush()
        while (said := self._read()).get("re") != self._number:
            self.events.append(said)
        if "error" in said:
            raise AssertionError(said["error"])
        return said["ok"]

    def say(self, room: str, text: str) -> int:
        """The number of the message."""
        answer = self.ask("send", room=room, text=text, cid=token_hex(8))
        return int(answer["seq"])

    def hears(self, **fields: Any) -> dict[str, Any]:
        """The next event with these fields; those before it are dropped."""
        while True:
            event = self.events.pop(0) if self.events else self._read()
            if fields.items() <= event.items():
                return event

    def texts(self, room: str = "#lobby") -> list[str]:
        """Everything that was said there."""
        found: list[str] = []
        after, more = 0, True
        while more:
            page = self.ask("entries", room=room, after=after, limit=500)
            found += [one["text"] for one in page["entries"] if one["event"] == "message"]
            more = page["more"]
            after = page["entries"][-1]["seq"] if page["entries"] else after
        return found

    def _read(self) -> dict[str, Any]:
        line = self._file.readline()
        assert line, "the server has hung up"
        said: dict[str, Any] = json.loads(line)
        return said


class ClientCase(SynchronousTestCase):
    """A server of its own for each test."""

    options: Sequence[str] = ("--flood-limit", "0")

    def setUp(self) -> None:
        self.folder = Path(self.mktemp()).absolute()
        self.folder.mkdir()
        self.home = self.folder / "home"
        self.password_file = self.folder / "secret.txt"
        self.password_file.write_text(PASSWORD + "\n")
        self.password_file.chmod(0o600)
        self.server = self.serve()

    def serve(self, port: int = 0) -> Server:
        """Start the server, or start it again."""
        server = Server(self.folder, *self.options, "--port", str(port))
        self.addCleanup(server.kill)
        return server

    def serve_again(self) -> None:
        """The server comes back where it was."""
        self.server.kill()
        self.server = self.serve(self.server.port)

    def friend(self, name: str = "edison") -> Friend:
        friend = Friend(self.server, name)
        self.addCleanup(friend.close)
        return friend.enter()

    def words(self, name: str, *more: str) -> list[str]:
        """The client's command line for somebody who may be new."""
        where = ["localhost", str(self.server.port), name]
        return [*where, "--register", "--password-file", str(self.password_file), *more]

    def env(self, **more: str) -> dict[str, str]:
        return account(self.home, **more)

    def run_client(
        self, *words: str, typed: str | bytes = b"", env: dict[str, str] | None = None
    ) -> subprocess.CompletedProcess[bytes]:
        """Run the client to its end."""
        return subprocess.run(
            [*CLIENT, *words],
            input=typed.encode() if isinstance(typed, str) else typed,
            capture_output=True,
            env=env or self.env(),
            timeout=PATIENCE,
            check=False,
        )

    def start_client(self, *words: str, **more: Any) -> subprocess.Popen[bytes]:
        """Start the client; what it says is read from its pipes."""
        streams = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
        client = subprocess.Popen([*CLIENT, *words], env=self.env(), **{**streams, **more})
        self.addCleanup(end, client)
        return client

    def well(self, done: subprocess.CompletedProcess[bytes]) -> str:
        """What a run said in which nothing went wrong."""
        self.assertEqual((done.returncode, sentences(done.stderr)), (0, []))
        return done.stdout.decode()

    def badly(self, done: subprocess.CompletedProcess[bytes], code: int = 1) -> str:
        """The one sentence of a run in which something did."""
        self.assertEqual(done.returncode, code, done)
        told = sentences(done.stderr)
        self.assertEqual(len(told), 1, done)
        return told[0]


def sentences(errors: bytes) -> list[str]:
    """What the client said went wrong; that it has not seen this server before is no harm."""
    return [line for line in errors.decode().splitlines() if NEW_SERVER not in line]


def end(process: subprocess.Popen[bytes]) -> None:
    """Leave nothing of a process."""
    if process.poll() is None:
        process.kill()
    process.wait(PATIENCE)
    for pipe in (process.stdin, process.stdout, process.stderr):
        if pipe is not None:
            pipe.close()


def line_with(process: subprocess.Popen[bytes], part: str) -> str:
    """The next line of a process that has this in it."""
    assert process.stdout is not None
    for line in process.stdout:
        if part in line.decode():
            return line.decode().rstrip("\n")
    raise AssertionError(f"it has ended without {part!r}")
