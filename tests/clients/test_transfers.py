"""Files on their way, whatever happens to the connections that carry them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest import mock

from hypothesis import example, given, settings
from hypothesis import strategies as st
from twisted.internet.defer import Deferred, maybeDeferred
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase

from tests import often
from tests.support.company import Company, Friend
from twisted_chat.clients.connection.file_connection import MOST_GATHERED
from twisted_chat.clients.connection.trust import Peer
from twisted_chat.clients.files.codec import Uploaded
from twisted_chat.clients.files.downloads import Fetched
from twisted_chat.clients.files.transfer import Transfer
from twisted_chat.clients.files.transfers import MOST_AT_ONCE
from twisted_chat.clients.sync.messages import Outgoing, Stage
from twisted_chat.core.errors import ChatError

HUNDREDS = bytes(range(256)) * 2_000  # half a megabyte


class TransfersTest(SynchronousTestCase):
    def setUp(self) -> None:
        self.company = Company()
        self.addCleanup(self.company.__exit__, None, None, None)
        self.tesla, self.edison = self.company.user("tesla"), self.company.user("edison")

    def file(self, content: bytes = b"a coil", name: str = "coil.png") -> Path:
        path = self.company.home / name
        path.write_bytes(content)
        return path

    def stored(self, friend: Friend, transfer: Transfer) -> Outgoing:
        message = friend.has(transfer)
        assert isinstance(message, Outgoing), message
        self.assertIs(message.stage, Stage.STORED)
        return message

    def fetched(self, friend: Friend, transfer: Transfer) -> Path:
        found = friend.has(transfer)
        assert isinstance(found, Fetched), found
        return found.path

    def refused(self, friend: Friend, transfer: Transfer) -> str:
        failure = friend.has(transfer)
        assert isinstance(failure, Failure) and isinstance(failure.value, ChatError), failure
        return failure.value.sentence

    def downloads(self, friend: Friend) -> dict[str, bytes]:
        if not friend.downloads.exists():
            return {}
        return {path.name: path.read_bytes() for path in friend.downloads.iterdir()}


class SendingTests(TransfersTest):
    def test_e1_e5_a_file_arrives_as_it_was(self) -> None:
        sent = self.tesla.sends("edison", self.file(HUNDREDS))
        self.assertEqual(self.stored(self.tesla, sent).file, 1)
        self.edison.hears("tesla/1 tesla: (file 1: coil.png, 512.0 kB; to have it: get 1)")
        path = self.fetched(self.edison, self.edison.fetches(1))
        self.assertEqual(path, self.edison.downloads / "coil.png")
        self.assertEqual(self.downloads(self.edison), {"coil.png": HUNDREDS})

    def test_a_room_and_an_empty_file_and_one_twice(self) -> None:
        for _ in range(2):
            self.stored(self.tesla, self.tesla.sends("#lobby", self.file(b"", "empty")))
        self.edison.hears(
            "#lobby/1 tesla: (file 1: empty, 0 bytes; to have it: get 1)",
            "#lobby/2 tesla: (file 2: empty, 0 bytes; to have it: get 2)",
        )
        for file in (1, 2, 1):
            self.edison.fetches(file)
        names = {"empty": b"", "empty (2)": b"", "empty (3)": b""}
        self.assertEqual(self.downloads(self.edison), names)

    def test_the_absent_have_it_later(self) -> None:
        self.edison.crashes()
        self.tesla.sends("edison", self.file())
        self.edison.start()
        self.edison.hears("tesla/1 tesla: (file 1: coil.png, 6 bytes; to have it: get 1)")
        self.edison.fetches(1)
        self.assertEqual(self.downloads(self.edison), {"coil.png": b"a coil"})

    def test_what_cannot_be_is_one_sentence(self) -> None:
        self.company.settings = type(self.company.settings)(
            max_file=5, flood_limit=0, connection_limit=0, plaintext="always", keep_free=0
        )
        self.company.restart()
        self.company.wait(5)
        for place, path, sentence in (
            ("edison", self.file(), "coil.png has 6 bytes, and 5 bytes is the most"),
            ("edison", self.company.home / "none", "There is no file "),
            ("nobody", self.file(b"a", "a"), "There is no user called nobody."),
            ("#nowhere", self.file(b"a", "a"), "There is no room called #nowhere."),
        ):
            sent = self.tesla.sends(place, path)
            self.assertIn(sentence, self.refused(self.tesla, sent))
        self.assertIn("There is no file 7", self.refused(self.edison, self.edison.fetches(7)))
        self.assertEqual(self.tesla.user.transfers.running, {})
        self.assertEqual(self.downloads(self.edison), {})

    def test_e1_names_that_somebody_else_has_chosen(self) -> None:
        self.tesla.sends("edison", self.file(b"wicked"))

        def renamed(do: str, **arguments: Any) -> Deferred[Any]:
            asked = ask(do, **arguments)
            if do == "get":
                asked.addCallback(lambda answer: {**answer, "name": "../../.ssh/\u202eauthorized"})
            return asked

        server = self.edison.user.transfers._server
        ask, server.ask = server.ask, renamed
        self.edison.fetches(1)
        self.assertEqual(self.downloads(self.edison), {"_authorized": b"wicked"})

    def test_a_file_that_changes_meanwhile_is_not_sent(self) -> None:
        path = self.file(HUNDREDS)
        self.tesla.cargo_breaks_after = [200_000]
        sent = self.tesla.sends("edison", path)
        self.assertEqual(self.tesla.outcomes[sent], [])
        path.write_bytes(b"another one")
        self.company.wait(5)
        self.assertIn("was changed while it was sent", self.refused(self.tesla, sent))
        self.edison.hears()

    def test_a_server_that_says_nothing_is_left_and_tried_again(self) -> None:
        self.tesla.sends("edison", self.file(HUNDREDS))
        self.edison.next_cargo_is_silent = True
        fetched = self.edison.fetches(1)
        self.company.wait(50)
        self.assertEqual(len(self.edison.cargos), 1)
        self.company.wait(30)
        self.assertEqual(self.fetched(self.edison, fetched).read_bytes(), HUNDREDS)
        self.assertTrue(self.edison.cargos[0].broken)


class TrustTests(TransfersTest):
    def test_nothing_is_sent_to_somebody_with_another_key(self) -> None:
        for peer in (
            Peer(tls=True, loopback=False, fingerprint="SHA256:two"),
            Peer(tls=True, loopback=False, fingerprint="SHA256:two", verified=True),
            Peer(tls=False, loopback=True),
        ):
            self.tesla.peer_of_cargo = peer
            sent = self.tesla.sends("edison", self.file())
            self.assertIn("has another key", self.refused(self.tesla, sent))
            self.assertEqual(self.tesla.cargos[-1].sent, 0)

    def test_a_server_that_this_computer_vouches_for_may_have_a_new_key(self) -> None:
        before = Peer(tls=True, loopback=False, fingerprint="SHA256:one", verified=True)
        self.tesla.user.life.peer = before
        self.tesla.peer_of_cargo = before._replace(fingerprint="SHA256:two")
        self.stored(self.tesla, self.tesla.sends("edison", self.file()))


class CutTests(TransfersTest):
    def test_e5_goes_on_where_the_other_side_is(self) -> None:
        self.tesla.cargo_breaks_after = [100_000, 200_000]
        sent = self.tesla.sends("edison", self.file(HUNDREDS))
        self.company.wait(10)
        self.stored(self.tesla, sent)
        carried = sum(cargo.sent for cargo in self.tesla.cargos)
        self.assertLess(carried, len(HUNDREDS) + 1_000)
        self.edison.cargo_breaks_after = [100_000, 200_000]
        fetched = self.edison.fetches(1)
        self.company.wait(10)
        self.assertEqual(self.fetched(self.edison, fetched).read_bytes(), HUNDREDS)
        carried = sum(cargo.came for cargo in self.edison.cargos)
        self.assertLess(carried, len(HUNDREDS) + 5_000)
        self.assertEqual(list(self.downloads(self.edison)), ["coil.png"])

    def test_e5_without_a_connection_it_waits(self) -> None:
        self.tesla.unreachable = True
        self.tesla.wire.breaks()
        sent = self.tesla.sends("edison", self.file())
        self.company.wait(30)
        self.assertEqual(sent.trouble, "waiting for a connection")
        self.tesla.unreachable = False
        self.company.wait(70)
        self.stored(self.tesla, sent)

    def test_e5_the_server_is_started_again_meanwhile(self) -> None:
        self.tesla.cargo_breaks_after = [150_000]
        sent = self.tesla.sends("edison", self.file(HUNDREDS))
        self.company.restart()
        self.company.wait(70)
        self.stored(self.tesla, sent)
        self.edison.cargo_breaks_after = [150_000]
        fetched = self.edison.fetches(1)
        self.company.restart()
        self.company.wait(70)
        self.assertEqual(self.fetched(self.edison, fetched).read_bytes(), HUNDREDS)
        self.assertLess(self.edison.cargos[-1].came, len(HUNDREDS) - 100_000)

    def test_e5_this_program_is_started_again_meanwhile(self) -> None:
        self.tesla.cargo_breaks_after = [150_000]
        path = self.file(HUNDREDS)
        self.tesla.sends("edison", path)
        self.tesla.crashes()
        self.tesla.start()
        self.stored(self.tesla, self.tesla.sends("edison", path))
        self.assertLess(self.tesla.cargos[-1].sent, len(HUNDREDS) - 100_000)
        self.edison.cargo_breaks_after = [150_000]
        self.edison.fetches(1)
        self.edison.crashes()
        self.assertRegex("".join(self.downloads(self.edison)), r"^coil.png\.[0-9a-f]{12}\.part$")
        self.edison.start()
        self.edison.fetches(1)
        self.assertLess(self.edison.cargos[-1].came, len(HUNDREDS) - 100_000)
        self.assertEqual(self.downloads(self.edison), {"coil.png": HUNDREDS})

    def test_e5_an_answer_that_got_lost_does_not_double_the_message(self) -> None:
        path = self.file(b"x" * 1_000)
        for limit in range(20, 1_800, 45):
            self.tesla.cargo_breaks_after = [limit]
            sent = self.tesla.sends("edison", path)
            self.company.wait(4)
            seq = self.stored(self.tesla, sent).seq
            self.edison.hears(
                f"tesla/{seq} tesla: (file {seq}: coil.png, 1.0 kB; to have it: get {seq})"
            )

    def test_e5_the_message_that_names_it_is_kept_until_the_server_has_it(self) -> None:
        say = self.tesla.user.transfers.encryption.say

        def cut_first(uploaded: Uploaded) -> Outgoing:
            self.tesla.unreachable = True
            self.tesla.wire.breaks()
            return say(uploaded)

        with mock.patch.object(self.tesla.user.transfers.encryption, "say", cut_first):
            sent = self.tesla.sends("edison", self.file())
        self.assertIs(self.tesla.has(sent).stage, Stage.KEPT)
        self.tesla.crashes()
        self.tesla.unreachable = False
        for _ in range(2):
            self.tesla.start()
            self.tesla.crashes()
        self.edison.hears("tesla/1 tesla: (file 1: coil.png, 6 bytes; to have it: get 1)")

    def test_e5_it_is_not_sent_for_ever_to_a_server_that_never_has_it(self) -> None:
        self.tesla.cargo_swallows = ['"stored"']
        sent = self.tesla.sends("edison", self.file())
        self.company.wait(600)
        self.assertIn("The server has had all of coil.png 10 times", self.refused(self.tesla, sent))
        self.assertEqual(len(self.tesla.cargos), 10)

    def test_e5_a_full_disk_is_said_and_what_is_there_stays(self) -> None:
        self.tesla.sends("edison", self.file(HUNDREDS))
        self.edison.cargo_breaks_after = [150_000]
        fetched = self.edison.fetches(1)
        with mock.patch("os.pwrite", side_effect=OSError(28, "No space left on device")):
            self.company.wait(5)
        self.assertIn("cannot be written: no space left", self.refused(self.edison, fetched))
        self.assertEqual(len(self.downloads(self.edison)), 1)
        again = self.edison.fetches(1)
        self.assertEqual(self.fetched(self.edison, again).read_bytes(), HUNDREDS)
        self.assertLess(self.edison.cargos[-1].came, len(HUNDREDS) - 100_000)

    @settings(max_examples=often(25), deadline=None)
    @given(st.lists(st.integers(0, 300_000), max_size=6), st.binary(max_size=64))
    @example([0] * 6, b"")
    @example([1_000] * 6, b"0")
    def test_e5_cuts_anywhere_give_the_same_file(self, cuts: list[int], content: bytes) -> None:
        content = content * 4_000
        self.tesla.cargo_breaks_after = list(cuts)
        sent = self.tesla.sends("edison", self.file(content))
        self.company.wait(200)
        message = self.stored(self.tesla, sent)
        self.edison.cargo_breaks_after = list(cuts)
        fetched = self.edison.fetches(message.file)
        self.company.wait(200)
        path = self.fetched(self.edison, fetched)
        self.assertEqual(path.read_bytes(), content)
        self.assertEqual(list(self.downloads(self.edison)), [path.name])
        path.unlink()
        self.edison.shown.clear()

    def test_e5_a_partial_file_of_another_one_is_not_gone_on_with(self) -> None:
        for content in (HUNDREDS, HUNDREDS[::-1]):
            self.tesla.sends("edison", self.file(content))
        self.edison.cargo_breaks_after = [150_000]
        self.edison.fetches(1)
        self.edison.crashes()
        self.edison.start()
        self.edison.fetches(2)
        self.assertEqual(self.downloads(self.edison)["coil.png"], HUNDREDS[::-1])
        self.edison.fetches(1)
        self.assertEqual(self.downloads(self.edison)["coil (2).png"], HUNDREDS)
        self.assertEqual(len(self.downloads(self.edison)), 2)

    def test_e5_what_was_damaged_on_disk_is_fetched_anew(self) -> None:
        self.tesla.sends("edison", self.file(HUNDREDS))
        self.edison.cargo_breaks_after = [150_000]
        self.edison.fetches(1)
        self.edison.crashes()
        (part,) = self.edison.downloads.iterdir()
        part.write_bytes(b"?" + part.read_bytes()[1:])
        self.edison.start()
        fetched = self.edison.fetches(1)
        self.company.wait(5)
        self.assertEqual(self.fetched(self.edison, fetched).read_bytes(), HUNDREDS)


class EndingTests(TransfersTest):
    def slow(self, friend: Friend) -> Callable[[], None]:
        """Let a friend's disk be slow; what is given back lets it go on by one piece of work."""
        waiting: list[tuple[Callable[[], Any], Deferred[Any]]] = []

        def later(work: Callable[[], Any]) -> Deferred[Any]:
            waiting.append((work, Deferred()))
            return waiting[-1][1]

        def go_on() -> None:
            work, done = waiting.pop(0)
            maybeDeferred(work).chainDeferred(done)
            self.company.settle()

        friend.user.transfers._server.run = later
        return go_on

    def test_what_is_cancelled_leaves_nothing(self) -> None:
        self.tesla.sends("edison", self.file(HUNDREDS))
        self.edison.cargo_breaks_after = [150_000]
        fetched = self.edison.fetches(1)
        self.assertEqual(len(self.downloads(self.edison)), 1)
        self.edison.user.transfers.cancel(fetched)
        self.assertEqual(self.refused(self.edison, fetched), "coil.png: cancelled.")
        self.assertEqual(self.downloads(self.edison), {})
        self.tesla.cargo_breaks_after = [150_000]
        sent = self.tesla.sends("#lobby", self.file(HUNDREDS))
        self.tesla.user.transfers.cancel(sent)
        self.assertEqual(self.refused(self.tesla, sent), "coil.png: cancelled.")
        self.company.wait(100)
        self.assertEqual(self.tesla.user.transfers.running, {})
        self.assertTrue(all(cargo.broken for cargo in self.tesla.cargos))

    def test_a_file_is_not_closed_while_its_disk_works(self) -> None:
        self.tesla.sends("edison", self.file(HUNDREDS))
        go_on = self.slow(self.edison)
        fetched = self.edison.fetches(1)
        go_on()  # open
        for _ in range(3):
            go_on()
        self.edison.user.transfers.cancel(fetched)
        self.assertEqual(self.edison.outcomes[fetched], [])  # until it is closed
        while not self.edison.outcomes[fetched]:
            go_on()
        self.assertEqual(self.downloads(self.edison), {})

    def test_a_slow_disk_holds_up_the_network_and_no_memory(self) -> None:
        self.tesla.sends("edison", self.file(HUNDREDS * 4))
        go_on = self.slow(self.edison)
        fetched = self.edison.fetches(1)
        while not self.edison.cargos or self.edison.cargos[-1].near.reading:
            go_on()
        connection = self.edison.cargos[-1].connection
        self.assertLess(connection._size, MOST_GATHERED + 65_536)
        while not self.edison.outcomes[fetched]:
            go_on()
            self.assertLess(connection._size, MOST_GATHERED + 65_536)
        self.assertEqual(self.fetched(self.edison, fetched).read_bytes(), HUNDREDS * 4)

    def test_only_so_many_at_once(self) -> None:
        go_on = self.slow(self.tesla)
        for number in range(MOST_AT_ONCE + 2):
            self.tesla.sends("edison", self.file(b"%d" % number, f"{number}"))
        last = self.tesla.user.transfers.running[MOST_AT_ONCE + 2]
        self.assertEqual(last.trouble, "waiting for its turn")
        self.tesla.user.transfers.cancel(last)
        self.assertEqual(self.refused(self.tesla, last), f"{MOST_AT_ONCE + 1}: cancelled.")
        while self.tesla.user.transfers.running:
            go_on()
        names = [f"(file {n + 1}: {n}, 1 byte; to have it: get {n + 1})" for n in range(5)]
        self.assertEqual([line.partition(": ")[2] for line in self.edison.shown], names)

    def test_whoever_is_put_out_meanwhile_gets_no_more_of_it(self) -> None:
        self.tesla.user.ask("create", room="#coil")
        self.company.settle()
        self.edison.user.ask("join", room="#coil")
        self.company.settle()
        self.tesla.sends("#coil", self.file(HUNDREDS))
        self.edison.cargo_breaks_after = [150_000]
        fetched = self.edison.fetches(1)
        self.tesla.user.ask("kick", user="edison", room="#coil")
        self.company.wait(5)
        self.assertIn("There is no file 1", self.refused(self.edison, fetched))
        self.assertEqual(self.downloads(self.edison), {})

    def test_e4_a_server_that_sends_something_else_is_not_believed(self) -> None:
        self.tesla.sends("edison", self.file())

        def lying(do: str, **arguments: Any) -> Deferred[Any]:
            asked = ask(do, **arguments)
            if do == "get":
                asked.addCallback(lambda answer: {**answer, "sha256": "0" * 64})
            return asked

        server = self.edison.user.transfers._server
        ask, server.ask = server.ask, lying
        fetched = self.edison.fetches(1)
        self.company.wait(5)
        self.assertIn("is not what was sent", self.refused(self.edison, fetched))
        self.assertEqual(self.downloads(self.edison), {})

    def test_what_is_left_at_the_end_can_be_gone_on_with(self) -> None:
        self.tesla.sends("edison", self.file(HUNDREDS))
        self.edison.cargo_breaks_after = [150_000]
        fetched = self.edison.fetches(1)
        Deferred.fromCoroutine(self.edison.user.leave())
        self.company.wait(5)
        self.assertIn("coil.png is not all here yet", self.refused(self.edison, fetched))
        self.assertEqual(self.edison.over, [None])
        self.assertEqual(len(self.downloads(self.edison)), 1)


