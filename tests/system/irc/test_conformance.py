"""What the IRC documents demand, asked of a real server: one behaviour, one test."""

from __future__ import annotations

from tests.system.irc.case import RealCase


class RegistrationTests(RealCase):
    def test_a4_h3_h6_h9_registration(self) -> None:
        self.check_all()

    def check_h9_welcome_comes_in_its_order(self) -> None:
        peer = self.peer()
        peer.sends("NICK anna", "USER anna 0 * :Anna")
        commands = [message.command for message in peer.until("422", "376")]
        self.assertEqual(commands[:5], ["001", "002", "003", "004", "005"])
        self.assertIn("251", commands)

    def check_h9_user_may_come_before_nick(self) -> None:
        peer = self.peer()
        peer.sends("USER berta 0 * :Berta", "NICK berta")
        self.assertEqual(peer.until("001")[-1].params[0], "berta")

    def check_h9_commands_before_registration_are_refused(self) -> None:
        peer = self.peer()
        peer.sends("CAP LS 302", "JOIN #x")
        self.assertEqual(peer.until("451")[-1].params[0], "*")

    def check_h9_a_missing_nick_is_asked_for(self) -> None:
        peer = self.registered()
        self.assertEqual(peer.only("431", "NICK").params[-1], "Give a nickname")

    def check_h9_an_impossible_nick_is_refused(self) -> None:
        peer = self.peer()
        peer.sends("NICK with*star")
        peer.until("432")

    def check_h9_a_nick_in_use_is_refused_and_another_taken(self) -> None:
        first = self.registered()
        peer = self.peer()
        peer.sends(f"NICK {first.nick.upper()}", "USER x 0 * :X")
        self.assertEqual(peer.until("433")[-1].params[1].lower(), first.nick)
        peer.sends(f"NICK {first.nick}x")
        peer.until("001")

    def check_h9_registering_twice_is_refused(self) -> None:
        peer = self.registered()
        peer.only("462", "USER a 0 * :A")
        peer.only("462", "PASS again")

    def check_h9_a_command_without_its_parameters(self) -> None:
        peer = self.registered()
        self.assertEqual(peer.only("461", "JOIN").params[1], "JOIN")

    def check_h9_an_unknown_command(self) -> None:
        peer = self.registered()
        self.assertEqual(peer.only("421", "frobnicate a b").params[1], "FROBNICATE")

    def check_h9_isupport_says_what_clients_need(self) -> None:
        peer = self.registered()
        tokens = {
            token
            for message in peer.answers("VERSION")
            if message.command == "005"
            for token in message.params[1:-1]
        }
        for token in ("WHOX", "UTF8ONLY", "CASEMAPPING=ascii", "CHANTYPES=#", "PREFIX=(ov)@+"):
            self.assertIn(token, tokens)
        self.assertLessEqual({"BOT=B", "LINELEN=512", "MSGREFTYPES=msgid,timestamp"}, tokens)

    def check_h9_ping_echoes_its_token_after_everything_before(self) -> None:
        peer = self.registered()
        room = self.room()
        peer.sends(f"JOIN {room}", f"PRIVMSG {room} :x", "PING :a token")
        came = peer.until("PONG")
        self.assertEqual(came[-1].params, ("irc.example", "a token"))
        self.assertIn("366", [message.command for message in came])

    def check_h9_ping_without_a_token(self) -> None:
        self.registered().only("409", "PING")

    def check_h9_quit_is_answered_with_error(self) -> None:
        peer = self.registered()
        peer.sends("QUIT :so long")
        self.assertEqual(peer.ends()[-1].command, "ERROR")

    def check_h3_a_line_that_is_too_long_is_refused_whole(self) -> None:
        room = self.room()
        one, other = self.joined(room), self.joined(room)
        one.only("417", f"PRIVMSG {room} :{'x' * 600}")
        self.assertEqual([m.command for m in other.answers()], [])

    def check_a4_bytes_that_are_no_utf8(self) -> None:
        peer = self.registered()
        peer._socket.sendall(b"PRIVMSG #x :\xff\xfe\r\n")
        self.assertEqual(peer.only("FAIL").params[:2], ("PRIVMSG", "INVALID_UTF8"))


