"""For all but its members a private room is as if it did not exist."""

from __future__ import annotations

from typing import ClassVar

from twisted_chat.core.command_table import TABLE
from twisted_chat.core.commands import ArgType
from twisted_chat.testing import Client

from .case import HallTestCase

# One line for every command that takes a room, a message or a place.
LINES = {
    "say": "say {room} hello",
    "talk": "talk {room}",
    "files": "files {room}",
    "edit": "edit {room}/1 hello",
    "delete": "delete {room}/1",
    "encrypt": "encrypt {room}",
    "history": "history {room}",
    "join": "join {room}",
    "leave": "leave {room}",
    "members": "members {room}",
    "invite": "invite {room} bob",
    "topic": "topic {room}",
    "rename": "rename {room} #elsewhere",
    "op": "op {room} bob",
    "deop": "deop {room} bob",
    "voice": "voice {room} bob",
    "devoice": "devoice {room} bob",
    "mode": "mode {room}",
    "kick": "kick {room} bob",
    "ban": "ban {room} bob",
    "unban": "unban {room} bob",
    "mute": "mute {room} bob",
    "unmute": "unmute {room} bob",
    "undelete": "undelete {room}",
}
MORE = (
    "delete {room}",
    "files {room} before 3",
    "history {room} 5 before 3",
    "topic {room} mine",
    "search word in:{room}",
    "search from:owner in:{room}",
    "invite {room} owner",
    "kick {room} owner",
    "mute {room} zoe",
    "join {room} sesame",
    "mode {room} +m",
)
SILENT = (
    "rooms",
    "whois owner",
    "whoelse",
    "wholast 60",
    "history",
    "search word",
    "search from:owner",
    "devices",
)


class PrivateRoomTests(HallTestCase):
    settings: ClassVar = {"admins": ("root",)}

    def setUp(self) -> None:
        super().setUp()
        self.owner = self.hall.person("owner")
        self.owner.types("create #secret private", "say #secret the word", "topic #secret plans")
        self.forget(self.owner)

    def assert_unseen(self, name: str) -> None:
        client = self.hall.person(name)
        self.hall.person("bob")
        client.takes()
        for line in (*LINES.values(), *MORE):
            with self.subTest(who=name, line=line):
                client.types(line.format(room="#absent"))
                absent = client.takes()
                self.assertIn("#absent", absent)
                client.types(line.format(room="#secret"))
                self.assertEqual(client.takes(), absent.replace("#absent", "#secret"))
        for line in SILENT:
            with self.subTest(who=name, line=line):
                client.types(line)
                self.assertNotRegex(client.takes(), "secret|word|plans")
        self.owner.hears_nothing()

    def test_c6_every_command_that_takes_a_room_is_looked_at(self) -> None:
        forms = (ArgType.ROOM, ArgType.MESSAGE)
        takes = {
            row.name
            for row in TABLE.rows
            if any(arg.type in forms or arg.field == "place" for arg in row.args)
        }
        self.assertEqual(takes - {"create"}, set(LINES))

    def test_c6_for_a_stranger(self) -> None:
        self.assert_unseen("eve")

    def test_c6_for_an_administrator(self) -> None:
        self.assert_unseen("root")

    def test_c6_for_one_who_has_left(self) -> None:
        self.goes_in("eve").types("leave #secret")
        self.forget(self.owner)
        self.assert_unseen("eve")

    def test_c5_for_one_who_was_kicked(self) -> None:
        self.goes_in("eve")
        self.owner.types("kick #secret eve")
        self.forget(self.owner)
        self.assert_unseen("eve")

    def test_c5_for_one_who_was_banned(self) -> None:
        self.goes_in("eve")
        self.owner.types("ban #secret eve")
        self.forget(self.owner)
        self.assert_unseen("eve")

    def goes_in(self, name: str) -> Client:
        client = self.hall.person(name)
        self.owner.types(f"invite #secret {name}")
        client.types("join #secret")
        client.hears("(You are in #secret. Its topic is: plans)")
        return client

    def test_c6_create_answers_taken_reserved_and_hidden_alike(self) -> None:
        eve = self.hall.person("eve")
        self.owner.types("create #open")
        for name in ("#secret", "#SECRET", "#open", "#lobby"):
            eve.types(f"create {name}", f"create {name} private")
            eve.reads(*[f"({name} is not available.)"] * 2)

    def test_c6_a_presence_line_says_nothing_of_it(self) -> None:
        eve = self.hall.person("eve")
        self.owner.types("invite #secret eve", "topic #secret more plans", "say #secret hi")
        eve.reads("[server] owner invites you to #secret: join #secret")

    def test_who_is_invited_sees_it_and_reads_only_what_comes(self) -> None:
        eve = self.hall.person("eve")
        self.owner.types("invite #secret eve")
        eve.takes()
        eve.types("rooms", "members #secret", "history #secret", "say #secret hi")
        eve.reads(
            "The rooms are:",
            "#lobby      (2 members, 2 online, joined)",
            "#secret     (1 member, 1 online, private) plans",
            *["(You are not in #secret: join #secret first.)"] * 3,
        )
        eve.types("join #secret", "history #secret", "search word", "edit #secret/2 x")
        eve.reads(
            "(You are in #secret. Its topic is: plans)",
            "(No messages)",
            "(Nothing found)",
            "(There is no message #secret/2 that you can see.)",
        )
        self.owner.types("say #secret welcome")
        eve.types("history")
        eve.reads(
            "[#secret/5 10:00] #secret owner: welcome",
            "[#secret/5 10:00] #secret owner: welcome",
        )

    def test_members_see_it_in_lists(self) -> None:
        self.goes_in("eve").types("whois owner")
        self.assertIn("owner is in #secret", self.hall.clients[-1].takes())

    def test_only_its_operators_invite(self) -> None:
        eve, _ = self.goes_in("eve"), self.hall.person("bob")
        eve.takes()
        eve.types("invite #secret bob")
        eve.reads("(Only an operator can do that in #secret.)")

    def test_c6_after_a_restart(self) -> None:
        self.hall.restart()
        self.owner = self.hall.person("owner")
        self.assert_unseen("eve")
