"""Where everything is in the window, and what gives way in a small one."""

from __future__ import annotations

import tkinter as tk
from tkinter import ttk
from typing import NamedTuple

SMALLEST = (360, 240)
USUAL = (960, 640)
ROOM_FOR_ONE = 560  # pixels from which there is room for the conversations at the side
ROOM_FOR_TWO = 800  # and for the people on the other

LEFT, RIGHT = "list", "people"


class Middle(NamedTuple):
    """What is between the panels at the sides, from above."""

    pages: ttk.Frame
    transfers: ttk.Frame
    strip: ttk.Frame
    question: ttk.Frame
    composer: ttk.Frame


class Panels:
    """Arranges the parts of the window."""

    def __init__(
        self,
        root: tk.Tk,
        header: ttk.Frame,
        sides: dict[str, ttk.Frame],
        center: ttk.Frame,
        middle: Middle,
        footer: ttk.Frame,
    ) -> None:
        self._root = root
        self._sides = sides
        self._chosen: dict[str, bool] = {}  # what somebody has chosen, whatever the size
        self._width = 0
        root.minsize(*SMALLEST)
        width = min(USUAL[0], root.winfo_screenwidth())
        height = min(USUAL[1], root.winfo_screenheight())
        root.geometry(f"{width}x{height}")
        root.columnconfigure(2, weight=1)
        root.rowconfigure(2, weight=1)
        header.grid(row=0, column=0, columnspan=5, sticky="ew")
        self._edge().grid(row=1, column=0, columnspan=5, sticky="ew")
        self._edges = {LEFT: self._edge(), RIGHT: self._edge()}
        center.grid(row=2, column=2, sticky="nsew")
        self._edge().grid(row=3, column=0, columnspan=5, sticky="ew")
        footer.grid(row=4, column=0, columnspan=5, sticky="ew")
        center.columnconfigure(0, weight=1)
        center.rowconfigure(0, weight=1)
        for row, part in enumerate(middle):
            part.grid(row=row, column=0, sticky="nsew")
        root.bind("<Configure>", self._resized, add=True)
        self._arrange(width)

    def _edge(self) -> ttk.Frame:
        return ttk.Frame(self._root, style="Edge.TFrame", width=1, height=1)

    def toggle(self, side: str) -> None:
        """Show a side, or hide it."""
        self._chosen[side] = not self._sides[side].winfo_ismapped()
        self._arrange(self._width)

    def toggle_both(self) -> None:
        """Hide what there is at the sides, or show it."""
        shown = any(side.winfo_ismapped() for side in self._sides.values())
        self._chosen = dict.fromkeys(self._sides, not shown)
        self._arrange(self._width)

    def _resized(self, event: tk.Event[tk.Misc]) -> None:
        if event.widget is self._root and event.width != self._width:
            self._arrange(event.width)

    def _arrange(self, width: int) -> None:
        self._width = width
        fits = {LEFT: width >= ROOM_FOR_ONE, RIGHT: width >= ROOM_FOR_TWO}
        for column, side in ((0, LEFT), (4, RIGHT)):
            frame, edge = self._sides[side], self._edges[side]
            if self._chosen.get(side, fits[side]):
                frame.grid(row=2, column=column, sticky="nsew")
                edge.grid(row=2, column=1 if side == LEFT else 3, sticky="ns")
            else:
                frame.grid_remove()
                edge.grid_remove()
