"""From one to another: offer, upload, message, fetch; and what happens to the message after."""

from __future__ import annotations

import sys
from typing import Any, ClassVar

from twisted_chat.core.rooms import RoomKind
from twisted_chat.testing import PASSWORD

from .case import COIL, FilesTestCase, digest


class SendingTests(FilesTestCase):
    def test_a_file_goes_to_a_room_and_comes_out_as_it_went_in(self) -> None:
        file = self.sends(self.tesla, "#lobby")
        (heard,) = self.edison.takes_events("message")
        self.assertEqual(heard["text"], "")
        self.assertEqual(
            heard["file"],
            {"file": file, "size": len(COIL), "sha256": digest(COIL), "name": "coil.png"},
        )
        self.assertNotIn("cid", heard)
        self.assertEqual(self.fetches(self.edison, file), COIL)
        self.assertEqual(self.fetches(self.tesla, file), COIL)

    def test_an_empty_file_is_a_file(self) -> None:
        file = self.sends(self.tesla, "edison", b"", "nothing")
        self.assertEqual(self.fetches(self.edison, file), b"")

    def test_the_first_thing_between_two_may_be_a_file(self) -> None:
        file = self.uploads(self.tesla, "edison")
        self.assertEqual(self.edison.takes_events("message", "room"), [])
        answer = self.says_file(self.tesla, "edison", file)
        self.assertEqual((answer["seq"], answer["now"]), (1, 1))
        (heard,) = self.edison.takes_events("message")
        self.assertEqual((heard["room"], heard["seq"], heard["private"]), ("tesla", 1, True))
        pairs = [r for r in self.hall.chat.rooms.rooms.values() if r.kind is RoomKind.PAIR]
        self.assertEqual(len(pairs), 1)

    def test_d1_it_is_answered_again_where_one_may_say_nothing_now(self) -> None:
        self.edison.asks("create", room="#den")
        self.tesla.asks("join", room="#den")
        file = self.uploads(self.tesla, "#den")
        first = self.says_file(self.tesla, "#den", file, "a")
        self.edison.asks("ban", room="#den", user="tesla")
        again = self.says_file(self.tesla, "#den", file, "a")
        self.assertEqual((again["seq"], again["again"]), (first["seq"], True))
        refused = self.says_file(self.tesla, "#den", file, "b")
        self.assert_refused(refused, "not_a_member")

    def test_who_is_away_has_it_later(self) -> None:
        self.edison.vanishes()
        file = self.sends(self.tesla, "edison")
        self.hall.restart()
        edison = self.hall.program()
        edison.asks("login", name="edison", password=PASSWORD, device="bot")
        (heard,) = edison.takes_events("message")
        self.assertEqual(heard["file"]["name"], "coil.png")
        self.assertEqual(self.fetches(edison, file), COIL)

    def test_the_same_cid_is_the_same_message(self) -> None:
        file = self.uploads(self.tesla, "edison")
        first = self.says_file(self.tesla, "edison", file, "a")
        again = self.says_file(self.tesla, "edison", file, "a")
        self.assertEqual((first["again"], again["again"]), (False, True))
        self.assertEqual(first["seq"], again["seq"])
        self.assertEqual(len(self.edison.takes_events("message")), 1)
        self.tesla.asks("send", room="edison", text="words", cid="b")
        self.assert_refused(self.says_file(self.tesla, "edison", file, "b"), "conflict")
        words = self.tesla.asks("send", room="edison", text="words", cid="a")
        self.assert_refused(words, "conflict")
        self.tesla.asks("delete", what="edison/1")
        again = self.says_file(self.tesla, "edison", file, "a")
        self.assertEqual((again["seq"], again["again"]), (1, True))

    def test_a_file_is_sent_once_by_its_owner_to_where_it_was_offered(self) -> None:
        file = self.uploads(self.tesla, "edison")
        self.assert_refused(self.says_file(self.tesla, "#lobby", file), "no_such_file")
        self.assert_refused(self.says_file(self.edison, "tesla", file), "no_such_file")
        self.assert_refused(self.says_file(self.tesla, "edison", file + 1), "no_such_file")
        self.assertNotIn("error", self.says_file(self.tesla, "edison", file))
        self.assert_refused(self.says_file(self.tesla, "edison", file), "no_such_file")

    def test_it_is_sent_without_a_text_and_when_it_is_complete(self) -> None:
        offered = self.offers(self.tesla, "edison")
        self.assert_refused(self.says_file(self.tesla, "edison", offered["file"]), "no_such_file")
        answer = self.tesla.asks("send", room="edison", text="see", file=1, cid="a")
        self.assert_refused(answer, "args")

    def test_files_and_words_keep_their_order(self) -> None:
        file = self.uploads(self.tesla, "#lobby")
        self.tesla.queues("send", room="#lobby", text="look:", cid="1")
        self.tesla.queues("send", room="#lobby", text="", file=file, cid="2")
        self.tesla.queues("send", room="#lobby", text="nice?", cid="3")
        self.hall.settle()
        heard = [event["text"] for event in self.edison.takes_events("message")]
        self.assertEqual(heard, ["look:", "", "nice?"])

    def test_history_and_search_find_it_by_its_name(self) -> None:
        file = self.sends(self.tesla, "#lobby", name="tesla coil plan.pdf")
        (line,) = self.edison.asks("history")["lines"]
        self.assertEqual(line["file"]["file"], file)
        (line,) = self.edison.asks("search", words="coil")["lines"]
        self.assertEqual(line["file"]["name"], "tesla coil plan.pdf")
        self.assertEqual(self.edison.asks("search", words=digest(COIL))["lines"], [])

    def test_it_counts_as_unread(self) -> None:
        self.edison.vanishes()
        self.sends(self.tesla, "#lobby")
        edison = self.hall.program()
        answer = edison.asks(
            "login", name="edison", password=PASSWORD, device="bot", positions={"#lobby": 1}
        )
        self.assertEqual(answer["rooms"]["#lobby"]["unread"], 1)

    def test_a_file_cannot_be_edited(self) -> None:
        self.sends(self.tesla, "#lobby")
        self.assert_refused(self.tesla.asks("edit", message="1", text="words"), "not_allowed")

    def test_with_its_message_the_file_goes(self) -> None:
        file = self.sends(self.tesla, "#lobby")
        ticket = self.ticket(self.edison, file)
        self.assertEqual(len(self.contents()), 1)
        self.tesla.asks("delete", what="1")
        self.assertEqual(self.contents(), [])
        self.assert_refused(self.edison.asks("get", file=file), "no_such_file")
        refused = self.courier().asks("download", ticket=ticket)
        self.assert_refused(refused, "no_such_file")
        self.assertEqual(self.edison.asks("files")["files"], [])
        self.assertEqual(self.edison.asks("search", words="coil")["lines"], [])

    def test_an_account_that_is_erased_leaves_what_it_sent_and_nothing_else(self) -> None:
        file = self.sends(self.tesla, "#lobby")
        self.uploads(self.tesla, "#lobby", b"not sent")
        self.begins_upload(self.tesla, "#lobby", b"not all there")
        self.assertEqual(len(self.contents()), 3)
        self.tesla.begins("delete-account", sure=True)
        self.assertEqual(len(self.contents()), 1)
        self.assertEqual(self.fetches(self.edison, file), COIL)

    def test_a_room_that_is_erased_takes_its_files_along(self) -> None:
        self.tesla.asks("create", room="#coil")
        file = self.sends(self.tesla, "#coil")
        self.uploads(self.tesla, "#coil", b"not sent")
        self.tesla.asks("delete", what="#coil", sure=True)
        self.assert_refused(self.tesla.asks("get", file=file), "no_such_file")
        self.assertEqual(len(self.contents()), 2)
        self.hall.wait(8 * 24 * 3600, step=1800)
        self.assertEqual(self.contents(), [])

    def test_e7_what_is_stored_is_what_was_sent_and_nothing_looks_into_it(self) -> None:
        bomb = b"PK\x03\x04" + b"\x1f\x8b\x08" + b"\x89PNG\r\n\x1a\n" + b"<svg onload=x>" * 99
        file = self.sends(self.tesla, "#lobby", bomb, "bomb.zip")
        (name,) = self.contents()
        self.assertEqual((self.hall.directory / "files" / name).read_bytes(), bomb)
        self.assertEqual(self.fetches(self.edison, file), bomb)
        used = {
            name
            for module in list(sys.modules.values())
            if getattr(module, "__name__", "").startswith("twisted_chat.")
            for name in vars(module)
        }
        self.assertFalse(used & {"PIL", "zipfile", "tarfile", "gzip", "zlib", "lzma", "mimetypes"})


