"""A program at the other end of the pipe: requests, answers and events as lines of JSON."""

from __future__ import annotations

import json
import signal
import subprocess
from typing import Any

from tests.support.server_process import PATIENCE
from tests.system.pipe.pipes import Pipes, sentences


class Program:
    """Talks to the client, and waits for what it wants to hear."""

    def __init__(self, client: subprocess.Popen[bytes]) -> None:
        self.client = client
        self.heard: list[dict[str, Any]] = []

    def types(self, line: str | dict[str, Any]) -> None:
        assert self.client.stdin is not None
        text = line if isinstance(line, str) else json.dumps(line)
        self.client.stdin.write(f"{text}\n".encode())
        self.client.stdin.flush()

    def hears(self, **fields: Any) -> dict[str, Any]:
        """The next line with these fields."""
        assert self.client.stdout is not None
        for line in self.client.stdout:
            said: dict[str, Any] = json.loads(line)
            self.heard.append(said)
            if fields.items() <= said.items():
                return said
        raise AssertionError(f"it has ended without {fields}: {self.heard}")

    def ends(self) -> int:
        assert self.client.stdin is not None and self.client.stdout is not None
        self.client.stdin.close()
        self.heard += [json.loads(line) for line in self.client.stdout]
        return self.client.wait(PATIENCE)


def program_of(pipes: Pipes, name: str = "clerk") -> Program:
    return Program(pipes.start_client(*pipes.words(name, "--json")))


def test_there_and_back(pipes: Pipes) -> None:
    edison = pipes.friend()
    clerk = program_of(pipes)
    came = clerk.hears(event="connection", state="online")
    assert (came["name"], list(came["rooms"])) == ("clerk", ["#lobby"])
    edison.say("#lobby", "!ping ✓")
    said = clerk.hears(event="message")
    assert (said["room"], said["seq"], said["text"]) == ("#lobby", 1, "!ping ✓")
    clerk.types({"id": "a", "do": "send", "room": said["room"], "text": "pong", "cid": "a1"})
    own = clerk.hears(event="message")
    assert (own["text"], own["cid"]) == ("pong", "a1")
    answer = {"room": "#lobby", "seq": 2, "now": 1, "later": 0, "again": False, "cid": "a1"}
    assert clerk.hears(re="a") == {"re": "a", "ok": answer}
    clerk.types({"do": "whoelse"})
    assert clerk.hears(line=2)["ok"]["people"][0]["name"] == "edison"
    assert clerk.ends() == 0
    assert clerk.heard[0] == {"event": "connection", "state": "dialing"}
    assert clerk.heard[-1] == {"event": "connection", "state": "ended"}
    assert clerk.client.stderr is not None
    assert sentences(clerk.client.stderr.read()) == []
    assert edison.texts() == ["!ping ✓", "pong"]


def test_typed_lines_are_requests_too(pipes: Pipes) -> None:
    pipes.friend()
    clerk = program_of(pipes)
    for line in ("hello", "create #coil", "in the room", "PM edison psst", "/switch #lobby"):
        clerk.types(line)
    clerk.types("//BM is how it is said")
    clerk.types("history edison")
    assert clerk.hears(line=1)["ok"]["seq"] == 1
    assert clerk.hears(line=2)["ok"]["room"] == "#coil"
    assert clerk.hears(line=3)["ok"]["room"] == "#coil"
    assert clerk.hears(line=4)["ok"]["room"] == "edison"
    assert clerk.hears(line=5)["ok"] == {"place": "#lobby"}
    assert clerk.hears(line=6)["ok"]["room"] == "#lobby"
    assert clerk.hears(line=7)["ok"]["lines"][0]["text"] == "psst"
    assert clerk.ends() == 0
    assert pipes.friend().texts() == ["hello", "/BM is how it is said"]


def test_what_nobody_sees_makes_no_sentence_of_a_request(pipes: Pipes) -> None:
    clerk = program_of(pipes)
    clerk.types('\ufeff{"id": "a", "do": "whoelse"}')
    clerk.types("\u200blogin tesla hunter2")
    assert clerk.hears(re="a")["ok"]["people"] == []
    assert clerk.ends() == 1
    (refusal,) = (one["error"]["message"] for one in clerk.heard if "error" in one)
    assert "a password" in refusal
    assert pipes.friend().texts() == []


