"""What the IRC documents demand, asked of a real server: one behaviour, one test."""

from __future__ import annotations

from tests.system.irc.network import Network


def test_h9_welcome_comes_in_its_order(network: Network) -> None:
    peer = network.peer()
    peer.sends("NICK anna", "USER anna 0 * :Anna")
    commands = [message.command for message in peer.until("422", "376")]
    assert commands[:5] == ["001", "002", "003", "004", "005"]
    assert "251" in commands


def test_h9_user_may_come_before_nick(network: Network) -> None:
    peer = network.peer()
    peer.sends("USER berta 0 * :Berta", "NICK berta")
    assert peer.until("001")[-1].params[0] == "berta"


def test_h9_commands_before_registration_are_refused(network: Network) -> None:
    peer = network.peer()
    peer.sends("CAP LS 302", "JOIN #x")
    assert peer.until("451")[-1].params[0] == "*"


def test_h9_a_missing_nick_is_asked_for(network: Network) -> None:
    peer = network.registered()
    assert peer.only("431", "NICK").params[-1] == "Give a nickname"


def test_h9_an_impossible_nick_is_refused(network: Network) -> None:
    peer = network.peer()
    peer.sends("NICK with*star")
    peer.until("432")


def test_h9_a_nick_in_use_is_refused_and_another_taken(network: Network) -> None:
    first = network.registered()
    peer = network.peer()
    peer.sends(f"NICK {first.nick.upper()}", "USER x 0 * :X")
    assert peer.until("433")[-1].params[1].lower() == first.nick
    peer.sends(f"NICK {first.nick}x")
    peer.until("001")


def test_h9_registering_twice_is_refused(network: Network) -> None:
    peer = network.registered()
    peer.only("462", "USER a 0 * :A")
    peer.only("462", "PASS again")


def test_h9_a_command_without_its_parameters(network: Network) -> None:
    peer = network.registered()
    assert peer.only("461", "JOIN").params[1] == "JOIN"


def test_h9_an_unknown_command(network: Network) -> None:
    peer = network.registered()
    assert peer.only("421", "frobnicate a b").params[1] == "FROBNICATE"


def test_h9_isupport_says_what_clients_need(network: Network) -> None:
    peer = network.registered()
    tokens = {
        token
        for message in peer.answers("VERSION")
        if message.command == "005"
        for token in message.params[1:-1]
    }
    for token in ("WHOX", "UTF8ONLY", "CASEMAPPING=ascii", "CHANTYPES=#", "PREFIX=(ov)@+"):
        assert token in tokens
    assert {"BOT=B", "LINELEN=512", "MSGREFTYPES=msgid,timestamp"} <= tokens


def test_h9_ping_echoes_its_token_after_everything_before(network: Network) -> None:
    peer = network.registered()
    room = network.room()
    peer.sends(f"JOIN {room}", f"PRIVMSG {room} :x", "PING :a token")
    came = peer.until("PONG")
    assert came[-1].params == ("irc.example", "a token")
    assert "366" in [message.command for message in came]


def test_h9_ping_without_a_token(network: Network) -> None:
    network.registered().only("409", "PING")


def test_h9_quit_is_answered_with_error(network: Network) -> None:
    peer = network.registered()
    peer.sends("QUIT :so long")
    assert peer.ends()[-1].command == "ERROR"


def test_h3_a_line_that_is_too_long_is_refused_whole(network: Network) -> None:
    room = network.room()
    one, other = network.joined(room), network.joined(room)
    one.only("417", f"PRIVMSG {room} :{'x' * 600}")
    assert [m.command for m in other.answers()] == []


def test_a4_bytes_that_are_no_utf8(network: Network) -> None:
    peer = network.registered()
    peer._socket.sendall(b"PRIVMSG #x :\xff\xfe\r\n")
    assert peer.only("FAIL").params[:2] == ("PRIVMSG", "INVALID_UTF8")


def test_h9_ls_lists_names_and_values_for_302(network: Network) -> None:
    peer = network.peer()
    peer.sends("CAP LS 302", "CAP END")
    first = peer.until("CAP")[-1]
    assert first.params[:2] == ("*", "LS")
    peer = network.peer()
    peer.sends("CAP LS", "NICK x")
    only = peer.until("CAP")[-1]
    assert "=" not in only.params[-1]
    assert len(f":{only.source} CAP x LS :{only.params[-1]}".encode()) < 510


def test_h9_req_is_taken_whole_or_not_at_all(network: Network) -> None:
    peer = network.peer()
    peer.sends("CAP REQ :server-time no-such-thing")
    assert peer.until("CAP")[-1].params[1] == "NAK"
    peer.sends("CAP LIST")
    assert "server-time" not in peer.until("CAP")[-1].params[-1]
    peer.sends("CAP REQ :server-time echo-message")
    assert peer.until("CAP")[-1].params[1] == "ACK"
    peer.sends("CAP REQ :-echo-message")
    assert peer.until("CAP")[-1].params[1:] == ("ACK", "-echo-message")
    peer.sends("CAP LIST")
    assert peer.until("CAP")[-1].params[-1].split() == ["server-time"]


