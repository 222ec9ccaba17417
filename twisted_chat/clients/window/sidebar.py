"""The conversations at the side."""

from __future__ import annotations

import tkinter as tk
from collections.abc import Callable
from tkinter import ttk
from typing import NamedTuple

from .style import GAP, Fonts, Palette
from .text import short

LONGEST = 40  # characters of a name


class Row(NamedTuple):
    """A conversation."""

    label: str
    unread: int = 0
    mentions: int = 0


class Sidebar(ttk.Frame):
    """The lobby, rooms and people one talks to; a click looks at one."""

    def __init__(
        self,
        parent: tk.Misc,
        fonts: Fonts,
        drawn: Callable[[str], str],
        switch: Callable[[str], None],
        join: Callable[[], None],
        message: Callable[[], None],
    ) -> None:
        super().__init__(parent, padding=(0, GAP // 2))
        self._fonts = fonts
        self._drawn = drawn
        self._switch = switch
        self._rows: dict[str, Row] = {}
        self._items: dict[str, str] = {}
        self._here = ""
        self.columnconfigure(0, weight=1)
        self.rowconfigure(1, weight=1)
        ttk.Label(self, text="Conversations", style="Small.TLabel").grid(
            row=0, column=0, sticky="w", padx=GAP, pady=(0, GAP // 2)
        )
        self._tree = self._make_tree()
        self._tree.grid(row=1, column=0, sticky="nsew", padx=(0, GAP // 2))
        for row, (text, command) in enumerate(
            (("Join a room…", join), ("Message somebody…", message)), 2
        ):
            ttk.Button(self, text=text, command=command, takefocus=False).grid(
                row=row, column=0, sticky="ew", padx=GAP, pady=(GAP // 2, 0)
            )

    def _make_tree(self) -> ttk.Treeview:
        tree = ttk.Treeview(
            self, show="tree", columns=("unread",), selectmode="browse", takefocus=False, height=1
        )
        digit = self._fonts.bold.measure("0")
        tree.column("#0", width=digit * 17, minwidth=digit * 4, stretch=True)
        tree.column("unread", width=digit * 5, minwidth=digit * 5, stretch=False, anchor="e")
        tree.bind("<<TreeviewSelect>>", lambda event: self._selected())
        return tree

    def recolor(self, palette: Palette) -> None:
        self._tree.tag_configure("unread", font=self._fonts.bold)
        self._tree.tag_configure("mention", font=self._fonts.bold, foreground=palette.accent)

    def refresh(self, rows: list[Row], here: str) -> None:
        """Show these conversations, of which one is looked at."""
        wanted = {row.label: row for row in rows}
        for label in list(self._items):
            if label not in wanted:
                self._tree.delete(self._items.pop(label))
                del self._rows[label]
        for at, row in enumerate(rows):
            if self._rows.get(row.label) != row:
                self._put(row)
            if self._tree.index(self._items[row.label]) != at:
                self._tree.move(self._items[row.label], "", at)
        item = self._items.get(here)
        if here != self._here or (item and self._tree.selection() != (item,)):
            self._here = here
            self._tree.selection_set((item,) if item else ())
            if item:
                self._tree.see(item)

    def _put(self, row: Row) -> None:
        name = self._drawn(short(row.label, LONGEST))
        count = f"{row.unread:,}" if row.unread else ""
        tags = ("mention",) if row.mentions else ("unread",) if row.unread else ()
        item = self._items.get(row.label)
        if item is None:
            item = self._items[row.label] = self._tree.insert("", "end")
        self._tree.item(item, text=name, values=(count,), tags=tags)
        self._rows[row.label] = row

    def _selected(self) -> None:
        chosen = self._tree.selection()
        label = next((label for label, item in self._items.items() if (item,) == chosen), "")
        if label and label != self._here:
            self._here = label
            self._switch(label)

    def beside(self, step: int) -> str:
        """The conversation that many rows further, around the end."""
        labels = [label for item in self._tree.get_children() for label in self._named(item)]
        if not labels:
            return ""
        at = labels.index(self._here) if self._here in labels else 0
        return labels[(at + step) % len(labels)]

    def _named(self, item: str) -> list[str]:
        return [label for label, its in self._items.items() if its == item]