class CapabilityTests(RealCase):
    def test_h9_capabilities(self) -> None:
        self.check_all()

    def check_h9_ls_lists_names_and_values_for_302(self) -> None:
        peer = self.peer()
        peer.sends("CAP LS 302", "CAP END")
        first = peer.until("CAP")[-1]
        self.assertEqual(first.params[:2], ("*", "LS"))
        peer = self.peer()
        peer.sends("CAP LS", "NICK x")
        only = peer.until("CAP")[-1]
        self.assertNotIn("=", only.params[-1])
        self.assertLess(len(f":{only.source} CAP x LS :{only.params[-1]}".encode()), 510)

    def check_h9_req_is_taken_whole_or_not_at_all(self) -> None:
        peer = self.peer()
        peer.sends("CAP REQ :server-time no-such-thing")
        self.assertEqual(peer.until("CAP")[-1].params[1], "NAK")
        peer.sends("CAP LIST")
        self.assertNotIn("server-time", peer.until("CAP")[-1].params[-1])
        peer.sends("CAP REQ :server-time echo-message")
        self.assertEqual(peer.until("CAP")[-1].params[1], "ACK")
        peer.sends("CAP REQ :-echo-message")
        self.assertEqual(peer.until("CAP")[-1].params[1:], ("ACK", "-echo-message"))
        peer.sends("CAP LIST")
        self.assertEqual(peer.until("CAP")[-1].params[-1].split(), ["server-time"])

    def check_h9_negotiation_holds_registration_until_it_ends(self) -> None:
        peer = self.peer()
        peer.sends("CAP LS 302", "NICK holder", "USER h 0 * :H", "PING x")
        self.assertNotIn("001", [m.command for m in peer.until("PONG")])
        peer.sends("CAP END")
        peer.until("001")

    def check_h9_an_unknown_subcommand(self) -> None:
        self.registered().only("410", "CAP FROB")


