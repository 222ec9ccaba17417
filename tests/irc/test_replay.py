"""What was missed is shown once, whole and in order, whatever happens meanwhile."""

from __future__ import annotations

from typing import ClassVar

from tests.irc.case import IrcCase, IrcClient
from twisted_chat.chat.history import MOST_UNSEEN
from twisted_chat.core.errors import ChatError
from twisted_chat.doors.irc.message import Message, parse
from twisted_chat.testing import PASSWORD, Program

FULL = ("message-tags", "server-time", "batch")


class ReplayCase(IrcCase):
    """Alice is in #coil and is away; bob, who has a program, says things there."""

    def setUp(self) -> None:
        super().setUp()
        alice = self.account("alice")
        alice.answers("JOIN #coil")
        self.bob = self.hall.bot("bob")
        self.bob.asks("join", room="#coil")
        alice.answers()
        self.proves(alice)
        alice.vanishes()

    def proves(self, client: IrcClient) -> None:
        """Answer the PINGs that have come until there are none."""
        for _ in range(5):
            self.hall.wait(11)
            asked = [line for line in client.lines() if line.startswith("PING ")]
            for line in asked:
                client.sends_lines(f"PONG {line.removeprefix('PING ')}")

    def says(self, *texts: str, room: str = "#coil") -> None:
        for text in texts:
            self.bob.asks(
                "send", room=room, text=text, cid=f"{room} {text.split()} {self.hall.wall()}"
            )

    def comes_back(self, *caps: str, nick: str = "alice") -> list[Message]:
        """What Alice is shown of the house when she logs in again."""
        self.client_back = self.client()
        client = self.client_back
        client.nick = nick
        lines = ["CAP LS 302", f"CAP REQ :{' '.join(caps)}"] if caps else []
        lines += [f"PASS :{nick}:{PASSWORD}", f"NICK {nick}", f"USER {nick} 0 * :x"]
        client.sends_lines(*lines, *(["CAP END"] if caps else []))
        found = [message for line in client.lines() if (message := parse(line)) is not None]
        return [message for message in found if not message.command.isdigit()]

    def said_in(self, messages: list[Message]) -> list[str]:
        return [message.params[-1] for message in messages if message.command == "PRIVMSG"]


