"""What happens before there is a window, and in a long conversation in one."""

from __future__ import annotations

import subprocess
import sys

from tests.support.display import Display
from tests.support.programs import account
from tests.support.server_process import PATIENCE
from tests.system.world import World

# A transcript of two days with more messages than it keeps, and what is left of them.
LONG = """
import tkinter
from tkinter import ttk
from twisted_chat.core.entries import Entry, Kind
from twisted_chat.clients.desk.lines import of_entry
from twisted_chat.clients.window.style import LIGHT, Fonts
from twisted_chat.clients.window.transcript import Transcript

root = tkinter.Tk()
root.geometry("600x400")
page = Transcript(root, Fonts(root), str, lambda: None, lambda number: None)
page.recolor(LIGHT)
page.pack(fill="both", expand=True)
DAY = 86_400_000

def line(seq, kind=Kind.MESSAGE, text="", target=None):
    time = 1_795_521_600_000 + DAY * (seq > 1200)
    text = text or f"message {seq}."
    return of_entry("#lobby", Entry(seq, 0, seq, kind, time, None, "bell", text, target), "tesla")

root.update()
for seq in range(1000, 3500):
    page.show(line(seq))
page.show(line(3500, Kind.EDIT, "changed", 3499))
page.show(line(3501, Kind.EDIT, "too late", 1000))
lines = int(page.text.index("end").split(".")[0])
page.show_earlier([line(seq) for seq in range(1100, page.first + 3)])
text = page.text.get("1.0", "end").splitlines()
numbers = [int(one.split("message ")[1][:-1]) for one in text if "message" in one]
days = [one for one in text if one.startswith("—")]
facts = [lines <= 2003, numbers == list(range(1100, 3499)), len(days), text[0] == days[0]]
ttk.Label(root, text=f"{facts} {page.first}").pack()
root.mainloop()
"""


def gui(world: World, *words: str, **env: str) -> tuple[int, str, str]:
    """Start it where there is no display; its exit code, and what it wrote."""
    home = world.folder / "home"
    done = subprocess.run(
        [sys.executable, "-m", "twisted_chat.gui", *words],
        env=account(home, **env),
        cwd=home,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    return done.returncode, done.stdout, done.stderr


def test_without_a_display_it_says_what_needs_none(world: World) -> None:
    code, out, errors = gui(world)
    assert (code, out, errors.count("\n")) == (1, "", 1)
    assert "python -m twisted_chat.client" in errors


def test_without_tk_it_says_how_to_get_it(world: World) -> None:
    folder = world.folder / "without-tk"
    folder.mkdir()
    (folder / "tkinter.py").write_text("raise ImportError('no tk here')\n")
    root = account(folder)["PYTHONPATH"]
    code, out, errors = gui(world, PYTHONPATH=f"{folder}:{root}")
    assert (code, out, errors.count("\n")) == (1, "", 1)
    assert "python3-tk" in errors


def test_help(world: World) -> None:
    code, out, errors = gui(world, "--dark", "--help")
    assert (code, errors) == (0, "")
    for word in ("--dark", "--light", "--no-bell", "-u, --user NAME", "TWISTED_CHAT_THEME"):
        assert word in out


def test_what_makes_no_sense_is_said(world: World) -> None:
    for words, part in (
        (("--dark", "--light"), "either"),
        (("--json",), "not for the window"),
        (("--drak",), "not an option"),
    ):
        code, out, errors = gui(world, *words)
        assert (code, out, errors.count("\n")) == (2, "", 1), errors
        assert part in errors


def test_a_transcript_keeps_the_newest_and_takes_earlier_ones_back() -> None:
    with Display(sys.executable, "-c", LONG) as window:
        window.shows("[True, True, 2, True] 1100", "bell: changed (edited)")