class ChannelTests(RealCase):
    def test_h5_h9_channels(self) -> None:
        self.check_all()

    def check_h9_join_shows_join_topic_and_names(self) -> None:
        room = self.room()
        one = self.joined(room)
        one.answers(f"TOPIC {room} :of coils")
        two = self.registered()
        came = two.answers(f"JOIN {room}")
        self.assertEqual([m.command for m in came], ["JOIN", "332", "333", "353", "366"])
        self.assertTrue(came[0].source.startswith(f"{two.nick}!"))
        self.assertEqual(came[1].params[1:], (room, "of coils"))
        self.assertEqual(set(came[3].params[-1].split()), {f"@{one.nick}", two.nick})
        self.assertEqual([m.command for m in one.answers()], ["JOIN"])

    def check_h9_joining_twice_is_silent(self) -> None:
        room = self.room()
        self.assertEqual(self.joined(room).answers(f"JOIN {room}"), [])

    def check_h9_part_tells_everybody_with_its_reason(self) -> None:
        room = self.room()
        one, two = self.joined(room), self.joined(room)
        one.answers()
        two.answers(f"PART {room} :done here")
        self.assertEqual(one.only("PART").params, (room, "done here"))
        two.only("442", f"PART {room}")
        two.only("403", "PART #never-was-there")

    def check_h9_join_zero_leaves_all(self) -> None:
        rooms = [self.room(), self.room()]
        peer = self.registered()
        peer.answers(f"JOIN {','.join(rooms)}")
        parted = {m.params[0] for m in peer.answers("JOIN 0") if m.command == "PART"}
        self.assertEqual(parted, set(rooms))

    def check_h9_quit_is_told_to_those_in_the_same_room(self) -> None:
        room = self.room()
        one, two = self.joined(room), self.joined(room)
        one.answers()
        two.sends("QUIT :lunch")
        two.ends()
        quit = one.until("QUIT")[-1]
        self.assertTrue(quit.source.startswith(f"{two.nick}!"))
        self.assertIn("lunch", quit.params[-1])

    def check_h9_messages_go_to_the_others(self) -> None:
        room = self.room()
        one, two = self.joined(room), self.joined(room)
        one.answers()
        self.assertEqual(two.answers(f"PRIVMSG {room} :hello there"), [])
        said = one.only("PRIVMSG")
        self.assertEqual(said.params, (room, "hello there"))
        two.answers(f"NOTICE {room} :psst")
        self.assertEqual(one.only("NOTICE").params, (room, "psst"))

    def check_h9_messages_to_nobody_are_refused(self) -> None:
        peer = self.registered()
        self.assertEqual(peer.only("401", "PRIVMSG nobody-there :x").params[1], "nobody-there")
        peer.only("411", "PRIVMSG")
        peer.only("412", "PRIVMSG somebody")

    def check_h9_private_messages_reach_one_person(self) -> None:
        one, two = self.registered(), self.registered()
        two.answers(f"PRIVMSG {one.nick} :for you")
        self.assertEqual(one.only("PRIVMSG").params, (one.nick, "for you"))

    def check_h5_actions_pass_and_dcc_does_not(self) -> None:
        room = self.room()
        one, two = self.joined(room), self.joined(room)
        one.answers()
        two.answers(f"PRIVMSG {room} :\x01ACTION waves\x01")
        self.assertEqual(one.only("PRIVMSG").params[-1], "\x01ACTION waves\x01")
        two.only("404", f"PRIVMSG {one.nick} :\x01DCC SEND x 1 2 3\x01")

    def check_h9_topic_is_set_and_asked_for(self) -> None:
        room = self.room()
        one, two = self.joined(room), self.joined(room)
        one.answers()
        self.assertEqual(two.only("331", f"TOPIC {room}").params[1], room)
        one.answers(f"TOPIC {room} :new")
        self.assertEqual(two.only("TOPIC").params, (room, "new"))
        self.assertEqual(two.only("332", f"TOPIC {room}").params[-1], "new")
        two.only("482", f"TOPIC {room} :mine")

    def check_h9_modes_are_shown_and_set(self) -> None:
        room = self.room()
        one, two = self.joined(room), self.joined(room)
        one.answers()
        shown = one.only("324", f"MODE {room}")
        self.assertEqual(shown.params[1], room)
        self.assertEqual(set(shown.params[2]), set("+nt"))
        one.answers(f"MODE {room} +m")
        self.assertEqual(two.only("MODE").params, (room, "+m"))
        two.only("404", f"PRIVMSG {room} :x")
        one.answers(f"MODE {room} +v {two.nick}")
        self.assertEqual(two.only("MODE").params, (room, "+v", two.nick))
        two.answers(f"PRIVMSG {room} :x")
        one.only("PRIVMSG")
        two.only("482", f"MODE {room} -m")
        one.only("472", f"MODE {room} +Q")
        one.only("441", f"MODE {room} +o {self.registered().nick}")

    def check_h9_keys_limits_and_invitations(self) -> None:
        room = self.room()
        one, two = self.joined(room), self.registered()
        one.answers(f"MODE {room} +k sesame")
        two.only("475", f"JOIN {room}")
        two.only("475", f"JOIN {room} wrong")
        two.only("JOIN", f"JOIN {room} sesame")
        two.answers(f"PART {room}")
        one.answers(f"MODE {room} -k sesame", f"MODE {room} +l 1")
        two.only("471", f"JOIN {room}")
        one.answers(f"MODE {room} -l", f"MODE {room} +i")
        two.only("473", f"JOIN {room}")
        self.assertEqual(one.only("341", f"INVITE {two.nick} {room}").params[1:], (two.nick, room))
        self.assertEqual(two.only("INVITE").params, (two.nick, room))
        two.only("JOIN", f"JOIN {room}")
        one.only("443", f"INVITE {two.nick} {room}")

    def check_h9_bans_and_their_exceptions(self) -> None:
        room = self.room()
        one, two = self.joined(room), self.registered()
        one.answers(f"MODE {room} +b {two.nick}!*@*")
        two.only("474", f"JOIN {room}")
        listed = one.only("367", f"MODE {room} b")
        self.assertEqual(listed.params[1:3], (room, f"{two.nick}!*@*"))
        one.answers(f"MODE {room} +e {two.nick}!*@*")
        two.only("JOIN", f"JOIN {room}")

    def check_h9_kick(self) -> None:
        room = self.room()
        one, two = self.joined(room), self.joined(room)
        one.answers()
        two.only("482", f"KICK {room} {one.nick} :no")
        one.answers(f"KICK {room} {two.nick} :out with you")
        kick = two.only("KICK")
        self.assertEqual(kick.params, (room, two.nick, "out with you"))
        two.only("442", f"PART {room}")
        one.only("441", f"KICK {room} {two.nick}")
        one.only("403", "KICK #never-was-there x")

    def check_h9_list_and_names(self) -> None:
        room = self.room()
        one = self.joined(room)
        one.answers(f"TOPIC {room} :listed")
        other = self.registered()
        line = other.only("322", f"LIST {room}")
        self.assertEqual(line.params[1:], (room, "1", "listed"))
        one.answers(f"MODE {room} +s")
        self.assertEqual([m.command for m in other.answers(f"LIST {room}")], ["321", "323"])
        self.assertEqual([m.command for m in other.answers(f"NAMES {room}")], ["366"])
        self.assertEqual([m.command for m in one.answers(f"NAMES {room}")], ["353", "366"])


