"""Rooms: made, joined, left, deleted and brought back."""

from __future__ import annotations

from .case import WELCOME, HallTestCase


class RoomTests(HallTestCase):
    def test_a_room_from_beginning_to_end(self) -> None:
        ann, bob = self.people("ann", "bob")
        ann.types("create #homework")
        ann.reads("(You have made #homework; invite people, or tell them: join #homework)")
        bob.types("join #Homework")
        bob.reads("(You are in #homework.)")
        ann.reads("[#homework/2 10:00] bob joined #homework")
        bob.types("say #homework hi")
        bob.reads("(Message #homework/3 sent: 1 now, 0 later)")
        ann.reads("[#homework/3 10:00] #homework bob: hi")
        bob.types("topic #homework mine")
        bob.reads("(Only an operator can do that in #homework.)")
        ann.types("topic #homework exercises 1 to 7")
        for client in (ann, bob):
            client.reads("[#homework/4 10:00] ann set the topic of #homework: exercises 1 to 7")
        bob.types("topic #homework", "members #homework", "rooms")
        bob.reads(
            "(The topic of #homework is: exercises 1 to 7)",
            "The members of #homework are:",
            "ann (owner)",
            "bob",
            "The rooms are:",
            "#homework   (2 members, 2 online, joined) exercises 1 to 7",
            "#lobby      (2 members, 2 online, joined)",
        )
        bob.types("leave #homework")
        bob.reads("(You have left #homework.)")
        ann.reads("[#homework/5 10:00] bob left #homework")
        bob.types("say #homework still here", "rooms")
        bob.reads(
            "(You are not in #homework: join #homework first.)",
            "The rooms are:",
            "#homework   (1 member, 1 online) exercises 1 to 7",
            "#lobby      (2 members, 2 online, joined)",
        )

    def test_who_leaves_can_say_why(self) -> None:
        ann, bob = self.people("ann", "bob")
        ann.types("create #den")
        bob.types("join #den", f"leave #den {'x' * 201}", "leave #den off to \u202ebed")
        bob.hears("(You are in #den.)\n(", "(")
        bob.types("say #den still here")
        bob.hears("(Message #den/3 sent: 1 now, 0 later)\n")
        bob.types("leave #den off to bed")
        bob.reads("(You have left #den.)")
        ann.hears("[#den/4 10:00] bob left #den: off to bed\n")

    def test_c3_members_get_what_they_missed(self) -> None:
        ann, bob = self.people("ann", "bob")
        ann.types("create #den", "say #den before bob")
        bob.types("join #den", "logout")
        ann.types("say #den while bob is away")
        bob = self.logs_in("bob")
        bob.hears(
            f"{WELCOME}\nYour offline messages:\n[#den/4 10:00] #den ann: while bob is away\n"
        )
        self.assertNotIn("before bob", bob.takes())
        bob.types("whoelse")
        self.hall.restart()
        bob, ann = self.people("bob", "ann")
        ann.types("say #den hello")
        bob.reads("[#den/5 10:00] #den ann: hello")

    def test_a_new_member_begins_at_the_end(self) -> None:
        ann, bob = self.people("ann", "bob")
        ann.types("create #den", "say #den before bob")
        bob.types("join #den")
        bob.vanishes()
        self.assertNotIn("offline", self.logs_in("bob").takes())

    def test_the_lobby_is_everybodys(self) -> None:
        ann = self.hall.person("ann")
        for line, answer in (
            ("leave #lobby", "Everybody is in #lobby; nobody leaves it."),
            ("delete #lobby", "Only its owner can do that in #lobby."),
            ("create #lobby", "#lobby is not available."),
            ("create #LOBBY private", "#LOBBY is not available."),
            ("join #lobby", "You are in #lobby."),
            ("kick #lobby ann", "Only an operator can do that in #lobby."),
        ):
            ann.types(line)
            ann.reads(f"({answer})")
        ann.types("members #lobby")
        ann.reads("Everybody is in #lobby; online now:", "ann")

    def test_invitations(self) -> None:
        ann, bob = self.people("ann", "bob")
        ann.types("create #den", "invite #den bob")
        bob.reads("[server] ann invites you to #den: join #den")
        ann.hears("(bob is invited to #den.)")
        bob.types("join #den")
        self.forget(ann, bob)
        ann.types("invite #den bob", "invite #den zoe", "invite #nowhere bob")
        ann.reads(
            "(bob is in #den already.)",
            "(There is no user called zoe.)",
            "(There is no room called #nowhere.)",
        )

    def test_c1_of_two_who_make_one_room_at_once_one_does(self) -> None:
        ann, bob = self.people("ann", "bob")
        for client in (ann, bob):
            client.sends_later(b"create #den\n")
        self.hall.settle()
        answers = sorted(client.takes() for client in (ann, bob))
        self.assertEqual(answers[0], "(#den is not available.)\n")
        self.assertIn("(You have made #den;", answers[1])

    def test_c1_of_two_rooms_that_look_alike_made_at_once_one_is(self) -> None:
        ann, bob = self.people("ann", "bob")
        ann.sends_later(b"create #scope\n")
        bob.sends_later("create #ѕсоре\n".encode())  # all Cyrillic
        self.hall.settle()
        ann.hears("(You have made #scope;")
        bob.hears("(#ѕсоре is not available.)")

    def test_c2_two_sessions_that_join_at_once_are_one_member(self) -> None:
        ann, bob, other = self.people("ann", "bob", "bob")
        ann.types("create #den")
        ann.takes()
        for client in (bob, other):
            client.sends_later(b"join #den\n")
        self.hall.settle()
        ann.reads("[#den/2 10:00] bob joined #den")
        for client in (bob, other):
            client.hears("(You are in #den.)\n")
        ann.types("say #den hello")
        for client in (bob, other):
            client.reads("[#den/3 10:00] #den ann: hello")

    def test_c1_of_two_who_want_one_name_at_once_one_gets_it(self) -> None:
        clients = [self.hall.connects() for _ in range(2)]
        for client in clients:
            client.types("ann", "x")
        for client in clients:
            client.sends_later(b"x\n")
        self.hall.settle()
        self.assertEqual(sum(WELCOME in client.received for client in clients), 1)
        self.assertEqual(sum("ann is taken" in client.received for client in clients), 1)

    def test_b10_names_of_rooms_follow_the_rule_of_names(self) -> None:
        ann = self.hall.person("ann")
        for name in ("#", "#.", "#1", "#a/b", "#a,b", "#pаypal", "##a", "#" + "x" * 33):
            ann.types(f"create {name}")
            ann.hears(
                "; a name is 1 to 32 letters, digits and _ - . with at least one letter, and "
                "begins with a letter, a digit or _.)\n"
            )
        ann.types("create #Über", "create #über", "create #раура")
        ann.hears("(You have made #Über", "(#über is not available.)", "(You have made #раура")
        ann.types("create #paypa")
        ann.hears("(#paypa is not available.)")


