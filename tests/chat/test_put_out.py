"""Who loses a room while the store is asked is told nothing of it, by any door."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from unittest import mock

from twisted.trial.unittest import SynchronousTestCase

from tests.irc.case import IrcClient
from twisted_chat.testing import PASSWORD, Client, Hall


class PutOutTests(SynchronousTestCase):
    """Bob is in a private room of Ann's, in which there is a secret."""

    def setUp(self) -> None:
        self.hall = Hall()
        self.addCleanup(self.hall.__exit__, None, None, None)
        self.ann, self.bob = self.hall.bot("ann"), self.hall.bot("bob")
        self.ann.asks("create", room="#den", private=True)
        self.ann.asks("invite", room="#den", user="bob")
        self.bob.asks("join", room="#den")
        self.ann.asks("send", room="#den", text="a secret word", cid="1")
        self.ann.asks("send", room="#lobby", text="a public word", cid="2")
        for client in (self.ann, self.bob):
            client.takes_events()

    @contextmanager
    def put_out_while_asking(self, before: int = 0) -> Iterator[None]:
        """What is asked meanwhile is answered when Bob has just been put out of the room.

        So many questions that come `before` it are answered at once.
        """
        waiting: list[Callable[[], Any]] = []
        read = self.hall.store.read

        def later(question: Any, done: Any) -> None:
            nonlocal before
            before -= 1
            if before >= 0:
                read(question, done)
            else:
                waiting.append(lambda: read(question, done))

        with mock.patch.object(self.hall.store, "read", later):
            yield
            self.ann.asks("kick", room="#den", user="bob")
        self.bob.takes_events()
        for answer in waiting:
            answer()
        self.hall.settle()

    def asked(self, do: str, **arguments: Any) -> Any:
        """What Bob is answered to that."""
        with self.put_out_while_asking():
            number = self.bob.begins(do, **arguments)
        return self.bob.answer_to(number)

    def test_c5_a_page_of_the_room(self) -> None:
        for do, arguments in (
            ("history", {"place": "#den"}),
            ("entries", {"room": "#den", "after": 0}),
        ):
            answer = self.asked(do, **arguments)
            self.assertEqual(answer["error"]["code"], "no_such_room")
            self.ann.asks("invite", room="#den", user="bob")
            self.bob.asks("join", room="#den")

    def test_c5_pages_of_several_rooms(self) -> None:
        self.assertEqual(self.texts(self.asked("history")), ["a public word"])
        self.ann.asks("invite", room="#den", user="bob")
        self.bob.asks("join", room="#den")
        self.ann.asks("send", room="#den", text="another secret word", cid="3")
        self.assertEqual(self.texts(self.asked("search", words="word")), ["a public word"])

    def texts(self, page: Any) -> list[str]:
        return [line["text"] for line in page["lines"]]

    def test_c5_what_was_missed(self) -> None:
        self.bob.vanishes()
        with self.put_out_while_asking(before=1):  # for his credentials
            person = self.hall.connects()
            person.types("bob", PASSWORD)
        self.look_at(person)

    def test_c5_over_irc(self) -> None:
        client = IrcClient(self.hall, "127.0.0.1")
        self.hall.clients.append(client)
        client.registers("bob", "batch", "server-time", "draft/chathistory", password=PASSWORD)
        client.answers("JOIN #den", "JOIN #lobby")
        with self.put_out_while_asking():
            client.sends_lines("SEARCH text=word")
        self.look_at(client)

    def look_at(self, client: Client) -> None:
        came = client.takes()
        self.assertNotIn("secret", came)
        self.assertIn("a public word", came)
