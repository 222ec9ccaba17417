"""A picture of a real terminal."""

from __future__ import annotations

from tests.support.tmux import Terminal
from tests.test_pictures import papers, texts
from tools.terminal_svg import INK, svg


def test_from_a_terminal() -> None:
    script = r"printf '\033[1;38;5;208mbold\033[0m <日本>\n\033[7m%-20s\033[0m' bar; cat"
    with Terminal("/bin/sh", "-c", script) as terminal:
        terminal.shows("bold", "bar")
        picture = svg(terminal.screen(colors=True), 100, "a terminal")
    written = texts(picture)
    assert "".join(text.text or "" for text in written[:5]) == "bold <日本>"
    assert written[0].attrib["fill"] == "#ff8700"
    assert written[0].attrib["font-weight"] == "bold"
    assert (written[5].text, papers(picture)) == ("bar" + 17 * " ", [INK])
