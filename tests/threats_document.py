"""The table of docs/threats.md: its last column is made from the names of the tests.

A test whose name begins with rows (`test_a6_g1_…`) stands for them. To write the column anew:
python -m tests.threats_document --write
"""

from __future__ import annotations

import ast
import re
import sys
from pathlib import Path

TESTS = Path(__file__).parent
DOCUMENT = TESTS.parent / "docs" / "threats.md"
_CARRIES = re.compile(r"test_((?:[a-k][0-9]+_)+)")
_ROW = re.compile(r"\| ([A-K][0-9]+) \| ([^|]+) \| ([^|]*) \|")


def files_by_row() -> dict[str, list[str]]:
    """For every row that some test carries in its name: the files these tests are in."""
    found: dict[str, set[str]] = {}
    for path in TESTS.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef) and (carried := _CARRIES.match(node.name)):
                for row in carried[1].rstrip("_").split("_"):
                    found.setdefault(row.upper(), set()).add(path.relative_to(TESTS).as_posix())
    return {row: sorted(files) for row, files in found.items()}


def rows(document: str) -> dict[str, tuple[str, str]]:
    """Every row's own words, and its last column."""
    every = [found.groups() for found in _ROW.finditer(document)]
    named = {row: (must, held) for row, must, held in every}
    assert len(named) == len(every), "two rows have the same name"
    return named


def written(document: str) -> str:
    """The document with its last column as the tests are now; words stay where no test is."""
    files = files_by_row()

    def line(found: re.Match[str]) -> str:
        row, must, held = found.groups()
        if row in files:
            held = ", ".join(f"`{file}`" for file in files[row])
        elif held.startswith("`"):
            held = ""
        return f"| {row} | {must} | {held} |"

    return _ROW.sub(line, document)


if __name__ == "__main__" and sys.argv[1:] == ["--write"]:
    DOCUMENT.write_text(written(DOCUMENT.read_text()))
