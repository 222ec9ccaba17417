"""A user of the client library: nothing lost, nothing doubled, whatever the connection does."""

from __future__ import annotations

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from tests import often
from tests.support.company import Company, refusal
from twisted_chat.clients.connection.lifecycle import State
from twisted_chat.clients.connection.trust import Peer
from twisted_chat.clients.sync.messages import Stage


class TalkingTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.company = Company()
        self.company.__enter__()
        self.addCleanup(self.company.__exit__, None, None, None)

    def test_two_users_and_netcat_in_one_room(self) -> None:
        tesla, edison = self.company.user("tesla"), self.company.user("edison")
        bell = self.company.person("bell")
        (said,) = tesla.says("#lobby", "hello")
        edison.hears("#lobby/1 tesla: hello")
        tesla.hears("#lobby/1 tesla: hello")
        bell.hears("tesla: hello")
        self.assertEqual((said.stage, said.seq, said.now), (Stage.STORED, 1, 2))
        bell.says("ahoy")
        edison.hears("#lobby/2 bell: ahoy")

    def test_f9_what_was_said_without_a_connection_is_sent_once_when_it_is_back(self) -> None:
        tesla, edison = self.company.user("tesla"), self.company.user("edison")
        tesla.wire.breaks()
        tesla.unreachable = True
        self.company.settle()
        (said,) = tesla.says("#lobby", "are you there?")
        edison.says("#lobby", "where is tesla?")
        self.company.wait(10)
        self.assertEqual(said.stage, Stage.KEPT)
        tesla.unreachable = False
        self.company.wait(20)
        tesla.hears("#lobby/1 edison: where is tesla?", "#lobby/2 tesla: are you there?")
        edison.hears("#lobby/1 edison: where is tesla?", "#lobby/2 tesla: are you there?")
        self.assertEqual((tesla.asked, said.stage), (1, Stage.STORED))

    def test_an_answer_that_got_lost_does_not_double_the_message(self) -> None:
        tesla, edison = self.company.user("tesla"), self.company.user("edison")
        tesla.wire.swallows = ['"re"', '"message"']
        tesla.says("#lobby", "once")
        edison.hears("#lobby/1 tesla: once")
        tesla.wire.breaks()
        self.company.wait(5)
        tesla.hears("#lobby/1 tesla: once")
        edison.hears()

    def test_a_killed_client_sends_what_it_owed_when_it_is_started_again(self) -> None:
        tesla, edison = self.company.user("tesla"), self.company.user("edison")
        tesla.wire.breaks()
        tesla.unreachable = True
        tesla.says("#lobby", "one", "two")
        tesla.crashes()
        tesla.unreachable = False
        tesla.start()
        edison.hears("#lobby/1 tesla: one", "#lobby/2 tesla: two")
        self.assertEqual(tesla.asked, 1)

    def test_another_client_of_the_account_has_a_slot_of_its_own(self) -> None:
        tesla = self.company.user("tesla")
        second = self.company.user("tesla")
        self.assertEqual((second.asked, second.user.is_online), (1, True))
        slots = [one.user.account.storage for one in (tesla, second)]
        devices = {slot.facts["device"] for slot in slots if slot is not None}
        self.assertEqual(len(devices), 2)
        second.wire.breaks()
        second.unreachable = True
        second.says("#lobby", "left behind")
        second.crashes()
        tesla.crashes()
        tesla.shown.clear()
        tesla.start()
        tesla.hears("#lobby/1 tesla: left behind")

    def test_what_came_while_away_is_shown_once_after_a_restart(self) -> None:
        tesla, edison = self.company.user("tesla"), self.company.user("edison")
        edison.says("#lobby", "one")
        self.company.wait(2)
        tesla.hears("#lobby/1 edison: one")
        tesla.crashes()
        edison.says("#lobby", "two")
        edison.says("tesla", "psst")
        tesla.start()
        tesla.hears("#lobby/2 edison: two", "edison/1 edison: psst")
        self.company.wait(2)
        tesla.crashes()
        tesla.start()
        tesla.hears()

    def test_what_one_said_oneself_is_not_unread_at_the_next_start(self) -> None:
        tesla = self.company.user("tesla")
        self.company.user("edison")
        tesla.says("edison", "nice bulb")
        self.company.wait(2)
        tesla.crashes()
        tesla.start()
        self.assertEqual(tesla.user.conversations.all["edison"].unread, 0)

    def test_only_what_others_said_is_unread(self) -> None:
        tesla, edison = self.company.user("tesla"), self.company.user("edison")
        tesla.says("#lobby", "one", "two", "three")
        edison.says("#lobby", "four")
        edison.user.ask("edit", message="4", text="five")
        self.company.wait(2)
        lobby = edison.user.conversations.all["#lobby"]
        self.assertEqual(lobby.unread, 3)
        tesla.user.ask("delete", what="2")
        self.company.wait(2)
        self.assertEqual(lobby.unread, 2)
        edison.crashes()
        edison.start()
        lobby = edison.user.conversations.all["#lobby"]
        self.assertEqual(lobby.unread, 2)
        tesla.says("#lobby", "six")
        self.assertEqual(lobby.unread, 3)
        edison.user.mark_read(lobby)
        self.company.wait(2)
        edison.crashes()
        edison.start()
        self.assertEqual(edison.user.conversations.all["#lobby"].unread, 0)

    def test_a_gap_is_filled_and_a_double_is_dropped(self) -> None:
        tesla, edison = self.company.user("tesla"), self.company.user("edison")
        tesla.wire.swallows = ["lost"]
        edison.says("#lobby", "first", "lost 1", "lost 2")
        tesla.wire.swallows = []
        edison.says("#lobby", "last")
        tesla.hears(
            "#lobby/1 edison: first",
            "#lobby/2 edison: lost 1",
            "#lobby/3 edison: lost 2",
            "#lobby/4 edison: last",
        )
        tesla.user.happened(tesla.events[-1])
        tesla.hears()

    def test_a_gap_that_cannot_be_filled_is_said(self) -> None:
        tesla, edison = self.company.user("tesla"), self.company.user("edison")
        tesla.wire.swallows = ["lost"]
        edison.says("#lobby", "lost")
        tesla.wire.swallows = ["lost", '"entries"']
        edison.says("#lobby", "last")
        tesla.wire.breaks()
        self.company.wait(5)
        tesla.hears("#lobby/1 edison: lost", "#lobby/2 edison: last")

    def test_refusals_come_with_the_servers_sentence_and_are_not_repeated(self) -> None:
        tesla = self.company.user("tesla")
        (said,) = tesla.says("nobody-at-all", "hi")
        self.assertEqual(said.stage, Stage.REFUSED)
        assert said.error is not None
        self.assertEqual(said.error.code, "no_such_user")
        tesla.crashes()
        tesla.start()
        assert tesla.user.outbox is not None
        self.assertEqual(tesla.user.outbox.messages, {})

    def test_a_restored_database_makes_everything_begin_anew(self) -> None:
        tesla, edison = self.company.user("tesla"), self.company.user("edison")
        edison.says("#lobby", "one")
        self.company.wait(2)
        tesla.hears("#lobby/1 edison: one")
        tesla.user.account.storage.facts["epoch"] = "another"  # type: ignore[union-attr]
        tesla.wire.breaks()
        edison.says("#lobby", "two")
        self.company.wait(5)
        tesla.hears("#lobby/2 edison: two")

    def test_rooms_come_and_go(self) -> None:
        tesla, edison = self.company.user("tesla"), self.company.user("edison")
        tesla.user.ask("create", room="#coil")
        self.company.settle()
        edison.user.ask("join", room="#coil")
        self.company.settle()
        edison.says("#coil", "sparks")
        tesla.hears("in #coil", "#coil/2 edison join", "#coil/3 edison: sparks")
        edison.hears("in #coil", "#coil/3 edison: sparks")
        tesla.user.ask("kick", room="#coil", user="edison")
        self.company.settle()
        edison.hears("#coil/4 tesla kick", "out of #coil")
        self.assertIsNone(edison.user.conversations.get("#coil"))


class SigningInTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.company = Company()
        self.company.__enter__()
        self.addCleanup(self.company.__exit__, None, None, None)

    def test_the_first_connection_fails_at_once(self) -> None:
        tesla = self.company.user("tesla")
        tesla.crashes()
        tesla.unreachable = True
        tesla.start()
        self.assertEqual(refusal(tesla.over), "There is no answer.")
        self.assertIs(tesla.user.life.state, State.ENDED)

    def test_a_wrong_password_ends_it_with_the_servers_sentence(self) -> None:
        self.company.person("tesla")
        folder = self.company.home / "tesla"
        folder.mkdir()
        tesla = self.company.user("edison")
        tesla.crashes()
        tesla.name, tesla.password = "tesla", "wrong"
        tesla.start()
        self.assertIn("password", refusal(tesla.over))

    def test_a_token_that_is_not_good_any_more_is_replaced_by_the_password(self) -> None:
        tesla = self.company.user("tesla")
        tesla.user.account.storage.facts["token"] = "stolen and gone"  # type: ignore[union-attr]
        tesla.wire.breaks()
        self.company.wait(5)
        self.assertEqual((tesla.asked, tesla.user.is_online), (2, True))

    def test_being_thrown_out_ends_it(self) -> None:
        tesla = self.company.user("tesla")
        second = self.company.user("tesla")
        answer: list[dict[str, list[dict[str, int | bool]]]] = []
        tesla.user.ask("devices").addCallback(answer.append)
        self.company.settle()
        (other,) = [one for one in answer[0]["devices"] if not one["here"]]
        tesla.user.ask("devices", end=other["number"])
        self.company.settle()
        self.assertIn("ended", refusal(second.over).lower())
        self.assertTrue(tesla.user.is_online)

    def test_leaving_says_goodbye(self) -> None:
        tesla = self.company.user("tesla")
        tesla.user.leave().send(None)
        self.company.settle()
        self.company.wait(2)
        self.assertEqual(tesla.over, [None])
        self.assertTrue(tesla.wire.closed)

    def test_f9_pauses_grow_to_a_minute_and_begin_anew_after_half_a_minute_that_was_good(
        self,
    ) -> None:
        tesla = self.company.user("tesla")
        tesla.wire.breaks()
        tesla.unreachable = True
        self.company.wait(400)
        self.assertEqual(len(tesla.backoff), len([p for p in tesla.backoff if 0.5 <= p <= 60]))
        self.assertGreater(max(tesla.backoff), 30)
        self.assertLess(len(tesla.backoff), 20)
        tesla.unreachable = False
        self.company.wait(100)
        tesla.backoff.clear()
        tesla.wire.breaks()
        self.company.wait(2)
        self.assertLessEqual(tesla.backoff[0], 1)
        tesla.wire.breaks()  # at once, so the next pause is longer
        self.company.wait(5)
        self.assertGreaterEqual(tesla.backoff[1], 1)

    def test_a_new_server_is_trusted_once_and_another_key_is_refused_before_anything_is_said(
        self,
    ) -> None:
        tesla = self.company.user("tesla")
        tesla.wire.breaks()
        self.company.wait(5)
        tesla.hears()  # nothing new about the key
        tesla.peer = tesla.peer._replace(fingerprint="SHA256:two")
        tesla.wire.breaks()
        self.company.wait(5)
        self.assertIn("HAS CHANGED", refusal(tesla.over))
        self.assertEqual(tesla.wire.protocol.heard, False)

    def test_i1_a_server_that_is_without_tls_for_a_moment_is_told_nothing_and_tried_again(
        self,
    ) -> None:
        tesla = self.company.user("tesla")
        with_tls = tesla.peer
        tesla.peer = Peer(tls=False, loopback=True)
        tesla.wire.breaks()
        self.company.wait(5)
        self.assertEqual((tesla.over, tesla.wire.protocol.heard), ([], False))
        tesla.peer = with_tls
        self.company.wait(60)
        self.assertTrue(tesla.user.is_online)

    def test_whoever_does_not_trust_a_server_says_nothing_to_it(self) -> None:
        tesla = self.company.user("tesla")
        tesla.crashes()
        (tesla.folder / "servers.json").unlink()
        tesla.trusting = False
        tesla.start()
        self.assertIn("not trusted", refusal(tesla.over))
        self.assertEqual(tesla.wire.protocol.heard, False)