def test_h6_h9_negotiation_holds_registration_until_it_ends(network: Network) -> None:
    peer = network.peer()
    peer.sends("CAP LS 302", "NICK holder", "USER h 0 * :H", "PING x")
    assert "001" not in [m.command for m in peer.until("PONG")]
    peer.sends("CAP END")
    peer.until("001")


def test_h9_an_unknown_subcommand(network: Network) -> None:
    network.registered().only("410", "CAP FROB")


def test_h9_join_shows_join_topic_and_names(network: Network) -> None:
    room = network.room()
    one = network.joined(room)
    one.answers(f"TOPIC {room} :of coils")
    two = network.registered()
    came = two.answers(f"JOIN {room}")
    assert [m.command for m in came] == ["JOIN", "332", "333", "353", "366"]
    assert came[0].source.startswith(f"{two.nick}!")
    assert came[1].params[1:] == (room, "of coils")
    assert set(came[3].params[-1].split()) == {f"@{one.nick}", two.nick}
    assert [m.command for m in one.answers()] == ["JOIN"]


def test_h9_joining_twice_is_silent(network: Network) -> None:
    room = network.room()
    assert network.joined(room).answers(f"JOIN {room}") == []


def test_h9_part_tells_everybody_with_its_reason(network: Network) -> None:
    room = network.room()
    one, two = network.joined(room), network.joined(room)
    one.answers()
    two.answers(f"PART {room} :done here")
    assert one.only("PART").params == (room, "done here")
    two.only("442", f"PART {room}")
    two.only("403", "PART #never-was-there")


def test_h9_join_zero_leaves_all(network: Network) -> None:
    rooms = [network.room(), network.room()]
    peer = network.registered()
    peer.answers(f"JOIN {','.join(rooms)}")
    parted = {m.params[0] for m in peer.answers("JOIN 0") if m.command == "PART"}
    assert parted == set(rooms)


def test_h9_quit_is_told_to_those_in_the_same_room(network: Network) -> None:
    room = network.room()
    one, two = network.joined(room), network.joined(room)
    one.answers()
    two.sends("QUIT :lunch")
    two.ends()
    quit = one.until("QUIT")[-1]
    assert quit.source.startswith(f"{two.nick}!")
    assert "lunch" in quit.params[-1]


def test_h9_messages_go_to_the_others(network: Network) -> None:
    room = network.room()
    one, two = network.joined(room), network.joined(room)
    one.answers()
    assert two.answers(f"PRIVMSG {room} :hello there") == []
    said = one.only("PRIVMSG")
    assert said.params == (room, "hello there")
    two.answers(f"NOTICE {room} :psst")
    assert one.only("NOTICE").params == (room, "psst")


def test_h9_messages_to_nobody_are_refused(network: Network) -> None:
    peer = network.registered()
    assert peer.only("401", "PRIVMSG nobody-there :x").params[1] == "nobody-there"
    peer.only("411", "PRIVMSG")
    peer.only("412", "PRIVMSG somebody")


def test_h9_private_messages_reach_one_person(network: Network) -> None:
    one, two = network.registered(), network.registered()
    two.answers(f"PRIVMSG {one.nick} :for you")
    assert one.only("PRIVMSG").params == (one.nick, "for you")


def test_h5_actions_pass_and_dcc_does_not(network: Network) -> None:
    room = network.room()
    one, two = network.joined(room), network.joined(room)
    one.answers()
    two.answers(f"PRIVMSG {room} :\x01ACTION waves\x01")
    assert one.only("PRIVMSG").params[-1] == "\x01ACTION waves\x01"
    two.only("404", f"PRIVMSG {one.nick} :\x01DCC SEND x 1 2 3\x01")


def test_h9_topic_is_set_and_asked_for(network: Network) -> None:
    room = network.room()
    one, two = network.joined(room), network.joined(room)
    one.answers()
    assert two.only("331", f"TOPIC {room}").params[1] == room
    one.answers(f"TOPIC {room} :new")
    assert two.only("TOPIC").params == (room, "new")
    assert two.only("332", f"TOPIC {room}").params[-1] == "new"
    two.only("482", f"TOPIC {room} :mine")


def test_h9_modes_are_shown_and_set(network: Network) -> None:
    room = network.room()
    one, two = network.joined(room), network.joined(room)
    one.answers()
    shown = one.only("324", f"MODE {room}")
    assert shown.params[1] == room
    assert set(shown.params[2]) == set("+nt")
    one.answers(f"MODE {room} +m")
    assert two.only("MODE").params == (room, "+m")
    two.only("404", f"PRIVMSG {room} :x")
    one.answers(f"MODE {room} +v {two.nick}")
    assert two.only("MODE").params == (room, "+v", two.nick)
    two.answers(f"PRIVMSG {room} :x")
    one.only("PRIVMSG")
    two.only("482", f"MODE {room} -m")
    one.only("472", f"MODE {room} +Q")
    one.only("441", f"MODE {room} +o {network.registered().nick}")


