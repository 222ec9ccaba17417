"""A real server, somebody who is there already, and the client as a process."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from typing import Any

from tests.support.programs import account
from tests.support.server_process import PATIENCE, Server
from tests.system.friend import Friend
from tests.system.world import World

CLIENT = (sys.executable, "-m", "twisted_chat.client")
PASSWORD = "alternating"
NEW_SERVER = " is new here; its key is SHA256:"


class Pipes(World):
    """A server of its own for each test."""

    options: Sequence[str] = ("--flood-limit", "0")

    def begin(self) -> None:
        super().begin()
        self.home = self.folder / "home"
        self.password_file = self.folder / "secret.txt"
        self.password_file.write_text(PASSWORD + "\n")
        self.password_file.chmod(0o600)
        self.server = self.serve()

    def serve(self, port: int = 0) -> Server:
        """Start the server, or start it again."""
        server = Server(self.folder, *self.options, "--port", str(port))
        self.after(server.kill)
        return server

    def serve_again(self) -> None:
        """The server comes back where it was."""
        self.server.kill()
        self.server = self.serve(self.server.port)

    def friend(self, name: str = "edison") -> Friend:
        friend = Friend(self.server, name)
        self.after(friend.close)
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
        self.after(end, client)
        return client

    def well(self, done: subprocess.CompletedProcess[bytes]) -> str:
        """What a run said in which nothing went wrong."""
        assert (done.returncode, sentences(done.stderr)) == (0, [])
        return done.stdout.decode()

    def badly(self, done: subprocess.CompletedProcess[bytes], code: int = 1) -> str:
        """The one sentence of a run in which something did."""
        assert done.returncode == code, done
        told = sentences(done.stderr)
        assert len(told) == 1, done
        return told[0]


class Bots(Pipes):
    def bot(self, code: str) -> subprocess.Popen[bytes]:
        """Run a bot in its own folder."""
        (self.folder / "clerk.txt").write_text("a secret of the clerk's\n")
        (self.folder / "clerk.txt").chmod(0o600)
        (self.folder / "bot.py").write_text(code)
        with (self.folder / "bot-stderr.txt").open("ab") as errors:
            bot = subprocess.Popen(
                [sys.executable, "bot.py"],
                cwd=self.folder,
                env=account(self.home),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=errors,
            )
        self.after(end, bot)
        return bot

    @property
    def errors(self) -> str:
        return (self.folder / "bot-stderr.txt").read_text()

    def killed(self, bot: subprocess.Popen[bytes]) -> None:
        bot.kill()
        bot.wait(PATIENCE)


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
