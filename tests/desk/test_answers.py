"""Answers of servers that are newer than the client, or say something else."""

from __future__ import annotations

from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from twisted_chat.clients.desk.answers import result_of
from twisted_chat.core import results
from twisted_chat.doors.json.render import plain

FACE = results.Face("tesla")
SENT = results.Sent("edison", 1, 2, 3, 4)
ANSWERS: tuple[results.Result, ...] = (
    *(SENT, results.SentToSeveral((SENT,), ()), results.People("Here are:", (FACE,))),
    *(results.Profile(FACE, rooms=("#coil",)), results.RoomList(()), results.DeviceList(())),
    *(results.TopicIs("#coil", "sparks"), results.Joined("#coil", 1, "sparks")),
    *(results.NewPassword("bell", "x"), results.Numbers({"users": 3})),
    *(results.Done("It is done."), results.Done()),
)


class AnswerTests(SynchronousTestCase):
    def test_every_answer_is_what_it_was(self) -> None:
        for result in ANSWERS:
            self.assertEqual(result_of(plain(result)), result)

    def test_fields_that_are_not_known_are_skipped(self) -> None:
        for result in ANSWERS:
            self.assertEqual(result_of({**plain(result), "since": 3}), result)

    def test_fields_that_need_not_be_there_may_be_missing(self) -> None:
        told: dict[str, Any] = {"room": "#coil", "seq": 1, "topic": ""}
        self.assertEqual(result_of(told), results.Joined("#coil", 1, ""))
        self.assertEqual(result_of({"face": {"name": "tesla"}}), results.Profile(FACE))

    def test_what_is_not_known_is_shown_as_facts(self) -> None:
        told: dict[str, Any]
        for told in ({"rooms": 5, "users": 7}, {"pages": 5}, {"room": "#coil", "text": "x"}):
            facts = {name: str(value) for name, value in told.items()}
            self.assertEqual(result_of(told), results.Numbers({**facts}))
