"""The documents can be read in any editor: no paragraph has lines of more than 100 characters."""

from __future__ import annotations

from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

ROOT = Path(__file__).parent.parent
LONGEST = 100


class WidthTests(SynchronousTestCase):
    def test_paragraphs_are_wrapped(self) -> None:
        for folder in (ROOT, ROOT / "docs", ROOT / "bench", ROOT / "tests"):
            for document in folder.glob("*.md"):
                code = False
                for number, line in enumerate(document.read_text().splitlines(), 1):
                    code ^= line.startswith("```")
                    if not code and not line.startswith(("|", "    ")):
                        self.assertLessEqual(len(line), LONGEST, f"{document.name}:{number}")
