"""The rules of rooms, as people with netcat set and meet them."""

from __future__ import annotations

from typing import ClassVar
from unittest import mock

from tests.text.case import HallTestCase
from twisted_chat.core.errors import ChatError
from twisted_chat.core.rooms import Room
from twisted_chat.core.rules import Rules
from twisted_chat.store.log import Log
from twisted_chat.testing import Client


class RoomCase(HallTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.ann, self.bob = self.people("ann", "bob")
        self.ann.types("create #coil")
        self.ann.takes()

    @property
    def coil(self) -> Room:
        room = self.hall.chat.rooms.find("#coil")
        assert room is not None
        return room

    def stored(self) -> Rules:
        """The rules that a restart would find."""
        rules: list[Rules] = []
        self.hall.chat.store.change(lambda ledger: ledger.rooms.rules(self.coil.id)).addCallback(
            rules.append
        )
        self.hall.settle()
        return rules[0]

    def at_once(self, *said: tuple[Client, str]) -> None:
        """Several people type before the server looks at any of it."""
        for client, line in said:
            client.sends_later(line.encode() + b"\n")
        self.hall.settle()


class RoomRulesTests(RoomCase):
    def test_c5_a_key_opens_a_room(self) -> None:
        self.ann.types("mode #coil +k sesame")
        self.ann.reads("[#coil/2 10:00] ann changed the rules of #coil: with a key (+k sesame)")
        self.bob.types("join #coil", "join #coil open", "join #coil sesame")
        self.bob.reads(*["(#coil has a key: join #coil <key>)"] * 2, "(You are in #coil.)")
        self.bob.types("mode #coil")
        self.bob.hears("The rules of #coil are +ntk sesame: ")

    def test_c5_a_stranger_is_not_shown_the_key(self) -> None:
        self.ann.types("mode #coil +k sesame")
        self.bob.types("mode #coil")
        self.bob.reads(
            "The rules of #coil are +ntk *: only members speak, only operators set the topic,"
            " with a key"
        )

    def test_c5_a_full_room_and_one_by_invitation(self) -> None:
        self.ann.types("mode #coil +l 1")
        self.bob.types("join #coil")
        self.bob.reads("(#coil is full: it takes 1 member.)")
        self.ann.types("mode #coil -l+i")
        self.bob.types("join #coil")
        self.bob.reads("(#coil is by invitation only: ask its operators.)")
        self.ann.types("invite #coil bob")
        self.bob.types("join #coil")
        self.bob.hears("(You are in #coil.)")

    def test_c5_a_mask_invites_bans_and_excepts(self) -> None:
        self.ann.types("mode #coil +b b*")
        self.bob.types("join #coil")
        self.bob.reads("(You are banned from #coil.)")
        self.ann.types("mode #coil +e bob")
        self.bob.types("join #coil", "leave #coil")
        self.bob.hears("(You are in #coil.)", "(You have left #coil.)")
        self.ann.types("mode #coil -b+i b*!*@*", "mode #coil +I ~a:bob")
        self.bob.types("join #coil")
        self.bob.hears("(You are in #coil.)")

    def test_c5_in_a_moderated_room_only_those_with_a_voice_speak(self) -> None:
        self.bob.types("join #coil")
        self.ann.types("mode #coil +m")
        self.bob.takes()
        self.bob.types("say #coil may I?")
        self.bob.reads("(Only those with a voice speak in #coil.)")
        self.ann.types("voice #coil bob")
        self.bob.types("say #coil thank you")
        self.bob.hears("ann gave bob a voice in #coil", "(Message #coil/5 sent")
        self.ann.types("devoice #coil bob")
        self.bob.types("say #coil more")
        self.bob.hears("took the voice of bob", "(Only those with a voice speak in #coil.)")

    def test_c5_a_mask_mutes(self) -> None:
        self.bob.types("join #coil")
        self.ann.types("mode #coil +b ~m:bob")
        self.bob.takes()
        self.bob.types("say #coil x")
        self.bob.reads("(You are muted in #coil and can only read there.)")

    def test_anybody_may_set_the_topic_or_speak_from_outside_where_the_rules_say_so(self) -> None:
        self.bob.types("say #coil hello")
        self.bob.reads("(You are not in #coil: join #coil first.)")
        self.ann.types("mode #coil -nt")
        self.bob.types("say #coil hello")
        self.bob.hears("(Message #coil/3 sent")
        self.ann.hears("#coil bob: hello")
        self.bob.types("join #coil", "topic #coil mine")
        self.ann.hears("bob set the topic of #coil: mine")

    def test_c6_a_secret_room_is_in_no_list(self) -> None:
        self.ann.types("mode #coil +s")
        self.bob.types("rooms", "whois ann")
        self.assertNotIn("#coil", self.bob.takes())
        self.bob.types("members #coil", "topic #coil", "mode #coil")
        self.bob.reads(*["(There is no room called #coil.)"] * 3)
        self.bob.types("join #coil", "mode #coil")
        self.bob.hears("(You are in #coil.)", "The rules of #coil are +nst: ")

    def test_c6_secret_and_by_invitation_is_private(self) -> None:
        self.ann.types("mode #coil +is")
        self.bob.types("join #coil", "mode #coil")
        self.bob.reads(*["(There is no room called #coil.)"] * 2)
        self.ann.types("create #den private", "mode #den")
        self.ann.hears("The rules of #den are +inst")

    def test_only_operators_change_rules_and_nothing_is_said_of_no_change(self) -> None:
        self.bob.types("join #coil", "mode #coil +m")
        self.bob.hears("(Only an operator can do that in #coil.)")
        self.ann.takes()
        self.ann.types("mode #coil +n", "mode #coil +z")
        self.ann.reads("(There is no rule z: the letters are CRimnstklIbe.)")

    def test_nobody_is_kept_out_of_the_lobby(self) -> None:
        self.ann.types("mode #lobby +k x")
        self.ann.hears("(Only an operator can do that in #lobby.)")

    def test_k11_rules_and_voices_survive_a_restart(self) -> None:
        self.bob.types("join #coil")
        self.ann.types("mode #coil +mk sesame", "voice #coil bob", "mode #coil +b eve")
        self.hall.restart()
        ann, bob = self.hall.person("ann"), self.hall.person("bob")
        ann.types("mode #coil")
        ann.hears("The rules of #coil are +mntk sesame")
        bob.types("say #coil still")
        bob.hears("(Message #coil/")
        self.assertEqual(list(self.coil.rules.bans), ["eve!*@*"])

    def test_c5_masks_are_shown_to_those_whom_they_concern(self) -> None:
        self.ann.types("mode #coil +bbe eve ~m:~a:z* bob", "mode #coil +I *!*@guest")
        self.ann.takes()
        self.ann.types("mode #coil")
        self.ann.reads(
            "The rules of #coil are +nt: only members speak, only operators set the topic",
            "+I *!*@guest (by ann)",
            "+b eve!*@* (by ann)",
            "+b ~m:~a:z* (by ann)",
            "+e bob!*@* (by ann)",
        )
        self.bob.types("mode #coil")
        self.bob.hears("set the topic")
        self.bob.types("join #coil", "mode #coil")
        received = self.bob.takes()
        self.assertIn("+b eve!*@* (by ann)", received)
        self.assertNotIn(
            "(by ann)",
            received.replace("+b eve!*@* (by ann)", "").replace("+b ~m:~a:z* (by ann)", ""),
        )

    def test_a_ban_of_nobody_and_rules_of_blanks_are_refused(self) -> None:
        self.ann.types("mode #coil +b")
        self.ann.reads("(Say whom: +b bob, or +b *!*@example.org)")
        program = self.hall.bot("cleo")
        program.asks("create", room="#den")
        answer = program.asks("mode", room="#den", changes=" ")
        self.assertEqual(answer["error"]["code"], "args")
        self.assertEqual(self.coil.rules, Rules())

    def test_lists_of_people_and_rooms_tell_of_voices_and_rules(self) -> None:
        self.bob.types("join #coil")
        self.ann.types("voice #coil bob", "mode #coil +k x")
        self.ann.takes()
        self.ann.types("members #coil")
        self.ann.hears("bob", "(voice)")
        self.bob.takes()
        self.bob.types("rooms")
        self.bob.hears("#coil       (2 members, 2 online, rules +ntk *, joined)")

    def test_a_voice_that_is_there_or_not_is_left_as_it_is(self) -> None:
        self.bob.types("join #coil")
        before = self.coil.last_seq
        self.ann.types("devoice #coil bob", "voice #coil bob", "voice #coil bob")
        self.assertEqual(self.coil.last_seq, before + 1)

    def test_c5_whom_something_keeps_out_only_an_operator_invites(self) -> None:
        (cid,) = self.people("cid")
        self.bob.types("join #coil", "invite #coil cid")
        self.bob.hears("cid is invited to #coil.")
        for rule in ("+k x", "-k+l 2", "-l+b cid", "-b+i cid!*@*"):
            with self.subTest(rule=rule):
                self.ann.types(f"mode #coil {rule}")
                self.bob.takes()
                self.bob.types("invite #coil cid")
                self.bob.reads("(Only an operator can do that in #coil.)")
        cid.takes()
        self.ann.types("mode #coil +kl-i x 2", "invite #coil cid")
        cid.types("join #coil")
        cid.hears("(You are in #coil.)")

    def test_c5_banned_people_speak_neither_inside_nor_from_outside(self) -> None:
        cid, dan = self.people("cid", "dan")
        for client in (self.bob, cid):
            client.types("join #coil")
        self.ann.types("mode #coil -n+b bob", "ban #coil dan")
        for client, answer in (
            (self.bob, "(You are banned from #coil and can only read there.)"),
            (dan, "(You are banned from #coil.)"),
        ):
            client.takes()
            client.types("say #coil x")
            client.hears(answer)
        self.ann.types("voice #coil bob")
        self.bob.types("say #coil with a voice")
        cid.hears("#coil bob: with a voice")

    def test_who_speaks_from_outside_is_not_counted_as_a_member(self) -> None:
        self.ann.types("mode #coil -n")
        self.bob.types("say #coil hello")
        self.bob.reads("(Message #coil/3 sent: 1 now, 0 later)")

    def test_c5_an_encrypted_or_private_room_is_for_members_only(self) -> None:
        self.ann.types("mode #coil -n+is")
        self.bob.types("say #coil hello")
        self.bob.reads("(There is no room called #coil.)")
        self.ann.types("mode #coil -is")
        self.bob.types("say #coil hello")
        self.bob.reads("(Message #coil/4 sent: 1 now, 0 later)")
        self.coil.encrypted = True
        self.bob.types("say #coil hello")
        self.bob.reads("(You are not in #coil: join #coil first.)")

    def test_c5_e_no_file_comes_from_outside(self) -> None:
        self.ann.types("mode #coil -n")
        program = self.hall.bot("cleo")
        program.asks("say", room="#coil", text="hello")
        offer = {"room": "#coil", "name": "a", "size": 1, "sha256": "0" * 64}
        self.assertEqual(program.asks("offer", **offer)["error"]["code"], "not_a_member")

    def test_c5_who_may_not_speak_sets_no_topic(self) -> None:
        self.bob.types("join #coil")
        self.ann.types("mode #coil -t+m")
        self.bob.takes()
        self.bob.types("topic #coil mine")
        self.bob.reads("(Only those with a voice speak in #coil.)")
        self.assertEqual(self.coil.topic, "")

    def test_c6_what_makes_a_room_private_is_stored_as_such(self) -> None:
        for rule, hidden in (("+i", False), ("+s", True), ("-i", False), ("+i", True)):
            self.ann.types(f"mode #coil {rule}")
            kept = {room.name: room.hidden for room in self.hall.store.load().rooms}
            self.assertEqual((kept["#coil"], self.coil.hidden), (hidden, hidden))
        self.hall.restart()
        self.assertTrue(self.coil.hidden)

    def test_k11_a_private_room_of_an_earlier_version_stays_private(self) -> None:
        self.ann.types("create #den private")
        den = self.hall.chat.rooms.find("#den")
        assert den is not None
        self.hall.chat.store.change(lambda ledger: ledger.rooms.set(den.id, rules=""))
        self.hall.restart()
        ann, bob = self.people("ann", "bob")
        ann.types("mode #den +m", "topic #den deep")
        self.hall.restart()
        bob = self.hall.person("bob")
        bob.types("join #den")
        bob.hears("(There is no room called #den.)")


class AtOnceTests(RoomCase):
    """What takes a right away holds from the moment it is asked for; nothing is half."""

    settings: ClassVar = {"flood_limit": 0}

    def test_c5_nothing_is_said_after_a_room_is_moderated(self) -> None:
        self.bob.types("join #coil")
        self.bob.takes()
        self.at_once((self.ann, "mode #coil +m"), (self.bob, "say #coil too late"))
        self.bob.hears("(Only those with a voice speak in #coil.)")

    def test_c5_a_voice_that_is_taken_is_gone_at_once(self) -> None:
        self.bob.types("join #coil")
        self.ann.types("mode #coil +m", "voice #coil bob")
        self.bob.takes()
        self.at_once((self.ann, "devoice #coil bob"), (self.bob, "say #coil too late"))
        self.bob.hears("(Only those with a voice speak in #coil.)")

    def test_c5_nobody_comes_in_after_the_rules_say_so(self) -> None:
        for rule in ("+i", "+k x", "+l 1", "+b bob"):
            with self.subTest(rule=rule):
                self.at_once((self.ann, f"mode #coil {rule}"), (self.bob, "join #coil"))
                self.assertEqual(len(self.coil.members), 1)
                self.ann.types("mode #coil -ikl-b * bob!*@*")

    def test_c5_of_two_who_come_at_once_one_finds_the_last_place(self) -> None:
        (cid,) = self.people("cid")
        self.ann.types("mode #coil +l 2")
        self.at_once((self.bob, "join #coil"), (cid, "join #coil"))
        self.assertEqual(len(self.coil.members), 2)
        cid.hears("(#coil is full: it takes 2 members.)")

    def test_c1_two_operators_change_rules_at_once_and_both_hold(self) -> None:
        self.bob.types("join #coil")
        self.ann.types("op #coil bob", "mode #coil +m")
        self.at_once((self.ann, "mode #coil -m"), (self.bob, "mode #coil +k x"))
        self.assertEqual(self.coil.rules.letters(with_key=True), "+ntk x")
        self.assertEqual(self.stored(), self.coil.rules)
        self.at_once((self.ann, "mode #coil -n+s"), (self.bob, "topic #coil deep"))
        self.assertEqual(self.coil.rules.letters(with_key=True), "+stk x")
        self.assertEqual(self.coil.rules.topic_by, "bob")
        self.assertEqual(self.stored(), self.coil.rules)

    def test_d3_rules_and_voices_that_cannot_be_stored_are_as_before(self) -> None:
        self.bob.types("join #coil")
        self.ann.types("mode #coil +mI guest", "voice #coil bob")
        before = self.coil.rules
        full = ChatError("store_full", "The disk is full.")
        with mock.patch.object(Log, "post", side_effect=full):
            self.ann.takes()
            self.ann.types("mode #coil -m+ik x", "mode #coil -I guest", "devoice #coil bob")
            self.ann.reads(*["(The disk is full.)"] * 3)
        self.assertEqual(self.coil.rules, before)
        self.assertEqual(self.stored(), before)
        self.bob.types("say #coil still")
        self.bob.hears("(Message #coil/")

    def test_what_gives_a_right_holds_when_it_is_stored(self) -> None:
        self.bob.types("join #coil")
        self.ann.types("mode #coil +m")
        self.bob.takes()
        self.at_once((self.ann, "mode #coil -m"), (self.bob, "say #coil too early"))
        self.bob.hears("(Only those with a voice speak in #coil.)")
        self.bob.types("say #coil now")
        self.bob.hears("(Message #coil/")
