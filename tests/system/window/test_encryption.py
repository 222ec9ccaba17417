"""Encryption in the window, with somebody at another one."""

from __future__ import annotations

import re

from tests.support.display import Display
from tests.system.window.windows import PASSWORD, Windows

WORDS = re.compile(r"^(?:[a-z]{5} ){5}[a-z]{5}$", re.MULTILINE)


def both(windows: Windows) -> tuple[Display, Display]:
    """Two people on two computers."""
    elsewhere = windows.folder / "elsewhere"
    edison = windows.window(
        more={f"XDG_{what}_HOME": str(elsewhere / what) for what in ("DATA", "CONFIG")}
    )
    edison.clicks("Trust")
    edison.shows("Username")
    edison.focus("twisted-chat")
    windows.sign_up(edison, "edison")
    return windows.signed_in("tesla"), edison


def encrypt(windows: Windows, tesla: Display) -> None:
    tesla.types("/switch edison")
    tesla.shows("private conversation")
    tesla.clicks("Encrypt…")
    tesla.shows("for good", "Type yes to go on")
    tesla.types("yes")
    tesla.shows("encrypts this conversation", "encrypted")


def words(windows: Windows, window: Display) -> str:
    """The words that a card asks about; they stand in the conversation too."""
    found: list[str] = WORDS.findall(window.shows("the same six words?", "They are the same"))
    assert len(found) == 2
    assert len(set(found)) == 1
    return found[0]


def test_i3_a_conversation_becomes_encrypted_and_its_people_compare_words(windows: Windows) -> None:
    tesla, edison = both(windows)
    tesla.hides("Encrypt…")  # nobody encrypts the lobby
    encrypt(windows, tesla)
    tesla.types("the coil is ready")
    tesla.shows("[keys] edison's device", "encrypted\ttesla: the coil is ready")
    edison.presses("ctrl+Tab")
    edison.focus("tesla - twisted-chat")
    edison.shows("encrypted\ttesla: the coil is ready")
    edison.types("and so am I")
    tesla.shows("encrypted\tedison: and so am I")
    tesla.clicks("encrypted")
    edison.clicks("encrypted")
    assert words(windows, tesla) == words(windows, edison)
    edison.clicks("Not now")
    edison.hides("They are the same")
    tesla.clicks("They are the same")
    tesla.shows("encrypted, verified", "edison is verified")
    edison.hides("encrypted, verified")


def test_the_owner_of_a_room_encrypts_it(windows: Windows) -> None:
    window = windows.signed_in("tesla")
    window.types("/create #coil")
    window.shows("owner", "Encrypt…")
    window.clicks("Encrypt…")
    window.shows("Type yes to go on")
    window.types("yes")
    window.hides("Type yes to go on")
    window.types("sparks at noon")
    window.shows("encrypted\ttesla: sparks at noon")
    window.clicks("encrypted")
    window.shows("What you say in #coil is encrypted for no other device yet.")
    window.types("/readers verified")
    window.shows("encrypted, verified only", "Only verified devices get keys here")


def test_a_question_that_is_not_answered_with_yes_encrypts_nothing(windows: Windows) -> None:
    tesla, _ = both(windows)
    tesla.types("/switch edison")
    tesla.clicks("Encrypt…")
    tesla.shows("Type yes to go on")
    tesla.presses("Escape")
    tesla.hides("Type yes to go on")
    tesla.shows("Encrypt…")


def test_a_passphrase_is_asked_for_before_one_is_in(windows: Windows) -> None:
    window = windows.signed_in("tesla")
    window.types("/passphrase")
    window.shows("A passphrase for the keys")
    window.types("three coils")
    window.shows("Enter it again")
    window.types("three coils")
    window.shows("From now on this client asks for the passphrase")
    window.presses("ctrl+q")
    windows.end(window)
    window = windows.window()
    window.shows("Sign in to", "Enter the passphrase of your keys")
    window.focus("twisted-chat")
    window.types("two coils", enter=False)
    window.shows("•" * len("two coils"))
    window.presses("Return")
    window.shows("passphrase", "not", "Enter the passphrase of your keys")
    window.hides(PASSWORD)
    window.types("three coils")
    window.shows("Login successful")
    window.hides("Sign in to")
