"""Whether a server is the one it should be, and what is remembered of it."""

from __future__ import annotations

from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from twisted_chat.clients.connection.trust import VERIFIED, Decision, KnownServers, Peer, judge
from twisted_chat.core.errors import StartError

SELF_MADE = Peer(tls=True, loopback=False, fingerprint="SHA256:one", problem="unsigned")
VOUCHED = SELF_MADE._replace(verified=True)
PLAIN = Peer(tls=False, loopback=False)
PLAIN_HERE = PLAIN._replace(loopback=True)


class JudgeTests(SynchronousTestCase):
    def judged(self, peer: Peer, kept: str = "", **options: bool) -> Decision:
        found = judge(peer, "chat.example:9999", kept, **options)
        self.assertEqual(bool(found.sentence), found.decision is not Decision.GO_ON)
        return found.decision

    def test_a_new_server_is_shown_and_then_known(self) -> None:
        found = judge(SELF_MADE, "chat.example:9999", "")
        self.assertEqual((found.decision, found.keep), (Decision.NEW, "SHA256:one"))
        self.assertIn("SHA256:one", found.sentence)
        self.assertIs(self.judged(SELF_MADE, "SHA256:one"), Decision.GO_ON)

    def test_a_changed_key_is_refused_until_somebody_says_so(self) -> None:
        self.assertIs(self.judged(SELF_MADE, "SHA256:other"), Decision.REFUSE)
        self.assertIs(self.judged(SELF_MADE, "SHA256:other", insecure=True), Decision.REFUSE)
        self.assertIs(self.judged(SELF_MADE, "SHA256:other", trust_new_key=True), Decision.NEW)

    def test_whom_the_system_vouches_for_needs_no_pin_and_may_not_lose_it_silently(self) -> None:
        self.assertIs(self.judged(VOUCHED), Decision.GO_ON)
        self.assertIs(self.judged(VOUCHED, VERIFIED), Decision.GO_ON)
        self.assertIs(self.judged(SELF_MADE, VERIFIED), Decision.REFUSE)

    def test_i3_a_certificate_of_an_authority_takes_the_place_of_a_key_only_visibly(self) -> None:
        found = judge(VOUCHED, "chat.example:9999", "SHA256:other")
        self.assertEqual((found.decision, found.keep), (Decision.NEW, VERIFIED))
        for key in ("SHA256:other", "SHA256:one"):
            self.assertIn(key, found.sentence)
        self.assertEqual(found.key, "SHA256:one")

    def test_i3_a_known_key_stays_known_when_an_authority_vouches_for_it_too(self) -> None:
        found = judge(VOUCHED, "chat.example:9999", "SHA256:one")
        self.assertEqual((found.decision, found.keep), (Decision.GO_ON, ""))

    def test_i1_without_tls_only_on_this_machine_or_where_one_insists(self) -> None:
        self.assertIs(self.judged(PLAIN), Decision.REFUSE)
        self.assertIs(self.judged(PLAIN_HERE), Decision.GO_ON)
        self.assertIs(self.judged(PLAIN, insecure=True), Decision.GO_ON)

    def test_i1_a_server_that_had_tls_is_not_used_without_it(self) -> None:
        for kept in ("SHA256:one", VERIFIED):
            self.assertIs(self.judged(PLAIN_HERE, kept), Decision.REFUSE)
            self.assertIs(self.judged(PLAIN, kept), Decision.REFUSE)
            self.assertIs(self.judged(PLAIN, kept, insecure=True), Decision.GO_ON)


class KnownServersTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.path = Path(self.mktemp())

    def test_what_was_remembered_is_there_in_the_next_run_and_for_nobody_else(self) -> None:
        KnownServers(self.path).remember("a:1", key="SHA256:one")
        KnownServers(self.path).remember("a:1", name="tesla")
        known = KnownServers(self.path)
        self.assertEqual((known.key("a:1"), known.last_name("a:1")), ("SHA256:one", "tesla"))
        self.assertEqual((known.key("a:2"), known.last_name("a:2")), ("", ""))
        self.assertEqual(self.path.stat().st_mode & 0o777, 0o600)

    def test_a_damaged_file_is_not_taken_for_an_empty_one(self) -> None:
        for damaged in (b"", b"{", b"[]", b"\xff"):
            self.path.write_bytes(damaged)
            with self.assertRaises(StartError):
                KnownServers(self.path).key("a:1")
