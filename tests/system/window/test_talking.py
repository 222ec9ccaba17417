"""Talking in the window, with somebody who uses another program."""

from __future__ import annotations

import os
from pathlib import Path

from tests.support.display import Display
from tests.support.programs import until
from tests.support.relay import Relay
from tests.system.window.windows import Windows


def test_both_hear_each_other(windows: Windows) -> None:
    edison = windows.person("edison")
    window = windows.signed_in()
    window.types("hello from the window")
    assert edison.hears(event="message", text="hello from the window")["from"] == "tesla"
    window.shows("tesla: hello from the window", "message 1 stored")
    edison.say("#lobby", "hello, window")
    window.shows("edison: hello, window")


def test_h11_nothing_that_is_said_means_anything_to_tk(windows: Windows) -> None:
    edison = windows.person("edison")
    window = windows.signed_in()
    for text in ("[exit] $x {", "{ \\", '"; exit #', "%W %s", "😀 𝕳 ünï 中文"):
        edison.say("#lobby", text)
        window.shows(f"edison: {text}")
        window.types(text)
        edison.hears(event="message", text=text)
    edison.say("#lobby", "\x02bold\x0f \x0304,02red\x03 \x11\x1dtilted\x0f \x16\x1e{back\x1f}")
    window.shows("edison: bold red tilted {back}")
    edison.ask("create", room="#coil")
    edison.ask("topic", room="#coil", text="{[exit]} $x \\")
    window.types("/join #coil")
    window.shows("{[exit]} $x \\")
    window.presses("ctrl+q")
    windows.end(window)


def test_private_messages_are_told_apart(windows: Windows) -> None:
    edison = windows.person("edison")
    window = windows.signed_in()
    edison.say("tesla", "a word in private")
    window.shows("edison 1")
    window.hides("a word in private")
    window.presses("ctrl+Tab")
    window.shows("private conversation", "private\tedison: a word in private")
    window.focus("edison - twisted-chat")
    window.types("I hear you")
    assert edison.hears(event="message", text="I hear you")["room"] == "tesla"
    window.hides("edison 1")
    edison.ask("read", positions={"tesla": 2})
    window.shows("message 2 read")


def test_edits_and_deletions_are_made_where_the_message_stands(windows: Windows) -> None:
    edison = windows.person("edison")
    window = windows.signed_in()
    edison.say("#lobby", "helo")
    edison.say("#lobby", "a secret")
    edison.say("#lobby", "the end")
    window.shows("edison: helo", "edison: a secret", "edison: the end")
    edison.ask("edit", message="#lobby/1", text="hello")
    edison.ask("delete", what="#lobby/2")
    window.shows("edison: hello (edited)", "edison: (deleted)", "edison: the end")
    window.hides("helo", "a secret")
    edison.ask("edit", message="#lobby/1", text="three\nlines\nof text")
    window.shows("edison: three", "1+\tedison: lines", "1+\tedison: of text (edited)")
    edison.ask("edit", message="#lobby/1", text="one again")
    window.shows("edison: one again (edited)", "edison: (deleted)", "edison: the end")
    window.hides("three", "lines", "of text")


def test_commands_questions_and_completion(windows: Windows) -> None:
    window = windows.signed_in()
    window.types("/who", enter=False)
    window.presses("Tab")
    window.shows("Tab: /whoelse  /wholast  /whois")
    window.presses("Return")
    window.shows("online users")
    window.hides("Tab: ")
    window.types("/personalintro")
    window.shows("Please enter your personal introduction", "Cancel")
    window.types("alternating current")
    window.shows("Your introduction is kept.")
    window.types("/create #coil")
    window.shows("#coil", "owner", "You have made #coil")
    window.focus("#coil - twisted-chat")
    window.types("/topic #coil About coils")
    window.shows("tesla set the topic of #coil: About coils", "About coils")
    window.presses("Up", "Up")
    window.shows("/create #coil")


