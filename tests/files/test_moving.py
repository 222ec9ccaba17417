"""The bytes on their way: exactly as many as were announced, and only as long as one may."""

from __future__ import annotations

from typing import Any, ClassVar
from unittest import mock

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from twisted_chat.files.moving import PIECE
from twisted_chat.testing import Courier, Hall
from twisted_chat.transfer import MOST_STALL

from .case import COIL, FilesTestCase, digest


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
        courier.sends(COIL[:1000])
        self.hall.wait(MOST_STALL - 2)
        courier.sends(COIL[1000:2000])
        self.hall.wait(MOST_STALL - 2)
        self.assertFalse(courier.closed)
        self.hall.wait(3)
        ending = courier.ending()
        self.assertEqual((ending["event"], ending["code"]), ("closed", "timeout"))
        self.assertEqual(self.offers(self.tesla, "#lobby")["from"], 2000)

    def test_e5_what_is_not_the_file_is_not_kept(self) -> None:
        courier = self.begins_upload(self.tesla, "#lobby")
        courier.sends(b"!" + COIL[1:])
        ending = courier.ending()
        self.assertEqual((ending["event"], ending["code"]), ("closed", "damaged"))
        self.assertEqual(self.contents(), [])
        again = self.offers(self.tesla, "#lobby")
        self.assertEqual(again["from"], 0)
        self.assertEqual(self.hall.courier().uploads(again["ticket"], COIL)["event"], "stored")

    def test_who_does_not_wait_for_the_answer_is_refused(self) -> None:
        ticket = self.offers(self.tesla, "#lobby")["ticket"]
        for early in (b"x", b"x\n", b"x\ny\nz", COIL):
            courier = self.hall.courier()
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
        self.assertEqual(self.hall.courier().uploads(again["ticket"], COIL)["event"], "stored")
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

    def test_e11_a_disk_that_fails_is_told_of_and_nothing_of_the_file_is_kept(self) -> None:
        courier = self.begins_upload(self.tesla, "#lobby")
        with mock.patch("os.write", side_effect=OSError(5, "Input/output error")):
            courier.sends(COIL)
        self.assertEqual(courier.ending()["code"], "internal")
        self.assertEqual(len(self.flushLoggedErrors(OSError)), 1)
        self.assertEqual(self.contents(), [])


def _later(work: Any, waiting: list[Any]) -> Any:
    from twisted.internet.defer import Deferred, maybeDeferred

    done: Deferred[Any] = Deferred()
    waiting.append(lambda: maybeDeferred(work).chainDeferred(done))
    return done