class ProgressTests(TransfersTest):
    def test_how_far_how_fast_and_how_long(self) -> None:
        transfer = Transfer(self.company.clock, 1, "coil.png", "edison", lambda _: None)
        transfer.size = 1_000
        self.assertEqual((transfer.percent, transfer.speed, transfer.seconds_left), (0, 0.0, None))
        for done in (0, 100, 200, 300):
            transfer.moved(done)
            self.company.clock.advance(1)
        self.assertEqual(transfer.percent, 30)
        self.assertAlmostEqual(transfer.speed, 75.0)
        left = transfer.seconds_left
        assert left is not None
        self.assertAlmostEqual(left, 700 / 75)
        transfer.held_up("waiting for a connection")
        self.assertEqual((transfer.speed, transfer.seconds_left), (0.0, None))
        transfer.moved(999)
        self.assertEqual((transfer.percent, transfer.trouble), (99, ""))

    def test_it_is_told_now_and_then_and_at_the_end(self) -> None:
        told: list[int] = []
        transfer = Transfer(self.company.clock, 1, "a", "b", lambda one: told.append(one.done))
        for done in range(1_000):
            transfer.moved(done)
            self.company.clock.advance(0.001)
        self.assertLessEqual(len(told), 5)
        transfer.begin(maybeDeferred(lambda: None))
        self.assertEqual((told[-1], transfer.is_over), (999, True))
