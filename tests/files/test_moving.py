"""The bytes on their way: exactly as many as were announced, and only as long as one may."""

from __future__ import annotations

import errno
from typing import Any
from unittest import mock

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from tests import often
from twisted_chat.chat.files.transfers import PIECE
from twisted_chat.doors.file_transfer import LEAST_MOVED, MOST_STALL
from twisted_chat.testing import Hall

from .case import COIL, FilesTestCase, digest
from .couriers import Courier, new_courier


class UploadTests(FilesTestCase):
    def test_e4_more_than_was_announced_is_not_taken(self) -> None:
        for extra in (1, 1_000_000):
            courier = self.begins_upload(self.tesla, "#lobby", b"x" * 1000)
            courier.sends(b"x" * 1000 + b"y" * extra)
            ending = courier.ending()
            self.assertEqual((ending["event"], ending["code"]), ("closed", "too_long"))
            self.assertTrue(courier.closed)
            self.assertEqual(self.contents(), [])

    def test_e4_bytes_after_the_last_one_are_not_even_read(self) -> None:
        courier = self.begins_upload(self.tesla, "#lobby", b"x" * 1000)
        courier.sends(b"x" * 999)
        courier.sends(b"x")
        self.assertEqual(courier.ending()["event"], "stored")
        courier.sends_later(b"y" * 1000)
        self.hall.settle()
        (name,) = self.contents()
        self.assertEqual((self.hall.directory / "files" / name).read_bytes(), b"x" * 1000)

    def test_e4_an_upload_that_stands_still_is_ended_and_what_came_is_kept(self) -> None:
        courier = self.begins_upload(self.tesla, "#lobby")
        courier.sends(COIL[:LEAST_MOVED])
        self.hall.wait(MOST_STALL - 2)
        courier.sends(COIL[LEAST_MOVED : 2 * LEAST_MOVED])
        self.hall.wait(MOST_STALL - 2)
        self.assertFalse(courier.closed)
        self.hall.wait(3)
        ending = courier.ending()
        self.assertEqual((ending["event"], ending["code"]), ("closed", "timeout"))
        self.assertEqual(self.offers(self.tesla, "#lobby")["from"], 2 * LEAST_MOVED)

    def test_e6_a_byte_now_and_then_does_not_keep_a_place(self) -> None:
        courier = self.begins_upload(self.tesla, "#lobby")
        sent = 0
        while not courier.closed:
            courier.sends(COIL[sent : sent + 100])
            sent += 100
            self.hall.wait(10)
        self.assertLess(sent, 1000)
        ending = courier.ending()
        self.assertEqual((ending["event"], ending["code"]), ("closed", "timeout"))
        self.assertEqual(self.offers(self.tesla, "#lobby")["from"], sent)

    def test_e6_who_moves_most_gives_way_to_who_moves_less(self) -> None:
        self.hall.chat.files.most = 4
        couriers = [self.begins_upload(self.tesla, "#lobby", COIL + bytes([n])) for n in range(4)]
        first = self.begins_upload(self.edison, "#lobby")
        self.assertEqual([one.closed for one in couriers], [False, False, False, True])
        self.assertEqual(couriers[3].ending()["code"], "busy")
        second = self.begins_upload(self.edison, "#lobby", COIL + b"x")
        self.assertEqual([one.closed for one in couriers], [False, False, True, True])
        ticket = self.offers(self.edison, "#lobby", COIL + b"y")["ticket"]
        refused = self.courier().asks("upload", ticket=ticket)
        self.assertEqual(refused["error"]["code"], "busy")
        for courier, content in ((first, COIL), (second, COIL + b"x")):
            courier.sends(content)
            self.assertEqual(courier.ending()["event"], "stored")

    def test_e5_what_is_not_the_file_is_not_kept(self) -> None:
        courier = self.begins_upload(self.tesla, "#lobby")
        courier.sends(b"!" + COIL[1:])
        ending = courier.ending()
        self.assertEqual((ending["event"], ending["code"]), ("closed", "damaged"))
        self.assertEqual(self.contents(), [])
        again = self.offers(self.tesla, "#lobby")
        self.assertEqual(again["from"], 0)
        self.assertEqual(self.courier().uploads(again["ticket"], COIL)["event"], "stored")

    def test_who_does_not_wait_for_the_answer_is_refused(self) -> None:
        ticket = self.offers(self.tesla, "#lobby")["ticket"]
        for early in (b"x", b"x\n", b"x\ny\nz", COIL):
            courier = self.courier()
            courier.queues("upload", ticket=ticket)
            courier.sends(early)
            events = [event for event in courier.sort_out() if event.get("event") == "closed"]
            self.assertEqual(events[0]["code"], "syntax")
            self.assertTrue(courier.closed)
            ticket = self.offers(self.tesla, "#lobby")["ticket"]
        self.assertEqual(self.offers(self.tesla, "#lobby")["from"], 0)

    def test_a_second_connection_takes_the_place_of_one_that_hangs(self) -> None:
        first = self.begins_upload(self.tesla, "#lobby")
        first.sends(COIL[:1000])
        second = self.begins_upload(self.tesla, "#lobby")
        self.assertEqual(first.ending()["code"], "resumed")
        second.sends(COIL[1000:])
        self.assertEqual(second.ending()["event"], "stored")

    def test_what_was_stored_and_never_heard_of_is_stored_again_at_once(self) -> None:
        file = self.uploads(self.tesla, "#lobby")
        again = self.offers(self.tesla, "#lobby")
        self.assertEqual((again["file"], again["from"]), (file, len(COIL)))
        self.assertEqual(self.courier().uploads(again["ticket"], COIL)["event"], "stored")
        self.assertNotIn("error", self.says_file(self.tesla, "#lobby", file))

    def test_the_sender_may_close_its_side_after_the_last_byte(self) -> None:
        courier = self.begins_upload(self.tesla, "#lobby")
        courier.sends_later(COIL)
        courier.ends_input()
        self.assertEqual(courier.ending()["event"], "stored")

    def test_e5_who_closes_its_side_before_the_last_byte_goes_on_later(self) -> None:
        courier = self.begins_upload(self.tesla, "#lobby")
        courier.sends(COIL[:1000])
        courier.ends_input()
        self.assertTrue(courier.closed)
        self.assertEqual(self.offers(self.tesla, "#lobby")["from"], 1000)

    def test_the_disk_is_waited_for_before_more_is_read(self) -> None:
        courier = self.begins_upload(self.tesla, "#lobby")
        waiting: list[Any] = []
        with mock.patch.object(self.hall.chat.files, "run", lambda work: _later(work, waiting)):
            courier.sends(COIL)
            self.assertFalse(courier.transport.reading)
            self.assertEqual(len(waiting), 1)
            for _ in range(10):
                self.hall.settle()
                if waiting:
                    waiting.pop()()
            self.hall.settle()
        self.assertEqual(courier.ending()["event"], "stored")

    def test_e4_a_slow_disk_is_not_the_senders_fault(self) -> None:
        courier = self.begins_upload(self.tesla, "#lobby")
        waiting: list[Any] = []
        with mock.patch.object(self.hall.chat.files, "run", lambda work: _later(work, waiting)):
            courier.sends(COIL[:1000])
            self.hall.wait(2 * MOST_STALL)
            self.assertFalse(courier.closed)
            waiting.pop(0)()
        courier.sends(COIL[1000:])
        self.assertEqual(courier.ending()["event"], "stored")

    def test_e11_a_disk_that_fails_is_told_of_and_nothing_of_the_file_is_kept(self) -> None:
        courier = self.begins_upload(self.tesla, "#lobby")
        with mock.patch("os.write", side_effect=OSError(5, "Input/output error")):
            courier.sends(COIL)
        self.assertEqual(courier.ending()["code"], "internal")
        self.assertEqual(len(self.flushLoggedErrors(OSError)), 1)
        self.assertEqual(self.contents(), [])

    def test_e12_what_could_not_be_synced_is_uploaded_anew(self) -> None:
        for number, code in ((errno.EIO, "internal"), (errno.ENOSPC, "store_full")):
            courier = self.begins_upload(self.tesla, "#lobby")
            with mock.patch("os.fsync", side_effect=OSError(number, "the disk said so")):
                courier.sends(COIL)
            self.assertEqual(courier.ending()["code"], code)
            self.assertEqual(self.contents(), [])
        self.assertEqual(len(self.flushLoggedErrors(OSError)), 1)
        self.assertEqual(self.offers(self.tesla, "#lobby")["from"], 0)
        self.sends(self.tesla, "#lobby", COIL)

    def test_e12_not_even_a_kill_makes_it_complete(self) -> None:
        courier = self.begins_upload(self.tesla, "#lobby")
        with (
            mock.patch.object(self.hall.chat.files, "drop", lambda unnamed: Deferred()),
            mock.patch("os.fsync", side_effect=OSError(5, "Input/output error")),
        ):
            courier.sends(COIL)
        (name,) = self.contents()
        self.assertEqual((self.hall.directory / "files" / name).read_bytes(), b"")


