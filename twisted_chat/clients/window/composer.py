"""Where one types."""

from __future__ import annotations

import tkinter as tk
from collections.abc import Callable
from tkinter import ttk

from ..desk.completion import Completion
from . import icons
from .style import GAP, LIGHT, Fonts, Palette, configure_text
from .text import whole

MOST_ROWS = 6  # of the field, when much is typed
MOST_RECALLED = 200
FEW = 10  # lines that are sent without a question


class Composer(ttk.Frame):
    """A field that grows, and a button on either side."""

    def __init__(
        self,
        parent: tk.Misc,
        fonts: Fonts,
        enter: Callable[[list[str]], None],
        typing: Callable[[str], None],
        complete: Callable[[str], list[Completion]],
        hint: Callable[[str], None],
        attach: Callable[[], None],
        pasted: Callable[[str], None],
    ) -> None:
        """`enter` takes the lines that were typed, `hint` shows what may follow; `attach` is
        to ask for a file, and `pasted` is told what was pasted into the empty field."""
        super().__init__(parent, padding=(GAP, GAP // 2, GAP, GAP))
        self._enter = enter
        self._typing = typing
        self._complete = complete
        self._hint = hint
        self._pasted = pasted
        self._pasting = False  # into the empty field
        self._clip: tk.BitmapImage | None = None
        self._recalled: list[str] = []
        self._palette = LIGHT
        self._at = 0  # where among these one is; at the end is what is typed now
        self._draft = ""
        self._choices: list[Completion] = []
        self._choice = 0
        self._completed = ""  # what the field held after the last completion
        self.columnconfigure(1, weight=1)
        self._attach = ttk.Button(self, style="Icon.TButton", command=attach, takefocus=False)
        self._attach.grid(row=0, column=0, sticky="sw", padx=(0, GAP // 2), pady=(0, 2))
        self.field = tk.Text(
            self,
            height=1,
            width=1,
            wrap="word",
            font=fonts.plain,
            borderwidth=0,
            highlightthickness=1,
            padx=6,
            pady=5,
            undo=True,
            maxundo=200,
        )
        self.field.grid(row=0, column=1, sticky="ew")
        self._button = ttk.Button(
            self, text="Send", style="Accent.TButton", command=self._send, takefocus=False
        )
        self._button.grid(row=0, column=2, sticky="se", padx=(GAP, 0))
        self._bind_keys()

    def recolor(self, palette: Palette) -> None:
        self._palette = palette
        configure_text(self.field, palette)
        self._clip = icons.bitmap(self, "clip", palette.text)
        self._attach.configure(image=self._clip)
        self._show_state()

    def _bind_keys(self) -> None:
        field = self.field
        for key in ("<Return>", "<KP_Enter>", "<Shift-Return>"):
            field.bind(key, lambda event: self._send())
        field.bind("<Tab>", lambda event: self._tab(1))
        for key in ("<Shift-Tab>", "<ISO_Left_Tab>"):
            try:
                field.bind(key, lambda event: self._tab(-1))
            except tk.TclError:  # X has a name for it that others have not
                continue
        field.bind("<Up>", lambda event: self._recall(-1))
        field.bind("<Down>", lambda event: self._recall(1))
        field.bind("<Control-a>", lambda event: self._select_all())
        for sign in ("<<Paste>>", "<<PasteSelection>>"):
            field.bind(sign, lambda event: self._note_paste())
        field.bind("<<Modified>>", lambda event: self._modified())
        field.bind("<Configure>", lambda event: self._grow())

    @property
    def text(self) -> str:
        """What is in the field."""
        return whole(self.field.get("1.0", "end - 1 chars"))

    def put(self, text: str) -> None:
        """Have this in the field."""
        self.field.delete("1.0", "end")
        self.field.insert("1.0", text)
        self.field.see("insert")

    def allow(self, allowed: bool) -> None:
        """Whether one can type now."""
        if allowed != (str(self.field["state"]) == "normal"):
            self.field.configure(state="normal" if allowed else "disabled")
            for button in (self._attach, self._button):
                button.configure(state="normal" if allowed else "disabled")
            self._show_state()

    def _show_state(self) -> None:
        allowed = str(self.field["state"]) == "normal"
        self.field.configure(background=self._palette.paper if allowed else self._palette.panel)

    def focus_here(self) -> None:
        self.field.focus_set()

    def _select_all(self) -> str:
        self.field.tag_add("sel", "1.0", "end - 1 chars")
        return "break"

    # --- sending -----------------------------------------------------------------------------

    def _send(self) -> str:
        lines = [line.rstrip("\r") for line in self.text.split("\n")]
        lines = [line for line in lines if line.strip()]
        if lines and str(self.field["state"]) == "normal":
            self._enter(lines)
        return "break"

    def taken(self, lines: list[str]) -> None:
        """These lines were sent: empty the field, and keep them for another time."""
        for line in lines:
            if self._recalled[-1:] != [line]:
                self._recalled.append(line)
        del self._recalled[:-MOST_RECALLED]
        self._at = len(self._recalled)
        self.put("")
        self.field.edit_reset()

    # --- while one types ---------------------------------------------------------------------

    def _modified(self) -> None:
        if not self.field.edit_modified():
            return
        self.field.edit_modified(False)
        self._grow()
        if self.text != self._completed:
            self._choices = []
            self._hint("")
        self._typing(self.text)
        if self._pasting:
            self._pasting = False
            self._pasted(self.text)

    def _grow(self) -> None:
        counted = self.field.count("1.0", "end", "displaylines")
        rows = counted[0] if isinstance(counted, tuple) else counted or 1
        rows = max(1, min(rows, MOST_ROWS))
        if int(self.field["height"]) != rows:
            self.field.configure(height=rows)
            self.field.see("insert")

    def _recall(self, step: int) -> str | None:
        """Bring an earlier line back, when the cursor is at an edge of the field."""
        edge = "1.0" if step < 0 else "end - 1 chars"
        if self.field.count("insert", edge, "displaylines") not in (None, 0, (0,)):
            return None
        if not 0 <= self._at + step <= len(self._recalled):
            return "break"
        if self._at == len(self._recalled):
            self._draft = self.text
        self._at += step
        now = self._at == len(self._recalled)
        self.put(self._draft if now else self._recalled[self._at])
        return "break"

    def _note_paste(self) -> None:
        """What is pasted into an empty field may be a file's path; Tk has yet to put it in."""
        self._pasting = not self.text

    # --- completing --------------------------------------------------------------------------

    def _tab(self, step: int) -> str:
        """Go on with the first way there is, then with the next."""
        if self._choices:
            self._choice = (self._choice + step) % len(self._choices)
        else:
            self._before = whole(self.field.get("1.0", "insert"))
            self._after = whole(self.field.get("insert", "end - 1 chars"))
            self._choices = [] if "\n" in self._before else self._complete(self._before)
            self._choice = 0
            if not self._choices:
                return "break"
        self._completed = self._chosen_text()
        self.put(self._completed)
        if self._after:
            self.field.mark_set("insert", f"end - {len(self._after) + 1} chars")
        self._hint(self._choices_told())
        if len(self._choices) == 1:
            self._choices = []
        return "break"

    def _chosen_text(self) -> str:
        choice = self._choices[self._choice]
        return self._before[: choice.start] + choice.text + self._after

    def _choices_told(self) -> str:
        chosen = self._choices[self._choice]
        if len(self._choices) == 1:
            return f"{chosen.text.strip()}: {chosen.about}" if chosen.about else ""
        others = self._choices[self._choice :] + self._choices[: self._choice]
        names = "  ".join(one.text.strip() for one in others[:12])
        return f"Tab: {names}"
