"""What is refused before a byte of it is read: names, sizes, quotas, a disk that is nearly full."""

from __future__ import annotations

from typing import Any, ClassVar
from unittest import mock

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from twisted_chat.core.attachments import LONGEST_NAME, check_name
from twisted_chat.core.errors import ChatError
from twisted_chat.core.text import shown

from .case import COIL, FilesTestCase, digest

BAD_NAMES = (
    *("../../etc/passwd", "/etc/passwd", "..\\boot.ini", "C:\\autoexec.bat", "..", ".", "a/b"),
    *("a\0b", "a\nb", "a\tb", "\x1b[2J", "exe.gpj\u202e", "\u2066x", "a\u200eb", "\u061cx"),
    *("x" * 256, "\N{SNOWMAN}" * 86, "", " ", "\u200b", "a" + "\u0301" * 9),
)
GOOD_NAMES = (
    *("coil.png", "a b.txt", "%2e%2e%2f", "-rf", ".bashrc", "CON", "aux.txt", "...", "C:", "~"),
    *(
        "x" * 255,
        "مرحبا.txt",
        "图纸.pdf",
        "👨‍👩‍👧.jpg",
        "$(rm -rf)",
        "'; drop table file; --",
        "x ",
    ),
)


class NameTests(FilesTestCase):
    def test_e1_a_name_is_no_path_and_deceives_nobody(self) -> None:
        for name in BAD_NAMES:
            answer = self.offers(self.tesla, "#lobby", b"x", name)
            self.assertIn("error", answer, name)
            self.assertIn(
                answer["error"]["code"], ("bad_name", "bad_character", "too_long", "empty"), name
            )
        self.assertEqual(self.contents(), [])

    def test_e1_any_other_name_is_kept_as_it_is_and_never_becomes_a_path(self) -> None:
        for number, name in enumerate(GOOD_NAMES):
            content = b"content %d" % number
            file = self.sends(self.tesla, "#lobby", content, name)
            heard = self.edison.takes_events("message")[-1]
            self.assertEqual(heard["file"]["name"], name)
            self.assertEqual(self.edison.asks("get", file=file)["name"], name)
        for name in self.contents():
            self.assertRegex(name, "^[0-9a-f]{32}$")
        beside = sorted(path.name for path in self.hall.directory.iterdir())
        self.assertEqual(beside, ["chat.db", "chat.db-shm", "chat.db-wal", "chat.db.lock", "files"])

    def test_what_is_offered_has_a_size_and_a_hash(self) -> None:
        good = {"room": "#lobby", "name": "x", "size": 1, "sha256": digest(b"x")}
        for bad in (
            *({"size": -1}, {"size": 1.5}, {"size": "1"}, {"size": 2**60}, {"sha256": "x"}),
            *({"sha256": digest(b"x").upper()}, {"sha256": digest(b"x")[1:]}, {"room": "nobody"}),
        ):
            self.assertIn("error", self.tesla.asks("offer", **{**good, **bad}), bad)
        self.assertNotIn("error", self.tesla.asks("offer", **good))


class AnyNameTests(SynchronousTestCase):
    @given(st.text(max_size=300))
    def test_e1_whatever_is_taken_is_one_visible_name(self, name: str) -> None:
        try:
            self.assertEqual(check_name(name), name)
        except ChatError as error:
            self.assertTrue(error.sentence.endswith("."))
        else:
            self.assertEqual(shown(name), name)
            self.assertFalse(set(name) & set("/\\\0\n\t"))
            self.assertNotIn(name, ("", ".", ".."))
            self.assertLessEqual(len(name.encode()), LONGEST_NAME)