def _later(work: Any, waiting: list[Any]) -> Any:
    from twisted.internet.defer import Deferred, maybeDeferred

    done: Deferred[Any] = Deferred()
    waiting.append(lambda: maybeDeferred(work).chainDeferred(done))
    return done


class DownloadTests(FilesTestCase):
    def test_e6_no_more_is_read_than_the_peer_takes(self) -> None:
        content = COIL * 20
        file = self.sends(self.tesla, "#lobby", content)
        courier = self.begins_download(self.edison, file)
        self.assertLessEqual(len(courier.content), 3 * PIECE)
        self.hall.wait(10)
        self.assertLessEqual(len(courier.content), 3 * PIECE)
        courier.reads_again()
        self.assertEqual(courier.content, content)
        self.assertTrue(courier.closed)

    def test_e6_who_reads_nothing_for_a_minute_is_cut(self) -> None:
        file = self.sends(self.tesla, "#lobby", COIL * 20)
        courier = self.begins_download(self.edison, file)
        self.hall.wait(MOST_STALL - 2)
        self.assertFalse(courier.closed)
        self.hall.wait(3)
        self.assertTrue(courier.closed)
        self.assertEqual(self.hall.chat.files.moving, {})

    def test_e6_who_reads_a_little_now_and_then_is_cut_too(self) -> None:
        file = self.sends(self.tesla, "#lobby", COIL * 20)
        courier = self.begins_download(self.edison, file)
        connection = courier.protocol
        unread = [PIECE]
        self.patch(connection, "outstanding", lambda: unread[0])
        for _ in range(20):
            self.hall.wait(10)
            unread[0] -= 100
        self.assertTrue(courier.closed)
        self.assertEqual(self.hall.chat.files.moving, {})

    def test_who_fetches_may_close_its_side(self) -> None:
        file = self.sends(self.tesla, "#lobby")
        courier = self.courier()
        courier.queues("download", ticket=self.ticket(self.edison, file))
        courier.ends_input()
        self.assertEqual(courier.content, COIL)

    def test_what_the_client_says_meanwhile_is_nothing(self) -> None:
        file = self.sends(self.tesla, "#lobby", COIL * 20)
        courier = self.begins_download(self.edison, file)
        courier.sends(b"hello\n" * 10_000)
        courier.reads_again()
        self.assertEqual(courier.content, COIL * 20)

    def test_a_server_that_stops_says_so_to_uploads_and_cuts_downloads(self) -> None:
        file = self.sends(self.tesla, "#lobby", COIL * 20)
        down, up = self.begins_download(self.edison, file), self.begins_upload(self.tesla, "edison")
        from twisted_chat.server.service import RESTART

        self.hall.factory.stop(RESTART)
        self.hall.settle()
        self.assertTrue(down.closed)
        self.assertEqual(up.ending()["code"], "restart")

    def test_a_content_that_was_lost_is_said_to_be(self) -> None:
        file = self.sends(self.tesla, "#lobby")
        ticket = self.ticket(self.edison, file)
        (name,) = self.contents()
        (self.hall.directory / "files" / name).write_bytes(COIL[:-1])
        self.assert_refused(self.courier().asks("download", ticket=ticket), "no_such_file")
        (self.hall.directory / "files" / name).unlink()
        ticket = self.ticket(self.edison, file)
        answer = self.courier().asks("download", ticket=ticket)
        self.assert_refused(answer, "no_such_file")
        self.assertIn("lost the content", answer["error"]["message"])


