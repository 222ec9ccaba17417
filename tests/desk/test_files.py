"""Files, as somebody at a desk sends and fetches them."""

from __future__ import annotations

from pathlib import Path

from tests.desk.test_desk import DeskTest
from tests.support.office import Seat
from tests.web.browsing import Requesting, basic
from twisted_chat.core.entries import Form

HUNDREDS = bytes(range(256)) * 2_000


class CarryingTest(DeskTest):
    def setUp(self) -> None:
        super().setUp()
        self.tesla, self.edison = self.office.desk("tesla"), self.office.desk("edison")
        self.office.wait(2)
        self.tesla.lines.clear()
        self.coil = self.file("coil.png", HUNDREDS)

    def file(self, name: str, content: bytes) -> Path:
        path = self.office.home / name
        path.write_bytes(content)
        return path

    def held_up(self, seat: Seat, *lines: str) -> None:
        """Type what takes long: its connection breaks, again and again."""
        seat.cargo_breaks_after = [150_000, *[200] * 50]
        seat.types(*lines)


class SayingTests(CarryingTest):
    def test_a_file_is_sent_and_fetched(self) -> None:
        self.tesla.types(f"send edison {self.coil}")
        told = "(file 1: coil.png, 512.0 kB; to have it: get 1)"
        self.tesla.reads(f"[edison/1 10:00 private] tesla: {told}")
        self.edison.reads(f"[tesla/1 10:00 private] tesla: {told}")
        self.edison.types("get 1")
        path = self.edison.downloads / "coil.png"
        self.edison.reads(f"(Fetched, 512.0 kB: {path})")
        self.assertEqual(path.read_bytes(), HUNDREDS)
        self.edison.types(f"/get 1 {path}")
        self.edison.reads(
            f"({path} is there already, and nothing is overwritten: give another name.)"
        )
        self.edison.types(f"/get 1 '{self.office.home}/another one'", "get 1")
        self.edison.reads(
            f"(Fetched, 512.0 kB: {self.office.home / 'another one'})",
            f"(Fetched, 512.0 kB: {self.edison.downloads / 'coil (2).png'})",
        )

    def test_the_absent_are_named(self) -> None:
        self.edison.crashes()
        self.office.wait(2)
        self.tesla.lines.clear()
        self.tesla.types(f"/send edison {self.coil}")
        self.tesla.finds("Receiver edison is currently offline")

    def test_they_are_listed_and_deleted(self) -> None:
        self.tesla.types(f"/send #lobby {self.coil}", "files", "delete 1", "files")
        self.tesla.reads(
            "[1 10:00] tesla: (file 1: coil.png, 512.0 kB; to have it: get 1)",
            "The files are:",
            "1  coil.png (512.0 kB) from tesla, #lobby/1 10:00",
            "(To have one: get <number>)",
            "[1 10:00 deleted] tesla: (deleted)",
            "(No files)",
        )
        self.edison.lines.clear()
        self.edison.types("get 1")
        self.edison.finds("There is no file 1")

    def test_one_that_was_sent_over_http_is_there_too(self) -> None:
        sending = Requesting(self.office)
        told = {"Authorization": basic("tesla"), "Content_Disposition": "; filename=coil.png"}
        sending.asks("POST", "/files", HUNDREDS, **told)
        self.assertEqual(sending.answer().status, 201)
        self.tesla.types("files", "get 1", "delete files/1", "files")
        self.tesla.reads(
            "The files are:",
            "1  coil.png (512.0 kB) from tesla, files/1 10:00",
            "(delete files/<number> ends the link to one)",
            "(To have one: get <number>)",
            f"(Fetched, 512.0 kB: {self.tesla.downloads / 'coil.png'})",
            "(No files)",
        )

    def test_what_is_refused_is_one_sentence(self) -> None:
        for line, sentence in (
            (f"/send edison {self.coil}x", f"(There is no file {self.coil}x on this computer.)"),
            ("/send edison", "(Usage: send <#room|user> <path>)"),
            ("/send", "(Usage: send <#room|user> <path>)"),
            (f"/get 1 {self.coil.parent}/none/", f"(There is no folder {self.coil.parent}/none.)"),
            (f"/get 1 {self.coil}/", f"(There is no folder {self.coil}.)"),
            (f"/send nobody {self.coil}", "(There is no user called nobody.)"),
            ("/get coil", "(coil is not a whole number. Usage: get <number> [<path>])"),
            ("/get 9", "(There is no file 9 that you may have.)"),
        ):
            before = self.tesla.desk.refused
            self.tesla.types(line)
            (shown,) = [one.text for one in self.tesla.lines]
            self.tesla.lines.clear()
            if line != "/get 9":
                self.assertEqual(shown, sentence)
            self.assertEqual(self.tesla.desk.refused, before + 1)
        self.edison.reads()

    def test_sentences_that_begin_like_it_are_said(self) -> None:
        lines = ("send me the drawings of the coil", "get well soon, edison", "transfers are slow")
        self.tesla.types(*lines)
        self.assertEqual([one.text.partition(": ")[2] for one in self.edison.lines], [*lines])

    def test_help_names_it_once(self) -> None:
        self.tesla.types("help")
        names = [line.text.split()[0].rstrip(":") for line in self.tesla.lines if line.text]
        for name in ("send", "get", "cancel", "transfers", "files"):
            self.assertEqual(names.count(name), 1, name)
        self.assertNotIn("offer", names)
        begun = [one.text for one in self.tesla.desk.complete("/")]
        self.assertEqual([begun.count(f"/{name} ") for name in ("send", "get", "offer")], [1, 1, 0])

    def test_it_is_a_message_that_waits_for_its_connection(self) -> None:
        self.tesla.types(f"send #lobby {self.coil}")
        self.tesla.unreachable = True
        self.tesla.wire.breaks()
        self.tesla.user.say_file("#lobby", "coil.png", 2)
        self.assertEqual(self.tesla.desk.status().unsent, ("coil.png",))
        entry = self.edison.user.conversations.all["#lobby"].entries[1]
        self.assertEqual(entry.form, Form.FILE)


