"""What is sent over HTTP and not taken, or cut, and what is left of it."""

from __future__ import annotations

from base64 import b64encode
from typing import Any, ClassVar
from unittest import mock
from urllib.parse import quote

from twisted_chat.testing import PASSWORD, Hall

from .browsing import HostCase, Requesting, basic, head


class RefusedTests(HostCase):
    settings: ClassVar[dict[str, Any]] = {"max_file": 1000, "quota": 10_000}

    def test_b4_who_is_not_known_hears_what_one_with_a_wrong_password_hears(self) -> None:
        wrong = self.sends(b"x", Authorization=basic("tesla", "guessed"))
        self.assert_refused(wrong, 401, "Wrong username or password.")
        self.assertEqual(
            wrong.fields["WWW-Authenticate"], 'Basic realm="twisted-chat", charset="UTF-8"'
        )
        unknown = self.sends(b"x", "nobody1")
        self.assertEqual((unknown.status, unknown.body), (wrong.status, wrong.body))
        self.assert_refused(self.sends(b"x", Authorization=""), 401, "Log in")
        self.assert_refused(self.sends(b"x", Authorization="Bearer x"), 401, "Log in")

    def test_b1_wrong_passwords_count_as_at_every_door(self) -> None:
        for left in ("2 tries", "1 try"):
            answer = self.sends(b"x", Authorization=basic("tesla", "guessed"))
            self.assert_refused(answer, 401, f"You have {left} left.")
        blocked = self.sends(b"x", Authorization=basic("tesla", "guessed"))
        self.assert_refused(blocked, 429, "blocked")
        self.assertEqual(blocked.fields["Retry-After"], "60")
        self.assertEqual(self.sends(b"x").status, 429)
        program = self.hall.program()
        login = program.asks("login", name="tesla", password=PASSWORD)
        self.assertEqual(login["error"]["code"], "blocked")
        self.hall.wait(61)
        self.assertEqual(self.sends(b"x").status, 201)

    def test_b9_who_is_banned_sends_nothing_and_shows_nothing(self) -> None:
        link = self.sent(b"x")
        person = self.hall.chat.roster.names.find("tesla")
        assert person is not None
        person.suspended_until = self.hall.wall() + 60_000
        self.assertEqual(self.sends(b"x").status, 403)
        self.assertEqual(self.asks("GET", link).status, 404)
        self.hall.wait(61)
        self.assertEqual(self.asks("GET", link).status, 200)

    def test_e9_a_new_account_from_the_internet_has_no_links_yet(self) -> None:
        def sends_from(host: str) -> tuple[int, bytes]:
            sending = Requesting(self.hall, host)
            sending.asks("POST", "/files", b"x", Authorization=basic("tesla"))
            answer = sending.answer()
            return answer.status, answer.body

        for near in ("10.1.2.3", "::ffff:192.168.0.7", "fd00::1", "127.0.0.1"):
            self.assertNotEqual(sends_from(near)[0], 403)
        for far in ("1.2.3.4", "2a00:1450::1"):
            status, body = sends_from(far)
            self.assertEqual(status, 403)
            self.assertIn(b"Your account is too new to share files with links: try again in ", body)
        self.hall.wait(24 * 3600, step=3600)
        self.assertNotEqual(sends_from("1.2.3.4")[0], 403)

    def test_a_password_may_have_a_colon_and_letters_of_any_kind(self) -> None:
        program = self.hall.program()
        program.asks("register", name="curie", password="pe:ché mignon")
        for coding in ("utf-8", "latin-1"):
            letters = b64encode("curie:pe:ché mignon".encode(coding)).decode()
            self.assertEqual(self.sends(b"x", Authorization=f"Basic {letters}").status, 201)

    def test_e4_what_is_too_large_is_refused_before_it_comes(self) -> None:
        one = Requesting(self.hall)
        one.sends(head("POST", "/files", 1001, Authorization=basic("tesla")))
        self.assert_refused(one.answer(), 413, "1.0 kB")
        fields = {"Authorization": basic("tesla"), "Transfer_Encoding": "chunked"}
        chunked = self.asks("POST", "/files", b"3e9\r\n" + b"x" * 1001 + b"\r\n0\r\n\r\n", **fields)
        self.assert_refused(chunked, 413, "the most is 1.0 kB")

    def test_e3_an_account_has_its_quota(self) -> None:
        for _ in range(2):
            link = self.sent(b"x")
        refused = self.sends(b"x")
        self.assertEqual(refused.status, 413)
        self.assertIn("Your files take 8.2 kB and may take 10.0 kB", refused.sentence)
        self.assertEqual(len(self.contents()), 2)
        self.asks("DELETE", link, Authorization=basic("tesla"))
        self.assertEqual(self.sends(b"x").status, 201)

    def test_e3_what_would_fill_the_disk_is_refused(self) -> None:
        self.hall.chat.files.blobs.keep_free = 10**18
        self.assert_refused(self.sends(b"x"), 507, "disk")

    def test_an_upload_that_is_cut_leaves_nothing(self) -> None:
        for part in (b"", b"x" * 500):
            one = Requesting(self.hall)
            one.sends(head("POST", "/files", 900, Authorization=basic("tesla")) + part)
            self.assertEqual(len(self.contents()), 1)
            one.vanishes()
            self.assertEqual(self.contents(), [])
        half = Requesting(self.hall)
        half.sends(head("POST", "/files", 900, Authorization=basic("tesla")) + b"x")
        half.ends_input()
        self.assertTrue(half.closed)
        self.assertEqual(self.contents(), [])
        self.assertEqual(self.files(), [])
        self.assertEqual(self.sends(b"x").status, 201)

    def test_one_whose_sender_goes_before_it_is_acknowledged_leaves_nothing_either(self) -> None:
        """Whoever has no answer does not know the link, and sends it again."""
        one = Requesting(self.hall)
        one.sends(head("POST", "/files", 3, Authorization=basic("tesla")))
        with mock.patch.object(self.hall.store, "run_once", lambda: False):
            one.sends(b"abc")
            one.breaks()
        self.hall.settle()
        self.assertEqual(one.came, b"")
        self.assertEqual((self.files(), self.contents()), ([], []))
        self.assertFalse(any(self.hall.chat.files.space.used.values()))

    def test_e11_one_that_a_kill_has_cut_is_swept(self) -> None:
        one = Requesting(self.hall)
        one.sends(head("POST", "/files", 900, Authorization=basic("tesla")) + b"x" * 500)
        self.hall.clients.remove(one)  # what it was never hears of its end
        self.hall.restart()
        self.tesla = self.hall.bot("tesla")
        self.hall.wait(3)
        self.assertEqual(self.contents(), [])

    def test_e4_one_in_which_nothing_comes_is_ended(self) -> None:
        one = Requesting(self.hall)
        one.sends(head("POST", "/files", 900, Authorization=basic("tesla")) + b"x")
        self.hall.wait(55)
        self.assertFalse(one.closed)
        self.hall.wait(10)
        self.assert_refused(one.answer(), 408, "60 seconds")

    def test_b9_one_that_goes_on_ends_with_the_right_to_it(self) -> None:
        one = Requesting(self.hall)
        one.sends(head("POST", "/files", 900, Authorization=basic("tesla")) + b"x")
        self.tesla.asks("password", old=PASSWORD, new="another horse")
        self.assertEqual(one.answer().status, 403)
        self.assertEqual(self.contents(), [])

    def test_so_many_at_once(self) -> None:
        self.hall.chat.files.most = 1
        one = Requesting(self.hall)
        one.sends(head("POST", "/files", 900, Authorization=basic("tesla")))
        second = self.sends(b"x")
        self.assertEqual((second.status, second.fields["Retry-After"]), (503, "5"))
        self.assertEqual(len(self.contents()), 1)

    def test_e1_names_that_are_paths_are_refused(self) -> None:
        for name in ("../x", "/etc/x", "C:\\\\x", "a\u202egnp.exe", "."):
            told = f"attachment; filename*=UTF-8''{quote(name, safe='')}"
            self.assertEqual(self.sends(b"x", Content_Disposition=told).status, 400, name)
        self.assertEqual(self.contents(), [])

    def test_i1_without_tls_nothing_is_sent_over_a_network(self) -> None:
        link = self.sent(b"x")
        with Hall(plaintext="loopback") as hall:
            far = Requesting(hall, "192.0.2.7")
            far.asks("POST", "/files", b"x", Authorization=basic("tesla"))
            self.assertEqual(far.answer().status, 403)
            self.assertIn("over TLS only", far.answer().sentence)
            far = Requesting(hall, "192.0.2.7")
            far.asks("GET", link)
            self.assertEqual(far.answer().status, 403)

    def test_requests_that_are_none(self) -> None:
        for status, body, fields in (
            (411, b"", {"Content_Length": ""}),
            (400, b"", {"Content_Length": "-1"}),
            (400, b"", {"Content_Length": "1", "Transfer_Encoding": "chunked"}),
            (501, b"", {"Transfer_Encoding": "gzip, chunked"}),
            (400, b"x\r\n", {"Transfer_Encoding": "chunked"}),
            (400, b"1\r\nab\r\n", {"Transfer_Encoding": "chunked"}),
            (400, b"1;" + b"x" * 2000, {"Transfer_Encoding": "chunked"}),
            (400, b"0\r\n" + b"x: y\r\n" * 70, {"Transfer_Encoding": "chunked"}),
            (417, b"", {"Expect": "a miracle"}),
            (400, b"", {"Authorization": "Basic ***"}),
            (400, b"", {"Authorization": "Basic eHk="}),
            (400, b"", {"Content_Disposition": "attachment; filename*=x"}),
            (400, b"", {"Content_Disposition": "attachment; filename*=UTF-8''%ff"}),
        ):
            told = {"Authorization": basic("tesla"), **fields}
            answer = self.asks("POST", "/files", body, **told)
            self.assert_refused(answer, status)

    def test_other_ways_to_ask(self) -> None:
        self.assertEqual(self.asks("GET", "/files").fields["Allow"], "OPTIONS, POST")
        self.assertEqual(self.asks("POST", "/files/1/" + "0" * 32).status, 405)
        self.assertEqual(self.asks("GET", "/files/").status, 404)
        self.assertEqual(self.asks("GET", "/files/1/short").status, 404)
        self.assertEqual(self.asks("POST", "/", b"").status, 405)
