"""Responses: the lines that answer one command, and the batch and the label that they have."""

from __future__ import annotations

from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from tests.irc.case import IrcCase
from twisted_chat.doors.irc.message import Message, parse
from twisted_chat.doors.irc.responses import Response

SERVER = "chat.example"


def taken(response: Response) -> list[Message]:
    messages = [parse(line) for line in response.take()]
    return [message for message in messages if message is not None]


class ResponseTests(SynchronousTestCase):
    def test_h9_nothing_to_say_is_acknowledged_once(self) -> None:
        response = Response(SERVER, "PONG", "L")
        self.assertEqual(response.take(), [f"@label=L :{SERVER} ACK"])
        self.assertEqual(response.take(), [])

    def test_h9_one_line_and_one_batch_have_the_label_themselves(self) -> None:
        response = Response(SERVER, "TOPIC", "L")
        response.add(f":{SERVER} 331 iris #coil :There is no topic")
        [line] = taken(response)
        self.assertEqual((line.command, line.tags), ("331", {"label": "L"}))
        response = Response(SERVER, "CHATHISTORY", "L")
        with response.batch("chathistory", "#coil", tags={"end": ""}):
            response.add_rendered(["@time=1 :iris PRIVMSG #coil :one", "@batch=b :iris PING"])
        first, one, inner, last = taken(response)
        reference = first.params[0][1:]
        self.assertEqual(first.tags, {"label": "L", "end": ""})
        self.assertEqual(one.tags, {"batch": reference, "time": "1"})
        self.assertEqual(inner.tags, {"batch": "b"})  # that is in a batch of its own
        self.assertEqual((last.params, last.tags), ((f"-{reference}",), {}))

    def test_h9_several_lines_are_a_batch_with_the_label(self) -> None:
        response = Response(SERVER, "JOIN", "L")
        response.add(":iris JOIN #coil")
        with response.batch("metadata", "#coil"):
            response.add(f":{SERVER} 761 iris #coil mood * :fine")
        begin, join, inner, value, end, last = taken(response)
        reference = begin.params[0][1:]
        self.assertEqual((begin.tags, begin.params[1]), ({"label": "L"}, "labeled-response"))
        self.assertEqual(last.params, (f"-{reference}",))
        self.assertEqual([m.tags["batch"] for m in (join, inner, end)], [reference] * 3)
        self.assertEqual(value.tags["batch"], inner.params[0][1:])

    def test_a_batch_is_closed_when_what_fills_it_fails(self) -> None:
        response = Response(SERVER, "CHATHISTORY")
        with self.assertRaises(ValueError), response.batch("chathistory", "#coil"):
            raise ValueError("an entry cannot be shown")
        response.add(f":{SERVER} FAIL * INTERNAL_ERROR :Something went wrong here.")
        begin, end, failure = taken(response)
        self.assertEqual(end.params, (f"-{begin.params[0][1:]}",))
        self.assertEqual((failure.command, failure.tags), ("FAIL", {}))


class FaultTests(IrcCase):
    def test_a_fault_after_the_end_of_a_connection_is_logged(self) -> None:
        rose = self.account("rose")
        door: Any = rose.protocol.door

        def close_and_fail(*_: object) -> None:
            door.close(None)
            raise ValueError("a fault")

        self.patch(self.hall.chat.rooms, "group_rooms", close_and_fail)
        rose.sends_lines("LIST")
        self.assertEqual(len(self.flushLoggedErrors(ValueError)), 1)


class JoinTests(IrcCase):
    def test_g1_h1_a_real_name_from_elsewhere_is_safe_in_every_join(self) -> None:
        rose, iris = self.account("rose", "extended-join"), self.account("iris", "extended-join")
        person = self.hall.chat.signin.find("iris")
        assert person is not None
        self.hall.factory.irc.clients.people.realnames[person.id] = "up\x1b[A"
        rose.answers("JOIN #coil")
        [own, *_] = iris.answers("JOIN #coil")
        [delivered] = rose.lines()
        for line in (own, delivered):
            self.assertIn("JOIN #coil iris :up", line)
            self.assertNotIn("\x1b", line)
        iris.vanishes()
        rose.lines()
        person.intro = "up\x1b[A"
        self.hall.bot("iris")
        [arrival] = rose.lines()
        self.assertIn("JOIN #coil iris :up", arrival)
        self.assertNotIn("\x1b", arrival)
