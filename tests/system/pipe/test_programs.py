"""A program at the other end of the pipe: requests, answers and events as lines of JSON."""

from __future__ import annotations

import json
import signal
import subprocess
from typing import Any

from tests.support.server_process import PATIENCE
from tests.system.pipe.case import ClientCase, sentences


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


class ProgramsTest(ClientCase):
    def program(self, name: str = "clerk") -> Program:
        return Program(self.start_client(*self.words(name, "--json")))

    def test_there_and_back(self) -> None:
        edison = self.friend()
        clerk = self.program()
        came = clerk.hears(event="connection", state="online")
        self.assertEqual((came["name"], list(came["rooms"])), ("clerk", ["#lobby"]))
        edison.say("#lobby", "!ping ✓")
        said = clerk.hears(event="message")
        self.assertEqual((said["room"], said["seq"], said["text"]), ("#lobby", 1, "!ping ✓"))
        clerk.types({"id": "a", "do": "send", "room": said["room"], "text": "pong", "cid": "a1"})
        own = clerk.hears(event="message")
        self.assertEqual((own["text"], own["cid"]), ("pong", "a1"))
        answer = {"room": "#lobby", "seq": 2, "now": 1, "later": 0, "again": False, "cid": "a1"}
        self.assertEqual(clerk.hears(re="a"), {"re": "a", "ok": answer})
        clerk.types({"do": "whoelse"})
        self.assertEqual(clerk.hears(line=2)["ok"]["people"][0]["name"], "edison")
        self.assertEqual(clerk.ends(), 0)
        self.assertEqual(clerk.heard[0], {"event": "connection", "state": "dialing"})
        self.assertEqual(clerk.heard[-1], {"event": "connection", "state": "ended"})
        assert clerk.client.stderr is not None
        self.assertEqual(sentences(clerk.client.stderr.read()), [])
        self.assertEqual(edison.texts(), ["!ping ✓", "pong"])

    def test_typed_lines_are_requests_too(self) -> None:
        self.friend()
        clerk = self.program()
        for line in ("hello", "create #coil", "in the room", "PM edison psst", "/switch #lobby"):
            clerk.types(line)
        clerk.types("//BM is how it is said")
        clerk.types("history edison")
        self.assertEqual(clerk.hears(line=1)["ok"]["seq"], 1)
        self.assertEqual(clerk.hears(line=2)["ok"]["room"], "#coil")
        self.assertEqual(clerk.hears(line=3)["ok"]["room"], "#coil")
        self.assertEqual(clerk.hears(line=4)["ok"]["room"], "edison")
        self.assertEqual(clerk.hears(line=5)["ok"], {"place": "#lobby"})
        self.assertEqual(clerk.hears(line=6)["ok"]["room"], "#lobby")
        self.assertEqual(clerk.hears(line=7)["ok"]["lines"][0]["text"], "psst")
        self.assertEqual(clerk.ends(), 0)
        self.assertEqual(self.friend().texts(), ["hello", "/BM is how it is said"])

    def test_what_nobody_sees_makes_no_sentence_of_a_request(self) -> None:
        clerk = self.program()
        clerk.types('\ufeff{"id": "a", "do": "whoelse"}')
        clerk.types("\u200blogin tesla hunter2")
        self.assertEqual(clerk.hears(re="a")["ok"]["people"], [])
        self.assertEqual(clerk.ends(), 1)
        (refusal,) = (one["error"]["message"] for one in clerk.heard if "error" in one)
        self.assertIn("a password", refusal)
        self.assertEqual(self.friend().texts(), [])

    def test_refusals_have_their_codes(self) -> None:
        clerk = self.program()
        for line, code in (
            ("{nonsense", "syntax"),
            ('{"do": 1}', "syntax"),
            ('{"do": "dance"}', "unknown_command"),
            ('{"do": "send", "room": "#lobby"}', "empty"),
            ('{"do": "send", "room": "#lobby", "text": 1}', "args"),
            ('{"do": "send", "room": "#lobby", "text": "x", "more": "x"}', "args"),
            ('{"do": "whoelse", "self": 1}', "args"),
            ('{"do": "join", "room": "#nowhere"}', "no_such_room"),
            ('{"do": "login", "name": "bell", "password": "x"}', "not_now"),
            ("BM", "args"),
            ("/jump 1", "unknown_command"),
            ("/nonsense", "unknown_command"),
            ("x" * 5000, "too_long"),
        ):
            clerk.types(line)
            answer = clerk.hears(line=len([one for one in clerk.heard if "line" in one]) + 1)
            self.assertEqual(answer["error"]["code"], code, line)
            self.assertTrue(answer["error"]["message"])
        self.assertEqual(clerk.ends(), 1)
        self.assertEqual(self.friend().texts(), [])

    def test_d1_one_id_is_one_message(self) -> None:
        for again in (False, True, True):
            clerk = self.program()
            clerk.types({"do": "send", "room": "#lobby", "text": "once", "cid": "a1"})
            self.assertEqual(clerk.hears(line=1)["ok"]["again"], again)
            self.assertEqual(clerk.ends(), 0)
        self.assertEqual(self.friend().texts(), ["once"])

    def test_d1_what_was_not_written_is_heard_again(self) -> None:
        clerk = self.program()
        clerk.hears(event="connection", state="online")
        clerk.ends()
        edison = self.friend()
        texts = [f"{number} " + "x" * 2000 for number in range(500)]
        for text in texts:
            edison.say("#lobby", text)
        clerk = self.program()
        heard = [clerk.hears(event="message")["text"] for _ in range(20)]
        clerk.client.send_signal(signal.SIGKILL)  # with all the rest in its pipe, or before it
        clerk.client.wait(PATIENCE)
        clerk = self.program()
        first = clerk.hears(event="message")["text"]
        self.assertLessEqual(texts.index(first), len(heard))
        heard = texts[: texts.index(first) + 1]
        heard += [clerk.hears(event="message")["text"] for _ in texts[len(heard) :]]
        self.assertEqual(heard, texts)
        self.assertEqual(clerk.ends(), 0)
        clerk = self.program()
        self.assertEqual(clerk.ends(), 0)
        self.assertEqual([one for one in clerk.heard if one.get("event") == "message"], [])

    def test_goodbye(self) -> None:
        for line in ({"do": "logout"}, "logout", "tata"):
            clerk = self.program()
            clerk.types(line)
            self.assertEqual(clerk.hears(line=1), {"line": 1, "ok": {}})
            self.assertEqual(clerk.hears(event="connection")["state"], "ended")
            self.assertEqual(clerk.client.wait(PATIENCE), 0)

    def test_i9_programs_have_secrets_from_the_server_too(self) -> None:
        clerk, porter = self.program("clerk"), self.program("porter")
        for program in (clerk, porter):
            program.hears(event="connection", state="online")
        # Nobody has to know that a device must have published its keys before.
        porter.types({"id": 0, "do": "message", "user": "clerk", "text": "hello", "cid": "p0"})
        clerk.hears(text="hello")
        clerk.types({"id": 1, "do": "encrypt", "place": "porter", "sure": True})
        self.assertEqual(clerk.hears(re=1)["ok"], {"text": ""})
        porter.hears(event="encrypt")
        clerk.types({"id": 2, "do": "send", "room": "porter", "text": "CANARY", "cid": "c1"})
        seq = clerk.hears(re=2)["ok"]["seq"]
        told = porter.hears(event="message", text="CANARY")
        self.assertEqual((told["room"], told["seq"], told["encrypted"]), ("clerk", seq, True))
        clerk.types({"id": 3, "do": "edit", "message": f"porter/{seq}", "text": "a CANARY"})
        clerk.hears(re=3)
        porter.hears(event="edit", target=seq, text="a CANARY", encrypted=True)
        porter.types({"id": 4, "do": "history", "place": "clerk"})
        lines = porter.hears(re=4)["ok"]["lines"]
        self.assertEqual([line["text"] for line in lines], ["hello", "a CANARY"])
        self.assertEqual([one.ends() for one in (clerk, porter)], [0, 0])
        assert clerk.client.stderr is not None
        [keys] = [one for one in sentences(clerk.client.stderr.read()) if "[keys]" in one]
        self.assertIn("[keys] porter: porter's device", keys)
        self.assertNotIn(b"CANARY", (self.folder / "chat-data" / "chat.db").read_bytes())
