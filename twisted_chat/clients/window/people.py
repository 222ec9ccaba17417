"""The people of a conversation."""

from __future__ import annotations

import tkinter as tk
from collections.abc import Callable, Collection
from tkinter import ttk
from typing import Any, NamedTuple

from ...core.text import shown
from .style import GAP, Fonts, Palette
from .text import short

LONGEST = 40  # characters of a name
MOST = 500  # rows


class Member(NamedTuple):
    """Somebody, and what they are in a room."""

    name: str
    role: str = ""
    online: bool = True


class People(ttk.Frame):
    """Who is online, or who the members of a room are; a double click talks to one."""

    def __init__(
        self,
        parent: tk.Misc,
        fonts: Fonts,
        drawn: Callable[[str], str],
        talk: Callable[[str], None],
    ) -> None:
        super().__init__(parent, padding=(0, GAP // 2))
        self._drawn = drawn
        self._talk = talk
        self._shown: list[Member] = []
        self._names: dict[str, str] = {}  # by the rows of the tree
        self.columnconfigure(0, weight=1)
        self.rowconfigure(1, weight=1)
        self._heading = ttk.Label(self, text="Online", style="Small.TLabel")
        self._heading.grid(row=0, column=0, sticky="w", padx=GAP, pady=(0, GAP // 2))
        self._tree = ttk.Treeview(
            self, show="tree", columns=("role",), selectmode="browse", takefocus=False, height=1
        )
        digit = fonts.plain.measure("0")
        self._tree.column("#0", width=digit * 13, minwidth=digit * 4, stretch=True)
        self._tree.column("role", width=digit * 8, minwidth=digit * 4, stretch=False, anchor="e")
        self._tree.grid(row=1, column=0, sticky="nsew", padx=(0, GAP // 2))
        for sign in ("<Double-Button-1>", "<Return>"):
            self._tree.bind(sign, lambda event: self._chosen())

    def recolor(self, palette: Palette) -> None:
        self._tree.tag_configure("offline", foreground=palette.muted)

    def refresh(self, members: list[Member]) -> None:
        """Show these people, the ones online first."""
        members = sorted(members, key=lambda one: (not one.online, one.name.lower()))
        if members == self._shown:
            return
        self._shown = members
        online = sum(one.online for one in members)
        everybody = online == len(members)
        about = f"{online:,} online" if everybody else f"{online:,} of {len(members):,} online"
        self._heading.configure(text=about)
        self._tree.delete(*self._tree.get_children())
        self._names.clear()
        for member in members[:MOST]:
            item = self._tree.insert("", "end")
            name = self._drawn(short(member.name, LONGEST))
            tags = () if member.online else ("offline",)
            self._tree.item(item, text=name, values=(member.role,), tags=tags)
            self._names[item] = member.name
        if len(members) > MOST:
            more = f"and {len(members) - MOST:,} more"
            self._tree.insert("", "end", text=more, tags=("offline",))

    def _chosen(self) -> None:
        for item in self._tree.selection():
            if item in self._names:
                self._talk(self._names[item])


class Memberships:
    """Who the members of rooms are, as far as it was asked for."""

    def __init__(self, ask: Callable[[str], Any], changed: Callable[[], None]) -> None:
        """`ask` asks the server for the members of a room."""
        self._ask = ask
        self._changed = changed
        self._known: dict[str, list[tuple[str, str]]] = {}
        self._asked: set[str] = set()

    def of(self, room: str, online: Collection[str]) -> list[Member]:
        """The members of a room as they are known now; asks for them if they are not."""
        if room not in self._known:
            if room not in self._asked:
                self._asked.add(room)
                asked = self._ask(room)
                asked.addCallbacks(self._answered, self._failed, (room,), {}, (room,), {})
            return [Member(name) for name in online]
        return [Member(name, role, name in online) for name, role in self._known[room]]

    def forget(self, room: str = "") -> None:
        """Ask again for the members of a room, or of every one."""
        if room:
            self._known.pop(room, None)
            self._asked.discard(room)
        else:
            self._known.clear()
            self._asked.clear()

    def _answered(self, answer: dict[str, Any], room: str) -> None:
        self._known[room] = [
            (shown(str(face["name"])), shown(str(face.get("role") or "")))
            for face in answer["people"]
        ]
        self._changed()

    def _failed(self, failure: object, room: str) -> None:
        """Who is online is shown instead, until it is asked again."""
