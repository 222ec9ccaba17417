"""Servers that are not what they should be: nothing of theirs reaches a terminal as it is."""

from __future__ import annotations

import json
import subprocess
from socket import create_server, socket
from threading import Thread
from typing import Any

from tests.support.programs import account
from tests.support.server_process import PATIENCE
from tests.system.pipe.pipes import CLIENT
from tests.system.world import World

EVIL = "\x1b]0;x\x07\x9b2J\u202e\u2028\r\nevil"


class Strange(Thread):
    """Answers whatever it is asked, with the same text everywhere."""

    def __init__(self, listening: socket) -> None:
        super().__init__()
        self._listening = listening
        self.heard: list[dict[str, Any]] = []

    def run(self) -> None:
        while not self.heard:
            connection, _ = self._listening.accept()
            with connection, connection.makefile("rwb") as lines:
                connection.settimeout(PATIENCE)
                # The client asks for TLS first, and nobody here speaks it.
                if connection.recv(1, 2) == b"{":  # MSG_PEEK
                    self.talk(lines)
                else:
                    connection.recv(4096)
                    connection.sendall(b"What?\n")

    def talk(self, lines: Any) -> None:
        def say(said: dict[str, Any]) -> None:
            lines.write(json.dumps(said).encode() + b"\n")
            lines.flush()

        for line in lines:
            request = json.loads(line)
            self.heard.append(request)
            if len(self.heard) == 1:
                say({"event": "hello", "server": EVIL, "motd": EVIL, "epoch": "x"})
            do, number = request["do"], request["id"]
            if do == "login":
                room = {"id": 1, "from": 0, "last": 1, "read": 0, "topic": EVIL}
                say({"re": number, "ok": welcome(rooms={"#lobby": room})})
                say({"event": "message", "room": "#lobby", "seq": 1, "from": EVIL, "text": EVIL})
                say({"event": "notice", "code": "announcement", "text": EVIL})
                say({"event": "presence", "joined": [EVIL], "left": [EVIL]})
            elif do in ("known", "whoelse", "help", "delivered", "ping", "logout"):
                answers = {"known": {"known": True, "guest": False}, "whoelse": {"people": []}}
                say({"re": number, "ok": answers.get(do, {"rows": []})})
            elif do == "stats":
                say({"re": number, "ok": {"facts": {EVIL: EVIL}}})
            else:
                say({"re": number, "error": {"code": "confirm", "message": EVIL}})


def welcome(**more: Any) -> dict[str, Any]:
    facts = {"name": "tesla", "guest": False, "admin": False, "token": "t", "device": "d"}
    return {**facts, "epoch": "x", "reset": False, "unknown": [], "ignores": [], **more}


def run_client(world: World, *more: str, typed: bytes) -> subprocess.CompletedProcess[bytes]:
    listening = create_server(("127.0.0.1", 0))
    world.after(listening.close)
    server = Strange(listening)
    server.daemon = True
    server.start()
    words = ["127.0.0.1", str(listening.getsockname()[1]), "tesla", *more]
    home = world.folder / "home"
    done = subprocess.run(
        [*CLIENT, *words],
        input=typed,
        capture_output=True,
        env=account(home, TWISTED_CHAT_PASSWORD="x"),
        timeout=PATIENCE,
        check=False,
    )
    server.join(PATIENCE)
    return done


def test_g1_nothing_moves_the_cursor(world: World) -> None:
    done = run_client(world, typed=b"stats\nrooms\nyes\nBM hello\n")
    for output in (done.stdout.decode(), done.stderr.decode()):
        for line in output.split("\n"):
            for character in line:
                assert not (ord(character) < 32 or 127 <= ord(character) < 160), line
                assert character not in "\u202e\u2028"
    assert "␛]0;x␇" in done.stdout.decode()
    assert "␛]0;x␇" in done.stderr.decode()
    assert done.returncode == 1


def test_g1_programs_get_plain_ascii(world: World) -> None:
    done = run_client(world, "--json", typed=b"stats\nrooms\n")
    assert done.stdout.isascii()
    said = [json.loads(line) for line in done.stdout.splitlines()]
    assert EVIL in [one.get("text") for one in said]
    assert said[-2]["error"]["message"] == EVIL


def test_what_answers_is_no_chat(world: World) -> None:
    listening = create_server(("127.0.0.1", 0))
    world.after(listening.close)

    def serve() -> None:
        for _ in range(2):
            connection, _address = listening.accept()
            with connection:
                connection.recv(4096)
                connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n" * 10_000)

    Thread(target=serve, daemon=True).start()
    words = ["127.0.0.1", str(listening.getsockname()[1]), "tesla"]
    done = subprocess.run(
        [*CLIENT, *words],
        input=b"hello",
        capture_output=True,
        env=account(world.folder / "home", TWISTED_CHAT_PASSWORD="x"),
        timeout=PATIENCE,
        check=False,
    )
    assert (done.returncode, done.stdout) == (1, b"")
    assert len(done.stderr.splitlines()) == 1, done.stderr
