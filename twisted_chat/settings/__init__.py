"""What operators can set: the table of it, and how it is read."""

from __future__ import annotations

from .document import markdown
from .option import Option
from .sources import settle
from .table import OPTIONS, Settings

__all__ = ["OPTIONS", "Option", "Settings", "markdown", "settle"]
