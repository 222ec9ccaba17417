"""Lines of IRC: whatever is stored, exactly the right number of them leaves, and each is one."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

from hypothesis import example, given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from twisted_chat.core.entries import Entry, Form, Kind, State
from twisted_chat.core.names import fold
from twisted_chat.core.rooms import Room, RoomKind
from twisted_chat.doors.irc.message import (
    LONGEST_LINE,
    Malformed,
    Message,
    encoded,
    line,
    parse,
    pieces,
    read_tags,
    shortened,
    write_tags,
)
from twisted_chat.doors.irc.multiline import LineCuts
from twisted_chat.doors.irc.render import IrcDialect
from twisted_chat.doors.irc.responses import Labels, Response

CAPS = (
    frozenset[str](),
    frozenset(("message-tags", "server-time", "account-tag")),
    frozenset(("batch", "draft/multiline", "message-tags", "extended-join")),
    frozenset(("echo-message", "labeled-response", "batch", "draft/message-redaction")),
)
ROOM = Room(7, fold("coil"), RoomKind.GROUP)
ROOM.name = "#coil"

words = st.text(st.characters(exclude_characters=" \r\n\0", exclude_categories=["Cs"]), min_size=1)
middles = words.filter(lambda word: word[0] != ":")
texts = st.text(st.characters(exclude_characters="\r\n\0", exclude_categories=["Cs"]))
anything = st.text() | st.text(st.sampled_from("ab \r\n\0:@;\\\u2028\u202e\U0001f600e\u0301"))
keys = st.from_regex(r"\+?[a-z][a-z0-9./-]{0,9}", fullmatch=True)

entries = st.builds(
    Entry,
    id=st.integers(1, 2**40),
    room=st.just(7),
    seq=st.integers(1, 2**40),
    kind=st.sampled_from(Kind),
    time=st.integers(-(2**62), 2**62) | st.integers(0, 2**41),
    sender=st.none() | st.integers(1, 99),
    author=anything,
    text=anything | st.text(min_size=600, max_size=1500),
    target=st.none() | st.integers(1, 99),
    subject=anything,
    cid=st.none() | anything,
    state=st.sampled_from(State),
    form=st.sampled_from((Form.WORDS, Form.ACTION, Form.NOTICE, Form.FILE, Form.SEALED)),
    tags=st.just("") | anything,
)


class Nobody(SimpleNamespace):
    """What the dialect asks about people, where everybody is a stranger."""

    def __init__(self) -> None:
        super().__init__(server="chat.example", epoch="0a1b2c3d", unannounced={})

    def mask(self, author: str) -> str:
        return f"{shortened(author)}!chat@account"

    def account_of(self, name: str) -> str:
        return "*"

    def realname_of(self, name: str) -> str:
        return "A stranger"

    def is_bot(self, name: str) -> bool:
        return False


def dialect(caps: frozenset[str]) -> IrcDialect:
    return IrcDialect(cast(Any, Nobody()), Labels(), LineCuts(), caps)


class RenderingTests(SynchronousTestCase):
    """H1: what leaves is lines of IRC, whatever came in and whoever wrote it into the database."""

    def check(self, data: bytes) -> list[Message]:
        self.assertTrue(data == b"" or data.endswith(b"\r\n"))
        messages = []
        for one in data.split(b"\r\n")[:-1]:
            for bad in (b"\r", b"\n", b"\0"):
                self.assertNotIn(bad, one)
            bare = one.split(b" ", 1)[1] if one.startswith(b"@") else one
            self.assertTrue(bare.startswith((b":", b"PING")), one)
            self.assertLessEqual(len(bare) + 2, LONGEST_LINE, one)
            message = parse(one.decode())
            assert message is not None
            self.assertNotIn("", message.params[:-1])
            messages.append(message)
        return messages

    @settings(deadline=None)
    @given(entries, st.sampled_from(CAPS), st.sampled_from(("", "a label; of=mine")))
    def test_g1_h1_any_entry_is_whole_lines(
        self, entry: Entry, caps: frozenset[str], lbl: str
    ) -> None:
        speaker = dialect(caps)
        live = self.check(speaker.rendered(ROOM, "#coil", entry, lbl))
        response = Response("chat.example")
        with response.batch("chathistory", "#coil"):
            response.add_rendered(speaker.replayed(ROOM, "#coil", entry, "[10:42] "))
        again = self.check(encoded(response.take()[1:-1]))
        self.assertTrue(all("batch" in message.tags for message in again), again)
        if entry.kind is Kind.MESSAGE and entry.state is State.DELETED:
            self.assertEqual(live, [])

    @settings(deadline=None)
    @given(texts.filter(bool))
    @example("x" * 5000)
    @example("\U0001f468\u200d\U0001f469\u200d\U0001f467" * 100)
    def test_h3_a_long_message_comes_whole_in_as_few_lines(self, text: str) -> None:
        from twisted_chat.core.text import formatted

        entry = Entry(1, 7, 3, Kind.MESSAGE, 0, 1, "alice", text)
        for caps in CAPS:
            came = self.check(dialect(caps).rendered(ROOM, "#coil", entry))
            said = [message.params[-1] for message in came if message.command == "PRIVMSG"]
            self.assertEqual("".join(said), formatted(text))
            room_for = LONGEST_LINE - len(b":alice!chat@alice.account PRIVMSG #coil :\r\n")
            longest = -(-len(formatted(text).encode()) // (room_for - 40)) or 1
            self.assertLessEqual(len(said), longest)

    @given(st.lists(texts, min_size=2, max_size=9))
    def test_h3_lines_stay_lines(self, lines: list[str]) -> None:
        from twisted_chat.core.text import formatted

        text = "\n".join(lines)
        entry = Entry(1, 7, 3, Kind.MESSAGE, 0, 1, "alice", text)
        plain = self.check(dialect(CAPS[1]).rendered(ROOM, "#coil", entry))
        said = [message.params[-1] for message in plain]
        self.assertEqual("".join(said), formatted("".join(lines)))
        if any(lines):
            self.assertNotIn("", said, "blank lines are not for those who do not know them")
        self.assertEqual([m.tags.get("msgid") for m in plain][1:], [None] * (len(plain) - 1))
        known = self.check(dialect(CAPS[2]).rendered(ROOM, "#coil", entry))
        inside = known[1:-1]
        whole = "".join(
            ("" if "draft/multiline-concat" in message.tags or not index else "\n")
            + message.params[-1]
            for index, message in enumerate(inside)
        )
        self.assertEqual(whole, "\n".join(map(formatted, lines)))
        self.assertEqual({message.tags["batch"] for message in inside}, {known[0].params[0][1:]})
        self.assertEqual(known[-1].params[0][1:], known[0].params[0][1:])

    def test_h1_a_broken_line_is_never_sent(self) -> None:
        for bad in ("a\rb", "a\nb", "a\0b"):
            self.assertRaises(ValueError, encoded, [bad])

    def test_an_action_that_is_cut_stays_one(self) -> None:
        entry = Entry(1, 7, 3, Kind.MESSAGE, 0, 1, "alice", "waves " * 150, form=Form.ACTION)
        came = self.check(dialect(frozenset()).rendered(ROOM, "#coil", entry))
        self.assertGreater(len(came), 1)
        for message in came:
            self.assertTrue(message.params[-1].startswith("\x01ACTION "))
            self.assertTrue(message.params[-1].endswith("\x01"))

    def test_several_lines_that_echo_a_label_are_one_batch(self) -> None:
        entry = Entry(1, 7, 3, Kind.MESSAGE, 0, 1, "alice", "x" * 900)
        caps = frozenset(("echo-message", "labeled-response", "batch", "message-tags"))
        first, *rest, last = self.check(dialect(caps).rendered(ROOM, "#coil", entry, "L1"))
        self.assertEqual((first.command, first.params[1]), ("BATCH", "labeled-response"))
        self.assertEqual(first.tags["label"], "L1")
        self.assertEqual(last.params, (f"-{first.params[0][1:]}",))
        self.assertEqual(len(rest), 2)
        for message in rest:
            self.assertNotIn("label", message.tags)
            self.assertEqual(message.tags["batch"], first.params[0][1:])


class LineTests(SynchronousTestCase):
    """H2: a line is read as it was written, and written as it was read."""

    @given(words, st.lists(middles, max_size=5), texts, st.dictionaries(keys, texts, max_size=4))
    def test_h2_what_is_written_is_read(
        self, source: str, params: list[str], last: str, tags: dict[str, str]
    ) -> None:
        written = line(source, "PRIVMSG", *params, last, tags=tags)
        self.assertEqual(parse(written), Message("PRIVMSG", (*params, last), source, tags))

    @given(st.text())
    @example("@ :x y")
    @example("@a=b;a=c;;=d :src  CMD   a  :b c")
    @example("CMD 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17")
    @example(":source")
    def test_h2_what_is_read_is_written_the_same(self, text: str) -> None:
        try:
            message = parse(text)
        except Malformed:
            return
        if message is None:
            return
        if not message.command or any(
            not p or " " in p or p[0] == ":" for p in message.params[:-1]
        ):
            return  # which only an odd line has
        written = line(message.source, message.command, *message.params, tags=message.tags)
        self.assertEqual(parse(written), message)

    @given(st.dictionaries(keys, st.text(), max_size=6))
    def test_h2_tags_come_back(self, tags: dict[str, str]) -> None:
        written = write_tags(tags)
        self.assertEqual(read_tags(written[1:-1]), tags)
        for bad in (" ", "\r", "\n"):
            self.assertNotIn(bad, written[:-1])

    @given(texts, st.integers(8, 60))
    def test_h3_pieces_are_the_text_and_fit(self, text: str, most: int) -> None:
        parts = pieces(text, most)
        self.assertEqual("".join(parts), text)
        for part in parts:
            self.assertLessEqual(len(part.encode()), most)
        if text:
            self.assertNotIn("", parts)

    def test_a20_a_million_flags_are_cut_in_one_go(self) -> None:
        # This would not end, if the flags before each were counted from the beginning.
        flag = "\U0001f1e9\U0001f1ea"
        parts = pieces(flag * 500_000, 400)
        self.assertEqual(set(parts), {flag * 50})

    def test_h3_nothing_that_is_seen_as_one_letter_is_cut(self) -> None:
        for letter in ("e\u0301", "\U0001f1e9\U0001f1ea", "\U0001f44d\U0001f3fd", "\u2764\ufe0f"):
            for part in pieces(letter * 40, 50):
                self.assertEqual(part, letter * (len(part) // len(letter)))
