"""The rules of rooms, as people with netcat set and meet them."""

from __future__ import annotations

from tests.text.case import HallTestCase


class RoomRulesTests(HallTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.ann, self.bob = self.hall.person("ann"), self.hall.person("bob")
        self.ann.types("create #coil")
        self.ann.takes()

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
        self.bob.reads("(#coil is full: it takes 1 members.)")
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
        self.bob.types("members #coil")
        self.bob.reads("(You are not in #coil: join #coil first.)")
        self.bob.types("join #coil")
        self.bob.hears("(You are in #coil.)")

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
        self.assertEqual(list(self.hall.chat.rooms.find("#coil").rules.bans), ["eve!*@*"])  # type: ignore[union-attr]
