"""docs/protocol.md is what the server does: its examples are run, its tables are complete."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from msgspec.structs import fields
from twisted.trial.unittest import SynchronousTestCase

import twisted_chat
from twisted_chat.core import events, results
from twisted_chat.core.command_table import TABLE
from twisted_chat.doors.json import requests
from twisted_chat.testing import Client, Hall

HOUSE = Path(twisted_chat.__file__).parent
PAGE = HOUSE.parent / "docs" / "protocol.md"
ANY = "…"

# Codes that no program is ever told: the store's own word for what is answered as
# `not_available`, and one that finds the connection closed.
UNSEEN = {"room_taken", "gone", "sasl", "too_fast"}
# The clients, and the door of IRC: what they tell their person, no program is told.
OTHERS = {"bot.py", "client.py", "clients", "e2e", "gui.py", "irc", "remote"}


@dataclass
class Transcript:
    """One block of the page: who it is, what broke before it, and its lines."""

    dialect: str
    who: str
    lost: list[str]
    lines: list[tuple[str, str]] = field(default_factory=list)


def transcripts() -> Iterator[Transcript]:
    lost: list[str] = []
    block: Transcript | None = None
    inside = False
    for line in PAGE.read_text().splitlines():
        if found := re.fullmatch(r"<!-- (connection|text|lost): (.+) -->", line):
            if found[1] == "lost":
                lost.append(found[2])
            else:
                block, lost = Transcript(found[1], found[2], lost), []
        elif line.startswith("```"):
            inside = not inside
            if not inside and block is not None:
                yield block
                block = None
        elif inside:
            assert block is not None and line[:3] in ("C: ", "S: "), line
            block.lines.append((line[0], line[3:]))


class Play:
    """Plays the transcripts on one server, each connection going on where it was."""

    def __init__(self, hall: Hall) -> None:
        self.hall = hall
        self.clients: dict[str, Client] = {}
        self.tokens: dict[str, str] = {}
        self.epoch = self.version = self.ticket = ""

    def play(self, block: Transcript) -> None:
        for name in block.lost:
            self.clients.pop(name).vanishes()
        client = self.clients.get(block.who)
        if client is None:
            client = self.clients[block.who] = self.hall.connects()
        expected: list[str] = []
        for side, line in block.lines:
            if side == "S":
                expected.append(line)
                continue
            self.check(block, client, expected)
            expected = []
            client.types(self.filled(block, line))
        self.check(block, client, expected)

    def filled(self, block: Transcript, line: str) -> str:
        """A line of the client's, with what a client would have kept."""
        person = block.who.split(",")[0]
        line = line.replace(f'"token": "{ANY}"', f'"token": "{self.tokens.get(person)}"')
        line = line.replace(f'"version": "{ANY}"', f'"version": "{self.version}"')
        line = line.replace(f'"ticket": "{ANY}"', f'"ticket": "{self.ticket}"')
        return line.replace(f'"epoch": "{ANY}"', f'"epoch": "{self.epoch}"')

    def check(self, block: Transcript, client: Client, expected: list[str]) -> None:
        came = client.takes()
        if block.dialect == "text":
            lines = [line for line in came.splitlines() if not line.endswith("conversation")]
            assert matches("\n".join(expected), "\n".join(lines)), (expected, lines)
            return
        objects = [read(line) for line in came.splitlines()]
        wanted = [read(re.sub(rf'(?<!"){ANY}(?!\w|")', f'"{ANY}"', line)) for line in expected]
        if not any(line.get("event") == "presence" for line in wanted):
            objects = [line for line in objects if line.get("event") != "presence"]
        for line in objects:
            self.note(line)
        assert matches(wanted, objects), f"expected\n{expected}\nbut this came:\n{came}"

    def note(self, line: dict[str, Any]) -> None:
        answer = line.get("ok") or line
        if not isinstance(answer, dict):
            return
        self.ticket = answer.get("ticket", self.ticket)
        if "people" in answer:
            self.version = answer.get("version", "")
        if "epoch" in answer:
            self.epoch = answer["epoch"]
            if answer.get("token"):
                self.tokens[answer["name"]] = answer["token"]


def read(line: str) -> dict[str, Any]:
    """A line of JSON; or the bytes of a file, of which the page has only text."""
    return json.loads(line) if line.startswith("{") else {"bytes": line}


def matches(wanted: Any, came: Any) -> bool:
    """Whether what came is what was wanted, where `…` may stand for any value."""
    if wanted == ANY:
        return True
    if isinstance(wanted, str) and isinstance(came, str):
        pattern = ".*".join(map(re.escape, wanted.split(ANY)))
        return re.fullmatch(pattern, came) is not None
    if isinstance(wanted, dict) and isinstance(came, dict):
        # The order of the keys is part of an example, so that readers can compare.
        return list(wanted) == list(came) and all(matches(wanted[k], came[k]) for k in wanted)
    if isinstance(wanted, list) and isinstance(came, list):
        return len(wanted) == len(came) and all(map(matches, wanted, came))
    return bool(wanted == came)


