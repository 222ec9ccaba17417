"""Pieces of SQL that only SQLite understands, for statements that are written out."""

from __future__ import annotations

BEGIN_TO_WRITE = "BEGIN IMMEDIATE"
"""Begins a transaction that will not have to wait for another writer later."""

# Without statistics, SQLite takes the index on places, and reads all that it passes.
SHOWN = "entry INDEXED BY entry_shown"
"""The entries, to be found by the partial index that has nothing but messages, by their ids."""

# A list is one parameter, as JSON, so that a statement is the same for every length of it.
LIST = "SELECT value FROM json_each(?)"
"""A query for the values in a list."""

PAIRS = (
    "SELECT json_extract(value, '$[0]') AS room, json_extract(value, '$[1]') AS since"
    " FROM json_each(?)"
)
"""A query for the pairs in a list."""