def test_g6_a_large_paste_asks_first(windows: Windows) -> None:
    edison = windows.person("edison")
    window = windows.signed_in()
    window.copies("one\ntwo")
    window.presses("ctrl+v")
    window.shows("one", "two")
    window.presses("Return")
    edison.hears(event="message", text="one")
    edison.hears(event="message", text="two")
    window.copies("\n".join(f"row {number}" for number in range(12)))
    window.presses("ctrl+v")
    window.shows("row 11")
    window.presses("Return")
    window.shows("These are 12 lines.")
    window.presses("Escape")
    window.hides("These are 12 lines.")
    window.presses("Return")
    window.clicks("Send 12 messages")
    for number in range(12):
        assert edison.hears(event="message", text=f"row {number}")["seq"] == 3 + number


def test_earlier_messages_come_when_one_scrolls_up(windows: Windows) -> None:
    edison = windows.person("edison")
    for number in range(120):
        edison.say("#lobby", f"message {number}.")
    window = windows.signed_in()
    window.shows("message 119.")
    window.hides("message 1.")
    while "message 0." not in window.text():
        window.presses("Prior")
    edison.say("#lobby", "do not jump")
    edison.say("#lobby", "tesla, look")
    window.shows("message 0.")
    window.types("I look")
    window.shows("do not jump", "tesla: I look")


def test_a_lost_connection_comes_back(windows: Windows) -> None:
    with Relay(windows.server.port) as relay:
        edison = windows.person("edison")
        window = windows.signed_in(port=relay.port)
        relay.refuse()
        relay.cut()
        window.shows("The connection was lost", "not connected", "Connect again")
        window.types("said meanwhile")
        window.shows("not sent yet: said meanwhile")
        edison.say("#lobby", "you were away")
        relay.accept_again()
        window.clicks("Connect again")
        window.shows("Connected again", "edison: you were away", "tesla: said meanwhile")
        edison.hears(event="message", text="said meanwhile")
        window.hides("Connect again")


def elsewhere(windows: Windows, **more: str) -> Display:
    """A window of tesla's, who looks elsewhere."""
    first = windows.signed_in()
    first.closes("#lobby - twisted-chat")
    windows.end(first)
    window = windows.window(more=more)
    window.shows("Login successful")
    window.clicks_at(1095, 755)  # beside the window
    return window


def test_the_title_says_who_calls(windows: Windows) -> None:
    edison = windows.person("edison")
    window = elsewhere(windows)
    edison.say("tesla", "are you there?")
    window.shows("(1) edison - twisted-chat")
    edison.say("tesla", "hello?")
    window.focus("(2) edison - twisted-chat")
    window.shows("#lobby - twisted-chat")


def test_the_desktop_shows_it(windows: Windows) -> None:
    edison = windows.person("edison")
    told = windows.folder / "told"
    program = windows.folder / "bin" / "notify-send"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nprintf "%s\\n" "$@" >{told}.part\nmv {told}.part {told}\n')
    program.chmod(0o755)
    path = f"{program.parent}:{os.environ['PATH']}"
    elsewhere(windows, PATH=path)
    edison.say("tesla", "<b>look</b> $(date)")
    until(told.exists, lambda: "nobody was told")
    assert told.read_text().splitlines() == [
        "--app-name=twisted-chat",
        "--",
        "edison",
        "edison: &lt;b&gt;look&lt;/b&gt; $(date)",
    ]


def test_the_sides_give_way_in_a_small_window(windows: Windows) -> None:
    window = windows.signed_in()
    window.shows("Conversations", "1 online")
    window.resize("#lobby - twisted-chat", 640, 400)
    window.hides("1 online")
    window.shows("Conversations")
    picture = Path("small.png").absolute()
    window.screenshot(picture, "#lobby - twisted-chat")
    assert len(picture.read_bytes()) > 3000  # an empty one has a few hundred
    window.presses("F9")
    window.hides("Conversations")
    window.presses("F9")
    window.shows("Conversations", "1 online")
