"""Files: who may send and have them, what they take of the disk, and what becomes of them."""

from ...store import StoredFile
from .offers import MOST_MOVING, Files
from .transfers import Moving, Receiving, Serving

__all__ = ["MOST_MOVING", "Files", "Moving", "Receiving", "Serving", "StoredFile"]
