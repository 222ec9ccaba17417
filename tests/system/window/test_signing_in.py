"""Coming in through the window, and leaving."""

from __future__ import annotations

import signal
import socket

from tests.system.window.windows import PASSWORD, Windows


def test_a_new_name_chooses_a_password(windows: Windows) -> None:
    window = windows.trusting()
    window.types("tesla")
    window.shows("tesla is a new name here: choose a password for it.", "Enter Password")
    window.types(PASSWORD, enter=False)
    window.shows("•" * len(PASSWORD))
    window.hides(PASSWORD)
    window.presses("Return")
    window.shows("Enter Password again")
    window.types("something else")
    window.shows("The two passwords are not the same: choose again.")
    window.types(PASSWORD)
    window.shows("Enter Password again")
    window.types(PASSWORD)
    window.shows("Login successful, Welcome to twisted-chat!", "tesla", "connected", "TLS")
    window.hides("Sign in to")
    window.clicks("Disconnect")
    windows.end(window)


def test_whoever_was_here_before_comes_in_without_a_word(windows: Windows) -> None:
    window = windows.signed_in("tesla")
    window.types("I am here")
    window.shows("tesla: I am here")
    window.closes("#lobby - twisted-chat")
    windows.end(window)
    again = windows.window()
    again.shows("tesla: I am here", "Login successful")
    again.focus("#lobby - twisted-chat")
    again.types("and here again")
    again.shows("tesla: and here again")
    again.presses("ctrl+q")
    windows.end(again)


def test_ctrl_c_at_its_terminal_says_goodbye(windows: Windows) -> None:
    edison = windows.person("edison")
    window = windows.signed_in()
    window.shows("2 online")
    window.program.send_signal(signal.SIGINT)
    windows.end(window)
    assert edison.ask("whoelse")["people"] == []


def test_a_wrong_password_is_asked_for_again(windows: Windows) -> None:
    windows.person("edison")
    window = windows.trusting()
    window.types("edison")
    window.shows("Enter user's password")
    window.types("a guess")
    window.shows("You have 2 tries left", "Enter user's password")
    window.presses("Escape")
    windows.end(window)


def test_i1_a_server_that_is_not_trusted_is_told_nothing(windows: Windows) -> None:
    window = windows.window("-u", "tesla")
    window.shows("Do you trust this server?", "is new here", "SHA256:", "Trust")
    window.clicks("Do not connect")
    window.shows("was not trusted: nothing was sent to it.")
    window.clicks("Close")
    windows.end(window, 1)


def test_i1_a_changed_key_is_refused(windows: Windows) -> None:
    window = windows.trusting()
    window.presses("Escape")
    windows.end(window)
    (known,) = (windows.folder / "CONFIG").rglob("servers.json")
    key = known.read_text()
    at = key.index("SHA256:") + 7
    known.write_text(key[:at] + ("A" if key[at] != "A" else "B") + key[at + 1 :])
    window = windows.window()
    window.shows("HAS CHANGED", "Somebody may be posing as the server", "Close")
    window.closes("twisted-chat")
    windows.end(window, 1)


def test_nobody_answers(windows: Windows) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    window = windows.window(port=port)
    window.shows(f"There is no answer from localhost on port {port}")
    window.clicks("Close")
    windows.end(window, 1)


def test_one_need_not_wait_for_a_silent_server(windows: Windows) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        window = windows.window(port=silent.getsockname()[1])
        window.shows("Connecting…")
        window.clicks("Cancel")
        windows.end(window)