class WaitingTests(CarryingTest):
    def test_what_takes_longer_says_so_once_and_can_be_cancelled(self) -> None:
        self.held_up(self.tesla, f"/send edison {self.coil}")
        self.tesla.reads()
        self.office.wait(5)
        self.tesla.reads("(Sending coil.png to edison, 512.0 kB; cancel 1 stops it)")
        self.tesla.types("transfers")
        self.tesla.reads("1  Sending coil.png to edison: 29 % (The connection was lost)")
        (progress,) = self.tesla.desk.status().transfers
        self.assertEqual((progress.name, progress.sends, progress.percent), ("coil.png", True, 29))
        self.tesla.types("cancel 7")
        self.tesla.reads("(No transfer 7 is on its way: transfers shows what is.)")
        self.tesla.types("cancel")
        self.tesla.reads("(coil.png: cancelled.)")
        self.tesla.types("cancel", "transfers")
        self.tesla.reads(
            "(Nothing is on its way: transfers shows what is.)",
            "(Nothing is being sent or fetched.)",
        )
        self.assertEqual(self.tesla.desk.status().transfers, ())
        self.edison.reads()

    def test_of_several_it_must_be_said_which(self) -> None:
        self.held_up(self.tesla, f"/send edison {self.coil}", f"/send #lobby {self.coil}")
        self.tesla.types("cancel", "cancel 2")
        self.tesla.reads(
            "(2 files are on their way: cancel which of them?)", "(coil.png: cancelled.)"
        )
        self.tesla.types("cancel")
        self.tesla.reads("(coil.png: cancelled.)")

    def test_one_is_talked_to_meanwhile(self) -> None:
        self.held_up(self.tesla, f"/send edison {self.coil}", "hello")
        self.tesla.reads("[1 10:00] tesla: hello")
        self.edison.reads("[1 10:00] tesla: hello")

    def test_e5_whoever_leaves_is_told_what_is_cut_short(self) -> None:
        self.held_up(self.tesla, f"/send edison {self.coil}", "/quit")
        self.tesla.reads(
            "(Sending coil.png to edison: 25 % (The connection was lost)."
            " Leave once more to leave it at that.)"
        )
        self.assertTrue(self.tesla.user.is_online)
        self.tesla.types(f"/send #lobby {self.coil}", "/quit")
        self.tesla.finds("Sending coil.png to #lobby")  # which is new
        self.tesla.types("/quit")
        self.office.wait(2)
        self.assertEqual(self.tesla.codes, [0])
        shown = [line.text for line in self.tesla.lines]
        left = "(coil.png is not sent yet: send it again, and it goes on where it was.)"
        self.assertEqual(shown.count(left), 2)
