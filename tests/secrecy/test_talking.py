"""Two and more devices talk, and the one that was away reads it all."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from tests.secrecy.company import Server, User


class TalkingTests(SynchronousTestCase):
    """What is said is read by whom it is for."""

    def setUp(self) -> None:
        self.server = Server(den=("alice", "bob", "carol"))
        self.alice = User(self.server, "alice")
        self.bob = User(self.server, "bob")

    def test_two_talk_in_private(self) -> None:
        self.alice.says("bob", "hi")
        self.assertEqual(self.bob.catches_up("alice"), ["alice: hi"])
        self.bob.says("alice", "hello")
        self.alice.says("bob", "how are you?")
        self.assertEqual(
            self.alice.catches_up("bob"), ["alice: hi", "bob: hello", "alice: how are you?"]
        )
        self.assertEqual(self.bob.catches_up("alice"), ["bob: hello", "alice: how are you?"])

    def test_a_room_hears_what_is_said(self) -> None:
        carol = User(self.server, "carol")
        for number in range(3):
            self.alice.says("#den", f"{number}")
        self.bob.says("#den", "yes")
        said = ["alice: 0", "alice: 1", "alice: 2", "bob: yes"]
        for user in (self.alice, self.bob, carol):
            self.assertEqual(user.catches_up("#den"), said)
