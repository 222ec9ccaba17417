"""The bar at the top, the one at the bottom, and the line above the field where one types."""

from __future__ import annotations

import tkinter as tk
from collections.abc import Callable
from tkinter import ttk

from ..desk.front import Secrecy, Status
from . import icons
from .style import GAP, Palette
from .text import short

LONGEST_LABEL = 40
LONGEST_TOPIC = 400
LONGEST_UNSENT = 60
MOST_TYPISTS = 3
ROOM_FOR_WORDS = 520  # pixels of the header
ENCRYPT = "Encrypt…"


class Header(ttk.Frame):
    """What one looks at and what it is about; buttons for what everybody needs."""

    def __init__(
        self,
        parent: tk.Misc,
        drawn: Callable[[str], str],
        toggle: Callable[[str], None],
        reconnect: Callable[[], object],
        disconnect: Callable[[], object],
        secrecy: Callable[[], object],
    ) -> None:
        """`secrecy` is called by the button that says how secret a conversation is."""
        super().__init__(parent, padding=(GAP // 2, GAP // 2, GAP, GAP // 2))
        self._drawn = drawn
        self._icons: list[tk.BitmapImage] = []
        self._locks: dict[Secrecy, tk.BitmapImage] = {}
        self._secret = Secrecy.NONE
        self._may_encrypt = False
        self._toggles = {side: self._make_toggle(side, toggle) for side in ("list", "people")}
        self._label = ttk.Label(self, style="Title.TLabel")
        self._secrecy = ttk.Button(
            self, style="Secret.TButton", compound="left", command=secrecy, takefocus=False
        )
        self._topic = ttk.Label(self, style="Muted.TLabel", width=1)
        self._again = ttk.Button(self, text="Connect again", command=reconnect, takefocus=False)
        leave = ttk.Button(self, text="Disconnect", command=disconnect, takefocus=False)
        self.columnconfigure(3, weight=1)
        self._toggles["list"].grid(row=0, column=0)
        self._label.grid(row=0, column=1, padx=GAP)
        self._secrecy.grid(row=0, column=2, padx=(0, GAP))
        self._topic.grid(row=0, column=3, sticky="ew", padx=(0, GAP))
        self._again.grid(row=0, column=4, padx=(0, GAP))
        self._toggles["people"].grid(row=0, column=5, padx=(0, GAP // 2))
        leave.grid(row=0, column=6)
        for button in (self._again, self._secrecy):
            button.grid_remove()
        self.bind("<Configure>", lambda event: self._show_secrecy())

    def _make_toggle(self, side: str, toggle: Callable[[str], None]) -> ttk.Button:
        def pressed() -> None:
            toggle(side)

        return ttk.Button(self, style="Icon.TButton", command=pressed, takefocus=False)

    def recolor(self, palette: Palette) -> None:
        self._icons = [icons.bitmap(self, side, palette.text) for side in self._toggles]
        for button, icon in zip(self._toggles.values(), self._icons, strict=True):
            button.configure(image=icon)
        self._locks = locks(self, palette)
        self._show_secrecy()

    def refresh(self, status: Status, lost: bool, may_encrypt: bool) -> None:
        """`may_encrypt` is whether this person could have the conversation encrypted."""
        self._secret, self._may_encrypt = status.secrecy, may_encrypt
        self._secrecy.state(["selected" if status.secrecy else "!selected"])
        self._show_secrecy()
        self._label.configure(text=self._drawn(short(status.here, LONGEST_LABEL)))
        about = status.topic if status.here.startswith("#") else "private conversation"
        self._topic.configure(text=self._drawn(short(about, LONGEST_TOPIC)))
        if lost:
            self._again.grid()
        else:
            self._again.grid_remove()

    def _show_secrecy(self) -> None:
        """With words, where there is room for them."""
        if (self._secret or self._may_encrypt) and self._locks:
            wide = self.winfo_width() >= ROOM_FOR_WORDS
            words = (self._secret or ENCRYPT) if wide else ""
            self._secrecy.configure(image=self._locks[self._secret], text=words)
            self._secrecy.grid()
        else:
            self._secrecy.grid_remove()


def locks(root: tk.Misc, palette: Palette) -> dict[Secrecy, tk.BitmapImage]:
    """The picture of how secret a conversation is."""
    verified = icons.bitmap(root, "verified", palette.own)
    return {
        Secrecy.NONE: icons.bitmap(root, "open", palette.muted),
        Secrecy.ENCRYPTED: icons.bitmap(root, "locked", palette.own),
        Secrecy.VERIFIED: verified,
        Secrecy.VERIFIED_ONLY: verified,
    }


class Footer(ttk.Frame):
    """How one is connected, to what, and as whom."""

    def __init__(self, parent: tk.Misc, drawn: Callable[[str], str]) -> None:
        super().__init__(parent, padding=(GAP, 2))
        self._drawn = drawn
        self._icons: dict[bool, tk.BitmapImage] = {}
        self._lock = ttk.Label(self)
        self._connection = ttk.Label(self, style="Small.TLabel", width=1)
        self._lock.grid(row=0, column=0, padx=(0, GAP // 2))
        self._connection.grid(row=0, column=1, sticky="ew")
        self.columnconfigure(1, weight=1)

    def recolor(self, palette: Palette) -> None:
        self._icons = {
            True: icons.bitmap(self, "locked", palette.own),
            False: icons.bitmap(self, "open", palette.muted),
        }

    def refresh(self, status: Status) -> None:
        if self._icons:
            self._lock.configure(image=self._icons[status.online and status.tls])
        facts = [status.name, status.server, status.connection]
        if status.online:
            facts.append(status.lock)
        text = "   ".join(short(fact, LONGEST_TOPIC) for fact in facts if fact)
        self._connection.configure(text=self._drawn(text))


class StatusStrip(ttk.Frame):
    """Who types, what may follow what one types, and what has become of one's own words."""

    def __init__(
        self, parent: tk.Misc, drawn: Callable[[str], str], secrecy: Callable[[], object]
    ) -> None:
        """`secrecy` is called by a click at the words that say how secret a conversation is."""
        super().__init__(parent, padding=(GAP, 2, GAP, 0))
        self._drawn = drawn
        self._hint = ""
        self._typing = ""
        self._locks: dict[Secrecy, tk.BitmapImage] = {}
        self._secret = Secrecy.NONE
        self._secrecy = ttk.Label(self, style="Secret.TLabel", compound="left")
        self._secrecy.bind("<Button-1>", lambda event: secrecy())
        self._left = ttk.Label(self, style="Small.TLabel", width=1)
        self._right = ttk.Label(self, style="Small.TLabel")
        self._secrecy.grid(row=0, column=0, padx=(0, GAP))
        self._left.grid(row=0, column=1, sticky="ew")
        self._right.grid(row=0, column=2)
        self.columnconfigure(1, weight=1)
        self._secrecy.grid_remove()

    def recolor(self, palette: Palette) -> None:
        self._locks = locks(self, palette)
        self._show_secrecy()

    def hint(self, text: str) -> None:
        """Say this as long as there is something to say."""
        self._hint = text
        self._show()

    def refresh(self, status: Status) -> None:
        self._typing = typists(status.typing)
        self._right.configure(text=self._drawn(own_words(status)))
        self._secret = status.secrecy
        self._show_secrecy()
        self._show()

    def _show_secrecy(self) -> None:
        if self._secret and self._locks:
            self._secrecy.configure(image=self._locks[self._secret], text=self._secret)
            self._secrecy.grid()
        else:
            self._secrecy.grid_remove()

    def _show(self) -> None:
        self._left.configure(text=self._drawn(short(self._hint or self._typing, LONGEST_TOPIC)))


def typists(names: tuple[str, ...]) -> str:
    """Who types, as a sentence."""
    if not names:
        return ""
    if len(names) > MOST_TYPISTS:
        return "Several people are typing…"
    verb = "is" if len(names) == 1 else "are"
    return f"{' and '.join(short(name, LONGEST_LABEL) for name in names)} {verb} typing…"


def own_words(status: Status) -> str:
    """What has become of one's own last words."""
    if status.unsent:
        first = short(status.unsent[0], LONGEST_UNSENT)
        more = f" and {len(status.unsent) - 1:,} more" if len(status.unsent) > 1 else ""
        return f"not sent yet: {first}{more}"
    last = status.last
    return f"message {last.number} {last.state}" if last is not None else ""
