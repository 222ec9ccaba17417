"""Formatted texts at the desk: what they look like in the terminal and in the window."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from tests.support.office import Office
from twisted_chat.clients.desk.lines import Part, Text, after, of_entry
from twisted_chat.clients.terminal import formatting
from twisted_chat.clients.terminal.formatting import fragments
from twisted_chat.clients.window import pieces
from twisted_chat.clients.window.style import Format
from twisted_chat.core.entries import Entry, Kind
from twisted_chat.core.formatting import PLAIN, Look

BOLD = Look(bold=True)
RED = Look(foreground="#ff0000")


def entry(text: str, kind: Kind = Kind.MESSAGE, target: int | None = None) -> Entry:
    return Entry(1, 1, 1, kind, 0, None, "edison", text=text, target=target)


class FormattedLinesTests(SynchronousTestCase):
    def parts(self, text: str, kind: Kind = Kind.MESSAGE) -> list[Part]:
        line = of_entry("#coil", entry(text, kind), "tesla")
        return [
            part for row in line.rows for part in row if part.style in ("text", "mention", "event")
        ]

    def test_h11_looks_and_ones_own_name(self) -> None:
        self.assertEqual(
            self.parts("a \x02bold te\x0304sla\x0f, hi"),
            [
                Text("text", "a ", PLAIN),
                Text("text", "bold ", BOLD),
                Text("mention", "te", BOLD),
                Text("mention", "sla", Look(bold=True, foreground="#ff0000")),
                Text("text", ", hi", PLAIN),
            ],
        )
        self.assertEqual(
            self.parts("\x0304red", Kind.TOPIC),
            [Text("event", "edison set the topic of #coil: ", PLAIN), Text("event", "red", RED)],
        )

    def test_g1_h11_other_controls_are_seen_as_text(self) -> None:
        self.assertEqual(
            self.parts("\x1b[1m\x02x\x9b"), [Text("text", "␛[1m", PLAIN), Text("text", "x�", BOLD)]
        )

    def test_h11_a_terminal_and_a_window_show_it(self) -> None:
        text = "\x02bold\x0f \x1f\x0304under\x0f \x16\x03,9\x0302,08back\x0f \x11\x1dtilted"
        line = of_entry("#coil", entry(text), "tesla")
        styles = {piece: style for style, piece, *_ in fragments(line)}
        self.assertEqual(styles["bold"], "class:text bold")
        self.assertEqual(styles["under"], "class:text underline fg:#ff0000")
        self.assertEqual(styles["back"], "class:text reverse fg:#00007f bg:#ffff00")
        tags = dict(pieces.of_entry(line))
        self.assertEqual(tags["bold"], ("text", Format("font", ("bold",))))
        self.assertEqual(
            tags["under"], ("text", Format("underline"), Format("color", ("#ff0000",)))
        )
        back = (Format("behind", ("#00007f",)), Format("letters", ("#ffff00",)))
        self.assertEqual(tags["back"], ("text", *back))
        self.assertEqual(tags["tilted"], ("text", Format("font", ("italic", "monospace"))))

    def test_h11_a_terminal_keeps_a_bounded_number_of_looks(self) -> None:
        self.patch(formatting, "_looks", set())
        styles = {
            formatting.style_of_look(Look(bold=True, foreground=f"#{n:06x}"))
            for n in range(formatting.MOST_LOOKS + 500)
        }
        self.assertEqual(len(styles), formatting.MOST_LOOKS + 1)
        self.assertIn("bold", styles)

    def test_h11_an_edit_may_be_formatted(self) -> None:
        said = of_entry("#coil", entry("plain"), "tesla")
        edit = of_entry("#coil", entry("\x02bo\x0304ld", Kind.EDIT, target=1), "tesla")
        assert edit.entry is not None
        now = after(said, edit.entry)
        assert now is not None
        self.assertEqual(
            now.rows[0][-2:],
            (Text("text", "bo", BOLD), Text("text", "ld", RED._replace(bold=True))),
        )


class SealedTests(SynchronousTestCase):
    def test_h11_what_is_encrypted_keeps_its_formatting(self) -> None:
        with Office() as office:
            tesla, edison = office.desk("tesla"), office.desk("edison")
            tesla.types("/encrypt edison", "yes")
            edison.lines.clear()
            tesla.user.say("edison", "\x02copper\x0f and \x0304ir\x0fon")
            office.settle()
            [line] = [line for line in edison.lines if "copper" in line.text]
            self.assertIn(Text("text", "copper", BOLD), line.rows[0])
            self.assertIn("edison: copper and iron", line.text.replace("tesla: ", "edison: "))
            edison.types("/search iron")
            edison.finds("copper and iron")