class LoginTests(ReplayCase):
    def test_h8_what_was_missed_is_shown_in_a_batch_after_the_join(self) -> None:
        self.says("one", "two")
        came = self.comes_back(*FULL)
        came = [message for message in came if message.command not in ("CAP", "NOTICE")]
        join, begin, one, two, end, ping = came
        self.assertEqual((join.command, *join.params), ("JOIN", "#coil"))
        self.assertEqual((begin.command, *begin.params[1:]), ("BATCH", "chathistory", "#coil"))
        reference = begin.params[0][1:]
        self.assertEqual(end.params, (f"-{reference}",))
        for message, text in ((one, "one"), (two, "two")):
            self.assertEqual(message.params, ("#coil", text))
            self.assertEqual(message.tags["batch"], reference)
            self.assertTrue(message.tags["time"].startswith("2026-01-01T10:0"), message.tags)
            self.assertIn("msgid", message.tags)
        self.assertEqual(ping.command, "PING")

    def test_h8_without_batches_there_are_lines_with_their_time(self) -> None:
        self.says("one", "two\nthree")
        self.bob.asks("send", room="#coil", text="waves", cid="w", manner="action")
        came = self.comes_back()
        said = self.said_in(came)
        self.assertEqual(said[0][-5:], "] one")
        self.assertRegex(said[0], r"^\[10:0\d\] one$")
        self.assertRegex(said[1], r"^\[10:0\d\] two$")
        self.assertEqual(said[2], "three")
        self.assertRegex(said[3], "^\x01ACTION \\[10:0\\d\\] waves\x01$")

    def test_h8_whoever_is_told_the_time_in_tags_is_not_told_in_words(self) -> None:
        self.says("one")
        self.assertEqual(self.said_in(self.comes_back("server-time")), ["one"])

    def test_another_day_is_named(self) -> None:
        self.says("one")
        self.hall.wall_offset += 86_400_000
        self.assertRegex(self.said_in(self.comes_back())[0], r"^\[2026-01-01 10:0\d\] one$")

    def test_h8_what_was_not_proved_to_have_come_is_shown_again(self) -> None:
        self.says("one")
        self.comes_back()
        self.client_back.vanishes()
        self.assertEqual(self.said_in(self.comes_back(*FULL)), ["one"])

    def test_h8_what_was_proved_to_have_come_is_not_shown_again(self) -> None:
        self.says("one")
        came = self.comes_back()
        self.assertEqual(came[-1].command, "PING")
        self.client_back.sends_lines(f"PONG {came[-1].params[0]}")
        self.client_back.vanishes()
        self.says("two")
        self.assertEqual(self.said_in(self.comes_back(*FULL)), ["two"])

    def test_ones_own_words_are_known(self) -> None:
        self.hall.bot("alice").asks("send", room="#coil", text="mine", cid="m")
        self.says("one")
        self.assertEqual(self.said_in(self.comes_back(*FULL)), ["one"])

    def test_who_can_ask_for_history_asks(self) -> None:
        self.says("one")
        came = self.comes_back(*FULL, "draft/chathistory")
        self.assertEqual(self.said_in(came), [])
        self.assertNotIn("BATCH", [message.command for message in came])

    def test_h8_what_was_left_before_the_first_visit_is_shown_to_every_client(self) -> None:
        self.hall.bot("carol").vanishes()
        self.says("welcome", room="carol")
        came = self.comes_back(*FULL, "draft/chathistory", nick="carol")
        self.assertEqual(self.said_in(came), ["welcome"])
        [ping] = [message for message in came if message.command == "PING"]
        self.client_back.answers(f"PONG {ping.params[0]}")
        self.client_back.vanishes()
        self.says("are you there?", room="carol")
        came = self.comes_back(*FULL, "draft/chathistory", nick="carol")
        self.assertEqual(self.said_in(came), [])  # the client asks for what was said since

    def test_h8_of_many_the_newest_are_shown_and_the_rest_is_counted(self) -> None:
        self.says(*[f"m{number}" for number in range(MOST_UNSEEN + 7)])
        came = self.comes_back(*FULL)
        said = self.said_in(came)
        self.assertEqual(said, [f"m{number}" for number in range(7, MOST_UNSEEN + 7)])
        [note] = [m for m in came if m.command == "NOTICE" and "older" in m.params[-1]]
        self.assertEqual(note.params[0], "#coil")
        words, _, question = note.params[-1].partition("/quote ")
        self.assertEqual(words, "7 older messages are there: ")
        older = [parse(line) for line in self.client_back.answers(question)]
        self.assertEqual(
            self.said_in([message for message in older if message]),
            [f"m{number}" for number in range(7)],
        )

    def test_only_messages_unless_everything_is_wanted(self) -> None:
        self.says("one")
        self.hall.bot("carol").asks("join", room="#coil")
        self.says("two")
        came = self.comes_back(*FULL)
        self.assertNotIn("carol", str([m.source for m in came]))
        self.client_back.vanishes()
        came = self.comes_back(*FULL, "draft/event-playback")
        inside = [message.command for message in came if "batch" in message.tags]
        self.assertEqual(inside, ["PRIVMSG", "JOIN", "PRIVMSG"])

    def test_words_of_the_ignored_and_what_was_deleted_are_not_shown(self) -> None:
        carol = self.hall.bot("carol")
        carol.asks("join", room="#coil")
        carol.asks("send", room="#coil", text="noise", cid="1")
        self.says("one", "two")
        seq = self.hall.chat.rooms.find("#coil").last_seq  # type: ignore[union-attr]
        self.bob.asks("delete", what=f"#coil/{seq}")
        self.hall.bot("alice").asks("ignore", user="carol")
        self.assertEqual(self.said_in(self.comes_back(*FULL)), ["one"])

    def test_h8_private_conversations_are_shown_too(self) -> None:
        self.says("psst", room="alice")
        self.says("again", room="alice")
        came = self.comes_back(*FULL)
        private = [message for message in came if message.params[:1] == ("alice",)]
        self.assertEqual(self.said_in(private), ["psst", "again"])
        begin = next(message for message in came if message.command == "BATCH")
        self.assertEqual(begin.params[1:], ("chathistory", "bob"))

    def test_h8_what_is_said_meanwhile_comes_after_it_and_once(self) -> None:
        self.says("one")
        held: list[object] = []
        store = self.hall.store
        ask = store.read
        store.read = lambda *question: held.append(question)  # type: ignore[method-assign]
        self.comes_back(*FULL)
        client = self.client_back
        self.says("two")
        self.assertEqual(client.lines(), [])
        store.read = ask  # type: ignore[method-assign]
        while held:
            ask(*held.pop(0))  # type: ignore[misc]
            self.hall.settle()
        self.assertEqual(self.said_in(client.messages()), ["one", "two"])

    def test_a_store_that_is_busy_loses_nothing(self) -> None:
        self.says("one")
        store = self.hall.store

        def busy(*question: object) -> None:
            raise ChatError("busy", "Too much is waiting.")

        ask = store.read
        store.read = busy  # type: ignore[method-assign, assignment]
        came = self.comes_back(*FULL)
        self.assertEqual(came[-1].command, "ERROR")
        store.read = ask  # type: ignore[method-assign]
        self.assertEqual(self.said_in(self.comes_back(*FULL)), ["one"])


