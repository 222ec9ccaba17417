"""What is said in an encrypted conversation: how it is taken, shown, edited and deleted."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import Any, ClassVar

from msgspec.structs import fields

from twisted_chat.core.command_table import TABLE
from twisted_chat.core.encryption import MOST_SEALED
from twisted_chat.testing import Client

from .case import SealedCase, code, publishes, sealed_in, told_of

REFUSED = (
    "(This conversation is encrypted: only a client that has the keys can read and write there"
    " (python -m twisted_chat.client HOST PORT).)"
)
SEALED = "(encrypted: only a client that has the keys can show this)"

# Everything that says something to others, but for what all can read: {command: its arguments}.
SAYING: dict[str, dict[str, Any]] = {
    "broadcast user": {"users": ["bell", "edison"], "text": "xyzzyplugh"},
    "message": {"user": "edison", "text": "xyzzyplugh"},
    "say": {"room": "#coil", "text": "xyzzyplugh"},
    "me": {"place": "#coil", "text": "xyzzyplugh"},
    "edit": {"message": "edison/1", "text": "xyzzyplugh"},
}
READABLE_BY_ALL = {"broadcast message", "announce", "topic", "personalintro", "away"}


class SealedTests(SealedCase):
    def setUp(self) -> None:
        super().setUp()
        self.says(self.tesla, "edison", "before")
        self.encrypts(self.tesla, "edison")

    def test_it_comes_as_it_was_sealed_at_every_device(self) -> None:
        tablet, _ = self.resumes("tesla", "tablet")
        tablet.takes_events()
        sent = self.seals(self.tesla, "edison", '{"v":1,"body":"~!"}')
        self.assertEqual((sent["seq"], sent["now"], sent["again"]), (3, 1, False))
        [own] = self.tesla.takes_events("message")
        self.assertEqual(
            (own["text"], own["sealed"], own["cid"]), ("", '{"v":1,"body":"~!"}', "cid-2")
        )
        self.assertEqual(sealed_in(tablet), [("edison", 3, '{"v":1,"body":"~!"}')])
        [event] = self.edison.takes_events("message")
        self.assertEqual((event["room"], event["sealed"]), ("tesla", '{"v":1,"body":"~!"}'))
        self.assertNotIn("cid", event)

    def test_c5_words_are_refused_whatever_says_them(self) -> None:
        self.makes(self.tesla, "#coil", self.edison)
        said = {
            row.name for row in TABLE.rows if "text" in {field.name for field in fields(row.make)}
        }
        self.assertEqual(said, set(SAYING) | READABLE_BY_ALL)
        for do, arguments in SAYING.items():
            self.assertEqual(code(self.tesla.asks(do, **arguments)), "encrypted", do)
        for room in ("edison", "#coil"):
            self.assertEqual(code(self.says(self.tesla, room, "xyzzyplugh")), "encrypted")
        self.assertEqual(self.tesla.asks("entries", room="bell", after=0)["entries"], [])
        self.assertNotIn(b"xyzzyplugh", self.on_disk())

    def test_c5_words_are_refused_with_netcat(self) -> None:
        self.makes(self.tesla, "#coil", self.edison)
        tesla = self.hall.person("tesla")
        for line in (
            *("PM edison xyzzyplugh", "say #coil xyzzyplugh", "talk edison", "talk #coil"),
            *("message edison xyzzyplugh", "edit edison/1 xyzzyplugh"),
        ):
            tesla.types(line)
            tesla.reads(REFUSED)
        tesla.types("broadcast user bell edison message xyzzyplugh")
        tesla.reads(REFUSED.replace("This conversation", "Your conversation with edison"))
        self.assertNotIn(b"xyzzyplugh", self.on_disk())

    def test_c5_one_who_talks_there_already_is_refused_too(self) -> None:
        self.tesla.asks("create", room="#coil")
        edison = self.hall.person("edison")
        edison.types("join #coil", "talk #coil")
        edison.takes()
        self.encrypts(self.tesla, "#coil")
        edison.reads("[#coil/3 10:00] tesla encrypts this conversation from here on, for good")
        edison.types("words")
        edison.reads(REFUSED)

    def test_a_client_may_talk_there(self) -> None:
        self.assertEqual(self.tesla.asks("talk", place="edison"), {"text": ""})
        self.assertEqual(self.tesla.asks("typing", room="edison"), {})
        [event] = self.edison.takes_events("typing")
        self.assertEqual(event, {"event": "typing", "room": "tesla", "who": "tesla"})

    def test_sealed_is_refused_where_words_belong(self) -> None:
        self.tesla.asks("create", room="#open")
        self.says(self.tesla, "#open", "words")
        for place in ("#lobby", "#open", "bell"):
            answer = self.seals(self.tesla, place, "x", version="")
            self.assertEqual(code(answer), "not_encrypted", place)
        answer = self.tesla.asks("edit", message="#open/2", text="", sealed="x", version="")
        self.assertEqual(code(answer), "not_encrypted")
        guest = self.hall.program()
        guest.asks("guest", name="gast")
        self.assertEqual(code(self.seals(guest, "#lobby", "x", version="")), "not_encrypted")

    def test_text_beside_it_is_refused_before_anything_else(self) -> None:
        for place in ("#lobby", "bell", "edison"):
            answer = self.tesla.asks(
                "send", room=place, text="words", sealed="x", version="", cid="both"
            )
            self.assertEqual(code(answer), "args", place)

    def test_a6_how_long_it_may_be(self) -> None:
        most = "{" + '"' * 500 + "x" * (MOST_SEALED - 501)
        self.assertEqual(self.seals(self.tesla, "edison", most)["seq"], 3)
        self.assertEqual(sealed_in(self.edison), [("tesla", 3, most)])
        refused = self.seals(self.tesla, "edison", most + "x")
        self.assertEqual((code(refused), refused["error"]["max"]), ("too_long", MOST_SEALED))
        version = self.version(self.tesla, "edison")
        for do, arguments in (
            ("edit", {"message": "edison/3", "text": "", "version": version}),
            ("share", {"room": "edison", "cid": "long"}),
        ):
            answer = self.tesla.asks(do, sealed=most + "x", **arguments)
            self.assertEqual(code(answer), "too_long", do)
            self.assertEqual(code(self.tesla.asks(do, sealed=most, **arguments)), "", do)

    def test_a5_what_is_no_envelope(self) -> None:
        for sealed in ("é", "a\tb", "a\nb", "a\x7f", "\ud7ff"):
            self.assertEqual(code(self.seals(self.tesla, "edison", sealed)), "args", sealed)
            answer = self.tesla.asks("share", room="edison", sealed=sealed, cid="1")
            self.assertEqual(code(answer), "args")
        self.assertEqual(code(self.tesla.asks("share", room="edison", sealed="", cid="1")), "args")
        version = self.version(self.tesla, "edison")
        answer = self.tesla.asks(
            "send", room="edison", text="both", sealed="x", version=version, cid="1"
        )
        self.assertEqual(code(answer), "args")
        for cid in ("", "x" * 65):
            answer = self.tesla.asks(
                "send", room="edison", text="", sealed="x", version=version, cid=cid
            )
            self.assertEqual(code(answer), "args")
            answer = self.tesla.asks("share", room="edison", sealed="x", cid=cid)
            self.assertEqual(code(answer), "args")

    def test_many_in_one_packet_come_in_their_order(self) -> None:
        version = self.version(self.tesla, "edison")
        for n in range(300):
            self.tesla.queues(
                "send", room="edison", text="", sealed=f"n{n}", version=version, cid=f"c{n}"
            )
        self.hall.settle()
        self.assertEqual(sealed_in(self.edison), [("tesla", 3 + n, f"n{n}") for n in range(300)])

    def test_an_edit_is_sealed_too(self) -> None:
        self.seals(self.tesla, "edison", "first")
        version = self.version(self.tesla, "edison")
        edit = {"message": "edison/3", "text": ""}
        answer = self.tesla.asks("edit", **edit, sealed="second", version="other")
        self.assertEqual(code(answer), "stale")
        self.assertEqual(
            self.tesla.asks("edit", **edit, sealed="second", version=version), {"text": ""}
        )
        [event] = self.edison.takes_events("edit")
        self.assertEqual((event["target"], event["sealed"]), (3, "second"))
        self.assertNotIn("text", event)
        answer = self.edison.asks("edit", message="tesla/3", text="", sealed="x", version=version)
        self.assertEqual(code(answer), "not_allowed")
        both = {"message": "edison/3", "text": "x", "sealed": "x", "version": version}
        self.assertEqual(code(self.tesla.asks("edit", **both)), "args")
        late, _ = self.resumes("edison", "late")
        found = late.asks("entries", room="tesla", after=2)["entries"]
        told = [(e["event"], e["sealed"], e.get("edited")) for e in found]
        self.assertEqual(told, [("message", "second", True), ("edit", "second", None)])

    def test_what_was_said_in_words_may_be_edited_sealed(self) -> None:
        version = self.version(self.tesla, "edison")
        self.tesla.asks("edit", message="edison/1", text="", sealed="sealed now", version=version)
        [line] = self.edison.asks("history", place="tesla")["lines"]
        self.assertEqual((line["text"], line["sealed"]), ("", "sealed now"))
        self.assertEqual(self.edison.asks("search", words="before")["lines"], [])

    def test_d17_what_is_deleted_is_gone_with_all_its_edits(self) -> None:
        self.seals(self.tesla, "edison", "canary-one")
        version = self.version(self.tesla, "edison")
        for sealed in ("canary-two", "canary-three"):
            self.tesla.asks("edit", message="edison/3", text="", sealed=sealed, version=version)
        self.assertIn(b"canary-", self.on_disk())
        self.edison.takes_events()
        self.assertEqual(self.tesla.asks("delete", what="edison/3"), {"text": ""})
        [event] = self.edison.takes_events()
        self.assertEqual((event["event"], event["target"]), ("delete", 3))
        self.hall.wait(3700, step=100)  # until what was deleted is erased
        self.assertNotIn(b"canary-", self.on_disk())
        late, _ = self.resumes("edison", "late")
        found = late.asks("entries", room="tesla", after=2)["entries"]
        self.assertEqual([e.get("sealed") for e in found], [None] * 4)
        self.assertTrue(found[0]["deleted"])

    def test_i12_its_author_may_seal_why_a_message_is_deleted(self) -> None:
        self.seals(self.tesla, "edison", "first")
        version = self.version(self.tesla, "edison")
        gone = {"what": "edison/3", "sealed": "proof"}
        self.assertEqual(code(self.tesla.asks("delete", **gone, version="other")), "stale")
        refused = self.tesla.asks("delete", **gone, version=version, reason="a typo")
        self.assertEqual(code(refused), "args")
        self.assertEqual(self.tesla.asks("delete", **gone, version=version), {"text": ""})
        [event] = self.edison.takes_events("delete")
        self.assertEqual((event["target"], event["sealed"]), (3, "proof"))
        late, _ = self.resumes("edison", "late")
        [deleted, delete] = late.asks("entries", room="tesla", after=2)["entries"]
        self.assertTrue(deleted["deleted"])
        self.assertEqual((delete["event"], delete["sealed"]), ("delete", "proof"))
        self.says(self.tesla, "bell", "in words")
        answer = self.tesla.asks("delete", what="bell/1", sealed="proof", version="x")
        self.assertEqual(code(answer), "not_encrypted")

    def test_nothing_sealed_is_found_or_indexed(self) -> None:
        self.seals(self.tesla, "edison", "apple")
        version = self.version(self.tesla, "edison")
        self.tesla.asks("edit", message="edison/3", text="", sealed="pear", version=version)
        self.tesla.asks("share", room="edison", sealed="plum", cid="1")
        for words in ("apple", "pear", "plum", "from:tesla after:2000-01-01", "in:edison pear"):
            found = self.tesla.asks("search", words=words)["lines"]
            self.assertFalse([line for line in found if "sealed" in line], words)
        with closing(sqlite3.connect(self.hall.directory / "chat.db")) as db:
            for word in ("apple", "pear", "plum"):
                matching = db.execute("SELECT 1 FROM words WHERE words MATCH ?", (word,))
                self.assertEqual(matching.fetchall(), [])

    def test_it_counts_as_unread_and_keys_do_not(self) -> None:
        self.edison.asks("delivered", positions={"tesla": 2})
        self.edison.vanishes()
        self.seals(self.tesla, "edison", "one")
        self.tesla.asks("share", room="edison", sealed="keys", cid="1")
        self.seals(self.tesla, "edison", "two")
        edison, _ = self.resumes("edison", "phone")
        self.assertEqual([e["seq"] for e in edison.takes_events("message", "keys")], [3, 4, 5])
        edison.asks("delivered", positions={"tesla": 5})
        _, answer = self.resumes("edison", "new")
        room = answer["rooms"]["tesla"]
        self.assertEqual((room["from"], room["last"], room["unread"]), (5, 5, 3))
        lines = self.tesla.asks("history", place="edison")["lines"]
        self.assertEqual([line.get("sealed") for line in lines], [None, "one", "two"])

    def on_disk(self) -> bytes:
        """Everything that is in the server's files."""
        files = (path for path in self.hall.directory.rglob("*") if path.is_file())
        return b"".join(path.read_bytes() for path in files)


