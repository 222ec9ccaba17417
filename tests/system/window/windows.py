"""What the tests of the window share: a server, somebody on a plain socket, the window itself."""

from __future__ import annotations

import sys
from collections.abc import Mapping

from tests.support.display import Display, require_display
from tests.support.server_process import Server
from tests.system.friend import Friend
from tests.system.world import World

PASSWORD = "alternating"
GUI = (sys.executable, "-m", "twisted_chat.gui", "--light")


class Windows(World):
    """A server, and windows that connect to it."""

    def begin(self) -> None:
        super().begin()
        require_display()
        self.server = Server(self.folder)
        self.after(self.server.kill)

    def person(self, name: str) -> Friend:
        """Somebody who is new, and uses another program."""
        friend = Friend(self.server, name)
        self.after(friend.close)
        return friend.enter()

    def window(self, *words: str, port: int = 0, more: Mapping[str, str] | None = None) -> Display:
        """A window, with what earlier ones of this test have kept."""
        kept = {f"XDG_{what}_HOME": str(self.folder / what) for what in ("DATA", "CONFIG")}
        address = ("localhost", str(port or self.server.port))
        display = Display(*GUI, *words, *address, size=(1100, 760), env={**kept, **(more or {})})
        self.after(display.close)
        return display

    def trusting(self, *words: str, port: int = 0) -> Display:
        """A window that is asked who one is, by a server that is trusted."""
        display = self.window(*words, port=port)
        display.clicks("Trust")
        display.shows("Username")
        display.focus("twisted-chat")
        return display

    def signed_in(self, name: str = "tesla", *words: str, port: int = 0) -> Display:
        """A window of somebody who is new."""
        display = self.trusting(*words, port=port)
        self.sign_up(display, name)
        return display

    def sign_up(self, display: Display, name: str) -> None:
        display.types(name)
        display.shows(f"{name} is a new name here", "Enter Password")
        display.types(PASSWORD)
        display.shows("Enter Password again", "Cancel")
        display.types(PASSWORD)
        display.shows("Login successful")
        display.focus("#lobby - twisted-chat")

    def end(self, display: Display, code: int = 0) -> None:
        """It ends without a word on its terminal."""
        assert (display.ended(), display.output) == (code, "")