def test_refusals_have_their_codes(pipes: Pipes) -> None:
    clerk = program_of(pipes)
    for line, code in (
        ("{nonsense", "syntax"),
        ('{"do": 1}', "syntax"),
        ('{"do": "dance"}', "unknown_command"),
        ('{"do": "send", "room": "#lobby"}', "empty"),
        ('{"do": "send", "room": "#lobby", "text": 1}', "args"),
        ('{"do": "send", "room": "#lobby", "text": "x", "more": "x"}', "args"),
        ('{"do": "whoelse", "pipes": 1}', "args"),
        ('{"do": "join", "room": "#nowhere"}', "no_such_room"),
        ('{"do": "login", "name": "bell", "password": "x"}', "not_now"),
        ("BM", "args"),
        ("/jump 1", "unknown_command"),
        ("/nonsense", "unknown_command"),
        ("x" * 5000, "too_long"),
    ):
        clerk.types(line)
        answer = clerk.hears(line=len([one for one in clerk.heard if "line" in one]) + 1)
        assert answer["error"]["code"] == code, line
        assert answer["error"]["message"]
    assert clerk.ends() == 1
    assert pipes.friend().texts() == []


def test_d1_one_id_is_one_message(pipes: Pipes) -> None:
    for again in (False, True, True):
        clerk = program_of(pipes)
        clerk.types({"do": "send", "room": "#lobby", "text": "once", "cid": "a1"})
        assert clerk.hears(line=1)["ok"]["again"] == again
        assert clerk.ends() == 0
    assert pipes.friend().texts() == ["once"]


def test_d1_what_was_not_written_is_heard_again(pipes: Pipes) -> None:
    clerk = program_of(pipes)
    clerk.hears(event="connection", state="online")
    clerk.ends()
    edison = pipes.friend()
    texts = [f"{number} " + "x" * 2000 for number in range(500)]
    for text in texts:
        edison.say("#lobby", text)
    clerk = program_of(pipes)
    heard = [clerk.hears(event="message")["text"] for _ in range(20)]
    clerk.client.send_signal(signal.SIGKILL)  # with all the rest in its pipe, or before it
    clerk.client.wait(PATIENCE)
    clerk = program_of(pipes)
    first = clerk.hears(event="message")["text"]
    assert texts.index(first) <= len(heard)
    heard = texts[: texts.index(first) + 1]
    heard += [clerk.hears(event="message")["text"] for _ in texts[len(heard) :]]
    assert heard == texts
    assert clerk.ends() == 0
    clerk = program_of(pipes)
    assert clerk.ends() == 0
    assert [one for one in clerk.heard if one.get("event") == "message"] == []


def test_goodbye(pipes: Pipes) -> None:
    for line in ({"do": "logout"}, "logout", "tata"):
        clerk = program_of(pipes)
        clerk.types(line)
        assert clerk.hears(line=1) == {"line": 1, "ok": {}}
        assert clerk.hears(event="connection")["state"] == "ended"
        assert clerk.client.wait(PATIENCE) == 0


def test_i9_programs_have_secrets_from_the_server_too(pipes: Pipes) -> None:
    clerk, porter = program_of(pipes, "clerk"), program_of(pipes, "porter")
    for program in (clerk, porter):
        program.hears(event="connection", state="online")
    # Nobody has to know that a device must have published its keys before.
    porter.types({"id": 0, "do": "message", "user": "clerk", "text": "hello", "cid": "p0"})
    clerk.hears(text="hello")
    clerk.types({"id": 1, "do": "encrypt", "place": "porter", "sure": True})
    assert clerk.hears(re=1)["ok"] == {"text": ""}
    porter.hears(event="encrypt")
    clerk.types({"id": 2, "do": "send", "room": "porter", "text": "CANARY", "cid": "c1"})
    seq = clerk.hears(re=2)["ok"]["seq"]
    told = porter.hears(event="message", text="CANARY")
    assert (told["room"], told["seq"], told["encrypted"]) == ("clerk", seq, True)
    clerk.types({"id": 3, "do": "edit", "message": f"porter/{seq}", "text": "a CANARY"})
    clerk.hears(re=3)
    porter.hears(event="edit", target=seq, text="a CANARY", encrypted=True)
    porter.types({"id": 4, "do": "history", "place": "clerk"})
    lines = porter.hears(re=4)["ok"]["lines"]
    assert [line["text"] for line in lines] == ["hello", "a CANARY"]
    assert [one.ends() for one in (clerk, porter)] == [0, 0]
    assert clerk.client.stderr is not None
    [keys] = [one for one in sentences(clerk.client.stderr.read()) if "[keys]" in one]
    assert "[keys] porter: porter's device" in keys
    assert b"CANARY" not in (pipes.folder / "chat-data" / "chat.db").read_bytes()
