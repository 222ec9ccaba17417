"""People talk from one terminal to another."""

from __future__ import annotations

import re
from pathlib import Path

from tests.support.programs import until
from tests.system.terminal.people import People


def test_a_line_that_is_being_typed_stays_as_it_is(people: People) -> None:
    tesla, edison = people.tesla_and_edison()
    tesla.types("half a sen", enter=False)
    edison.shows("tesla is typing")
    for number in range(5):
        edison.types(f"line {number}")
    tesla.shows("edison: line 0\n", "edison: line 4\n#lobby> half a sen\nconnected")
    tesla.types("tence")
    edison.shows("tesla: half a sentence")
    tesla.shows("tesla: half a sentence\n#lobby>\nconnected", "message 6 stored")


def test_what_somebody_says_cannot_move_anything(people: People) -> None:
    tesla, edison = people.tesla_and_edison()
    edison.types("/message tesla \u200f\u061c👩\u200d💻 日本語 \ufeff mark", enter=True)
    tesla.shows("日本語", "mark")
    edison.pastes("bell\x07 and escape\x1b[2J")
    edison.presses("Enter")
    edison.shows("cannot be sent")
    tesla.shows("日本語")


def test_tab_completes(people: People) -> None:
    tesla = people.person("tesla")
    tesla.types("/create #homework")
    tesla.shows("#homework>")
    tesla.types("/whoe", enter=False)
    tesla.presses("Tab")
    tesla.shows("#homework> /whoelse\n")
    tesla.presses("C-c")
    tesla.types("/topic #ho", enter=False)
    tesla.presses("Tab")
    tesla.types("Alternating currents")
    tesla.shows("set the topic of #homework: Alternating currents", "#homework: Alternating")
    tesla.types("/message ed", enter=False)
    edison = people.person("edison")
    tesla.shows("2 online")
    tesla.presses("Tab")
    tesla.shows("/message edison")
    tesla.types("hello")
    edison.shows("tesla: hello")
    tesla.types("/un", enter=False)
    tesla.presses("Tab")
    tesla.shows("/unmute", "/unban", "let somebody")


def test_unread_conversations_and_the_way_there(people: People) -> None:
    tesla, edison = people.tesla_and_edison()
    edison.types("/create #homework")
    edison.shows("#homework>")
    tesla.types("/join #homework")
    tesla.shows("#homework>")
    tesla.presses("C-n")
    tesla.shows("#lobby>")
    edison.types("has anybody")
    edison.types("seen this, tesla?")
    tesla.shows("#homework 2 new, 1 for you")
    tesla.presses("M-a")
    tesla.shows("— #homework —\n#homework>")
    tesla.hides("2 new")
    edison.types("/message tesla a secret")
    tesla.shows("edison wrote 1")
    tesla.presses("F2")
    tesla.shows("— edison (private) —\nedison (private)>")
    edison.types("/switch tesla")
    edison.shows("message 1 read")
    tesla.presses("M-Right")
    tesla.shows("#lobby>")
    tesla.presses("C-p")
    tesla.shows("edison (private)>")


def test_what_was_said_before_one_looked(people: People) -> None:
    tesla, edison = people.tesla_and_edison()
    tesla.types("/message edison one")
    tesla.types("/message edison two")
    edison.shows("tesla: two", "tesla wrote 2")
    people.leaves(edison)
    again = people.person("edison")
    again.shows("tesla wrote 2")
    assert "tesla: two" not in again.screen()
    again.presses("M-a")
    again.shows("— tesla (private) —\n", "tesla: one", "tesla: two\ntesla (private)>")


def test_the_bell(people: People) -> None:
    tesla, edison = people.tesla_and_edison()
    quiet = people.person("bell", "--no-bell")
    edison.types("hello everybody")
    tesla.shows("hello everybody")
    assert not tesla.rang
    edison.types("hello tesla and bell")
    tesla.shows("hello tesla")
    quiet.shows("hello tesla")
    assert tesla.rang
    assert not quiet.rang


def test_nobody_is_rung_at_while_answering(people: People) -> None:
    tesla, edison = people.tesla_and_edison()
    tesla.types("I am ", enter=False)
    tesla.shows("> I am")
    edison.types("tesla, where are you?")
    tesla.shows("where are you?")
    assert not tesla.rang
    edison.types("/message tesla say something")
    tesla.shows("say something")
    assert tesla.rang


def test_commands_and_their_answers_stand_together(people: People) -> None:
    tesla = people.person("tesla")
    tesla.types("/hisory")
    tesla.shows("#lobby> /hisory\n(hisory is an unknown command. Did you mean history?")
    tesla.types("BM")
    tesla.shows("#lobby> BM\nMessage:")
    tesla.types("from a question")
    tesla.shows("Message: from a question\n", "tesla: from a question")
    tesla.types("/delete-account")
    tesla.shows("Type yes to go on:")
    tesla.presses("C-c")
    tesla.hides("Type yes")
    tesla.shows("#lobby>")


