"""What stands at the sides of the window: the conversations, and the people of the one in sight."""

from __future__ import annotations

import tkinter as tk
from collections.abc import Callable, Collection
from tkinter import ttk
from typing import Any, NamedTuple

from ...core.text import shown
from ..desk.front import Status
from ..sync.conversations import LOBBY, Conversation
from ..sync.user import User
from .style import GAP, Fonts, Palette
from .text import short

LONGEST = 40  # characters of a name


class ConversationRow(NamedTuple):
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
        self._rows: dict[str, ConversationRow] = {}
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

    def refresh(self, rows: list[ConversationRow], here: str) -> None:
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

    def _put(self, row: ConversationRow) -> None:
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


LONGEST = 40  # characters of a name
MOST = 500  # rows


class Member(NamedTuple):
    """Somebody, and what they are in a room."""

    name: str
    role: str = ""
    online: bool = True


class PeoplePanel(ttk.Frame):
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


def rows_of(user: User, here: str, looking: bool) -> list[ConversationRow]:
    """The conversations: the lobby, then rooms, then people."""
    rows = [
        _row(conversation, looking and conversation.label == here)
        for conversation in user.conversations.all.values()
    ]
    if all(row.label != here for row in rows):
        rows.append(ConversationRow(shown(here)))
    return sorted(
        rows, key=lambda row: (row.label != LOBBY, row.label[:1] != "#", row.label.lower())
    )


def _row(conversation: Conversation, looked_at: bool) -> ConversationRow:
    label = shown(conversation.label)
    if looked_at:
        return ConversationRow(label)
    return ConversationRow(label, conversation.unread, conversation.mentions)


def may_encrypt(status: Status, members: list[Member]) -> bool:
    """Whether this person could have the conversation encrypted: a private one, or a room of
    their own."""
    if status.here == LOBBY or status.secrecy:
        return False
    own = (member.role for member in members if member.name == status.name)
    return not status.here.startswith("#") or "owner" in own


def members_of(status: Status, memberships: Memberships) -> list[Member]:
    """The people of the conversation one looks at."""
    online = dict.fromkeys(status.people)
    if not status.online or status.here == LOBBY:
        return [Member(name) for name in online]
    if status.here.startswith("#"):
        return memberships.of(status.here, online)
    both = dict.fromkeys((status.here, status.name))
    return [Member(name, online=name in online) for name in both]