class StaleTests(SealedCase):
    def setUp(self) -> None:
        super().setUp()
        self.encrypts(self.tesla, "edison")
        self.makes(self.tesla, "#coil", self.edison)

    def test_what_was_sealed_for_other_devices_is_not_stored(self) -> None:
        for place in ("edison", "#coil"):
            version = self.version(self.tesla, place)
            publishes(self.edison, f"edison anew {place}")
            self.assertEqual(told_of(self.tesla), ["edison"])
            answer = self.seals(self.tesla, place, "old", version, cid=place)
            self.assertEqual(code(answer), "stale")
            self.assertEqual(code(self.seals(self.tesla, place, "new", cid=place)), "")
            [(_, _, sealed)] = sealed_in(self.edison)
            self.assertEqual(sealed, "new")

    def test_whoever_comes_or_goes_makes_it_stale(self) -> None:
        version = self.version(self.tesla, "#coil")
        self.bell.asks("join", room="#coil")
        self.assertEqual(code(self.seals(self.tesla, "#coil", "x", version)), "stale")
        version = self.version(self.tesla, "#coil")
        self.tesla.asks("kick", room="#coil", user="bell")
        self.assertEqual(code(self.seals(self.tesla, "#coil", "x", version)), "stale")

    def test_from_the_moment_of_a_kick(self) -> None:
        version = self.version(self.edison, "#coil")
        self.bell.asks("join", room="#coil")
        with_bell = self.version(self.edison, "#coil")
        self.looks_away()
        kick = self.tesla.queues("kick", room="#coil", user="bell")
        self.tesla.deliver()
        request = {"room": "#coil", "text": "", "sealed": "x"}
        late = self.edison.queues("send", **request, version=with_bell, cid="late")
        right = self.edison.queues("send", **request, version=version, cid="right")
        self.edison.deliver()
        self.hall.settle()
        self.assertEqual(code(self.tesla.answer_to(kick)), "")
        self.assertEqual(code(self.edison.answer_to(late)), "stale")
        self.assertEqual(code(self.edison.answer_to(right)), "")
        self.assertEqual([e["event"] for e in self.bell.takes_events()], ["kick", "room"])

    def test_d1_what_was_stored_is_answered_whatever_the_version(self) -> None:
        version = self.version(self.tesla, "edison")
        first = self.seals(self.tesla, "edison", "first", version, cid="same")
        publishes(self.edison, "edison anew")
        for sealed, sealed_for in (("first", version), ("sealed anew", None), ("third", "x")):
            again = self.seals(self.tesla, "edison", sealed, sealed_for, cid="same")
            self.assertEqual((again["seq"], again["again"]), (first["seq"], True))
        self.hall.restart()
        tesla = self.hall.bot("tesla", device="laptop")
        again = self.seals(tesla, "edison", "first", version, cid="same")
        self.assertEqual((again["seq"], again["again"]), (first["seq"], True))

    def test_d1_the_repetition_of_one_that_is_still_on_its_way(self) -> None:
        version = self.version(self.tesla, "edison")
        request = {"room": "edison", "text": "", "cid": "same", "version": version}
        first = self.tesla.queues("send", **request, sealed="first")
        publish = self.edison.queues("publish", device_keys={"x": "y"})
        again = self.tesla.queues("send", **{**request, "version": "x"}, sealed="anew")
        self.hall.settle()
        answers = [self.tesla.answer_to(number) for number in (first, again)]
        self.assertEqual([answer["again"] for answer in answers], [False, True])
        self.assertEqual(len({answer["seq"] for answer in answers}), 1)
        self.assertEqual(code(self.edison.answer_to(publish)), "args")

    def test_d1_what_was_said_in_words_before_is_answered_in_words_and_sealed(self) -> None:
        self.tesla.asks("create", room="#late")
        first = self.tesla.asks("send", room="#late", text="words", cid="w")
        self.encrypts(self.tesla, "#late")
        for again in (
            self.tesla.asks("send", room="#late", text="words", cid="w"),
            self.seals(self.tesla, "#late", "sealed", cid="w"),
            self.seals(self.tesla, "#late", "sealed", "stale", cid="w"),
        ):
            self.assertEqual((again["seq"], again["again"]), (first["seq"], True))
        answer = self.tesla.asks("send", room="#late", text="others", cid="w")
        self.assertEqual(code(answer), "conflict")

    def test_the_same_id_elsewhere_or_in_words_is_a_conflict(self) -> None:
        self.seals(self.tesla, "edison", "x", cid="same")
        self.assertEqual(code(self.seals(self.tesla, "#coil", "x", cid="same")), "conflict")
        self.assertEqual(
            code(self.seals(self.tesla, "#coil", "x", "stale", cid="same")), "conflict"
        )
        answer = self.tesla.asks("send", room="#lobby", text="x", cid="same")
        self.assertEqual(code(answer), "conflict")
        answer = self.tesla.asks("share", room="edison", sealed="x", cid="same")
        self.assertEqual(code(answer), "conflict")


