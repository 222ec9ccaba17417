"""A room that is hidden is answered for as a room that there is not."""

from __future__ import annotations

import re

from tests.irc.case import IrcCase, IrcClient
from twisted_chat.doors.irc.commands import COMMANDS

CAPS = ("standard-replies", "message-tags", "labeled-response", "batch", "draft/read-marker")
MAKING = {"JOIN"}  # makes a room that there is not
ENDING = {"QUIT"}

LINES = (
    *("{} #R", "{} #R :words", "{} #R iris :words", "{} iris #R", "{} #R,#R", "{} #R +o iris"),
    *(
        "{} #R +b",
        "{} #R +e",
        "{} #R +s-i",
        "{} #R msgid",
        "{} #R timestamp=2026-01-01T00:00:00.000Z",
    ),
    *("{} LATEST #R * 5", "{} BEFORE #R timestamp=2026-01-01T00:00:00.000Z 5", "{} in=#R;text=x"),
    *("{} @#R :words", "{} #R :\x01VERSION\x01", "{} #R * #R2", "{} #R LIST", "{} #R GET topic"),
    *("{} #R SET topic :x", "{} #R #S", "{} #R #S :why", "{} +1 draft/multiline #R"),
)


class HiddenRoomTests(IrcCase):
    def setUp(self) -> None:
        super().setUp()
        tesla = self.hall.bot("tesla")
        self.iris = self.account("iris")
        tesla.asks("create", room="#vault")
        tesla.asks("mode", room="#vault", changes="+is")
        tesla.asks("topic", room="#vault", text="gold")
        tesla.asks("send", room="#vault", text="x", cid="x")
        tesla.asks("invite", room="#vault", user="iris")
        self.iris.answers("JOIN #vault", "PART #vault")

    def test_c6_every_command_answers_a_stranger_alike(self) -> None:
        self.check(self.account("rose", *CAPS))

    def test_c6_every_command_answers_alike_who_has_left(self) -> None:
        self.check(self.account("iris", *CAPS))

    def check(self, client: IrcClient) -> None:
        for name in sorted(COMMANDS.keys() - MAKING - ENDING):
            for line in LINES:
                told = []
                for room in ("#vault", "#vanes"):
                    asked = line.format(name).replace("#R", room)
                    answers = client.answers(asked)
                    told.append([_without(room, one) for one in answers])
                self.assertEqual(told[0], told[1], line.format(name))


def _without(room: str, line: str) -> str:
    """A line without the name of the room, and without the ids of what is kept nowhere."""
    return re.sub(r"-0-\d+ ", "-0-0 ", re.sub(room, "#ROOM", line, flags=re.IGNORECASE))
