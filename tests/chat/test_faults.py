"""Things that go wrong around the chat: clocks, disks, and everybody leaving at once."""

from __future__ import annotations

import json
from unittest import mock

from twisted.trial.unittest import SynchronousTestCase

from twisted_chat.store import Batch
from twisted_chat.testing import Hall

DAY = 24 * 3600 * 1000


class ClockTest(SynchronousTestCase):
    def test_k6_a_clock_that_jumps_ends_no_session_and_lifts_no_limit(self) -> None:
        with Hall(idle_timeout=3600, flood_limit=10) as hall:
            ann, bob = hall.person("ann"), hall.person("bob")
            stranger = hall.connects()
            for _ in range(3):
                stranger.types("ann", "wrong")
            stranger.hears("blocked for you")
            for jump in (DAY, -2 * DAY):
                hall.wall_offset += jump
                hall.wait(10)
                ann.says("still here")
                bob.hears("ann: still here")
                stranger.types("ann", "correct horse")
                stranger.hears("blocked for you")
            ann.types("history")
            came = [line for line in ann.takes().splitlines() if "still here" in line]
            self.assertEqual([line.partition(" ")[0] for line in came], ["[#lobby/1", "[#lobby/2"])

    def test_k6_a_time_out_is_as_long_as_it_is(self) -> None:
        with Hall() as hall:
            silent = hall.connects()
            hall.wall_offset = -DAY
            hall.wait(19)
            self.assertFalse(silent.closed)
            hall.wait(3)
            self.assertTrue(silent.closed)


class CrowdTest(SynchronousTestCase):
    def test_c7_everybody_leaves_at_once(self) -> None:
        with Hall() as hall:
            stays = hall.bot("stays")
            others = [hall.bot(f"guest{number}") for number in range(100)]
            hall.wait(2)
            stays.takes_events()
            for other in others:
                other.transport.closed = True
                other.protocol.connectionLost(mock.Mock())
            hall.wait(3)
            told = stays.takes_events("presence")
            self.assertLessEqual(len(told), 2)
            self.assertEqual(sum(len(one["left"]) + one["more_left"] for one in told), 100)
            self.assertEqual(len(hall.chat.sessions), 1)


class SlowDiskTest(SynchronousTestCase):
    def test_d10_what_comes_during_a_slow_commit_is_one_batch(self) -> None:
        with Hall() as hall:
            ann = hall.bot("ann")
            batches: list[int] = []

            def deliver(batch: Batch) -> None:
                batches.append(len(batch.works))
                hall.chat.committed(batch)

            hall.store.deliver = deliver
            with mock.patch.object(hall.store, "run_once", lambda: False):
                numbers = [
                    ann.begins("send", room="#lobby", text=f"{n}", cid=f"{n}") for n in range(200)
                ]
            seqs = [ann.answer_to(number)["seq"] for number in numbers]
            self.assertEqual(seqs, list(range(1, 201)))
            self.assertEqual(batches, [200])

    def test_d10_more_than_can_wait_is_refused_and_can_be_sent_again(self) -> None:
        with Hall() as hall:
            hall.store.writer._max_works = 20
            ann = hall.bot("ann")
            with mock.patch.object(hall.store, "run_once", lambda: False):
                numbers = {
                    ann.begins("send", room="#lobby", text=f"{n}", cid=f"{n}"): n for n in range(30)
                }
            answers = {n: ann.answer_to(number) for number, n in numbers.items()}
            refused = [n for n, answer in answers.items() if "error" in answer]
            self.assertEqual(refused, list(range(20, 30)))
            for n in refused:
                self.assertEqual(answers[n]["error"]["code"], "busy", json.dumps(answers[n]))
                again = ann.asks("send", room="#lobby", text=f"{n}", cid=f"{n}")
                self.assertEqual((again["seq"], again["again"]), (n + 1, False))