class ShareTests(SealedCase):
    def setUp(self) -> None:
        super().setUp()
        self.makes(self.tesla, "#coil", self.edison, self.bell)

    def share(self, cid: str = "k1") -> dict[str, Any]:
        return self.tesla.asks("share", room="#coil", sealed="for devices", cid=cid)

    def test_everybody_gets_it_in_its_place(self) -> None:
        seq = self.share()["seq"]
        for program in (self.tesla, self.edison, self.bell):
            [event] = program.takes_events()
            self.assertEqual(
                {name: event[name] for name in ("event", "room", "seq", "by", "sealed")},
                {
                    "event": "keys",
                    "room": "#coil",
                    "seq": seq,
                    "by": "tesla",
                    "sealed": "for devices",
                },
            )
        self.assertEqual(self.share(), {"seq": seq})
        self.assertEqual(self.seals(self.tesla, "#coil", "x")["seq"], seq + 1)

    def test_only_where_it_is_encrypted(self) -> None:
        for place in ("#lobby", "edison"):
            answer = self.tesla.asks("share", room=place, sealed="x", cid="1")
            self.assertEqual(code(answer), "not_encrypted")

    def test_one_who_is_muted_can_share_and_not_speak(self) -> None:
        self.tesla.asks("mute", room="#coil", user="edison")
        answer = self.edison.asks("share", room="#coil", sealed="hello", cid="1")
        self.assertEqual(code(answer), "")
        self.assertEqual(code(self.seals(self.edison, "#coil", "x")), "muted")

    def test_of_somebody_ignored_only_what_is_said_is_hidden(self) -> None:
        self.bell.asks("ignore", user="tesla")
        self.share()
        self.seals(self.tesla, "#coil", "x")
        self.assertEqual([e["event"] for e in self.bell.takes_events()], ["keys", "hidden"])
        self.encrypts_behind_the_back()
        found = self.bell.asks("entries", room="#coil", after=4)["entries"]
        self.assertEqual([e["event"] for e in found], ["keys", "hidden"])

    def encrypts_behind_the_back(self) -> None:
        """Turning it on is no saying either."""
        publishes(self.bell, "bell")
        self.tesla.asks("encrypt", place="bell", sure=True)
        self.assertEqual([e["event"] for e in self.bell.takes_events()], ["encrypt"])

    def test_whoever_was_away_gets_it_with_the_rest(self) -> None:
        self.edison.vanishes()
        self.share("1")
        self.seals(self.tesla, "#coil", "x")
        edison, _ = self.resumes("edison", "phone")
        kinds = [e["event"] for e in edison.takes_events("keys", "message")]
        self.assertEqual(kinds, ["keys", "message"])