class DeletedRoomTests(HallTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.ann, self.bob = self.people("ann", "bob")
        self.ann.types("create #den", "say #den apple")
        self.bob.types("join #den")
        self.forget(self.ann, self.bob)

    def delete(self) -> None:
        self.ann.types("delete #den", "yes")
        self.forget(self.ann)

    def test_k12_it_is_confirmed(self) -> None:
        self.ann.types("delete #den")
        self.assertEqual(
            self.ann.takes(),
            "Deleting #den hides it from everybody at once (2 members) and erases it after 7 days;"
            " until then: undelete #den\nType yes to go on: ",
        )
        self.ann.types("no")
        self.ann.reads("(Nothing was done)")
        self.bob.types("say #den still here")
        self.ann.reads("[#den/4 10:00] #den bob: still here")
        self.ann.types("delete #den", "Yes")
        self.ann.hears("(#den is deleted. For 7 days this brings it back: undelete #den)")
        self.bob.hears("[server] ann has deleted #den.")

    def test_k12_it_is_hidden_at_once(self) -> None:
        self.delete()
        self.bob.takes()
        for client in (self.ann, self.bob):
            for line in (
                "say #den x",
                "history #den",
                "members #den",
                "join #den",
                "topic #den",
                "search apple in:#den",
                "edit #den/2 pear",
                "leave #den",
                "talk #den",
            ):
                client.types(line)
                client.reads("(There is no room called #den.)")
            client.types("history", "search apple")
            client.reads("(No messages)", "(Nothing found)")
            client.types("create #den")
            client.reads("(#den is not available.)")
        self.ann.types("whois bob")
        self.ann.reads("bob", "bob is online")

    def test_k12_its_owner_brings_it_back(self) -> None:
        self.delete()
        self.bob.types("undelete #den")
        self.bob.hears("(There is no deleted room #den of yours.)")
        self.hall.restart()
        ann, bob = self.people("ann", "bob")
        ann.types("undelete #den", "history #den")
        ann.reads(
            "(#den is back, with everything that was said in it.)",
            "[#den/2 10:00] #den ann: apple",
        )
        bob.types("say #den hello")
        ann.reads("[#den/4 10:00] #den bob: hello")

    def test_k12_it_is_erased_after_7_days(self) -> None:
        self.delete()
        self.hall.wall_offset += 7 * 86_400_000
        self.hall.restart()
        self.hall.wait(2)
        ann = self.hall.person("ann")
        ann.types("undelete #den", "create #den", "history #den")
        ann.reads(
            "(There is no deleted room #den of yours.)",
            "(You have made #den; invite people, or tell them: join #den)",
            "(No messages)",
        )