class AnyCutTests(SynchronousTestCase):
    """Whatever the network does, the bytes are the same."""

    @settings(max_examples=often(15), deadline=None)
    @given(st.data())
    def test_e5_any_packets_and_any_cuts_give_the_same_bytes(self, data: st.DataObject) -> None:
        content = data.draw(st.binary(min_size=1, max_size=3000)) * data.draw(
            st.integers(1, 100), label="times"
        )
        offer = {
            "room": "#lobby",
            "name": "any",
            "size": len(content),
            "sha256": digest(content),
        }
        with Hall() as hall:
            tesla = hall.bot("tesla")
            while True:
                answer = tesla.asks("offer", **offer)
                courier = new_courier(hall)
                start = courier.asks("upload", ticket=answer["ticket"])["from"]
                if self._goes_on(data, courier, content, start):
                    break
                if data.draw(st.booleans(), label="the server starts anew"):
                    hall.restart()
                    tesla = hall.bot("tesla")
            self.assertEqual(courier.ending()["event"], "stored")
            said = tesla.asks("send", room="#lobby", text="", file=answer["file"], cid="c")
            self.assertIn("seq", said)
            had = b""
            while len(had) < len(content):
                ticket = tesla.asks("get", file=answer["file"])["ticket"]
                came = new_courier(hall).downloads(ticket, len(had))
                had += came[: data.draw(st.integers(1, len(came)), label="kept")]
            self.assertEqual(had, content)

    def _goes_on(self, data: st.DataObject, courier: Courier, content: bytes, start: int) -> bool:
        """Send some packets; whether all of it was sent."""
        while start < len(content):
            end = start + data.draw(st.integers(1, 70_000), label="packet")
            courier.sends(content[start:end])
            start = end
            if start < len(content) and data.draw(st.integers(0, 3), label="cut") == 0:
                courier.vanishes()
                return False
        return True