class LobbyTests(ReplayCase):
    settings: ClassVar[dict[str, object]] = {"guests": True}

    def lobby(self, *caps: str) -> IrcClient:
        self.comes_back(*caps)
        self.client_back.lines()
        return self.client_back

    def test_h8_what_was_missed_in_the_lobby_comes_when_it_is_joined(self) -> None:
        self.says("one", room="#lobby")
        client = self.lobby(*FULL)
        self.says("two", room="#lobby")
        self.assertEqual(client.lines(), [])
        client.sends_lines("JOIN #lobby")
        self.says("three", room="#lobby")
        self.assertEqual(self.said_in(client.messages()), ["one", "two", "three"])

    def test_h8_nothing_falls_between_what_was_and_what_is_said(self) -> None:
        self.says("one", room="#lobby")
        client = self.lobby(*FULL)
        held: list[object] = []
        store = self.hall.store
        ask = store.read
        store.read = lambda *question: held.append(question)  # type: ignore[method-assign]
        client.sends_lines("JOIN #lobby")
        self.says("two", "three", room="#lobby")
        store.read = ask  # type: ignore[method-assign]
        while held:
            ask(*held.pop(0))  # type: ignore[misc]
            self.hall.settle()
        self.says("four", room="#lobby")
        self.assertEqual(self.said_in(client.messages()), ["one", "two", "three", "four"])

    def test_the_lobby_stays_where_it_was_for_who_has_not_joined_it(self) -> None:
        self.says("one", room="#lobby")
        client = self.lobby(*FULL)
        self.proves(client)
        client.vanishes()
        client = self.lobby(*FULL)
        client.sends_lines("JOIN #lobby")
        self.assertEqual(self.said_in(client.messages()), ["one"])

    def test_guests_have_missed_nothing(self) -> None:
        self.says("one", room="#lobby")
        dave = self.guest("dave", *FULL)
        dave.sends_lines("JOIN #lobby")
        self.assertEqual(self.said_in(dave.messages()), [])

    def test_a_program_of_the_account_has_shown_it(self) -> None:
        self.says("one", room="#lobby")
        alice: Program = self.hall.bot("alice")
        lobby = self.hall.chat.rooms.lobby
        alice.asks("delivered", positions={"#lobby": lobby.last_seq})
        client = self.lobby(*FULL)
        client.sends_lines("JOIN #lobby")
        self.assertEqual(self.said_in(client.messages()), [])