class PlainDoorTests(SealedCase):
    """What people with netcat see of it."""

    def setUp(self) -> None:
        super().setUp()
        self.makes(self.tesla, "#coil", self.edison, self.bell)
        self.encrypts(self.tesla, "edison")

    def comes_with_netcat(self, name: str) -> Client:
        return self.hall.person(name)

    def test_one_line_for_what_is_said_and_none_for_keys(self) -> None:
        edison = self.comes_with_netcat("edison")
        self.tesla.asks("share", room="#coil", sealed="keys", cid="k1")
        self.tesla.asks("share", room="edison", sealed="keys", cid="k2")
        edison.hears_nothing()
        self.seals(self.tesla, "#coil", "one")
        self.seals(self.tesla, "edison", "two")
        version = self.version(self.tesla, "edison")
        self.tesla.asks("edit", message="edison/3", text="", sealed="three", version=version)
        edison.reads(
            f"[#coil/6 10:00 encrypted] #coil tesla: {SEALED}",
            f"[tesla/3 10:00 private encrypted] tesla: {SEALED} <private message>",
            f"[tesla/3 10:00 private encrypted edited] tesla: {SEALED} <private message>",
        )
        edison.types("history tesla")
        edison.reads(f"[tesla/3 10:00 private encrypted edited] tesla: {SEALED} <private message>")
        self.tesla.asks("delete", what="edison/3")
        edison.reads("[tesla/3 10:00 private deleted] tesla: (deleted) <private message>")
        self.seals(self.tesla, "edison", "four")
        edison.takes()
        version = self.version(self.tesla, "edison")
        self.tesla.asks("delete", what="edison/6", sealed="proof", version=version)
        edison.reads("[tesla/6 10:00 private encrypted deleted] tesla: (deleted) <private message>")

    def test_what_came_while_one_was_away(self) -> None:
        self.bell.vanishes()
        self.tesla.asks("share", room="#coil", sealed="keys", cid="k1")
        self.seals(self.tesla, "#coil", "one")
        bell = self.hall.connects()
        bell.types("bell", "correct horse")
        bell.hears(
            "Your offline messages:\n",
            f"[#coil/6 10:00 encrypted] #coil tesla: {SEALED}\n",
        )
        bell.hears_nothing()

    def test_lists_say_where_it_is(self) -> None:
        edison = self.comes_with_netcat("edison")
        for line, answer in (
            ("rooms", "#coil       (3 members, 3 online, encrypted, joined)\n"),
            ("whois tesla", "Your conversation with tesla is encrypted\n"),
            ("members #coil", "The members of #coil, which is encrypted, are:\n"),
            ("talk tesla", "(This conversation is encrypted: only a client "),
        ):
            edison.types(line)
            edison.hears(answer)
        edison.types("whois bell")
        self.assertNotIn("encrypted", edison.takes())
        self.hall.bot("volta").vanishes()
        other = self.comes_with_netcat("volta")
        other.types("join #coil")
        other.hears("(You are in #coil. It is encrypted: only clients can read and write there.)")


class SmallMessageTests(SealedCase):
    settings: ClassVar = {"max_message": 20}

    def test_a6_an_envelope_fits_on_a_line_however_short_messages_are(self) -> None:
        self.encrypts(self.tesla, "edison")
        most = '{"v":1,"keys":{' + ",".join(['"0123456789":[0,"%s"]' % ("k" * 100)] * 260)
        self.assertLessEqual(len(most), MOST_SEALED)
        self.assertEqual(self.seals(self.tesla, "edison", most)["seq"], 2)
        self.assertEqual(sealed_in(self.edison), [("tesla", 2, most)])