def test_h9_keys_limits_and_invitations(network: Network) -> None:
    room = network.room()
    one, two = network.joined(room), network.registered()
    one.answers(f"MODE {room} +k sesame")
    two.only("475", f"JOIN {room}")
    two.only("475", f"JOIN {room} wrong")
    two.only("JOIN", f"JOIN {room} sesame")
    two.answers(f"PART {room}")
    one.answers(f"MODE {room} -k sesame", f"MODE {room} +l 1")
    two.only("471", f"JOIN {room}")
    one.answers(f"MODE {room} -l", f"MODE {room} +i")
    two.only("473", f"JOIN {room}")
    assert one.only("341", f"INVITE {two.nick} {room}").params[1:] == (two.nick, room)
    assert two.only("INVITE").params == (two.nick, room)
    two.only("JOIN", f"JOIN {room}")
    one.only("443", f"INVITE {two.nick} {room}")


def test_h9_bans_and_their_exceptions(network: Network) -> None:
    room = network.room()
    one, two = network.joined(room), network.registered()
    one.answers(f"MODE {room} +b {two.nick}!*@*")
    two.only("474", f"JOIN {room}")
    listed = one.only("367", f"MODE {room} b")
    assert listed.params[1:3] == (room, f"{two.nick}!*@*")
    one.answers(f"MODE {room} +e {two.nick}!*@*")
    two.only("JOIN", f"JOIN {room}")


def test_h9_kick(network: Network) -> None:
    room = network.room()
    one, two = network.joined(room), network.joined(room)
    one.answers()
    two.only("482", f"KICK {room} {one.nick} :no")
    one.answers(f"KICK {room} {two.nick} :out with you")
    kick = two.only("KICK")
    assert kick.params == (room, two.nick, "out with you")
    two.only("442", f"PART {room}")
    one.only("441", f"KICK {room} {two.nick}")
    one.only("403", "KICK #never-was-there x")


def test_h9_list_and_names(network: Network) -> None:
    room = network.room()
    one = network.joined(room)
    one.answers(f"TOPIC {room} :listed")
    other = network.registered()
    line = other.only("322", f"LIST {room}")
    assert line.params[1:] == (room, "1", "listed")
    one.answers(f"MODE {room} +s")
    assert [m.command for m in other.answers(f"LIST {room}")] == ["321", "323"]
    assert [m.command for m in other.answers(f"NAMES {room}")] == ["366"]
    assert [m.command for m in one.answers(f"NAMES {room}")] == ["353", "366"]


def test_h9_whois(network: Network) -> None:
    room = network.room()
    one, two = network.joined(room), network.registered()
    came = {m.command: m for m in two.answers(f"WHOIS {one.nick}")}
    assert came["311"].params[1:3] == (one.nick, one.nick)
    assert came["311"].params[-1] == "Real Name"
    assert f"@{room}" in came["319"].params[-1].split()
    assert {"312", "317", "318"} <= set(came)
    assert "378" not in came
    own = one.only("378", f"WHOIS {one.nick}")
    assert own.params[-1] == "is connecting from *@127.0.0.1 127.0.0.1"
    assert [m.command for m in two.answers("WHOIS nobody-there")] == ["401", "318"]
    two.only("431", "WHOIS")


def test_h9_whowas(network: Network) -> None:
    one, two = network.registered(), network.registered()
    one.sends("QUIT")
    one.ends()
    assert two.only("314", f"WHOWAS {one.nick}").params[1] == one.nick
    assert [m.command for m in two.answers("WHOWAS never-was")] == ["406", "369"]


def test_h9_who_and_whox(network: Network) -> None:
    room = network.room()
    one = network.joined(room)
    row = one.only("352", f"WHO {room}")
    assert row.params[1:3] == (room, one.nick)
    assert row.params[5:] == (one.nick, "H@", "0 Real Name")
    row = one.only("354", f"WHO {one.nick} %tnuhar,42")
    assert row.params[1] == "42"
    assert row.params[-2:] == ("0", "Real Name")
    assert one.answers("WHO nobody-there")[-1].command == "315"


def test_h9_ison_and_userhost(network: Network) -> None:
    one = network.registered()
    assert one.only("303", f"ISON {one.nick} nobody-there").params[-1].split() == [one.nick]
    assert one.only("302", f"USERHOST {one.nick}").params[-1].startswith(one.nick)


def test_h9_away(network: Network) -> None:
    one, two = network.registered(), network.registered()
    one.only("306", "AWAY :at lunch")
    assert two.only("301", f"PRIVMSG {one.nick} :x").params[1:] == (one.nick, "at lunch")
    one.only("305", "AWAY")


def test_h9_about_the_server(network: Network) -> None:
    peer = network.registered()
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


def test_h9_operators_only(network: Network) -> None:
    peer = network.registered()
    for command in ("KILL x :y", "WALLOPS :x", "REHASH"):
        peer.only("481", command)
    peer.only("491", "OPER root secret")


def test_h9_user_modes(network: Network) -> None:
    peer = network.registered()
    peer.answers(f"MODE {peer.nick} +i")
    assert "i" in peer.only("221", f"MODE {peer.nick}").params[1]
    peer.only("501", f"MODE {peer.nick} +Q")
    peer.only("502", f"MODE {network.registered().nick} +i")
