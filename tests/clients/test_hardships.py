"""What may happen to a client: servers that are busy or lie, accounts that change, bad moments."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from twisted.internet.defer import Deferred, fail
from twisted.trial.unittest import SynchronousTestCase

from tests.support.company import Company, Friend, refusal
from twisted_chat.clients.connection.lifecycle import State
from twisted_chat.clients.connection.sign_in import Account
from twisted_chat.clients.connection.trust import Judgement
from twisted_chat.clients.sync.messages import Stage
from twisted_chat.core.errors import ChatError
from twisted_chat.store import Post


class HardshipTest(SynchronousTestCase):
    def setUp(self) -> None:
        self.company = Company()
        self.addCleanup(self.company.__exit__, None, None, None)


class Stranger(Friend):
    """Somebody whose client asks who it is, and gets another answer than before."""

    says_to_be = ""

    async def enter_account(self, account: Account, name: str) -> None:
        if self.says_to_be:
            name = self.says_to_be
        await super().enter_account(account, name)


class AccountTests(HardshipTest):
    def test_b14_what_one_has_still_to_say_is_not_said_by_somebody_else(self) -> None:
        bell = self.company.user("bell")
        folder = self.company.home / "strange"
        folder.mkdir()
        tesla = Stranger(self.company, "tesla", folder)
        tesla.unreachable = True
        tesla.wire.breaks()
        tesla.says("#lobby", "tesla's own words")
        storage = tesla.user.account.storage
        assert storage is not None
        storage.facts["token"] = "of no use"
        tesla.says_to_be = "bell"
        tesla.unreachable = False
        self.company.wait(5)
        self.assertIn("start one for bell", refusal(tesla.over))
        bell.hears()

    def test_b14_a_password_that_was_typed_for_a_name_leaves_no_trace(self) -> None:
        folder = self.company.home / "typist"
        folder.mkdir()
        typist = Friend(self.company, "secret passw0rd", folder)
        self.assertEqual([path.name for path in folder.iterdir()], ["servers.json"])
        self.assertTrue(typist.over)

    def test_a_guest_leaves_nothing_and_comes_back_as_a_guest(self) -> None:
        self.company.settings = type(self.company.settings)(
            flood_limit=0, connection_limit=0, plaintext="always", guests=True
        )
        self.company.restart()
        folder = self.company.home / "guest"
        folder.mkdir()

        class Guest(Friend):
            async def enter_account(self, account: Account, name: str) -> None:
                await account.come_as_guest(name)

        guest = Guest(self.company, "albert", folder)
        self.assertTrue(guest.user.account.guest)
        guest.wire.breaks()
        self.company.wait(5)
        self.assertTrue(guest.user.is_online)
        self.assertEqual([path.name for path in folder.iterdir()], ["servers.json"])

    def test_d14_after_a_restore_no_old_position_is_left_on_disk(self) -> None:
        tesla, edison = self.company.user("tesla"), self.company.user("edison")
        edison.says("#lobby", *(f"{number}" for number in range(8)))
        self.company.wait(2)
        storage = tesla.user.account.storage
        assert storage is not None
        storage.remember(epoch="before the restore")
        tesla.wire.breaks()
        self.company.wait(2)
        storage = tesla.user.account.storage
        assert storage is not None
        rows = storage._db.execute("SELECT seq FROM position").fetchall()
        self.assertEqual(rows, [(8,)])  # where it is now, not where it was

    def test_d14_a_server_that_was_set_back_is_noticed(self) -> None:
        """The client has seen three messages more than the server has, under the same epoch."""
        tesla, edison = self.company.user("tesla"), self.company.user("edison")
        edison.says("#lobby", "one", "two")
        tesla.hears("#lobby/1 edison: one", "#lobby/2 edison: two")
        self.company.wait(2)
        tesla.user.conversations.all["#lobby"].position += 3
        tesla.wire.breaks()
        self.company.wait(5)
        tesla.hears("#lobby was set back to 2")
        edison.says("#lobby", "three")  # under a number that was seen before
        tesla.hears("#lobby/3 edison: three")
        self.company.wait(2)
        tesla.wire.breaks()
        self.company.wait(5)
        self.assertNotIn("#lobby was set back to 3", tesla.shown)


class OutboxTests(HardshipTest):
    def refuse_sends(self, times: int, code: str) -> None:
        """The store refuses so many messages."""
        left = [times]
        post = self.company.store.post

        def refusing(posts: Sequence[Post]) -> None:
            if not left[0]:
                post(posts)
                return
            left[0] -= 1
            for one in posts:
                one.error = ChatError(code, "Not now.", retry_after=1)
                one.answer()

        self.company.store.post = refusing  # type: ignore[method-assign]

    def test_d3_what_is_refused_for_the_moment_is_sent_again(self) -> None:
        tesla, edison = self.company.user("tesla"), self.company.user("edison")
        self.refuse_sends(3, "store_full")
        said = tesla.says("#lobby", "first")
        self.assertEqual(said[0].stage, Stage.KEPT)
        self.company.wait(30)
        self.assertEqual(said[0].stage, Stage.STORED)
        tesla.says("#lobby", "second")
        edison.hears("#lobby/1 tesla: first", "#lobby/2 tesla: second")

    def test_a5_what_piled_up_is_sent_no_faster_than_the_server_takes_it(self) -> None:
        self.company.settings = type(self.company.settings)(
            flood_limit=10, connection_limit=0, plaintext="always"
        )
        self.company.restart()
        tesla, edison = self.company.user("tesla"), self.company.user("edison")
        tesla.unreachable = True
        tesla.wire.breaks()
        tesla.says("#lobby", *(f"{number}" for number in range(300)))
        tesla.unreachable = False
        wires = len(tesla.wires)
        self.company.wait(60)
        self.assertEqual(len(tesla.wires), wires + 1)  # it was not thrown out for it
        numbers = [line.rpartition(" ")[2] for line in edison.shown]
        self.assertEqual(numbers, [str(number) for number in range(300)])

    def test_a_thousand_that_wait_are_sent_in_their_order(self) -> None:
        tesla, edison = self.company.user("tesla"), self.company.user("edison")
        tesla.unreachable = True
        tesla.wire.breaks()
        tesla.says("#lobby", *(f"{number}" for number in range(1000)))
        tesla.unreachable = False
        self.company.wait(10)
        numbers = [line.rpartition(" ")[2] for line in edison.shown]
        self.assertEqual(numbers, [str(number) for number in range(1000)])


class GapTests(HardshipTest):
    def gap(self, tesla: Friend, edison: Friend) -> None:
        tesla.wire.swallows = ["lost"]
        edison.says("#lobby", "lost")
        tesla.wire.swallows = []
        edison.says("#lobby", "last")

    def answering(self, tesla: Friend, answer: Any) -> None:
        """The server answers in this way when it is asked for entries."""
        ask = tesla.wire.link.ask

        def asked(do: str, **arguments: Any) -> Deferred[Any]:
            if do != "entries":
                return ask(do, **arguments)
            return fail(answer) if isinstance(answer, Exception) else _given(answer)

        tesla.wire.link.ask = asked  # type: ignore[method-assign]

    def test_d10_a_server_that_is_busy_loses_nothing(self) -> None:
        tesla, edison = self.company.user("tesla"), self.company.user("edison")
        self.answering(tesla, ChatError("busy", "Later."))
        self.gap(tesla, edison)
        self.company.wait(5)
        tesla.hears("#lobby/1 edison: lost", "#lobby/2 edison: last")

    def test_what_cannot_be_had_is_said_to_be_missing(self) -> None:
        tesla, edison = self.company.user("tesla"), self.company.user("edison")
        self.answering(tesla, {"entries": [], "more": False})
        self.gap(tesla, edison)
        tesla.hears("#lobby 1-1 missing", "#lobby/2 edison: last")

    def test_f9_a_server_that_always_has_more_and_gives_nothing_is_not_asked_for_ever(self) -> None:
        tesla, edison = self.company.user("tesla"), self.company.user("edison")
        again = {"event": "message", "room": "#lobby", "seq": 0, "time": 0, "text": "x"}
        self.answering(tesla, {"entries": [again], "more": True})
        self.gap(tesla, edison)
        tesla.hears("#lobby 1-1 missing", "#lobby/2 edison: last")

    def test_an_answer_without_sense_ends_the_connection_and_not_the_client(self) -> None:
        tesla, edison = self.company.user("tesla"), self.company.user("edison")
        self.answering(tesla, {"entries": "none", "more": 7})
        self.gap(tesla, edison)
        self.company.wait(5)
        tesla.hears("#lobby/1 edison: lost", "#lobby/2 edison: last")
        self.assertEqual(len(self.flushLoggedErrors()), 1)

    def test_one_entry_that_cannot_be_shown_does_not_stop_the_others(self) -> None:
        tesla, edison = self.company.user("tesla"), self.company.user("edison")
        shown = tesla.entry

        def stumbling(conversation: Any, entry: Any) -> None:
            if entry.text == "stumble":
                raise RuntimeError(entry.text)
            shown(conversation, entry)

        tesla.entry = stumbling  # type: ignore[method-assign]
        edison.says("#lobby", "one", "stumble", "two")
        tesla.hears("#lobby/1 edison: one", "#lobby/3 edison: two")
        self.assertEqual(len(self.flushLoggedErrors(RuntimeError)), 1)


class LyingServerTests(HardshipTest):
    LINES = (
        b'{"event": "message", "room": 7, "seq": "x"}',
        b'{"event": "message", "seq": 1, "room": "#lobby", "time": "yesterday"}',
        b'{"event": "message", "seq": 1, "room": ["#lobby"], "time": 0}',
        b'{"event": "presence", "joined": 3}',
        b'{"event": "receipt", "room": {}, "who": 1}',
        b'{"event": "typing"}',
        b'{"event": "room", "room": "#x"}',
        b'{"event": "notice"}',
        b'{"event": ["x"]}',
        b'{"re": 1}',
        b'{"re": true, "ok": {}}',
        b'{"re": 5, "error": "x"}',
        b'{"re": 5, "error": {"code": 1, "message": [], "sentence": 1, "self": 2}}',
        b'{"a":' * 50_000 + b"1" + b"}" * 50_000,
        b"{",
    )

    def test_g1_whatever_a_server_says_the_client_lives_on(self) -> None:
        tesla, edison = self.company.user("tesla"), self.company.user("edison")
        for number, line in enumerate(self.LINES, 1):
            tesla.user.ask("ping").addErrback(lambda failure: None)
            tesla.wire.link.dataReceived(line + b"\n")
            self.company.wait(90)
            self.assertTrue(tesla.user.is_online, line[:60])
            edison.says("#lobby", f"{number}")
            self.assertIn(f"#lobby/{number} edison: {number}", tesla.shown, line[:60])
        self.flushLoggedErrors()


class MomentTests(HardshipTest):
    def test_i1_a_key_that_is_compared_for_long_is_not_forgotten(self) -> None:
        deciding: Deferred[bool] = Deferred()

        class Careful(Friend):
            def trusts(self, judgement: Judgement) -> Deferred[bool]:
                return deciding

        folder = self.company.home / "careful"
        folder.mkdir()
        tesla = Careful(self.company, "tesla", folder)
        self.company.wait(25)  # longer than the server waits for a first word
        self.assertTrue(tesla.wire.closed)
        deciding.callback(True)
        self.company.settle()
        self.assertTrue(tesla.user.is_online)

    def test_a_question_is_withdrawn_when_the_server_has_hung_up(self) -> None:
        asked: list[Deferred[None]] = []

        class Slow(Friend):
            def enter_account(self, account: Account, name: str) -> Deferred[None]:  # type: ignore[override]
                asked.append(Deferred())
                return asked[-1]

        folder = self.company.home / "slow"
        folder.mkdir()
        slow = Slow(self.company, "tesla", folder)
        self.company.wait(200)
        self.assertEqual(refusal(slow.over), "Nobody logged in for three minutes: goodbye.")
        self.assertTrue(asked[0].called)

    def test_leaving_in_every_state(self) -> None:
        for name, state in enumerate((State.WAITING, State.ONLINE)):
            tesla = self.company.user(f"tesla{name}")
            if state is State.WAITING:
                tesla.unreachable = True
                tesla.wire.breaks()
            self.assertIs(tesla.user.life.state, state)
            tesla.user.life.stop()
            self.company.wait(100)
            self.assertEqual(tesla.over, [None])
            self.assertIs(tesla.user.life.state, State.ENDED)

    def test_a_server_that_does_not_answer_a_goodbye(self) -> None:
        tesla = self.company.user("tesla")
        tesla.wire.swallows = ["{"]
        Deferred.fromCoroutine(tesla.user.leave())
        self.company.clock.advance(4)
        self.assertEqual(tesla.over, [None])

    def test_a_room_that_was_made_anew_under_its_old_name_begins_anew(self) -> None:
        tesla, edison = self.company.user("tesla"), self.company.user("edison")
        tesla.user.ask("create", room="#coil")
        self.company.settle()
        edison.user.ask("join", room="#coil")
        self.company.settle()
        tesla.says("#coil", "one", "two")
        room = edison.user.conversations.all["#coil"]
        self.assertGreater(room.id, 0)
        room.id += 1000  # as if it had been another one
        edison.wire.breaks()
        edison.shown.clear()
        self.company.wait(5)
        texts = [line.partition(" ")[2] for line in edison.shown]
        self.assertEqual(texts[-2:], ["tesla: one", "tesla: two"])
        self.assertEqual(edison.user.conversations.all["#coil"].unread, 2)


def _given(answer: Any) -> Deferred[Any]:
    given: Deferred[Any] = Deferred()
    given.callback(answer)
    return given
