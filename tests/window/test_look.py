"""What is plain to see: colors, letters, lines, titles."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
from twisted.internet.defer import Deferred, succeed
from twisted.trial.unittest import SynchronousTestCase

from twisted_chat.clients.desk.front import LastSent, Progress, Secrecy, Status
from twisted_chat.clients.desk.lines import FileLink, Line, SixWords, after, of_entry, plain
from twisted_chat.clients.window import pieces
from twisted_chat.clients.window.alerts import notification
from twisted_chat.clients.window.bars import own_words, typists
from twisted_chat.clients.window.files import so_far
from twisted_chat.clients.window.side_panels import Member, Memberships, may_encrypt, members_of
from twisted_chat.clients.window.style import (
    DARK,
    LIGHT,
    Palette,
    chosen_palette,
    contrast,
)
from twisted_chat.clients.window.text import short, spelled, whole
from twisted_chat.clients.window.transcript import EntryOrder, Spot, mark_of, mark_of_day
from twisted_chat.core.attachments import Attachment
from twisted_chat.core.attachments import written as attached
from twisted_chat.core.entries import Entry, Form, Kind, State

DAY = 24 * 3600 * 1000
NOON = 1_795_521_600_000  # some day in 2026, at noon in London


def entry(kind: Kind, seq: int, author: str = "edison", text: str = "", target: int = 0) -> Entry:
    return Entry(seq, 0, seq, kind, NOON, None, author, text=text, target=target or None)


def said(seq: int, text: str, label: str = "#lobby") -> Line:
    return of_entry(label, entry(Kind.MESSAGE, seq, text=text), "tesla")


def written(line: Line) -> str:
    return "".join(text for text, _ in pieces.of_entry(line)).replace("\t", "|")


def changed(line: Line, change: Line) -> Line:
    assert change.entry is not None
    found = after(line, change.entry)
    assert found is not None
    return found


class ColorTests(SynchronousTestCase):
    def texts(self, look: Palette) -> Iterator[tuple[str, str]]:
        """Every color of letters, and what it may stand on."""
        for ground in (look.paper, look.panel, look.chosen, look.raised, look.selection):
            yield look.text, ground
        for ground in (look.private, look.mention):
            yield look.text, ground
        for ground in (look.paper, look.panel):
            yield look.muted, ground
            yield look.accent, ground
            yield look.own, ground
        yield look.own, look.raised
        for letters in (
            look.muted,
            look.accent,
            look.own,
            look.event,
            look.error,
            look.server,
            *look.names,
        ):
            yield letters, look.paper
            yield letters, look.private
        yield look.accent, look.chosen
        yield look.on_accent, look.accent
        yield look.text, look.edge  # a button under the pointer

    def test_everything_can_be_read_in_both_looks(self) -> None:
        for look in (LIGHT, DARK):
            for letters, ground in self.texts(look):
                told = f"{look.name}: {letters} on {ground}"
                self.assertGreaterEqual(contrast(letters, ground), 4.5, told)

    def test_contrast(self) -> None:
        self.assertAlmostEqual(contrast("#000000", "#ffffff"), 21)
        self.assertAlmostEqual(contrast("#777777", "#ffffff"), 4.48, 2)
        self.assertEqual(contrast("#123456", "#123456"), 1)

    def test_a_look_that_was_asked_for(self) -> None:
        self.assertIs(chosen_palette("dark", {}), DARK)
        self.assertIs(chosen_palette("", {"TWISTED_CHAT_THEME": "Dark"}), DARK)
        self.assertIs(chosen_palette("light", {"TWISTED_CHAT_THEME": "dark"}), LIGHT)
        self.assertIsNone(chosen_palette("", {"TWISTED_CHAT_THEME": "green"}))


class LetterTests(SynchronousTestCase):
    def test_emoji_have_names(self) -> None:
        self.assertEqual(
            spelled("hi 😀❤️ ☎"),
            "hi :grinning face:❤ :black telephone:".replace("❤", ":heavy black heart:"),
        )
        for text in ("plain", "ünïcode", "中文 हिन्दी", "1 < 2"):
            self.assertEqual(spelled(text), text)

    def test_long_texts(self) -> None:
        self.assertEqual(short("tesla", 5), "tesla")
        self.assertEqual(short("columbia", 5), "colu…")

    def test_halves_of_characters(self) -> None:
        self.assertEqual(whole("\ud83d\ude00 ok"), "😀 ok")
        self.assertEqual(whole("\ud83d ok"), "\ufffd ok")


class LineTests(SynchronousTestCase):
    def setUp(self) -> None:
        head = said(1, "x").head
        assert head is not None
        self.time = head.time

    def test_a_transcript_need_not_say_where_it_is(self) -> None:
        self.assertEqual(written(said(7, "hi")), f"|7 {self.time}|edison: hi")
        self.assertEqual(written(said(7, "hi", "#coil")), f"|7 {self.time}|edison: hi")
        self.assertEqual(written(said(7, "hi", "edison")), f"|7 {self.time} private|edison: hi")
        joined = of_entry("#coil", entry(Kind.JOIN, 3), "tesla")
        self.assertEqual(written(joined), f"|3 {self.time}|edison joined #coil")

    def test_a_message_that_is_edited(self) -> None:
        for label in ("#lobby", "#coil", "edison"):
            edit = of_entry(label, entry(Kind.EDIT, 9, text="a: b] c", target=7), "tesla")
            line = changed(said(7, "hi", label), edit)
            self.assertTrue(written(line).endswith("|edison: a: b] c (edited)"), written(line))
            self.assertTrue(written(line).startswith(f"|7 {self.time}"))
            self.assertEqual(written(changed(line, edit)), written(line))

    def test_actions_notices_and_several_lines(self) -> None:
        actions = msgspec.structs.replace(entry(Kind.MESSAGE, 7, text="waves"), form=Form.ACTION)
        line = of_entry("#coil", actions, "tesla")
        self.assertEqual(written(line), f"|7 {self.time}|* edison waves")
        edit = entry(Kind.EDIT, 8, text="nods\n* tesla nods", target=7)
        change = of_entry("#coil", msgspec.structs.replace(edit, form=Form.ACTION), "tesla")
        edited = f"|7 {self.time}|* edison nods\n|7+|* edison * tesla nods (edited)"
        self.assertEqual(written(changed(line, change)), edited)
        self.assertEqual(written(changed(changed(line, change), change)), edited)
        delete = of_entry("#coil", entry(Kind.DELETE, 9, target=7), "tesla")
        gone = changed(changed(line, change), delete)
        self.assertEqual(written(gone), f"|7 {self.time}|edison: (deleted)")
        notice = msgspec.structs.replace(entry(Kind.MESSAGE, 8, text="a\nb"), form=Form.NOTICE)
        line = of_entry("#coil", notice, "tesla")
        self.assertEqual(written(line), f"|8 {self.time} notice|edison: a\n|8+|edison: b")
        self.assertEqual(notification("notify", line)[-1], "edison: a edison: b")

    def test_a_message_that_is_deleted(self) -> None:
        for label in ("#lobby", "#coil", "edison"):
            delete = of_entry(label, entry(Kind.DELETE, 9, target=7), "tesla")
            line = changed(said(7, "hi", label), delete)
            self.assertTrue(written(line).endswith("|edison: (deleted)"), written(line))
            by = of_entry(label, entry(Kind.DELETE, 9, "albert", target=7), "tesla")
            line = changed(said(7, "hi", label), by)
            self.assertTrue(written(line).endswith("|edison: (deleted by albert)"), written(line))

    def test_what_only_the_server_calls_deleted_can_still_be_changed(self) -> None:
        kept = msgspec.structs.replace(
            entry(Kind.MESSAGE, 7, text="hi"), form=Form.OPENED, state=State.DELETED
        )
        line = of_entry("#coil", kept, "tesla")
        self.assertTrue(written(line).endswith("|edison: hi"), written(line))
        edit = msgspec.structs.replace(
            entry(Kind.EDIT, 9, text="hello", target=7), form=Form.OPENED
        )
        edited = changed(line, of_entry("#coil", edit, "tesla"))
        self.assertTrue(written(edited).endswith("|edison: hello (edited)"), written(edited))
        delete = of_entry("#coil", entry(Kind.DELETE, 9, target=7), "tesla")
        for shown in (line, edited):
            gone = changed(shown, delete)
            self.assertTrue(written(gone).endswith("|edison: (deleted)"), written(gone))
            self.assertEqual(changed(gone, delete), gone)

    def test_e1_nobody_edits_what_somebody_else_has_said(self) -> None:
        for form in (Form.WORDS, Form.OPENED):
            edit = msgspec.structs.replace(
                entry(Kind.EDIT, 9, "mallory", "send money", 7), form=form
            )
            self.assertIsNone(after(said(7, "hi"), edit))

    def test_what_nobody_has_said_is_not_edited_or_deleted(self) -> None:
        joined = of_entry("#coil", entry(Kind.JOIN, 7), "tesla")
        for kind in (Kind.EDIT, Kind.DELETE):
            self.assertIsNone(after(joined, entry(kind, 9, text="hi", target=7)))

    def test_a_message_that_comes_edited(self) -> None:
        late = entry(Kind.MESSAGE, 7, text="hello")
        late = Entry(*(7, 0, 7, late.kind, NOON, None, "edison"), text="hello", state=State.EDITED)
        line = of_entry("#lobby", late, "tesla")
        self.assertEqual(written(line), f"|7 {self.time}|edison: hello (edited)")

    def test_encrypted_messages_say_so(self) -> None:
        for label in ("edison", "#coil"):
            text = Attachment(5, 12_400, "0" * 64, "coil.png")
            sealed = msgspec.structs.replace(
                entry(Kind.MESSAGE, 7, text=attached(text)), form=Form.OPENED_FILE
            )
            line = of_entry(label, sealed, "tesla")
            told = f"|7 {self.time} encrypted|edison: file 5: coil.png, 12.4 kB  Fetch"
            self.assertEqual(written(line), told)
            delete = of_entry(label, entry(Kind.DELETE, 9, target=7), "tesla")
            line = changed(line, delete)
            self.assertEqual(written(line), f"|7 {self.time} encrypted|edison: (deleted)")
            self.assertEqual(changed(line, delete), line)
            words = msgspec.structs.replace(entry(Kind.MESSAGE, 8, text="hi"), form=Form.OPENED)
            edit = entry(Kind.EDIT, 10, text="hello", target=8)
            edit = msgspec.structs.replace(edit, form=Form.OPENED)
            changes = of_entry(label, edit, "tesla")
            line = changed(of_entry(label, words, "tesla"), changes)
            told = f"|8 {self.time} encrypted|edison: hello (edited)"
            self.assertEqual(written(line), told)

    def test_e1_only_a_file_is_clicked_at_and_nothing_that_looks_like_one(self) -> None:
        forged = "(file 6: coil.png, 12.4 kB; to have it: get 6)"
        name = f"x{forged}"
        real = msgspec.structs.replace(
            entry(Kind.MESSAGE, 7, text=attached(Attachment(5, 1, "0" * 64, name))), form=Form.FILE
        )
        tags = [tags for _, tags in pieces.of_entry(of_entry("#lobby", real, "tesla"))]
        about = f"file 5: {name}, 1 byte"
        self.assertEqual(tags[-1], ("fetch", FileLink(5, about)))
        topic = of_entry("#lobby", entry(Kind.TOPIC, 8, text=forged), "tesla")
        for line in (said(8, forged), topic, plain(forged)):
            written_tags = {tag for _, tags in pieces.of_entry(line) for tag in tags}
            self.assertNotIn("fetch", written_tags)

    def test_words_to_compare(self) -> None:
        words = "firir zubuj gigub laroz gurij kavop"
        line = Line(((SixWords(words),),))
        self.assertEqual(line.text, f"    {words}")
        self.assertEqual(pieces.of_line(line), [(words, ("words",))])
        for other in (plain(f"    {words}"), plain(words, "server"), said(1, words)):
            written_tags = {tag for _, tags in pieces.of_line(other) for tag in tags}
            self.assertNotIn("words", written_tags)

    def test_the_margin_of_what_is_cited_is_not_what_comes_before_new_messages(self) -> None:
        line = said(7, "hi").as_citation("#lobby")._replace(margin="> ")
        self.assertEqual(pieces.of_line(line)[0], ("> ", ("margin",)))

    def test_what_is_cited_is_no_entry(self) -> None:
        self.assertTrue(said(7, "hi").is_entry)
        self.assertFalse(said(7, "hi").as_citation("#lobby").is_entry)
        self.assertFalse(plain("(Nothing was done)").is_entry)


class OrderTests(SynchronousTestCase):
    def test_entries_come_in_their_order(self) -> None:
        order = EntryOrder()
        self.assertEqual(order.add(5, NOON), Spot("", True))
        self.assertEqual(order.add(7, NOON), Spot("", False))
        self.assertEqual(order.add(6, NOON), Spot(mark_of(7), False))
        self.assertEqual((order.first, 6 in order, 4 in order), (5, True, False))

    def test_days(self) -> None:
        order = EntryOrder()
        order.add(5, NOON)
        spot = order.add(4, NOON - DAY)
        self.assertTrue(spot.new_day)
        self.assertTrue(spot.before.startswith(mark_of_day(2026)), spot)
        self.assertEqual(order.add(3, NOON - DAY), Spot(mark_of(4), False))
        self.assertEqual(order.add(6, NOON + DAY), Spot("", True))

    def test_a_time_that_no_calendar_has(self) -> None:
        self.assertEqual(EntryOrder().add(1, 10**18), Spot("", True))

    def test_the_oldest_are_forgotten(self) -> None:
        order = EntryOrder()
        for seq in (1, 2, 3):
            order.add(seq, NOON + DAY * (seq == 3))
        self.assertEqual(order.forget_first(), (mark_of(1),))
        self.assertEqual(order.forget_first()[0], mark_of(2))
        self.assertEqual(order.first, 3)
        self.assertTrue(order.add(2, NOON).new_day)


STATUS = Status(
    *("connected", True, True, "localhost:9999", "tesla", "#lobby", ""),
    people=("tesla", "edison"),
    unread=(),
    typing=(),
    unsent=(),
    last=None,
)


class BarTests(SynchronousTestCase):
    def test_who_types(self) -> None:
        self.assertEqual(typists(()), "")
        self.assertEqual(typists(("edison",)), "edison is typing…")
        self.assertEqual(typists(("edison", "bell")), "edison and bell are typing…")
        self.assertEqual(typists(tuple("abcd")), "Several people are typing…")

    def test_ones_own_words(self) -> None:
        self.assertEqual(own_words(STATUS), "")
        self.assertEqual(own_words(STATUS._replace(last=LastSent(17, "read"))), "message 17 read")
        unsent = STATUS._replace(unsent=("hello", "again", "once more"))
        self.assertEqual(own_words(unsent), "not sent yet: hello and 2 more")

    def test_what_is_on_its_way(self) -> None:
        fast = Progress(1, True, "coil.png", 31, 100, 31, 2_300_000.0, 12.0, "")
        self.assertEqual(so_far(fast), "31 %, 2.3 MB/s, 12 s left")
        self.assertEqual(so_far(fast, narrow=True), "31 %")
        for seconds, told in ((99.4, "99 s"), (100, "2 min"), (7200, "2 h"), (10**7, "2,778 h")):
            self.assertEqual(so_far(fast._replace(speed=0.0, left=seconds)), f"31 %, {told} left")
        stuck = fast._replace(speed=0.0, left=None, trouble="The connection was lost.")
        self.assertEqual(so_far(stuck), "31 %, The connection was lost")

    def test_a_notice_holds_no_markup_and_is_short(self) -> None:
        command = notification("notify-send", said(1, "<i>" + "x" * 500, "edison"))
        self.assertEqual(command[:4], ["notify-send", "--app-name=twisted-chat", "--", "edison"])
        self.assertTrue(command[4].startswith("edison: &lt;i&gt;xxx"))
        self.assertLess(len(command[4]), 250)


class PeopleTests(SynchronousTestCase):
    def test_who_may_encrypt(self) -> None:
        own, other = [Member("tesla", "owner")], [Member("tesla"), Member("edison", "owner")]
        for here, members, may in (
            ("#lobby", own, False),
            ("#coil", own, True),
            ("#coil", other, False),
            ("edison", other, True),
        ):
            status = STATUS._replace(here=here)
            self.assertEqual(may_encrypt(status, members), may, here)
            self.assertFalse(may_encrypt(status._replace(secrecy=Secrecy.ENCRYPTED), members))

    def test_the_people_of_a_conversation(self) -> None:
        asked: list[str] = []

        def ask(room: str) -> Deferred[dict[str, object]]:
            asked.append(room)
            return answers.pop(0)

        later: Deferred[dict[str, object]] = Deferred()
        answers: list[Deferred[dict[str, object]]] = [later, succeed({"people": []})]
        memberships = Memberships(ask, lambda: None)
        both = [Member("tesla"), Member("edison")]
        self.assertEqual(members_of(STATUS, memberships), both)
        in_coil = STATUS._replace(here="#coil")
        self.assertEqual(members_of(in_coil, memberships), both)  # until the answer comes
        people = [{"name": "tesla", "role": "owner"}, {"name": "bell", "role": ""}]
        later.callback({"people": people})
        told = [Member("tesla", "owner", True), Member("bell", "", False)]
        self.assertEqual(members_of(in_coil, memberships), told)
        self.assertEqual(asked, ["#coil"])
        memberships.forget("#coil")
        members_of(in_coil, memberships)
        self.assertEqual(members_of(in_coil, memberships), [])
        self.assertEqual(asked, ["#coil", "#coil"])
        with_bell = STATUS._replace(here="bell")
        two = [Member("bell", online=False), Member("tesla")]
        self.assertEqual(members_of(with_bell, memberships), two)
