"""The terminal and the screen that tests use: they work, and they can fail."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from tests.support.display import Display
from tests.support.programs import until
from tests.support.tmux import Terminal

CANARY = "correct-horse-battery"
TEXT = "häß 日本語 😀; 'and' \"so\" $on;"


class TerminalTests(SynchronousTestCase):
    def terminal(self, *command: str, **env: str) -> Terminal:
        terminal = Terminal(*(command or ("/bin/sh",)), env=env)
        self.addCleanup(terminal.close)
        return terminal

    def test_what_is_typed_is_shown(self) -> None:
        terminal = self.terminal("cat")
        terminal.types(TEXT)
        terminal.shows(f"{TEXT}\n{TEXT}\n")
        terminal.types("half", enter=False)
        terminal.presses("BSpace", "C-d", "C-d")
        terminal.shows("hal\n", "halhal")
        self.assertEqual(terminal.ended(), 0)

    def test_what_is_not_shown_fails_and_is_told(self) -> None:
        terminal = self.terminal("cat")
        terminal.types("something else")
        terminal.shows("something else")
        terminal.patience = 0
        self.assertIn("something else", str(self.assertRaises(AssertionError, self.sees, terminal)))
        with self.assertRaises(AssertionError):
            terminal.hides("something", "that is not there")
        with self.assertRaises(AssertionError):
            terminal.ended()

    def sees(self, terminal: Terminal) -> None:
        terminal.shows("something", "that is not there")

    def test_the_signal_that_ended_it(self) -> None:
        self.assertEqual(self.terminal("/bin/sh", "-c", "kill -9 $$").ended(), -9)

    def test_what_has_gone_is_hidden_but_in_the_history(self) -> None:
        terminal = self.terminal("/bin/sh", "-c", "seq 100; cat")
        terminal.shows("\n99\n100\n")
        terminal.hides("\n1\n")
        self.assertIn("1\n2\n3\n", terminal.screen(history=True))

    def test_a_terminal_has_the_size_it_was_given(self) -> None:
        terminal = self.terminal()
        terminal.types("stty size")
        terminal.shows("30 100")
        terminal.resize(60, 10)
        terminal.types("stty size")
        terminal.shows("10 60")

    def test_who_asked_for_brackets_gets_pastes_in_them(self) -> None:
        terminal = self.terminal()
        terminal.types("printf '\\033[?2004h'; echo rea''dy; cat -v")
        terminal.shows("ready")
        terminal.pastes("one\ntwo")
        terminal.presses("Enter", "C-d")
        terminal.shows("^[[200~one\ntwo^[[201~")
        terminal.types("printf '\\033[?2004l'; echo aga''in; cat -v")
        terminal.shows("again")
        terminal.pastes("three\nfour\n")
        terminal.shows("\nthree\nfour\n")

    def test_colors(self) -> None:
        terminal = self.terminal("/bin/sh", "-c", "printf '\\033[1;31mred\\033[0m'; cat")
        terminal.shows("red")
        self.assertNotIn("\x1b", terminal.screen())
        self.assertIn("\x1b[1m\x1b[31mred", terminal.screen(colors=True))

    def test_title_and_bell(self) -> None:
        terminal = self.terminal()
        terminal.shows("$")
        self.assertFalse(terminal.rang)
        terminal.types("printf '\\033]2;two unread\\007\\007'; echo do''ne")
        terminal.shows("done")
        self.assertEqual(terminal.title, "two unread")
        self.assertTrue(terminal.rang)

    def test_a_terminal_that_was_not_put_back_is_noticed(self) -> None:
        terminal = self.terminal()
        terminal.shows("$")
        before = terminal.modes()
        terminal.types("echo on''ce")
        terminal.shows("once")
        self.assertEqual(terminal.modes(), before)
        for spoilt in ("stty -echo", "printf '\\033[?25l'", "printf '\\033[?1049h'"):
            terminal.types(f"{spoilt}; echo spo''ilt")
            terminal.shows("spoilt")
            until(lambda: terminal.modes() != before, lambda: "it was not noticed")
            terminal.types("stty echo; printf '\\033[?25h\\033[?1049l'; clear; echo as be''fore")
            terminal.shows("as before")
            until(lambda: terminal.modes() == before, lambda: "it was not put back")

    def test_the_account_is_new_and_nobodys(self) -> None:
        terminal = self.terminal("/bin/sh", "-c", "ls -A ~; env; cat", NAME="tesla")
        screen = terminal.shows("NAME=tesla", "TZ=UTC")
        self.assertIn(f"HOME={terminal.home}\n", screen)
        self.assertNotIn(f"HOME={Path.home()}\n", screen)

    def test_nothing_is_left(self) -> None:
        deaf = "import signal, time, os; signal.signal(signal.SIGHUP, signal.SIG_IGN);"
        with Terminal(sys.executable, "-c", f"{deaf} print(os.getpid()); time.sleep(600)") as it:
            until(lambda: it.screen().strip(), it.screen)
            pid = int(it.screen())
        until(lambda: ended(pid), lambda: "the program still runs")
        self.assertFalse(it.home.exists())


def ended(pid: int) -> bool:
    """Whether a process has ended, waited for by its parent or not."""
    try:
        os.kill(pid, 0)
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z"
    except (ProcessLookupError, FileNotFoundError):
        return True


WINDOW = r"""
import sys, tkinter
from tkinter import simpledialog, ttk
root = tkinter.Tk()
root.title("a window")
said = tkinter.StringVar(value="nothing yet")
ttk.Label(root, textvariable=said).pack()
entry = tkinter.Entry(root)
entry.pack()
secret = ttk.Entry(root, show="*")
secret.insert(0, "correct-horse-battery")
secret.pack()
talk = tkinter.Text(root, height=4, width=40)
talk.pack()
rooms = tkinter.Listbox(root, height=3)
rooms.pack()
def say(event):
    talk.insert("end", entry.get() + "\n")
    talk.see("end")
    entry.delete(0, "end")
