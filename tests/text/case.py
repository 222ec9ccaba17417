"""What the tests of the text dialect have in common: a hall that is closed afterwards."""

from __future__ import annotations

from typing import Any, ClassVar

from twisted.trial.unittest import SynchronousTestCase

from twisted_chat.doors.text.door import FIRST_STEPS
from twisted_chat.testing import PASSWORD, Client, Hall

WELCOME = f"Login successful, Welcome to twisted-chat!\n{FIRST_STEPS}"


class HallTestCase(SynchronousTestCase):
    """A test with a server of its own."""

    settings: ClassVar[dict[str, Any]] = {}

    def setUp(self) -> None:
        self.hall = self.open_hall(**self.settings)

    def open_hall(self, **settings: Any) -> Hall:
        """A hall that is closed when the test is over."""
        hall = Hall(**settings)
        hall.__enter__()
        self.addCleanup(hall.__exit__, None, None, None)
        return hall

    def people(self, *names: str) -> list[Client]:
        """These people, signed in, who have heard nothing yet."""
        return [self.hall.person(name) for name in names]

    def comes_back(self, client: Client, name: str) -> Client:
        """Somebody logs out and in again; the new connection, before its welcome is read."""
        client.types("logout")
        self.hall.wait(2)
        return self.logs_in(name)

    def logs_in(self, name: str, password: str = PASSWORD, host: str = "127.0.0.1") -> Client:
        """A known person types name and password; nothing is read yet."""
        client = self.hall.connects(host)
        client.types(name, password)
        return client

    def signs_up(self, name: str) -> Client:
        """Somebody new, whose coming others have yet to be told of."""
        client = self.hall.connects()
        client.types(name, "x", "x")
        return client

    def forget(self, *clients: Client) -> None:
        """These people look away from what has come so far."""
        self.hall.wait(2)
        for client in clients:
            client.takes()
