"""How far somebody has read is the same at all of its clients."""

from __future__ import annotations

from tests.irc.case import IrcCase, IrcClient
from twisted_chat.doors.irc.message import parse
from twisted_chat.doors.irc.render import timestamp

CAPS = ("message-tags", "server-time", "echo-message", "draft/read-marker")


def markers(client: IrcClient) -> list[tuple[str, ...]]:
    """What a client was told of markers."""
    found = [parse(line) for line in client.lines()]
    return [message.params for message in found if message and message.command == "MARKREAD"]


class MarkerCase(IrcCase):
    def setUp(self) -> None:
        super().setUp()
        self.alice = self.account("alice", *CAPS)
        self.alice.sends_lines("JOIN #coil")
        self.arrival = self.alice.lines()
        self.hall.wait(5)
        self.bob = self.hall.bot("bob")
        self.bob.asks("join", room="#coil")
        self.alice.lines()

    def says(self, text: str, room: str = "#coil") -> str:
        """Bob says something a second later; when it was, as clients are told."""
        self.hall.wait(1)
        self.bob.asks("send", room=room, text=text, cid=text)
        self.alice.lines()
        return f"timestamp={timestamp(self.hall.wall())}"

    def mark(self, target: str, when: str = "", client: IrcClient | None = None) -> str:
        """What the answer is."""
        client = client or self.alice
        client.lines()
        [line] = client.answers(f"MARKREAD {target} {when}".rstrip())
        return line.partition(" ")[2]