class QuotaTests(FilesTestCase):
    settings: ClassVar[dict[str, Any]] = {"max_file": 200_000, "quota": 500_000}

    def test_e3_a_file_that_is_too_large(self) -> None:
        self.assertEqual(self.hall.program().asks("ping"), {})
        answer = self.offers(self.tesla, "#lobby", bytes(200_001))
        self.assert_refused(answer, "too_long")
        self.assertEqual((answer["error"]["max"], answer["error"]["actual"]), (200_000, 200_001))
        self.assertIn("file", self.offers(self.tesla, "#lobby", bytes(200_000)))

    def test_e3_a_quota_is_for_what_one_has_sent_and_what_is_under_way(self) -> None:
        self.sends(self.tesla, "#lobby", bytes(200_000), "a")
        courier = self.begins_upload(self.tesla, "#lobby", bytes(200_000), "b")
        answer = self.offers(self.tesla, "#lobby", bytes(200_000), "c")
        self.assert_refused(answer, "quota")
        self.assertEqual((answer["error"]["quota"], answer["error"]["used"]), (500_000, 400_000))
        self.assertIn("file", self.offers(self.edison, "#lobby", bytes(200_000), "c"))
        # What is not coming any more counts for what came of it.
        courier.sends(bytes(50_000))
        courier.vanishes()
        self.assertIn("file", self.offers(self.tesla, "#lobby", bytes(200_000), "c"))
        # And what is deleted counts for nothing.
        self.hall.wait(61)
        self.assertIn("error", self.offers(self.tesla, "#lobby", bytes(200_000 + 1), "d"))
        self.tesla.asks("delete", what="1")
        self.sends(self.tesla, "#lobby", bytes(200_000), "d")
        self.sends(self.tesla, "#lobby", bytes(200_000), "e")

    def test_e3_it_is_the_same_after_a_restart(self) -> None:
        self.sends(self.tesla, "#lobby", bytes(200_000), "a")
        self.uploads(self.tesla, "#lobby", bytes(200_000), "b")
        self.hall.restart()
        self.come_in()
        self.assert_refused(self.offers(self.tesla, "#lobby", bytes(200_000), "c"), "quota")
        self.assertIn("file", self.offers(self.tesla, "#lobby", bytes(90_000), "c"))

    def test_e4_an_offer_that_nothing_comes_of_holds_its_place_for_a_minute(self) -> None:
        self.offers(self.tesla, "#lobby", bytes(200_000), "a")
        self.offers(self.tesla, "#lobby", bytes(200_000), "b")
        self.assert_refused(self.offers(self.tesla, "#lobby", bytes(200_000), "c"), "quota")
        self.hall.wait(61)
        late = self.offers(self.tesla, "#lobby", bytes(200_000), "c")
        self.assertIn("file", late)

    def test_e3_who_comes_late_with_a_ticket_is_measured_again(self) -> None:
        ticket = self.offers(self.tesla, "#lobby", bytes(200_000), "a")["ticket"]
        self.hall.wait(61)
        self.sends(self.tesla, "#lobby", bytes(200_000), "b")
        self.sends(self.tesla, "#lobby", bytes(200_000), "c")
        self.assert_refused(self.courier().asks("upload", ticket=ticket), "quota")

    def test_e3_empty_files_take_a_place_too(self) -> None:
        for number in range(99):
            self.offers(self.tesla, "#lobby", b"", str(number))
        self.assertIn("file", self.offers(self.tesla, "#lobby", b"", "99"))
        self.assert_refused(self.offers(self.tesla, "#lobby", b"", "100"), "too_many")
        for number in range(100):
            self.sends(self.edison, "#lobby", b"", str(number))
        self.hall.wait(61)
        answer = self.offers(self.edison, "#lobby", bytes(200_000), "large")
        self.assert_refused(answer, "quota")

    def test_e10_only_those_who_may_speak_there_can_send_through_the_server(self) -> None:
        self.tesla.asks("create", room="#coil")
        self.assert_refused(self.offers(self.edison, "#coil"), "not_a_member")
        self.edison.asks("join", room="#coil")
        self.tesla.asks("mute", room="#coil", user="edison")
        self.assert_refused(self.offers(self.edison, "#coil"), "muted")
        self.assert_refused(self.offers(self.edison, "edison"), "args")
        self.assert_refused(self.offers(self.edison, "nobody"), "no_such_user")
        stranger = self.hall.program()
        self.assert_refused(self.offers(stranger, "#lobby"), "not_now")
        self.assertEqual(self.contents(), [])