class TicketTests(FilesTestCase):
    def test_e9_a_ticket_is_good_once(self) -> None:
        file = self.sends(self.tesla, "#lobby")
        ticket = self.ticket(self.edison, file)
        self.assertEqual(self.hall.courier().downloads(ticket), COIL)
        self.assert_refused(self.hall.courier().asks("download", ticket=ticket), "bad_ticket")
        offered = self.offers(self.tesla, "#lobby", b"x", "x")
        self.hall.courier().uploads(offered["ticket"], b"x")
        refused = self.hall.courier().asks("upload", ticket=offered["ticket"])
        self.assert_refused(refused, "bad_ticket")

    def test_e9_a_ticket_is_good_for_an_hour(self) -> None:
        file = self.sends(self.tesla, "#lobby")
        old, older = self.ticket(self.edison, file), self.ticket(self.edison, file)
        self.hall.wait(3590, step=100)
        self.assertEqual(self.hall.courier().downloads(old), COIL)
        self.hall.wait(20)
        self.assert_refused(self.hall.courier().asks("download", ticket=older), "bad_ticket")

    def test_e9_a_ticket_opens_one_way(self) -> None:
        file = self.sends(self.tesla, "#lobby")
        down, up = self.ticket(self.edison, file), self.offers(self.tesla, "edison")["ticket"]
        self.assert_refused(self.hall.courier().asks("upload", ticket=down), "bad_ticket")
        self.assert_refused(self.hall.courier().asks("download", ticket=up), "bad_ticket")
        self.assertEqual(self.hall.courier().downloads(down), COIL)

    def test_e9_who_guesses_is_sent_away(self) -> None:
        courier = self.hall.courier()
        for number in range(4):
            refused = courier.asks("download", ticket=f"{number:032x}")
            self.assert_refused(refused, "bad_ticket")
        self.assertFalse(courier.closed)
        courier.begins("upload", ticket="")
        self.assertTrue(courier.closed)
        self.assertEqual(courier.takes_events("closed")[0]["code"], "too_many_tries")

    def test_e9_tickets_are_kept_as_hashes_and_in_memory_only(self) -> None:
        file = self.sends(self.tesla, "#lobby")
        ticket = self.ticket(self.edison, file)
        self.assertNotIn(ticket, repr(vars(self.hall.chat.files.tickets)))
        self.hall.restart()
        self.assert_refused(self.hall.courier().asks("download", ticket=ticket), "bad_ticket")

    def test_e9_after_a_password_was_changed_no_ticket_is_good(self) -> None:
        file = self.sends(self.tesla, "#lobby")
        ticket = self.ticket(self.edison, file)
        running = self.begins_download(self.edison, file)
        self.edison.asks("password", old="correct horse", new="battery staple")
        self.assertTrue(running.closed)
        self.assert_refused(self.hall.courier().asks("download", ticket=ticket), "bad_ticket")

    def test_a_bad_beginning(self) -> None:
        file = self.sends(self.tesla, "#lobby")
        for start in (-1, len(COIL) + 1):
            answer = self.hall.courier().asks(
                "download", ticket=self.ticket(self.edison, file), **{"from": start}
            )
            self.assert_refused(answer, "args")

    def test_moving_is_for_connections_of_their_own(self) -> None:
        file = self.sends(self.tesla, "#lobby")
        ticket = self.ticket(self.edison, file)
        self.assert_refused(self.edison.asks("download", ticket=ticket), "not_now")
        self.assertEqual(self.hall.courier().downloads(ticket), COIL)

    def test_so_many_at_once(self) -> None:
        file = self.sends(self.tesla, "#lobby")
        running = [self.begins_download(self.edison, file) for _ in range(20)]
        ticket = self.ticket(self.edison, file)
        self.assert_refused(self.hall.courier().asks("download", ticket=ticket), "busy")
        running[0].vanishes()
        self.assertEqual(self.hall.courier().downloads(ticket), COIL)
        self.assertEqual(self.fetches(self.tesla, file), COIL)


