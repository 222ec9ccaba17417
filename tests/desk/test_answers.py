"""Answers of servers that are newer than the client, or say something else."""

from __future__ import annotations

from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from twisted_chat.clients.desk.answers import result_of
from twisted_chat.core import results
from twisted_chat.core.command_table import TABLE
from twisted_chat.core.commands import Row
from twisted_chat.doors.json.render import plain

FACE = results.Face("tesla")
SENT = results.Sent("edison", 1, 2, 3, 4)
ANSWERS: dict[str, results.Result] = {
    "broadcast user": results.SentToSeveral((SENT,), ()),
    "whoelse": results.People("Here are:", (FACE,)),
    "whois": results.Profile(FACE, rooms=("#coil",)),
    "rooms": results.RoomList(()),
    "devices": results.DeviceList(()),
    "topic": results.TopicIs("#coil", "sparks"),
    "join": results.Joined("#coil", 1, "sparks"),
    "mode": results.ModesAre("#coil", "m", "moderated"),
    "files": results.FileList(()),
    "reset-password": results.NewPassword("bell", "x"),
    "stats": results.Numbers({"users": 3}),
    "kick": results.Done("It is done."),
    "ban": results.Done(),
}


def row(name: str) -> Row:
    found = TABLE.named(name)
    assert found is not None, name
    return found


class AnswerTests(SynchronousTestCase):
    def test_every_answer_is_what_it_was(self) -> None:
        for name, result in ANSWERS.items():
            self.assertEqual(result_of(row(name), plain(result)), result)

    def test_what_is_only_done_is_so_whatever_else_the_command_may_answer(self) -> None:
        for name in ANSWERS:
            done = results.Done("It is done.")
            self.assertEqual(result_of(row(name), plain(done)), done)

    def test_fields_that_are_not_known_are_skipped(self) -> None:
        for name, result in ANSWERS.items():
            self.assertEqual(result_of(row(name), {**plain(result), "since": 3}), result)

    def test_fields_that_need_not_be_there_may_be_missing(self) -> None:
        told: dict[str, Any] = {"room": "#coil", "seq": 1, "topic": ""}
        self.assertEqual(result_of(row("join"), told), results.Joined("#coil", 1, ""))
        who = result_of(row("whois"), {"face": {"name": "tesla"}})
        self.assertEqual(who, results.Profile(FACE))

    def test_what_is_not_known_is_shown_as_facts(self) -> None:
        told: dict[str, Any]
        for told in ({"rooms": 5, "users": 7}, {"pages": 5}):
            for asked in (row("kick"), row("whois")):
                facts = {name: str(value) for name, value in told.items()}
                self.assertEqual(result_of(asked, told), results.Numbers({**facts}))