class GuestTests(FilesTestCase):
    settings: ClassVar[dict[str, Any]] = {"guests": True}

    def come_in(self) -> None:
        self.tesla = self.edison = self.hall.program()
        self.tesla.asks("guest", name="tesla")

    def test_e10_guests_have_no_files(self) -> None:
        self.assert_refused(self.offers(self.tesla, "#lobby"), "guest")
        self.assert_refused(self.tesla.asks("files"), "guest")
        self.assert_refused(self.tesla.asks("get", file=1), "guest")
        self.assert_refused(self.says_file(self.tesla, "#lobby", 1), "guest")


class NoFilesTests(FilesTestCase):
    settings: ClassVar[dict[str, Any]] = {"max_file": 0}

    def test_a_server_can_take_none(self) -> None:
        self.assert_refused(self.offers(self.tesla, "#lobby"), "too_long")


class FullDiskTests(FilesTestCase):
    """A disk on which so much is free, as far as the server can see."""

    settings: ClassVar[dict[str, Any]] = {"quota": 0}

    def setUp(self) -> None:
        super().setUp()
        self.free = 1_000_000
        blobs = self.hall.store.blobs
        patch = mock.patch.object(type(blobs), "free", lambda _: self.left())
        patch.start()
        self.addCleanup(patch.stop)

    def left(self) -> int:
        folder = self.hall.directory / "files"
        return self.free - sum(path.stat().st_size for path in folder.iterdir())

    def test_e3_an_offer_that_would_leave_too_little_is_refused_in_words(self) -> None:
        answer = self.offers(self.tesla, "#lobby", bytes(1_000_001))
        self.assert_refused(answer, "store_full")
        self.assertEqual(answer["error"]["retry_after"], 60)
        self.assertIn("file", self.offers(self.tesla, "#lobby", bytes(600_000)))
        self.assert_refused(self.offers(self.edison, "#lobby", bytes(600_000)), "store_full")
        self.assertIn("file", self.offers(self.edison, "#lobby", bytes(300_000)))

    def test_e3_the_floor_is_never_crossed_whoever_else_fills_the_disk(self) -> None:
        courier = self.begins_upload(self.tesla, "#lobby", bytes(600_000))
        courier.sends(bytes(200_000))
        self.free = 350_000
        courier.sends(bytes(400_000))
        ending = courier.ending()
        self.assertEqual((ending["event"], ending["code"]), ("closed", "store_full"))
        self.assertGreaterEqual(self.left(), 0)
        # The rest can come when there is room again.
        self.assert_refused(self.offers(self.tesla, "#lobby", bytes(600_000)), "store_full")
        self.free = 1_000_000
        again = self.offers(self.tesla, "#lobby", bytes(600_000))
        self.assertGreaterEqual(again["from"], 200_000)
        ending = self.courier().uploads(again["ticket"], bytes(600_000))
        self.assertEqual(ending["event"], "stored")

    def test_e3_messages_go_on_while_there_is_no_room_for_files(self) -> None:
        self.free = -1
        self.assert_refused(self.offers(self.tesla, "#lobby", COIL), "store_full")
        self.assertNotIn("error", self.tesla.asks("send", room="#lobby", text="hi", cid="1"))


class TotalTests(FilesTestCase):
    settings: ClassVar[dict[str, Any]] = {"quota": 300_000, "total_quota": 500_000}

    def test_e3_all_files_together_have_a_quota(self) -> None:
        self.sends(self.tesla, "#lobby", bytes(200_000), "a")
        self.begins_upload(self.edison, "#lobby", bytes(200_000), "b")
        refused = self.offers(self.edison, "#lobby", bytes(101_000), "c")
        self.assert_refused(refused, "quota")  # which says most to who can do something about it
        self.assert_refused(
            self.offers(self.hall.bot("ann"), "#lobby", bytes(110_000)), "store_full"
        )
        self.hall.restart()
        tesla, ann = self.hall.bot("tesla"), self.hall.bot("ann")
        self.assertIn("file", self.offers(ann, "#lobby", bytes(200_000)))
        self.hall.wait(61)
        tesla.asks("delete", what="#lobby/1")
        self.assertIn("file", self.offers(ann, "#lobby", bytes(250_000), "d"))
