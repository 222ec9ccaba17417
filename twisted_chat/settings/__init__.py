"""What operators can set: the table of it, and how it is read."""

from __future__ import annotations

from .sources import settle
from .table import OPTIONS, Option, Settings, markdown

__all__ = ["OPTIONS", "Option", "Settings", "markdown", "settle"]