def test_what_was_typed_can_be_had_again(people: People) -> None:
    tesla = people.person("tesla")
    tesla.types("x" * 5000)
    tesla.shows("the most is 4,096")
    tesla.types("short")
    tesla.shows("tesla: short")
    tesla.presses("Up")
    tesla.shows("#lobby> short")
    tesla.presses("Up", "BSpace")
    tesla.shows("x" * 90)
    tesla.presses("C-c")
    tesla.types("/password")
    tesla.shows("Enter your password:")
    tesla.types("not this")
    tesla.types("nor this")
    tesla.types("nor that")
    tesla.shows("The two passwords are not the same")
    tesla.presses("C-c")
    tesla.shows("#lobby>")
    tesla.presses("Up")
    tesla.shows("#lobby> /password")


def test_g6_a_paste_of_many_lines_asks(people: People) -> None:
    tesla, edison = people.tesla_and_edison()
    tesla.pastes("".join(f"line {number}\n" for number in range(12)))
    tesla.shows("Send these 12 lines to #lobby? [y/N]")
    tesla.types("n")
    tesla.shows("(Nothing was sent.)")
    tesla.pastes("".join(f"again {number}\n" for number in range(12)))
    tesla.shows("Send these 12 lines to #lobby? [y/N]\n")
    tesla.types("y")
    edison.shows("again 0", "again 11")
    assert "line 0" not in edison.screen(history=True)
    tesla.types("two: ", enter=False)
    tesla.pastes("quit\nlogout")  # words, not commands
    edison.shows("tesla: two: quit\n", "tesla: logout\n")


def test_g6_a_paste_is_never_taken_for_typing(people: People, tmp_path: Path) -> None:
    tesla, edison = people.tesla_and_edison()
    output = tmp_path / "output"
    tesla.records(output)
    edison.types("printed above what tesla types")
    tesla.shows("edison: printed above")
    tesla.presses("C-l")
    tesla.hides("edison: printed above")
    people.leaves(tesla)
    unmarked = b"\x1b[?2004l"
    until(lambda: unmarked in output.read_bytes(), lambda: "pastes are marked to the end")
    assert output.read_bytes().count(unmarked) == 1  # at the end, and never before


def test_g6_a_megabyte_is_refused_and_nothing_hangs(people: People) -> None:
    tesla = people.person("tesla")
    for text in ("x" * 1_000_000, "x\n" * 500_000):
        tesla.pastes(text)
        tesla.shows("nothing of it was")
        tesla.presses("C-l")
        tesla.hides("nothing of it was")
    tesla.types("still here")
    tesla.shows("tesla: still here")


def test_without_colors(people: People) -> None:
    edison, alice = people.person("edison"), people.person("alice")
    for tesla in (people.person("tesla", NO_COLOR="1"), people.person("bell", "--no-color")):
        edison.types("hello tesla")
        tesla.shows("edison: hello tesla")
        assert not re.search("\x1b\\[[0-9;]*[34][0-8]", tesla.screen(colors=True))
    alice.shows("edison: hello tesla")
    assert re.search("\x1b\\[38;5;[0-9]+medison", alice.screen(colors=True))


def test_any_size_at_any_moment(people: People) -> None:
    tesla, edison = people.tesla_and_edison()
    tesla.types("half a sentence", enter=False)
    tesla.shows("> half a sentence")
    for columns, rows in ((40, 12), (20, 6), (7, 2), (1, 1), (200, 50)):
        tesla.resize(columns, rows)
        edison.types(f"at {columns}")
        edison.shows(f"edison: at {columns}")
    tesla.resize(60, 10)
    tesla.shows("> half a sentence\nconnected, TLS")  # it knows its size
    edison.types("at 60")
    tesla.shows("edison: at 60\n#lobby> half a sentence\nconnected")
    tesla.types(" that ends")
    edison.shows("tesla: half a sentence that ends")


def test_forty_columns(people: People) -> None:
    tesla, edison = people.person("tesla", size=(40, 12)), people.person("edison")
    edison.types("/message tesla hello")
    tesla.shows("edison: hello", "TLS · edison wrote 1 · 2 online")
    assert tesla.screen().rstrip().splitlines()[-2] == "#lobby>"


def test_what_is_typed_without_a_connection_arrives_once(people: People) -> None:
    tesla, edison = people.tesla_and_edison()
    tesla.types("before")
    edison.shows("tesla: before")
    port = people.server.port
    people.server.kill()
    tesla.shows("The connection was lost. What you say now is sent", "not connected, next try")
    tesla.types("meanwhile")
    tesla.shows("not sent yet: meanwhile\n", "1 not sent yet")
    tesla.types("a line that", enter=False)
    people.server = people.served("--port", str(port))
    tesla.shows("(Connected again.)", "tesla: meanwhile\n", "#lobby> a line that")
    tesla.hides("not sent yet")
    edison.shows("tesla: meanwhile")
    tesla.types(" ends")
    edison.shows("tesla: a line that ends")
    for terminal in (tesla, edison):
        assert terminal.screen(history=True).count("tesla: meanwhile") == 1


def test_who_leaves_meanwhile_hears_what_is_not_sent(people: People) -> None:
    tesla = people.person("tesla")
    people.server.kill()
    tesla.shows("not connected")
    tesla.types("meanwhile")
    tesla.shows("1 not sent yet")
    tesla.types("/quit")
    assert tesla.ended() == 0
    tesla.shows("(1 message is not sent yet, and will be when you are here again.)")