class MarkerTests(MarkerCase):
    def test_a_join_tells_the_marker_before_the_names(self) -> None:
        commands = [line.split(" ")[1] for line in self.arrival]
        self.assertLess(commands.index("MARKREAD"), commands.index("353"))
        self.assertIn(":twisted-chat.chat MARKREAD #coil *", self.arrival)
        when = self.says("one")
        self.mark("#coil", when)
        self.assertEqual(markers(self.account("alice", *CAPS)), [])  # read with the welcome
        self.alice.answers("PART #coil")
        self.bob.asks("send", room="#coil", text="x", cid="x")
        self.alice.sends_lines("JOIN #coil")
        self.assertEqual(markers(self.alice), [("#coil", when)])

    def test_k6_a_clock_that_was_wrong_once_marks_nothing_to_come_as_read(self) -> None:
        self.hall.wall_offset += 1000 * 86_400_000
        self.says("in three years")
        self.hall.wall_offset -= 1000 * 86_400_000
        self.alice.vanishes()
        alice = self.hall.bot("alice")
        alice.asks("read", positions={"#coil": 3})
        alice.vanishes()
        self.alice = self.account("alice", *CAPS)
        when = self.says("now")
        self.assertEqual(self.mark("#coil", when), f"MARKREAD #coil {when}")

    def test_a_marker_is_set_and_asked_for(self) -> None:
        when = self.says("one")
        self.assertEqual(self.mark("#coil"), "MARKREAD #coil *")
        self.assertEqual(self.mark("#COIL", when), f"MARKREAD #coil {when}")
        self.assertEqual(self.mark("#coil"), f"MARKREAD #coil {when}")

    def test_markers_only_grow(self) -> None:
        first, second = self.says("one"), self.says("two")
        self.mark("#coil", second)
        self.assertEqual(self.mark("#coil", first), f"MARKREAD #coil {second}")
        self.assertEqual(self.mark("#coil"), f"MARKREAD #coil {second}")

    def test_nobody_has_read_what_is_not_said_yet(self) -> None:
        now = timestamp(self.hall.wall())
        later = timestamp(self.hall.wall() + 3_600_000)
        self.assertEqual(
            self.mark("#coil", f"timestamp={later}"), f"MARKREAD #coil timestamp={now}"
        )

    def test_a_marker_is_kept_exactly(self) -> None:
        when = "timestamp=2020-03-15T10:00:00.123Z"
        self.mark("#coil", when)
        self.mark("bob", when)
        self.alice.vanishes()
        self.hall.restart()
        alice = self.account("alice", *CAPS)
        self.assertEqual(self.mark("#coil", client=alice), f"MARKREAD #coil {when}")
        self.assertEqual(self.mark("BOB", client=alice), f"MARKREAD bob {when}")

    def test_it_is_pushed_to_the_other_clients(self) -> None:
        other, plain = self.account("alice", *CAPS), self.account("alice")
        when = self.says("one")
        other.lines(), plain.lines()
        self.mark("#coil", when)
        self.assertEqual(markers(other), [("#coil", when)])
        self.assertEqual(plain.lines(), [])
        self.mark("#coil", when)
        self.assertEqual(markers(other), [], "which is no news")

    def test_nobody_else_hears_of_it(self) -> None:
        carol = self.account("carol", *CAPS)
        carol.answers("JOIN #coil")
        when = self.says("one")
        carol.lines()
        self.mark("#coil", when)
        self.assertEqual(markers(carol), [])
        self.assertEqual(self.mark("#coil", client=carol), "MARKREAD #coil *")

    def test_it_is_the_houses_own_mark_too(self) -> None:
        self.says("one")
        when = self.says("two")
        self.says("three")
        program = self.hall.bot("alice")
        self.mark("#coil", when)
        [receipt] = program.takes_events("receipt")
        room = self.hall.chat.rooms.find("#coil")
        assert room is not None
        self.assertEqual((receipt["room"], receipt["read"]), ("#coil", room.last_seq - 1))

    def test_the_other_of_a_private_conversation_sees_that_it_was_read(self) -> None:
        when = self.says("psst", room="alice")
        self.bob.events.clear()
        self.mark("bob", when)
        [receipt] = self.bob.takes_events("receipt")
        self.assertEqual((receipt["room"], receipt["who"], receipt["read"]), ("alice", "alice", 1))

    def test_what_is_read_elsewhere_is_pushed(self) -> None:
        program = self.hall.bot("alice")
        when = self.says("one")
        self.says("two")
        room = self.hall.chat.rooms.find("#coil")
        assert room is not None
        program.asks("read", positions={"#coil": room.last_seq - 1})
        self.assertEqual(markers(self.alice), [("#coil", when)])
        program.asks("read", positions={"#coil": room.last_seq - 2})
        self.assertEqual(markers(self.alice), [])

    def test_what_was_read_elsewhere_is_known_at_the_next_login(self) -> None:
        when = self.says("one")
        self.alice.vanishes()
        program = self.hall.bot("alice")
        room = self.hall.chat.rooms.find("#coil")
        assert room is not None
        program.asks("read", positions={"#coil": room.last_seq})
        self.bob.asks("send", room="#lobby", text="so that it is written", cid="w")
        alice = self.account("alice", *CAPS)
        self.assertEqual(self.mark("#coil", client=alice), f"MARKREAD #coil {when}")

    def test_guests_have_markers_as_long_as_they_are_here(self) -> None:
        when = "timestamp=2020-03-15T10:00:00.123Z"
        dave = self.guest("dave", *CAPS)
        dave.answers("JOIN #coil")
        self.assertEqual(self.mark("#coil", when, dave), f"MARKREAD #coil {when}")
        self.assertEqual(self.mark("#coil", client=dave), f"MARKREAD #coil {when}")
        self.assertEqual(self.mark("dave", when, self.alice), f"MARKREAD dave {when}")
        dave.vanishes()
        self.assertEqual(self.mark("#coil", client=self.guest("dave")), "MARKREAD #coil *")


class RefusalTests(MarkerCase):
    def refusal(self, *params: str) -> str:
        return " ".join(self.mark(" ".join(params)).split(" :")[0].split(" ")[2:])

    def test_h9_refusals(self) -> None:
        [line] = self.alice.answers("MARKREAD")
        self.assertTrue(
            line.startswith(":twisted-chat.chat FAIL MARKREAD NEED_MORE_PARAMS :"), line
        )
        for bad in ("*", "timestamp=x", "timestamp=", "2020-01-01T00:00:00.000Z", "msgid=x"):
            self.assertEqual(self.refusal("#coil", bad), f"INVALID_PARAMS {bad}")
        good = "timestamp=2020-01-01T00:00:00.000Z"
        self.assertEqual(self.refusal("#coil", good, "more"), "INVALID_PARAMS more")
        self.assertEqual(self.refusal("#nothing", good), "INVALID_PARAMS #nothing")
        self.assertEqual(self.refusal("nobody", good), "INVALID_PARAMS nobody")

    def test_c5_a_room_of_others_is_as_if_there_were_none(self) -> None:
        self.hall.bot("carol").asks("create", room="#den")
        self.assertEqual(self.mark("#den"), "MARKREAD #den *")
        good = "timestamp=2020-01-01T00:00:00.000Z"
        self.assertEqual(self.refusal("#den", good), "INVALID_PARAMS #den")
