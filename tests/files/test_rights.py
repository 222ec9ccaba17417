"""Who may move a file, and for how long: tickets, rights, and rights that are lost."""

from __future__ import annotations

from typing import Any, ClassVar

from twisted_chat.testing import PASSWORD

from .case import COIL, FilesTestCase


class TicketTests(FilesTestCase):
    def test_e9_a_ticket_is_good_once(self) -> None:
        file = self.sends(self.tesla, "#lobby")
        ticket = self.ticket(self.edison, file)
        self.assertEqual(self.courier().downloads(ticket), COIL)
        self.assert_refused(self.courier().asks("download", ticket=ticket), "bad_ticket")
        offered = self.offers(self.tesla, "#lobby", b"x", "x")
        self.courier().uploads(offered["ticket"], b"x")
        refused = self.courier().asks("upload", ticket=offered["ticket"])
        self.assert_refused(refused, "bad_ticket")

    def test_e9_a_ticket_is_good_for_an_hour(self) -> None:
        file = self.sends(self.tesla, "#lobby")
        old, older = self.ticket(self.edison, file), self.ticket(self.edison, file)
        self.hall.wait(3590, step=100)
        self.assertEqual(self.courier().downloads(old), COIL)
        self.hall.wait(20)
        self.assert_refused(self.courier().asks("download", ticket=older), "bad_ticket")

    def test_e9_a_ticket_opens_one_way(self) -> None:
        file = self.sends(self.tesla, "#lobby")
        down, up = self.ticket(self.edison, file), self.offers(self.tesla, "edison")["ticket"]
        self.assert_refused(self.courier().asks("upload", ticket=down), "bad_ticket")
        self.assert_refused(self.courier().asks("download", ticket=up), "bad_ticket")
        self.assertEqual(self.courier().downloads(down), COIL)

    def test_e9_who_guesses_is_sent_away(self) -> None:
        courier = self.courier()
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
        self.assert_refused(self.courier().asks("download", ticket=ticket), "bad_ticket")

    def test_e9_b9_with_a_password_the_tickets_of_other_devices_go(self) -> None:
        file = self.sends(self.tesla, "#lobby")
        phone = self.hall.bot("edison", device="phone")
        ticket, running = self.ticket(phone, file), self.begins_download(phone, file)
        own = self.ticket(self.edison, file)
        self.edison.asks("password", old=PASSWORD, new="battery staple")
        self.assertTrue(running.closed)
        self.assert_refused(self.courier().asks("download", ticket=ticket), "bad_ticket")
        self.assertEqual(self.courier().downloads(own), COIL)

    def test_e9_b7_a_device_that_is_ended_moves_nothing_more(self) -> None:
        file = self.sends(self.tesla, "#lobby")
        phone = self.hall.bot("edison", device="phone")
        ticket, running = self.ticket(phone, file), self.begins_download(phone, file)
        own = self.begins_download(self.edison, file)
        self.edison.asks("devices", end=2)
        self.assertTrue(running.closed)
        self.assertFalse(own.closed)
        self.assert_refused(self.courier().asks("download", ticket=ticket), "bad_ticket")

    def test_a_connection_that_is_lost_takes_no_ticket_along(self) -> None:
        file = self.sends(self.tesla, "#lobby")
        ticket = self.ticket(self.edison, file)
        self.edison.vanishes()
        self.assertEqual(self.courier().downloads(ticket), COIL)

    def test_a_bad_beginning(self) -> None:
        file = self.sends(self.tesla, "#lobby")
        for start in (-1, len(COIL) + 1):
            answer = self.courier().asks(
                "download", ticket=self.ticket(self.edison, file), **{"from": start}
            )
            self.assert_refused(answer, "args")

    def test_moving_is_for_connections_of_their_own(self) -> None:
        file = self.sends(self.tesla, "#lobby")
        ticket = self.ticket(self.edison, file)
        self.assert_refused(self.edison.asks("download", ticket=ticket), "not_now")
        self.assertEqual(self.courier().downloads(ticket), COIL)

    def test_so_many_at_once(self) -> None:
        file = self.sends(self.tesla, "#lobby")
        running = [self.begins_download(self.edison, file) for _ in range(20)]
        ticket = self.ticket(self.edison, file)
        self.assert_refused(self.courier().asks("download", ticket=ticket), "busy")
        running[0].vanishes()
        self.assertEqual(self.courier().downloads(ticket), COIL)
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
            refused = self.courier().asks("download", ticket=ticket)
            self.assertIn(refused["error"]["code"], ("no_such_file", "bad_ticket"), do)
            if not self.edison.closed:
                self.assert_refused(self.edison.asks("get", file=self.file), "no_such_file")
            self.again()

    def test_e9_a_right_is_lost_from_the_asking_on(self) -> None:
        ticket = self.ticket(self.edison, self.file)
        courier = self.courier()
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
