"""The colors and fonts of the window, for light and for dark."""

from __future__ import annotations

import os
import shutil
import sys
import tkinter as tk
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from tkinter import font, ttk
from typing import Any, NamedTuple

from twisted.internet.defer import Deferred, succeed
from twisted.internet.utils import getProcessOutput

GAP = 8  # pixels between things


@dataclass(frozen=True)
class Palette:
    """The colors of one look; a text has a contrast of 4.5 at least with what it stands on."""

    name: str
    paper: str  # behind messages, and where one types
    panel: str  # behind everything else
    raised: str  # buttons
    edge: str
    text: str
    muted: str
    accent: str  # links, what is chosen, what is new
    on_accent: str
    own: str
    error: str
    server: str
    event: str
    chosen: str  # behind the row that is looked at
    selection: str  # behind selected text
    private: str  # behind private messages
    mention: str  # behind one's own name
    names: tuple[str, ...]  # people's


LIGHT = Palette(
    name="light",
    paper="#ffffff",
    panel="#f2f3f5",
    raised="#e4e6ea",
    edge="#c9ccd2",
    text="#1d2126",
    muted="#5a616b",
    accent="#0b57c8",
    on_accent="#ffffff",
    own="#0a6640",
    error="#b3211a",
    server="#6a3fa0",
    event="#5a616b",
    chosen="#d3e2fb",
    selection="#b9d4fb",
    private="#f4ecfc",
    mention="#ffe9a8",
    names=("#0b57c8", "#8a3d00", "#7b2a8b", "#006a6a", "#a3174f", "#4a5a00"),
)
DARK = Palette(
    name="dark",
    paper="#1c1e22",
    panel="#26292e",
    raised="#383c43",
    edge="#454a52",
    text="#e4e6ea",
    muted="#a4abb5",
    accent="#8db8ff",
    on_accent="#10203a",
    own="#7ed6a4",
    error="#ff9a92",
    server="#c9a8f5",
    event="#a4abb5",
    chosen="#34435c",
    selection="#3b5580",
    private="#2c2438",
    mention="#5a4a12",
    names=("#8db8ff", "#f0b27a", "#dba3ea", "#6fd3d3", "#ff9fc0", "#c5d36b"),
)


FONTS = ("bold", "italic", "monospace")
LINES = ("underline", "strikethrough")


class Format(NamedTuple):
    """Something that an author's formatting codes ask for."""

    kind: str  # "font", one of `LINES`, "behind", "letters" (on a color), or "color"
    values: tuple[str, ...] = ()  # the fonts, or one color; "paper" and "text" are the usual ones

    @property
    def tag(self) -> str:
        """The name of its tag in a text widget."""
        return "-".join(("format", self.kind, *self.values))


LEAST_CONTRAST = 3.0  # of a letter's color; what has less is shown as other text is


