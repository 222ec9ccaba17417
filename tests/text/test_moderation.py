"""Keeping order in a room, and who may."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from twisted_chat.core.rooms import Room
from twisted_chat.testing import Client

from .case import HallTestCase


@dataclass(frozen=True)
class Right:
    """A line, and the roles that may have it done in an open room."""

    line: str
    roles: frozenset[str]


ROLES = (
    "owner",
    "operator",
    "member",
    "muted",
    "left",
    "kicked",
    "banned",
    "stranger",
    "admin",
    "guest",
)
OWNER = frozenset({"owner"})
OPERATORS = OWNER | {"operator"}
SPEAKERS = OPERATORS | {"member"}
MEMBERS = SPEAKERS | {"muted"}
RIGHTS = (
    Right("say {room} hello", SPEAKERS),
    Right("talk {room}", SPEAKERS),
    Right("history {room}", MEMBERS),
    Right("search apple in:{room}", MEMBERS),
    Right("edit {room}/{theirs} pear", frozenset()),
    Right("delete {room}/{theirs}", OPERATORS),
    Right("members {room}", frozenset(ROLES)),
    Right("topic {room}", frozenset(ROLES)),
    Right("topic {room} pears", OPERATORS),
    Right("join {room}", frozenset(ROLES) - {"banned"}),
    Right("leave {room}", MEMBERS),
    Right("invite {room} friend", MEMBERS),
    Right("op {room} other", OPERATORS),
    Right("deop {room} second", OWNER),
    Right("kick {room} other", OPERATORS),
    Right("ban {room} other 1h", OPERATORS),
    Right("unban {room} outlaw", OPERATORS),
    Right("mute {room} other", OPERATORS),
    Right("unmute {room} silent", OPERATORS),
    Right("voice {room} other", OPERATORS),
    Right("devoice {room} loud", OPERATORS),
    Right("mode {room}", frozenset(ROLES)),
    Right("mode {room} +m", OPERATORS),
    Right("mode {room} +b other", OPERATORS),
    Right("kick {room} founder", frozenset()),
    Right("mute {room} founder", frozenset()),
    Right("ban {room} second", OWNER),
    Right("delete {room}", OWNER),
    Right("undelete {room}", frozenset()),
)
REFUSED = (
    r"\((Only (its owner|an operator|the person who said it) can |You are not in |You are muted in "
    r"|You are banned from |A guest cannot use |The role of .* is not below yours|That is you\."
    r"|There is no deleted room )"
)


class MatrixTests(HallTestCase):
    """Every command and every role, and nothing changes where the answer is no."""

    settings: ClassVar = {"admins": ("root",)}

    def prepare(self, room: str) -> int:
        """An open room with people of all kinds; the number of a message in it."""
        others = ("other", "second", "silent", "outlaw", "loud")
        self.founder.types(f"create {room}")
        for name in others:
            self.cast[name].types(f"join {room}")
        self.founder.types(f"op {room} second", f"mute {room} silent", f"ban {room} outlaw")
        self.founder.types(f"voice {room} loud", f"say {room} apple")
        return self.room(room).last_seq

    def setUp(self) -> None:
        super().setUp()
        self.all_come()

    def all_come(self) -> None:
        self.founder = self.hall.person("founder")
        names = ("other", "second", "silent", "outlaw", "loud", "friend")
        self.cast = {name: self.hall.person(name) for name in names}

    def come_as(self, role: str, room: str, client: Client, name: str) -> None:
        """Let somebody have a role in a room."""
        if role in ("operator", "member", "muted", "left", "kicked", "banned"):
            client.types(f"join {room}")
        line = {
            "operator": f"op {room} {name}",
            "muted": f"mute {room} {name}",
            "kicked": f"kick {room} {name}",
            "banned": f"ban {room} {name}",
        }.get(role)
        if line is not None:
            self.founder.types(line)
        if role == "left":
            client.types(f"leave {room}")

    def check(self, role: str) -> None:
        if role == "guest":
            self.hall.settings = type(self.hall.settings)(guests=True, flood_limit=0)
            self.hall.restart()
            self.all_come()
        name = {"owner": "founder", "admin": "root"}.get(role, f"the-{role}")
        client = self.founder if role == "owner" else self.hall.person(name)
        person = self.hall.chat.roster.names.find(name)
        assert person is not None and person.guest is (role == "guest")
        for number, right in enumerate(RIGHTS):
            room = f"#room{number}"
            theirs = self.prepare(room)
            self.come_as(role, room, client, name)
            if role == "owner" and "{theirs}" in right.line:
                self.cast["other"].types(f"say {room} apple")
                theirs = self.room(room).last_seq
            self.founder.takes()
            client.takes()
            before = self.state(room)
            client.types(right.line.format(room=room, theirs=theirs))
            answer = client.takes()
            with self.subTest(role=role, line=right.line):
                if role in right.roles:
                    self.assertNotRegex(answer, REFUSED)
                else:
                    self.assertRegex(answer, REFUSED)
                    self.assertEqual(self.state(room), before)
            if "Type yes" in answer:
                client.types("no")
            elif "/talk ends it" in answer:
                client.types("/talk")

    def room(self, name: str) -> Room:
        room = self.hall.chat.rooms.find(name)
        assert room is not None
        return room

    def state(self, name: str) -> object:
        room = self.room(name)
        members = {m.person.name: (m.role, m.voice) for m in room.members.values()}
        lists = dict(room.bans), dict(room.mutes), set(room.invited)
        return room.last_seq, room.topic, members, lists, room.rules


def _add_tests() -> None:
    for role in ROLES:

        def test(self: MatrixTests, role: str = role) -> None:
            self.check(role)

        setattr(MatrixTests, f"test_c5_{role}", test)


_add_tests()


class ModerationTests(HallTestCase):
    settings: ClassVar = {"admins": ("root",)}

    def setUp(self) -> None:
        super().setUp()
        self.ann, self.bob, self.cid = self.people("ann", "bob", "cid")
        self.ann.types("create #den")
        self.bob.types("join #den")
        self.cid.types("join #den")
        self.forget(self.ann, self.bob, self.cid)

    def test_kick(self) -> None:
        self.ann.types("kick #den bob you know why")
        for client in (self.ann, self.bob, self.cid):
            client.reads("[#den/4 10:00] ann kicked bob from #den: you know why")
        self.bob.types("say #den x")
        self.bob.reads("(You are not in #den: join #den first.)")
        self.ann.types("say #den gone")
        self.bob.hears_nothing()
        self.bob.types("join #den", "say #den back")
        self.bob.hears("(You are in #den.)", "(Message #den/7 sent: 2 now, 0 later)")

    def test_ban_for_a_time(self) -> None:
        self.ann.types("ban #den bob 0m")
        self.ann.hears("(It has to last for a second at least.)")
        self.ann.types("ban #den bob 10m")
        self.bob.reads("[#den/4 10:00] ann banned bob from #den for 10m")
        self.bob.types("join #den")
        self.bob.reads("(You are banned from #den.)")
        self.hall.wall_offset += 600_001
        self.bob.types("join #den")
        self.bob.reads("(You are in #den.)")

    def test_ban_for_good_also_after_a_restart_and_unban(self) -> None:
        self.ann.types("ban #den bob")
        self.hall.restart()
        ann, bob = self.people("ann", "bob")
        bob.types("join #den")
        bob.reads("(You are banned from #den.)")
        ann.types("unban #den bob", "unban #den bob")
        ann.reads("[#den/5 10:00] ann lets bob join #den again", "(bob is not banned from #den.)")
        bob.types("join #den")
        bob.reads("(You are in #den.)")

    def test_somebody_who_is_not_in_the_room_can_be_banned(self) -> None:
        self.bob.types("leave #den")
        self.ann.types("ban #den bob")
        self.bob.types("join #den")
        self.bob.hears("(You are banned from #den.)")

    def test_mute_and_the_person_is_told(self) -> None:
        self.ann.types("mute #den bob 10m")
        self.bob.hears("[server] ann muted you in #den for 10m: you can only read.\n")
        self.cid.reads("[#den/4 10:00] ann muted bob in #den for 10m")
        self.bob.types("say #den x", "BM elsewhere")
        self.bob.hears("(You are muted in #den and can only read there.)", "(Message 1 sent")
        self.ann.types("say #den you hear me")
        self.bob.hears("#den ann: you hear me")
        self.hall.wall_offset += 600_001
        self.bob.types("say #den at last")
        self.bob.hears("(Message #den/6 sent")

    def test_unmute(self) -> None:
        self.ann.types("mute #den bob", "unmute #den bob", "unmute #den bob")
        self.bob.hears(
            "you can only read.\n",
            "[#den/5 10:00] ann lets bob speak in #den again\n",
            "[server] ann lets you speak in #den again.\n",
        )
        self.ann.hears("(bob is not muted in #den.)")
        self.bob.types("say #den thanks")
        self.bob.hears("(Message #den/6 sent")

    def test_who_is_put_out_of_where_it_talks_is_told_the_way_on(self) -> None:
        self.bob.types("talk #den")
        self.ann.types("kick #den bob")
        self.bob.types("our plan:", "me and ann meet at nine")
        for _ in range(2):  # which nobody hears, in the lobby neither
            self.bob.hears(
                "(You are not in #den: join #den first.)\n"
                "(Every line is still said to #den: /talk ends that)\n"
            )
        self.bob.types("/talk", "join #den")
        self.bob.hears("(You are not talking to #den any more)", "(You are in #den.)")

    def test_a_mute_outlasts_a_restart(self) -> None:
        self.ann.types("mute #den bob 1h")
        self.hall.restart()
        bob = self.hall.person("bob")
        bob.types("say #den x")
        bob.reads("(You are muted in #den and can only read there.)")

    def test_an_owner_who_leaves_hands_the_room_over(self) -> None:
        self.ann.types("op #den bob", "leave #den")
        self.bob.hears("[#den/5 10:00] ann left #den", "[#den/6 10:00] bob owns #den now")
        self.bob.types("say #den mine", "deop #den cid", "kick #den cid", "leave #den")
        self.bob.hears("(You are the last in #den: to be rid of it, delete #den)")

    def test_op_and_deop(self) -> None:
        self.ann.types("op #den bob")
        self.bob.reads("[#den/4 10:00] ann made bob an operator of #den")
        self.bob.types("op #den cid", "kick #den ann", "kick #den cid")
        self.bob.reads(
            "[#den/5 10:00] bob made cid an operator of #den",
            "(The role of ann in #den is not below yours.)",
            "(The role of cid in #den is not below yours.)",
        )
        self.forget(self.ann)
        self.ann.types("op #den bob", "deop #den bob", "deop #den bob")
        self.ann.types("op #den cid", "op #den zoe")
        self.ann.reads(
            "(bob is an operator already in #den.)",
            "[#den/6 10:00] ann made bob an ordinary member of #den again",
            "(bob is no operator in #den.)",
            "(cid is an operator already in #den.)",
            "(There is no user called zoe.)",
        )
        self.bob.takes()
        self.bob.types("topic #den mine")
        self.bob.reads("(Only an operator can do that in #den.)")

    def test_durations_and_reasons(self) -> None:
        for line, answer in (
            (
                "ban #den bob 10x",
                "A length of time is a number with s, m, h, d or w for its unit, "
                "such as 90s, 10m, 2h, 7d or 1w.",
            ),
            ("ban #den bob forever", "Usage: ban #room <user> [<10m|2h|7d>]"),
            ("mute #den bob 200000d", "The longest time there is here is 100 years."),
        ):
            self.ann.types(line)
            self.ann.reads(f"({answer})")
        self.ann.types(f"kick #den bob {'x' * 201}", "kick #den bob \x1b[2J", "kick #den ann")
        self.ann.hears(
            "(That is 201 bytes long", "(The character U+001B", "(That is you. To go, type leave"
        )
        self.bob.hears_nothing()

    def test_administrators_mute_in_the_lobby(self) -> None:
        root = self.hall.person("root")
        root.types("mute #lobby bob 10m", "kick #lobby bob", "delete #lobby")
        self.bob.hears("[server] root muted you in #lobby for 10m: you can only read.\n")
        root.hears(
            "[1 10:00] root muted bob in #lobby for 10m",
            "(Nobody can be put out of the lobby; see help ban-user.)",
            "(Only its owner can do that in #lobby.)",
        )
        self.bob.types("BM x")
        self.bob.hears("(You are muted in #lobby and can only read there.)")

    def test_c3_to_be_muted_in_the_lobby_loses_no_offline_message(self) -> None:
        root = self.hall.person("root")
        self.bob.types("logout")
        root.says("bob must read this")
        root.types("mute #lobby bob")
        self.hall.restart()
        self.logs_in("bob").hears("Your offline messages:\n", "root: bob must read this\n")

    def test_operators_delete_messages_in_their_room(self) -> None:
        self.bob.types("say #den bad words")
        self.forget(self.ann, self.bob, self.cid)
        self.ann.types("delete #den/4", "edit #den/4 good words")
        self.ann.reads(
            "[#den/4 10:00 deleted] #den bob: (deleted by ann)",
            "(There is no message #den/4 that you can see.)",
        )
        self.cid.types("history #den", "search words")
        self.cid.reads(
            "[#den/4 10:00 deleted] #den bob: (deleted by ann)",
            "[#den/4 10:00 deleted] #den bob: (deleted)",
            "(Nothing found)",
        )
