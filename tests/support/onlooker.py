"""A second program on a display, for tests: it reads what Tk windows show, as a person would.

`python -m tests.support.onlooker` answers lines of JSON, each with one. It sees other programs
through Tk's own `send`, so that they need nothing for it, and it is where a copied text comes from.
"""

from __future__ import annotations

import contextlib
import json
import sys
import tkinter
from typing import Any, NamedTuple

# Every text that can be seen in a window: {the text, x, y, the title of its window}.
# Only what is in sight counts: not the line that has scrolled away, nor the hidden password.
LOOK = r"""
namespace eval ::onlooker {
    variable found {}
    proc add {w text {x {}} {y {}}} {
        variable found
        if {$x eq {}} { set x [expr {[winfo width $w] / 2}] }
        if {$y eq {}} { set y [expr {[winfo height $w] / 2}] }
        lappend found [list $text [expr {[winfo rootx $w] + int($x)}] \
            [expr {[winfo rooty $w] + int($y)}] [wm title [winfo toplevel $w]]]
    }
    proc label {w} {
        if {[catch {$w cget -text} text]} { return }
        if {![catch {$w cget -textvariable} name] && $name ne {}} {
            set text [uplevel #0 [list set $name]]
        }
        add $w $text
    }
    proc entry {w} {
        set text [$w get]
        if {![catch {$w cget -show} mark] && $mark ne {}} {
            set text [string repeat $mark [string length $text]]
        }
        add $w $text
    }
    proc lines {w} {
        set last [lindex [split [$w index end-1c] .] 0]
        for {set n [lindex [split [$w index @0,0] .] 0]} {$n <= $last} {incr n} {
            set box [$w dlineinfo $n.0]
            if {$box eq {} && $n > [lindex [split [$w index @0,0] .] 0]} { return }
            lassign $box x y width height
            if {$box eq {}} { lassign {5 5 0 0} x y width height }
            add $w [$w get -displaychars $n.0 $n.end] [expr {$x + 5}] [expr {$y + $height / 2}]
        }
    }
    proc rows {w} {
        for {set n [$w nearest 0]} {[$w bbox $n] ne {}} {incr n} {
            lassign [$w bbox $n] x y width height
            add $w [$w get $n] [expr {$x + 5}] [expr {$y + $height / 2}]
        }
    }
    proc branches {w parent} {
        foreach item [$w children $parent] {
            lassign [$w bbox $item] x y width height
            if {$y ne {}} {
                add $w [join [list [$w item $item -text] {*}[$w item $item -values]]] \
                    [expr {$x + 30}] [expr {$y + $height / 2}]
            }
            branches $w $item
        }
    }
    proc tabs {w} {
        set seen {}
        for {set x 0} {$x < [winfo width $w]} {incr x 4} {
            set n [$w index @$x,10]
            if {$n ne {} && $n ni $seen} {
                lappend seen $n
                add $w [$w tab $n -text] [expr {$x + 4}] 10
            }
        }
    }
    proc choices {w} {
        set last [$w index end]
        for {set n 0} {$last ne {none} && $n <= $last} {incr n} {
            if {[$w type $n] ni {separator tearoff}} {
                add $w [$w entrycget $n -label] {} [expr {[$w yposition $n] + 5}]
            }
        }
    }
    proc look {w} {
        if {![winfo viewable $w]} { return }
        switch [winfo class $w] {
            Toplevel - Tk { add $w [wm title $w] }
            Text { lines $w }
            Entry - TEntry - Spinbox - TSpinbox - TCombobox { entry $w }
            Listbox { rows $w }
            Treeview { branches $w {} }
            TNotebook { tabs $w }
            Menu { choices $w }
            default { if {$w eq [winfo toplevel $w]} { add $w [wm title $w] } else { label $w } }
        }
    }
    proc walk {w} {
        look $w
        foreach child [winfo children $w] { walk $child }
    }
}
update idletasks
set ::onlooker::found {}
::onlooker::walk .
set ::onlooker::found
"""
# What a click on the cross of a window does.
CLOSE = r"""
foreach w [concat . [winfo children .]] {
    if {[winfo toplevel $w] eq $w && [wm title $w] eq {%s}} {
        set command [wm protocol $w WM_DELETE_WINDOW]
        after idle [expr {$command eq {} ? [list destroy $w] : $command}]
    }
}
"""


class Seen(NamedTuple):
    """A text in a window, and where."""

    text: str
    x: int
    y: int
    window: str


class Onlooker:
    """Answers what it is asked."""

    def __init__(self) -> None:
        self._root = tkinter.Tk()
        self._root.withdraw()
        self._name = str(self._root.tk.call("tk", "appname"))

    def run(self) -> None:
        """Answer until there are no more questions."""
        file = sys.stdin.fileno()
        self._root.tk.createfilehandler(file, tkinter.READABLE, lambda *_: self._answer())
        self._root.mainloop()

    def _answer(self) -> None:
        # One question at a time, so that none lies in a buffer where nobody waits for it.
        line = sys.stdin.readline()
        if not line:
            self._root.destroy()
            return
        what, text = json.loads(line)
        answer: Any = None
        if what == "look":
            answer = self._look()
        elif what == "copy":
            self._root.clipboard_clear()
            self._root.clipboard_append(text)
            self._root.update()
        elif what == "clipboard":
            with contextlib.suppress(tkinter.TclError):
                answer = self._root.clipboard_get()
        elif what == "close":
            for name in self._others():
                self._root.tk.call("send", "-async", name, CLOSE % text)
        print(json.dumps(answer), flush=True)

    def _others(self) -> list[str]:
        names = self._root.tk.splitlist(self._root.tk.call("winfo", "interps"))
        return [name for name in names if name != self._name]

    def _look(self) -> list[Seen]:
        seen = []
        for name in self._others():
            # It may be about to begin, or to end.
            with contextlib.suppress(tkinter.TclError):
                for piece in self._root.tk.splitlist(self._root.tk.call("send", name, LOOK)):
                    text, x, y, window = self._root.tk.splitlist(piece)
                    seen.append(Seen(str(text), int(x), int(y), str(window)))
        return seen


if __name__ == "__main__":
    Onlooker().run()