def contrast(one: str, other: str) -> float:
    """How well two colors can be told apart, from 1 to 21."""
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _luminance(color: str) -> float:
    channels = (int(color[at : at + 2], 16) / 255 for at in (1, 3, 5))
    red, green, blue = (
        c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


class Fonts:
    """The fonts in use, all made of what the desktop has chosen."""

    def __init__(self, root: tk.Misc) -> None:
        self.plain = font.nametofont("TkDefaultFont", root)
        self.fixed = font.nametofont("TkFixedFont", root)
        size = int(self.plain.actual("size"))
        self.bold = self._varied(weight="bold")
        self.italic = self._varied(slant="italic")
        step = 1 if size > 0 else -1  # a size below zero is one in pixels
        self.small = self._varied(size=size - step)
        self.title = self._varied(size=size + 3 * step, weight="bold")
        self._formatted: dict[frozenset[str], font.Font] = {}

    def of(self, names: Sequence[str]) -> font.Font:
        """The font of text that is some of `FONTS`."""
        key = frozenset(names)
        if key not in self._formatted:
            base = self.fixed if "monospace" in key else self.plain
            weight = "bold" if "bold" in key else "normal"
            slant = "italic" if "italic" in key else "roman"
            self._formatted[key] = self._varied(base, weight=weight, slant=slant)
        return self._formatted[key]

    def _varied(self, base: font.Font | None = None, **how: Any) -> font.Font:
        varied = (base or self.plain).copy()
        varied.configure(**how)
        return varied


def apply(root: tk.Tk, palette: Palette, fonts: Fonts) -> None:
    """Give every themed widget these colors."""
    style = ttk.Style(root)
    style.theme_use("clam")
    root.configure(background=palette.panel)
    edges = dict.fromkeys(("bordercolor", "lightcolor", "darkcolor"), palette.edge)
    style.configure(
        ".",
        background=palette.panel,
        foreground=palette.text,
        font=fonts.plain,
        focuscolor=palette.accent,
        troughcolor=palette.panel,
        **edges,
    )
    _labels(style, palette, fonts)
    _buttons(style, palette)
    _fields(style, palette)
    _rows(style, palette, fonts)


def _labels(style: ttk.Style, palette: Palette, fonts: Fonts) -> None:
    style.configure("Title.TLabel", font=fonts.title)
    style.configure("Bold.TLabel", font=fonts.bold)
    style.configure("Muted.TLabel", foreground=palette.muted)
    style.configure("Small.TLabel", foreground=palette.muted, font=fonts.small)
    style.configure("Secret.TLabel", foreground=palette.own, font=fonts.small)
    style.configure("Paper.TFrame", background=palette.paper)
    style.configure("Card.TFrame", background=palette.panel, borderwidth=1, relief="solid")
    style.configure("Edge.TFrame", background=palette.edge)


def _buttons(style: ttk.Style, palette: Palette) -> None:
    flat = dict.fromkeys(("lightcolor", "darkcolor"), palette.raised)
    style.configure(
        "TButton", background=palette.raised, padding=(10, 4), relief="flat", width=0, **flat
    )
    style.map(
        "TButton",
        background=[("disabled", palette.panel), ("active", palette.edge)],
        foreground=[("disabled", palette.muted)],
    )
    strong = dict.fromkeys(("bordercolor", "lightcolor", "darkcolor"), palette.accent)
    style.configure(
        "Accent.TButton", background=palette.accent, foreground=palette.on_accent, **strong
    )
    style.map(
        "Accent.TButton",
        background=[("disabled", palette.panel), ("active", palette.accent)],
        foreground=[("disabled", palette.muted), ("!disabled", palette.on_accent)],
    )
    plain = dict.fromkeys(("bordercolor", "lightcolor", "darkcolor"), palette.panel)
    style.configure("Icon.TButton", background=palette.panel, padding=4, **plain)
    style.map("Icon.TButton", background=[("active", palette.raised), ("disabled", palette.panel)])
    style.configure("Secret.TButton", background=palette.panel, padding=4, **plain)
    style.map(
        "Secret.TButton",
        background=[("active", palette.raised)],
        foreground=[("selected", palette.own)],
    )


def _fields(style: ttk.Style, palette: Palette) -> None:
    style.configure(
        "TEntry",
        fieldbackground=palette.paper,
        foreground=palette.text,
        insertcolor=palette.text,
        selectbackground=palette.selection,
        selectforeground=palette.text,
        padding=5,
    )
    style.map(
        "TEntry",
        fieldbackground=[("readonly", palette.paper), ("disabled", palette.panel)],
        foreground=[("disabled", palette.muted)],
        bordercolor=[("focus", palette.accent)],
        lightcolor=[("focus", palette.accent)],
        darkcolor=[("focus", palette.accent)],
    )
    style.configure(
        "Vertical.TScrollbar",
        background=palette.raised,
        arrowcolor=palette.muted,
        troughcolor=palette.panel,
        bordercolor=palette.panel,
        lightcolor=palette.raised,
        darkcolor=palette.raised,
        gripcount=0,
        arrowsize=12,
    )
    style.map("Vertical.TScrollbar", background=[("disabled", palette.panel)])
    style.configure("Trough.TFrame", background=palette.edge)
    style.configure("Bar.TFrame", background=palette.accent)


def _rows(style: ttk.Style, palette: Palette, fonts: Fonts) -> None:
    style.configure(
        "Treeview",
        background=palette.panel,
        fieldbackground=palette.panel,
        foreground=palette.text,
        rowheight=fonts.plain.metrics("linespace") + 8,
        borderwidth=0,
        indent=0,
        **dict.fromkeys(("bordercolor", "lightcolor", "darkcolor"), palette.panel),
    )
    style.map(
        "Treeview",
        background=[("selected", palette.chosen)],
        foreground=[("selected", palette.text)],
    )
    # Without the little triangle that a row with rows below it would have.
    style.layout(
        "Item", [("Treeitem.padding", {"children": [("Treeitem.text", {"side": "left"})]})]
    )
    style.configure("Item", padding=(GAP, 0))


def configure_format(text: tk.Text, wanted: Format, palette: Palette, fonts: Fonts) -> None:
    """Give its tag what a format asks for."""
    usual = {"paper": palette.paper, "text": palette.text}
    color = usual.get(wanted.values[0], wanted.values[0]) if wanted.values else ""
    tag = wanted.tag
    match wanted.kind:
        case "font":
            text.tag_configure(tag, font=fonts.of(wanted.values))
        case "underline":
            text.tag_configure(tag, underline=True)
        case "strikethrough":
            text.tag_configure(tag, overstrike=True)
        case "behind":
            text.tag_configure(tag, background=color)
        case "letters":
            text.tag_configure(tag, foreground=color)
        case "color":
            readable = contrast(color, palette.paper) >= LEAST_CONTRAST
            text.tag_configure(tag, foreground=color if readable else palette.text)


def configure_text(text: tk.Text, palette: Palette) -> None:
    """The colors of a widget that styles do not reach."""
    text.configure(
        background=palette.paper,
        foreground=palette.text,
        insertbackground=palette.text,
        selectbackground=palette.selection,
        inactiveselectbackground=palette.selection,
        selectforeground=palette.text,
        highlightbackground=palette.edge,
        highlightcolor=palette.accent,
    )


VARIABLE = "TWISTED_CHAT_THEME"
_PALETTES = {"dark": DARK, "light": LIGHT}


def chosen_palette(option: str, environment: Mapping[str, str]) -> Palette | None:
    """The look that somebody asked for; None leaves it to the desktop."""
    return _PALETTES.get(option or environment.get(VARIABLE, "").lower())


def desktop_palette(reactor: Any) -> Deferred[Palette]:
    """The look that the desktop has."""
    if sys.platform == "win32":
        return succeed(DARK if _windows_is_dark() else LIGHT)
    if sys.platform == "darwin":
        command = ("defaults", "read", "-g", "AppleInterfaceStyle")
    else:
        command = ("gsettings", "get", "org.gnome.desktop.interface", "color-scheme")
    program = shutil.which(command[0])
    if program is None:
        return succeed(LIGHT)
    asked: Deferred[bytes] = getProcessOutput(
        program, command[1:], env=dict(os.environ), reactor=reactor, errortoo=True
    )
    said: Deferred[Palette] = asked.addCallbacks(_said, lambda failure: LIGHT)
    return said


def _said(output: bytes) -> Palette:
    last = output.decode(errors="replace").strip().splitlines()[-1:]
    return DARK if last and "dark" in last[0].lower() else LIGHT


def _windows_is_dark() -> bool:
    if sys.platform != "win32":
        return False
    import winreg

    path = r"Software\Microsoft\Windows\CurrentVersion\Themes\Personalize"
    try:
        with winreg.OpenKey(winreg.HKEY_CURRENT_USER, path) as key:
            return bool(winreg.QueryValueEx(key, "AppsUseLightTheme")[0] == 0)
    except OSError:
        return False