def ask():
    said.set(f"You are {simpledialog.askstring('Who', 'Your name?', parent=root)}")
    entry.focus()
def choose(event):
    said.set(f"{rooms.get(rooms.curselection())} was chosen")
def close():
    print("goodbye", flush=True)
    sys.exit(3)
entry.bind("<Return>", say)
entry.focus()
for room in ("#lobby", "#homework", "#lab", "#cellar"):
    rooms.insert("end", room)
rooms.bind("<<ListboxSelect>>", choose)
menu = tkinter.Menu(root, tearoff=False)
menu.add_command(label="Mute", command=lambda: said.set("Muted"))
talk.bind("<Button-3>", lambda event: menu.tk_popup(event.x_root, event.y_root))
ttk.Button(root, text="Who am I", command=ask).pack()
root.protocol("WM_DELETE_WINDOW", close)
root.mainloop()
"""


class DisplayTests(SynchronousTestCase):
    def display(self, program: str = WINDOW) -> Display:
        display = Display(sys.executable, "-c", program)
        self.addCleanup(display.close)
        return display

    def test_what_is_typed_is_shown(self) -> None:
        display = self.display()
        display.focus("a window")
        display.types(TEXT)
        display.shows(f"\n{TEXT}\n")
        display.copies("copied 😀")
        display.presses("ctrl+v", "Return")
        display.shows("\ncopied 😀\n")

    def test_a_slow_program_reads_what_was_typed(self) -> None:
        slow = 'import time; root.bind_all("<Key>", lambda event: time.sleep(0.05)); root.mainloop'
        display = self.display(WINDOW.replace("root.mainloop", slow))
        display.focus("a window")
        display.types("äöüß日本語😀")
        display.shows("\näöüß日本語😀\n")

    def test_what_is_not_shown_fails_and_is_told(self) -> None:
        display = self.display()
        display.shows("nothing yet")
        display.patience = 0
        told = str(self.assertRaises(AssertionError, display.shows, "nothing yet", "Your name?"))
        self.assertIn("nothing yet", told)
        with self.assertRaises(AssertionError):
            display.hides("nothing yet")
        with self.assertRaises(AssertionError):
            display.focus("another window")

    def test_only_what_is_in_sight_counts(self) -> None:
        display = self.display()
        display.focus("a window")
        for number in range(9):
            display.types(f"line {number}")
        display.shows("line 7", "line 8", "#lobby", "*" * len(CANARY))
        display.hides("line 0", "#cellar", CANARY)

    def test_clicks(self) -> None:
        display = self.display()
        display.clicks("*" * len(CANARY))
        display.types("x", enter=False)
        display.shows("*" * (len(CANARY) + 1))
        display.clicks("#homework")
        display.shows("#homework was chosen")
        display.clicks("Who am I")
        display.focus("Who")
        display.shows("Your name?")
        display.types("tesla")
        display.shows("You are tesla")
        display.hides("Your name?")
        display.clicks("*" * len(CANARY))
        display.presses("shift+Tab")
        display.types("a word")
        display.clicks("a word", button=3)
        display.clicks("Mute")
        display.shows("Muted")

    def test_the_cross_of_a_window(self) -> None:
        display = self.display()
        display.closes("a window")
        self.assertEqual((display.ended(), display.output), (3, "goodbye\n"))

    def test_a_program_that_ends_with_an_error(self) -> None:
        display = self.display("raise SystemExit('There is no such server.')")
        self.assertIn("no such server", str(self.assertRaises(AssertionError, display.shows, "x")))
        self.assertEqual(display.ended(), 1)

    def test_screenshot(self) -> None:
        display = self.display()
        display.shows("nothing yet")
        whole, part = Path("whole.png").absolute(), Path("part.png").absolute()
        display.screenshot(whole)
        display.screenshot(part, "a window")
        for picture in (whole, part):
            self.assertEqual(picture.read_bytes()[:8], b"\x89PNG\r\n\x1a\n")
        self.assertEqual(size_of(whole), (1280, 800))
        display.resize("a window", 300, 200)
        display.screenshot(part, "a window")
        self.assertEqual(size_of(part), (300, 200))

    def test_nothing_is_left(self) -> None:
        with Display(sys.executable, "-c", "import time; time.sleep(600)") as display:
            pid = display.program.pid
        self.assertTrue(ended(pid))
        self.assertFalse(display.home.exists())


def size_of(picture: Path) -> tuple[int, int]:
    """Width and height of a PNG."""
    data = picture.read_bytes()
    return int.from_bytes(data[16:20], "big"), int.from_bytes(data[20:24], "big")