class AskingTests(RealCase):
    def test_h9_asking(self) -> None:
        self.check_all()

    def check_h9_whois(self) -> None:
        room = self.room()
        one, two = self.joined(room), self.registered()
        came = {m.command: m for m in two.answers(f"WHOIS {one.nick}")}
        self.assertEqual(came["311"].params[1:3], (one.nick, one.nick))
        self.assertEqual(came["311"].params[-1], "Real Name")
        self.assertIn(f"@{room}", came["319"].params[-1].split())
        self.assertLessEqual({"312", "317", "318"}, set(came))
        self.assertNotIn("378", came)
        own = one.only("378", f"WHOIS {one.nick}")
        self.assertEqual(own.params[-1], "is connecting from *@127.0.0.1 127.0.0.1")
        self.assertEqual([m.command for m in two.answers("WHOIS nobody-there")], ["401", "318"])
        two.only("431", "WHOIS")

    def check_h9_whowas(self) -> None:
        one, two = self.registered(), self.registered()
        one.sends("QUIT")
        one.ends()
        self.assertEqual(two.only("314", f"WHOWAS {one.nick}").params[1], one.nick)
        self.assertEqual([m.command for m in two.answers("WHOWAS never-was")], ["406", "369"])

    def check_h9_who_and_whox(self) -> None:
        room = self.room()
        one = self.joined(room)
        row = one.only("352", f"WHO {room}")
        self.assertEqual(row.params[1:3], (room, one.nick))
        self.assertEqual(row.params[5:], (one.nick, "H@", "0 Real Name"))
        row = one.only("354", f"WHO {one.nick} %tnuhar,42")
        self.assertEqual(row.params[1], "42")
        self.assertEqual(row.params[-2:], ("0", "Real Name"))
        self.assertEqual(one.answers("WHO nobody-there")[-1].command, "315")

    def check_h9_ison_and_userhost(self) -> None:
        one = self.registered()
        self.assertEqual(
            one.only("303", f"ISON {one.nick} nobody-there").params[-1].split(), [one.nick]
        )
        self.assertTrue(one.only("302", f"USERHOST {one.nick}").params[-1].startswith(one.nick))

    def check_h9_away(self) -> None:
        one, two = self.registered(), self.registered()
        one.only("306", "AWAY :at lunch")
        self.assertEqual(
            two.only("301", f"PRIVMSG {one.nick} :x").params[1:], (one.nick, "at lunch")
        )
        one.only("305", "AWAY")

    def check_h9_about_the_server(self) -> None:
        peer = self.registered()
        for command, number in (
            ("VERSION", "351"),
            ("TIME", "391"),
            ("INFO", "374"),
            ("ADMIN", "256"),
            ("LUSERS", "251"),
            ("LINKS", "365"),
            ("HELP", "706"),
            ("HELP JOIN", "704"),
            ("HELP frob", "524"),
            ("STATS u", "242"),
            ("MOTD", "422"),
            ("MOTD other.example", "402"),
        ):
            peer.only(number, command)

    def check_h9_operators_only(self) -> None:
        peer = self.registered()
        for command in ("KILL x :y", "WALLOPS :x", "REHASH"):
            peer.only("481", command)
        peer.only("491", "OPER root secret")

    def check_h9_user_modes(self) -> None:
        peer = self.registered()
        peer.answers(f"MODE {peer.nick} +i")
        self.assertIn("i", peer.only("221", f"MODE {peer.nick}").params[1])
        peer.only("501", f"MODE {peer.nick} +Q")
        peer.only("502", f"MODE {self.registered().nick} +i")
