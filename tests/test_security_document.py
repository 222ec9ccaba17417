"""docs/security.md says what the code does: the vectors of the tests, and every column there is."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from twisted_chat.store import schema

DOCUMENT = Path(__file__).parent.parent / "docs" / "security.md"
VECTORS = Path(__file__).parent / "e2e" / "vectors.json"
_BLOCK = re.compile(r"<!-- vector: (\w+) -->\n```json\n(.*?)```\n", re.S)


def shown(name: str, vectors: dict[str, Any]) -> str:
    """The first vector of a kind as the page shows it."""
    found = vectors[name]
    return json.dumps(found[0] if isinstance(found, list) else found, indent=1, ensure_ascii=False)


def written(page: str) -> str:
    """The page with its vectors as they are."""
    vectors = json.loads(VECTORS.read_text())

    def block(found: re.Match[str]) -> str:
        return f"<!-- vector: {found[1]} -->\n```json\n{shown(found[1], vectors)}\n```\n"

    return _BLOCK.sub(block, page)


class SecurityDocumentTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.page = DOCUMENT.read_text()

    def test_the_vectors_are_those_of_the_tests(self) -> None:
        names = [name for name, _ in _BLOCK.findall(self.page)]
        self.assertEqual(names, ["device", "words", "payload", "chunks", "vault"])
        if self.page != written(self.page):
            self.fail("run: python -m tests.test_security_document --write")

    def test_i10_everything_the_server_keeps_is_named(self) -> None:
        said = self.page.partition("## What the server sees")[2].partition("\n## ")[0]
        named = set(re.findall(r"`(\w+)`", said))
        for table in (schema.entry, schema.device_key, schema.one_time_key, schema.file):
            self.assertEqual({one.name for one in table.columns} - named, set(), table.name)


if __name__ == "__main__" and sys.argv[1:] == ["--write"]:
    DOCUMENT.write_text(written(DOCUMENT.read_text()))