def tables() -> Iterator[list[list[str]]]:
    """The tables of the page: rows of cells, the heading first."""
    rows: list[list[str]] = []
    for line in [*PAGE.read_text().splitlines(), ""]:
        if line.startswith("|"):
            rows.append([cell.strip() for cell in line.strip("|").split("|")])
        elif rows:
            yield [rows[0], *rows[2:]]
            rows = []


def table(*headings: str) -> Iterator[list[str]]:
    for rows in tables():
        if tuple(rows[0][: len(headings)]) == headings:
            yield from rows[1:]


def quoted(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)


def codes_of(*makers: str) -> set[str]:
    """Every code with which the server makes one of these."""
    found = set()
    for path in HOUSE.rglob("*.py"):
        if not OTHERS.isdisjoint(path.relative_to(HOUSE).parts):
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.args:
                first = node.args[0]
                if node.func.id in makers and isinstance(first, ast.Constant):
                    found.add(str(first.value))
    return found


class DocumentTests(SynchronousTestCase):
    def test_every_transcript_is_what_happens(self) -> None:
        blocks = list(transcripts())
        self.assertGreater(len(blocks), 12)
        with Hall() as hall:
            play = Play(hall)
            for block in blocks:
                play.play(block)

    def test_a_wrong_transcript_would_be_noticed(self) -> None:
        self.assertFalse(matches([{"seq": 1, "time": ANY}], [{"seq": 2, "time": 5}]))
        self.assertFalse(matches([{"seq": 1}], [{"seq": 1, "new": True}]))
        self.assertFalse(matches([], [{"seq": 1}]))

    def test_every_command_is_documented_with_its_arguments(self) -> None:
        documented = {quoted(row[0])[0]: row for row in table("do", "arguments", "answer")}
        self.assertEqual(list(documented), [row.name for row in TABLE.rows])
        answers = {name for name in vars(results) if name[0].isupper()}
        for row in TABLE.rows:
            cells = documented[row.name]
            arguments = {one.name: one for one in fields(row.make)}
            self.assertEqual(set(quoted(cells[1])), set(arguments), row.name)
            self.assertEqual("*g*" in cells[3], row.who == 0, row.name)
            self.assertEqual("administrators" in cells[3], row.who == 2, row.name)
            if cells[2] != "(nothing)":
                self.assertLessEqual(set(cells[2].split(", ")), answers, row.name)

    def test_every_other_request_is_documented(self) -> None:
        page = PAGE.read_text()
        signing_in = {quoted(row[0])[0]: row[1] for row in table("do", "arguments", "what it does")}
        for verb, kind in requests.REQUESTS.items():
            self.assertIn(f'"do": "{verb}"' if verb not in ("login", "guest") else verb, page)
            if verb in signing_in:
                self.assertEqual(set(quoted(signing_in[verb])), set(kind.__struct_fields__))
            for name in kind.__struct_encode_fields__:
                self.assertIn(f"`{name}`", page, verb)

    def test_every_answer_is_documented(self) -> None:
        documented = {row[0]: quoted(row[1]) for row in table("answer", "its fields")}
        for name, kind in vars(results).items():
            if isinstance(kind, type) and issubclass(kind, results.Result) and name in documented:
                for one in kind.__struct_encode_fields__:
                    self.assertIn(one, documented[name], name)
        used = {a for row in table("do", "arguments", "answer") for a in row[2].split(", ")}
        self.assertEqual(used - {"(nothing)"}, set(documented))

    def test_every_refusal_is_documented(self) -> None:
        documented = {quoted(row[0])[0] for row in table("code", "what it means", "again?")}
        self.assertEqual(documented, codes_of("ChatError") - UNSEEN)

    def test_every_reason_to_close_is_documented(self) -> None:
        documented = {code for row in table("code", "what to do") for code in quoted(row[0])}
        # A connection that is one too many is closed with the code of its refusal.
        self.assertEqual(documented, (codes_of("Closed") | {"full"}) - UNSEEN)

    def test_every_event_and_notice_is_documented(self) -> None:
        documented = {row[0].strip("`"): row for row in table("event", "fields", "what it tells")}
        for kind in events.Event.__subclasses__():
            row = documented[str(kind.__struct_config__.tag)]
            self.assertEqual(set(quoted(row[1])), set(kind.__struct_fields__))
        self.assertEqual(
            set(quoted(documented["notice"][2])), codes_of("Notice") | codes_of("Invitation")
        )

    def test_every_kind_of_entry_is_documented(self) -> None:
        from twisted_chat.core.entries import Kind

        rows = table("event", "fields besides `room`, `seq`")
        documented = {name for row in rows for name in quoted(row[0])}
        self.assertEqual(documented, {kind.name.lower() for kind in Kind} | {"hidden"})
