"""The table of settings for the documentation."""

from __future__ import annotations

from collections.abc import Iterable

from .option import Option
from .table import OPTIONS


def markdown(rows: Iterable[Option] = OPTIONS) -> str:
    """The table for the documentation."""
    lines = ["| option | default | what it is for |", "|---|---|---|"]
    for row in rows:
        typed = f"--{row.key} {row.value}".rstrip().replace("|", "\\|")
        default = f"`{row.shown_default}`" if row.shown_default else ""
        lines.append(f"| `{typed}` | {default} | {row.help} |")
    return "\n".join(lines) + "\n"