class ListTests(FilesTestCase):
    settings: ClassVar[dict[str, Any]] = {"admins": ("tesla",)}

    def test_files_lists_what_one_may_have_the_newest_last(self) -> None:
        self.tesla.asks("create", room="#coil")
        for place, name in (("#lobby", "a"), ("edison", "b"), ("#coil", "c"), ("#lobby", "d")):
            self.sends(self.tesla, place, name.encode(), name)

        def names(**arguments: object) -> list[tuple[str, str]]:
            found = self.edison.asks("files", **arguments)["files"]
            return [(line["room"], line["name"]) for line in found]

        self.assertEqual(names(), [("#lobby", "a"), ("tesla", "b"), ("#lobby", "d")])
        self.assertEqual(names(place="tesla"), [("tesla", "b")])
        self.assertEqual(names(place="#lobby"), [("#lobby", "a"), ("#lobby", "d")])
        self.assertEqual(names(before=4), [("#lobby", "a"), ("tesla", "b")])
        self.assert_refused(self.edison.asks("files", place="#coil"), "not_a_member")
        self.assert_refused(self.edison.asks("files", before=0), "args")
        self.assertEqual(len(self.tesla.asks("files")["files"]), 4)

    def test_a_long_list_goes_on(self) -> None:
        for number in range(25):
            self.sends(self.tesla, "#lobby", str(number).encode(), str(number))
        newest = self.edison.asks("files")
        self.assertEqual([line["name"] for line in newest["files"]], list(map(str, range(5, 25))))
        older = self.edison.asks("files", before=newest["older"])
        self.assertEqual([line["name"] for line in older["files"]], list(map(str, range(5))))
        self.assertIsNone(older["older"])

    def test_who_joined_a_hidden_room_later_sees_no_earlier_file(self) -> None:
        self.tesla.asks("create", room="#coil", private=True)
        file = self.sends(self.tesla, "#coil")
        self.tesla.asks("invite", room="#coil", user="edison")
        self.edison.asks("join", room="#coil")
        self.assertEqual(self.edison.asks("files")["files"], [])
        self.assert_refused(self.edison.asks("get", file=file), "no_such_file")

    def test_files_of_an_ignored_person_are_left_out(self) -> None:
        self.sends(self.tesla, "#lobby")
        self.edison.asks("ignore", user="tesla")
        self.assertEqual(self.edison.asks("files")["files"], [])

    def test_people_read_it_in_words(self) -> None:
        bell = self.hall.person("bell")
        self.sends(self.tesla, "#lobby")
        bell.hears("tesla: (file 1: coil.png, 179.2 kB; to have it: get 1)\n")
        bell.types("files")
        bell.hears("The files are:\n1  coil.png (179.2 kB) from tesla, #lobby/1 10:00\n")
        bell.types("files tesla")
        bell.hears("(No files)\n")
        bell.types("send edison coil.png")
        bell.hears("(A file is sent with the chat's own client (python -m twisted_chat.client)")

    def test_administrators_see_how_much_there_is(self) -> None:
        self.sends(self.tesla, "#lobby")
        facts = self.tesla.asks("stats")["facts"]
        self.assertEqual((facts["files"], facts["file_bytes"]), (1, len(COIL)))


class EncryptedTests(FilesTestCase):
    def encrypt(self, place: str) -> None:
        """As if the conversation had been encrypted long ago."""
        person = self.hall.chat.roster.names.find("tesla")
        assert person is not None
        self.tesla.asks("send", room="edison", text="begin", cid="begin")
        for room in self.hall.chat.rooms.of(person):
            if room.label(person) == place:
                room.encrypted = True

    def test_where_it_is_encrypted_the_server_learns_no_name(self) -> None:
        self.encrypt("edison")
        self.assert_refused(self.offers(self.tesla, "edison"), "encrypted")
        file = self.uploads(self.tesla, "edison", name="")
        self.assert_refused(self.says_file(self.tesla, "edison", file), "encrypted")

    def test_elsewhere_a_file_has_a_name(self) -> None:
        self.assert_refused(self.offers(self.tesla, "edison", name=""), "empty")
        self.assert_refused(self.offers(self.tesla, "#lobby", name=""), "empty")