class CutTests(SynchronousTestCase):
    """Connections that break after any number of bytes, again and again."""

    @settings(max_examples=often(30), deadline=None, suppress_health_check=list(HealthCheck))
    @given(
        st.lists(st.integers(1, 3000), max_size=12),
        st.lists(st.integers(1, 3000), max_size=12),
        st.lists(st.sampled_from(["tesla", "edison", "killed"]), min_size=1, max_size=12),
    )
    def test_f9_every_word_arrives_once_and_in_order(
        self, teslas: list[int], edisons: list[int], turns: list[str]
    ) -> None:
        with Company() as company:
            tesla, edison = company.user("tesla"), company.user("edison")
            tesla.breaks_after, edison.breaks_after = teslas, edisons
            tesla.wire.left = edison.wire.left = 700
            said: dict[str, list[str]] = {"tesla": [], "edison": []}
            for number, turn in enumerate(turns):
                if turn == "killed":
                    tesla.crashes()
                    tesla.start()
                    continue
                who = tesla if turn == "tesla" else edison
                if who.user.outbox is not None:
                    who.says("#lobby", f"{number}")
                    said[turn].append(f"{number}")
                company.wait(1)
                if tesla.over:  # its first connection broke
                    tesla.start()
            tesla.breaks_after = []
            edison.breaks_after = []
            for who in (tesla, edison):
                who.wire.left = None
            if tesla.over:
                tesla.start()
            company.wait(130)
            texts = [line.split(" ", 1)[1] for line in edison.shown]
            self.assertEqual(len(texts), len(set(texts)))
            for name, words in said.items():
                heard = [text.split(": ")[1] for text in texts if text.startswith(name)]
                self.assertEqual(heard, words)
            numbers = [int(line.split("/")[1].split()[0]) for line in edison.shown]
            self.assertEqual(numbers, list(range(1, len(numbers) + 1)))
