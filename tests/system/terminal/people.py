"""People at terminals, and the server that they talk by."""

from __future__ import annotations

import sys

from tests.support.server_process import Server
from tests.support.tmux import Terminal, require_tmux
from tests.system.world import World

CLIENT = (sys.executable, "-m", "twisted_chat.client")
PASSWORD = "alternating"
SIZE = (100, 24)


class People(World):
    """One server, and as many people as a test wants."""

    port_for_clients = 0  # where they go, if there is something between them and the server

    def begin(self) -> None:
        super().begin()
        require_tmux()
        users = self.folder / "users"
        users.write_text(
            "".join(f"{name} {PASSWORD}\n" for name in ("tesla", "edison", "bell", "alice"))
        )
        self.server = self.served("--users", str(users))
        self.server.line_with("New accounts from")

    def served(self, *options: str) -> Server:
        server = Server(self.folder, "--flood-limit", "0", *options)
        self.after(server.kill)
        return server

    def client(self, *words: str, size: tuple[int, int] = SIZE, **env: str) -> Terminal:
        """The client in a terminal, where nobody has signed in yet."""
        port = str(self.port_for_clients or self.server.port)
        terminal = Terminal(*CLIENT, "127.0.0.1", port, *words, size=size, env=env)
        self.after(terminal.close)
        return terminal

    def person(self, name: str, *words: str, size: tuple[int, int] = SIZE, **env: str) -> Terminal:
        """Somebody who has signed in."""
        terminal = self.client(*words, size=size, **env)
        terminal.shows("Username:")
        terminal.types(name)
        terminal.shows("Enter user's password:")
        terminal.types(PASSWORD)
        terminal.shows("#lobby>", "online")
        return terminal

    def tesla_and_edison(self, size: tuple[int, int] = SIZE) -> tuple[Terminal, Terminal]:
        """Two who talk; the first has been told of the other, so no notice comes later."""
        tesla, edison = self.person("tesla", size=size), self.person("edison", size=size)
        tesla.shows("edison joined the conversation")
        return tesla, edison

    def leaves(self, terminal: Terminal) -> None:
        terminal.presses("C-c")
        assert terminal.ended() == 0
