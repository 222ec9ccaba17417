"""The line of status and the prompt, whatever their width."""

from __future__ import annotations

from prompt_toolkit.formatted_text import fragment_list_to_text
from prompt_toolkit.utils import get_cwidth
from twisted.trial.unittest import SynchronousTestCase

from twisted_chat.clients.desk.front import LastSent, Progress, Status, Unread
from twisted_chat.clients.terminal import status_bar

QUIET = Status(
    connection="connected",
    online=True,
    tls=True,
    server="localhost:9999",
    name="tesla",
    here="#lobby",
    topic="Alternating currents",
    people=("tesla", "edison"),
    unread=(),
    typing=(),
    unsent=(),
    last=None,
)
BUSY = QUIET._replace(
    unread=(Unread("#coil", 3, 0), Unread("#homework", 2, 1), Unread("edison", 1, 1)),
    typing=("edison", "bell"),
    unsent=("one", "two"),
    last=LastSent(17, "stored"),
    people=tuple(f"名前{number}" for number in range(500)),
)


def bar(status: Status, columns: int) -> str:
    return fragment_list_to_text(status_bar.status_bar(status, columns))


class StatusBarTests(SynchronousTestCase):
    def test_everything_there_is_room_for(self) -> None:
        self.assertEqual(
            bar(QUIET, 100),
            "connected, TLS · 2 online: tesla, edison · #lobby: Alternating currents",
        )
        self.assertEqual(
            bar(BUSY, 100),
            "connected, TLS · #homework 2 new, 1 for you · edison wrote 1 · #coil 3 new"
            " · 2 not sent yet · ediso…",
        )
        self.assertIn(" · edison and bell are typing · message 17 stored · 500 ", bar(BUSY, 200))

    def test_forty_columns_have_what_matters_most(self) -> None:
        self.assertEqual(bar(QUIET, 40), "TLS · 2 online: tesla, edison · #lobby:…")
        self.assertEqual(bar(BUSY, 40), "TLS · #homework 2 new, 1 for you · edis…")

    def test_it_never_wraps(self) -> None:
        for columns in range(220):
            for status in (QUIET, BUSY, BUSY._replace(online=False), QUIET._replace(name="")):
                self.assertLessEqual(get_cwidth(bar(status, columns)), columns)

    def test_without_a_connection(self) -> None:
        lost = BUSY._replace(online=False, connection="not connected, next try in 8 s")
        self.assertTrue(bar(lost, 80).startswith("not connected, next try in 8 s · #homework 2"))
        self.assertTrue(bar(lost._replace(unread=()), 51).endswith(" 8 s · 2 not sent yet · …"))
        self.assertNotIn("online", bar(lost, 200))

    def test_before_anybody_has_signed_in(self) -> None:
        coming = QUIET._replace(online=False, connection="connecting", name="", topic="")
        self.assertEqual(bar(coming, 80), "connecting: localhost:9999")

    def test_however_many_have_written_there_is_room_for_ones_own_message(self) -> None:
        many = tuple(Unread(f"bell{number}", 1, 0) for number in range(12))
        shown = bar(QUIET._replace(unread=many, last=LastSent(17, "stored")), 100)
        self.assertIn("bell2 wrote 1 · 9 more · message 17 stored", shown)

    def test_who_types(self) -> None:
        for names, sentence in (
            (("bell",), "bell is typing"),
            (("bell", "edison"), "bell and edison are typing"),
            (("bell", "edison", "alice"), "bell, edison and alice are typing"),
            (("bell", "edison", "alice", "bob"), "4 people are typing"),
        ):
            self.assertIn(sentence, bar(QUIET._replace(typing=names), 100))

    def test_nothing_in_it_can_be_a_control(self) -> None:
        wicked = QUIET._replace(topic="\x1b[2Jgone\x9b1A", people=("te\nsla\x07",))
        self.assertTrue(bar(wicked, 100).isprintable())


COIL = Progress(1, True, "coil.png", 4_300_000, 10_000_000, 43, 2_100_000.0, 2.7, "")
PAPER = Progress(2, False, "paper.pdf", 0, 10_000_000, 0, 0.0, None, "")


class TransfersTests(SynchronousTestCase):
    def rows(self, columns: int, *transfers: Progress) -> list[str]:
        status = QUIET._replace(transfers=transfers)
        return fragment_list_to_text(status_bar.transfers(status, columns)).split("\n")

    def test_how_far_and_how_fast_and_how_long(self) -> None:
        self.assertEqual(
            self.rows(80, COIL, PAPER),
            [
                "↑ coil.png ████████████░░░░░░░░░░░░░░░░░░ 43 % 2.1 MB/s, 3 s left",
                "↓ paper.pdf ░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░ 0 %",
            ],
        )
        slow = COIL._replace(left=5_000.0, speed=1_200.0)
        self.assertIn(" 43 % 1.2 kB/s, 83 min left", self.rows(80, slow)[0])
        self.assertIn(" 14 h left", self.rows(80, slow._replace(left=50_000.0))[0])

    def test_what_is_left_out_where_it_is_narrow(self) -> None:
        self.assertEqual(self.rows(40, COIL), ["↑ coil.png ████████░░░░░░░░░░░░ 43 % 3 s"])
        self.assertEqual(self.rows(20, COIL), ["↑ coil.png 43 % 3 s"])
        self.assertEqual(self.rows(10, COIL), ["↑ coil.pn…"])

    def test_why_nothing_moves(self) -> None:
        held = COIL._replace(trouble="waiting for a connection")
        self.assertTrue(self.rows(80, held)[0].endswith("░ 43 % waiting for a connection"))

    def test_many_take_no_more_room(self) -> None:
        rows = self.rows(80, *[COIL] * 9)
        self.assertEqual((len(rows), rows[-1]), (4, "6 more on their way"))
        self.assertEqual(self.rows(80), [""])

    def test_they_never_wrap_whatever_the_name(self) -> None:
        for columns in range(120):
            for name in ("x" * 300, "名" * 90, "\x1b[2J\n", ""):
                for trouble in ("", "a long sentence of the server's that goes on and on"):
                    row = COIL._replace(name=name, trouble=trouble)
                    (shown,) = self.rows(columns, row)
                    self.assertLessEqual(get_cwidth(shown), columns)
                    self.assertTrue(shown.isprintable())


class PromptTests(SynchronousTestCase):
    def test_it_names_the_conversation(self) -> None:
        self.assertEqual(status_bar.prompt(QUIET, 80), "#lobby> ")
        self.assertEqual(status_bar.prompt(QUIET._replace(here="edison"), 80), "edison (private)> ")

    def test_it_leaves_room_to_type(self) -> None:
        long = QUIET._replace(here="#" + "名" * 40)
        for here in (QUIET, QUIET._replace(here="edison"), long):
            for columns in range(1, 100):
                shown = status_bar.prompt(here, columns)
                self.assertLessEqual(get_cwidth(shown), columns // 2)
        self.assertEqual(status_bar.prompt(QUIET._replace(here="edison"), 20), "edison> ")

    def test_what_is_not_sent_yet_stands_above(self) -> None:
        lost = QUIET._replace(online=False, unsent=tuple(f"line {number}" for number in range(5)))
        self.assertEqual(
            fragment_list_to_text(status_bar.unsent(lost, 40)),
            "not sent yet: 2 more\n"
            "not sent yet: line 2\nnot sent yet: line 3\nnot sent yet: line 4",
        )
        self.assertEqual(status_bar.unsent(lost._replace(online=True), 40), [])