class RightsTests(FilesTestCase):
    settings: ClassVar[dict[str, Any]] = {"admins": ("tesla",)}

    def enter(self) -> None:
        super().enter()
        self.tesla.asks("create", room="#coil", private=True)
        self.tesla.asks("invite", room="#coil", user="edison")
        self.edison.asks("join", room="#coil")
        self.file = self.sends(self.tesla, "#coil")

    WAYS_OUT: ClassVar[dict[str, dict[str, Any]]] = {
        "kick": {"room": "#coil", "user": "edison"},
        "ban": {"room": "#coil", "user": "edison"},
        "ban-user": {"user": "edison"},
        "delete": {"what": "#coil", "sure": True},
        "delete ": {"what": "#coil/3"},
    }

    def again(self) -> None:
        """Begin with a hall of its own."""
        self.leave()
        self.enter()

    def test_e9_c5_a_lost_right_cuts_what_runs_and_refuses_what_was_granted(self) -> None:
        for do, arguments in self.WAYS_OUT.items():
            ticket = self.ticket(self.edison, self.file)
            running = self.begins_download(self.edison, self.file)
            had = len(running.content)
            self.assertLess(had, len(COIL))
            self.assertNotIn("error", self.tesla.asks(do.strip(), **arguments), do)
            self.hall.wait(1)
            self.assertTrue(running.closed, do)
            running.collect()
            self.assertEqual(len(running.content), had)
            refused = self.hall.courier().asks("download", ticket=ticket)
            self.assertIn(refused["error"]["code"], ("no_such_file", "bad_ticket"), do)
            if not self.edison.closed:
                self.assert_refused(self.edison.asks("get", file=self.file), "no_such_file")
            self.again()

    def test_e9_a_right_is_lost_from_the_asking_on(self) -> None:
        ticket = self.ticket(self.edison, self.file)
        courier = self.hall.courier()
        self.tesla.queues("kick", room="#coil", user="edison")
        self.tesla.deliver()  # it is not committed yet
        courier.queues("download", ticket=ticket)
        courier.deliver()
        self.assert_refused(courier.answer_to(1), "no_such_file")

    def test_e10_an_upload_is_cut_with_the_right_to_speak(self) -> None:
        for do, arguments, code in (
            ("kick", {"room": "#coil", "user": "edison"}, "not_a_member"),
            ("mute", {"room": "#coil", "user": "edison"}, "muted"),
            ("ban-user", {"user": "edison"}, "ended"),
            ("delete", {"what": "#coil", "sure": True}, "not_a_member"),
        ):
            courier = self.begins_upload(self.edison, "#coil", COIL + b"!")
            courier.sends(COIL[:1000])
            self.tesla.asks(do, **arguments)
            courier.sends(COIL[1000:2000])
            ending = courier.ending()
            self.assertEqual((ending["event"], ending["code"]), ("closed", code))
            self.again()

    def test_e10_who_was_put_out_cannot_send_what_is_uploaded(self) -> None:
        file = self.uploads(self.edison, "#coil", b"late")
        self.tesla.asks("kick", room="#coil", user="edison")
        self.assertIn("error", self.says_file(self.edison, "#coil", file))

    def test_e9_c6_a_number_alone_tells_nothing(self) -> None:
        bell = self.hall.bot("bell")
        hidden = bell.asks("get", file=self.file)
        absent = bell.asks("get", file=self.file + 100)
        for answer in (hidden, absent):
            self.assert_refused(answer, "no_such_file")
        self.assertEqual(
            hidden["error"]["message"].replace(str(self.file), "N"),
            absent["error"]["message"].replace(str(self.file + 100), "N"),
        )
        unsent = self.uploads(self.tesla, "#coil", b"not sent")
        self.assert_refused(self.edison.asks("get", file=unsent), "no_such_file")

    def test_e9_the_matrix(self) -> None:
        """Who may fetch what was sent to the lobby, to a hidden room and in private."""
        bell = self.hall.bot("bell")
        lobby = self.sends(self.tesla, "#lobby", b"lobby")
        private = self.sends(self.tesla, "edison", b"private")
        for person, may in (
            (self.tesla, {lobby, private, self.file}),
            (self.edison, {lobby, private, self.file}),
            (bell, {lobby}),
        ):
            had = {
                file
                for file in (lobby, private, self.file)
                if "error" not in person.asks("get", file=file)
            }
            self.assertEqual(had, may)


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

    def test_who_fetches_may_close_its_side(self) -> None:
        file = self.sends(self.tesla, "#lobby")
        courier = self.hall.courier()
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
        from twisted_chat.service import RESTART

        self.hall.factory.stop(RESTART)
        self.hall.settle()
        self.assertTrue(down.closed)
        self.assertEqual(up.ending()["code"], "restart")

    def test_a_content_that_was_lost_is_said_to_be(self) -> None:
        file = self.sends(self.tesla, "#lobby")
        ticket = self.ticket(self.edison, file)
        (name,) = self.contents()
        (self.hall.directory / "files" / name).write_bytes(COIL[:-1])
        self.assert_refused(self.hall.courier().asks("download", ticket=ticket), "no_such_file")
        (self.hall.directory / "files" / name).unlink()
        ticket = self.ticket(self.edison, file)
        answer = self.hall.courier().asks("download", ticket=ticket)
        self.assert_refused(answer, "no_such_file")
        self.assertIn("lost the content", answer["error"]["message"])


class AnyCutTests(SynchronousTestCase):
    """Whatever the network does, the bytes are the same."""

    @settings(max_examples=25, deadline=None)
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
                courier = hall.courier()
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
                came = hall.courier().downloads(ticket, len(had))
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
