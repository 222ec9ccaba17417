"""One port for every door: whatever the first bytes are, however they are cut."""

from __future__ import annotations

from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from twisted_chat.core.doorways import Door, Offer, hint
from twisted_chat.opening import look
from twisted_chat.testing import Client, Hall

from .case import TransportTestCase

SPOKEN = {
    Door.IRC: (b"NICK bob\r\nUSER bob 0 * :Bob\r\n", " 001 bob :Welcome to twisted-chat"),
    Door.JSON: (b'{"id": 1, "do": "ping"}\n', '{"re":1,"ok":{}}'),
    Door.WEB: (b"GET / HTTP/1.1\r\nHost: chat.example:9999\r\n\r\n", "HTTP/1.1 200 OK\r\n"),
    Door.TEXT: (b"bob\n", "Login successful, Welcome to twisted-chat!"),
    Door.FETCH: (b"fetch-file 0f\n", "ticket"),
}


class FirstBytesTests(SynchronousTestCase):
    def test_each_door_by_its_first_bytes(self) -> None:
        for data, door in {
            b"CAP LS 302\r\n": Door.IRC,
            b"nick bob\n": Door.IRC,
            b"USER a 0 * :b\r\n": Door.IRC,
            b"PASS x": Door.IRC,
            b"@label=1 PING x\r\n": Door.IRC,
            b"@bob\n": Door.TEXT,
            b":x\n": Door.TEXT,
            b"GET / HTTP/1.1\r\n": Door.WEB,
            b"OPTIONS * HTTP/1.1\r\n": Door.WEB,
            b"CONNECT a:1 HTTP/1.1": Door.WEB,
            b"get 5\n": Door.TEXT,
            b"GET 5\n": Door.TEXT,
            b"user\n": Door.TEXT,
            b"nick\n": Door.TEXT,
            b"nicola\n": Door.TEXT,
            b"passenger": Door.TEXT,
            b"SSH-2.0-x\r\n": Door.FOREIGN,
            b"EHLO me\r\n": Door.FOREIGN,
            b"PRI * HTTP/2.0\r\n": Door.FOREIGN,
            b"\x03\x00\x00\x13": Door.FOREIGN,
        }.items():
            self.assertIs(look(data, header=False, tls=True, fetch=True), door, data)

    def test_who_was_greeted_is_a_person_unless_it_writes_as_programs_do(self) -> None:
        for data, door in {
            b"nick bob\n": Door.TEXT,
            b"@bob\n": Door.TEXT,
            b"CAP LS 302\r\n": Door.IRC,
            b"NICK bob\r\n": Door.IRC,
            b"GET / HTTP/1.1\r\n": Door.WEB,
        }.items():
            found = look(data, header=False, tls=True, fetch=False, greeted=True)
            self.assertIs(found, door, data)

    def test_a3_it_is_never_decided_too_early(self) -> None:
        for data, _ in SPOKEN.values():
            whole = look(data, header=False, tls=True, fetch=True)
            for end in range(1, len(data)):
                part = look(data[:end], header=False, tls=True, fetch=True)
                self.assertIn(part, (None, whole), data[:end])

    def test_a8_a_hint_names_what_is_spoken(self) -> None:
        self.assertEqual(
            hint(Offer(), "http://h:1/"),
            "This port speaks IRC, JSON and text; the web page is at http://h:1/.",
        )
        self.assertEqual(
            hint(Offer(frozenset({Door.IRC}), plain=False), ""),
            "This port speaks IRC over TLS only.",
        )


class FrontTests(TransportTestCase):
    def front(self, **settings: Any) -> Hall:
        return self.hall(guests=True, **settings)

    def client(self, hall: Hall, secure: bool) -> Client:
        client: Client = self.secure(hall) if secure else hall.connects()
        hall.settle()
        return client

    def test_a3_every_door_cut_at_every_offset_plain_and_with_tls(self) -> None:
        for secure in (False, True):
            hall = self.front()
            for door, (data, answer) in SPOKEN.items():
                for cut in range(1, min(len(data), 18)):
                    with self.subTest(door=door, secure=secure, cut=cut):
                        client = self.client(hall, secure)
                        client.sends(data[:cut])
                        client.sends(data[cut:])
                        self.assertIn(answer, client.takes())
                        if not client.closed:
                            client.vanishes()

    def test_a3_every_door_byte_by_byte_and_slowly(self) -> None:
        hall = self.front()
        for door, (data, answer) in SPOKEN.items():
            with self.subTest(door=door):
                client = self.client(hall, False)
                for byte in data:
                    client.sends(bytes([byte]))
                self.assertIn(answer, client.takes())
                if not client.closed:
                    client.vanishes()
        slow = self.client(hall, False)
        slow.sends(b"NI")
        hall.wait(3)
        slow.hears_nothing()
        slow.sends(b"CK eve\r\nUSER eve 0 * :Eve\r\n")
        slow.hears(" 001 eve ")

    def test_a_silent_client_is_greeted_when_the_operator_says(self) -> None:
        hall = self.front(greet_after=2.0)
        client = self.client(hall, False)
        hall.wait(1.9, step=0.1)
        client.hears_nothing()
        hall.wait(0.2, step=0.1)
        client.hears("Username: ")

    def test_an_irc_client_that_is_late_is_taken_for_one(self) -> None:
        hall = self.front()
        client = self.client(hall, False)
        hall.wait(0.5, step=0.1)
        client.hears("Username: ")
        client.sends(b"CAP LS 302\r\nNICK bob\r\nUSER bob 0 * :B\r\nCAP END\r\n")
        self.assertEqual(client.takes().split("\r\n")[0], "")
        self.assertIsNone(hall.chat.signin.find("cap"))

    def test_a_person_who_types_nick_at_the_prompt_is_told_about_names(self) -> None:
        hall = self.front()
        client = self.client(hall, False)
        hall.wait(0.5, step=0.1)
        client.types("nick bob")
        client.hears("A name cannot contain a space")
        client.types("nick")
        client.hears("Login successful")

    def test_a8_a_door_that_is_switched_off_says_so_and_closes(self) -> None:
        for door, switch in (
            (Door.IRC, "no_irc"),
            (Door.JSON, "no_json"),
            (Door.WEB, "no_web"),
            (Door.TEXT, "no_text"),
        ):
            hall = self.front(**{switch: True})
            client = self.client(hall, False)
            client.sends(SPOKEN[door][0])
            said = client.takes()
            self.assertIn("This port speaks ", said, door)
            hall.settle()
            self.assertTrue(client.closed, door)

    def test_a8_other_protocols_get_one_line(self) -> None:
        hall = self.front()
        for data in (
            b"SSH-2.0-OpenSSH_9\r\n",
            b"EHLO x\r\n",
            b"PRI * HTTP/2.0\r\n\r\n",
            b"\x03\x00\x00",
        ):
            client = self.client(hall, False)
            client.sends(data)
            self.assertTrue(client.takes().startswith("This port speaks IRC, JSON and text;"))
            self.assertTrue(client.closed)

    def at(self, hall: Hall, offer: Offer, secure: bool = False) -> Client:
        """A client at a port of its own."""
        client = self.client(hall, secure)
        client.protocol.offer = offer
        return client

    def test_a_port_for_one_door_greets_nobody_and_takes_all_for_it(self) -> None:
        hall = self.front()
        irc = self.at(hall, Offer(frozenset({Door.IRC})))
        hall.wait(5)
        irc.hears_nothing()
        irc.sends(b"HELP\r\nNICK bob\r\nUSER bob 0 * :B\r\n")
        irc.hears(" 451 ", " 001 bob ")
        lost = self.at(hall, Offer(frozenset({Door.IRC})))
        lost.sends(SPOKEN[Door.WEB][0])
        lost.hears("HTTP/1.1 426 Upgrade Required", "This port speaks IRC.")
        web = self.at(hall, Offer(frozenset({Door.WEB})))
        web.sends(b"tesla\n\n")
        web.hears("HTTP/1.1 400 Bad Request")

    def test_a_port_for_tls_takes_nothing_else(self) -> None:
        hall = self.front()
        client = self.at(hall, Offer(plain=False))
        hall.wait(1)
        client.hears_nothing()
        client.sends(b"NICK x\r\n")
        client.hears("ERROR :This port speaks IRC, JSON and text over TLS only;")
        secure = self.at(hall, Offer(plain=False), secure=True)
        secure.sends(SPOKEN[Door.IRC][0])
        secure.hears(" 001 bob ")


class WebTests(TransportTestCase):
    def asks(self, data: bytes, **settings: Any) -> tuple[str, str]:
        hall = self.hall(**settings)
        client = hall.connects()
        client.sends(data)
        head, _, body = client.takes().partition("\r\n\r\n")
        self.assertTrue(client.closed)
        return head, body

    def test_e8_f2_f4_the_page_is_escaped_and_says_what_browsers_may_do_with_it(self) -> None:
        head, body = self.asks(
            b"GET /?x HTTP/1.1\r\nHost: chat.example:9999\r\n\r\n", name="<b>lab</b>"
        )
        self.assertIn("&lt;b&gt;lab&lt;/b&gt;", body)
        self.assertNotIn("<b>", body)
        self.assertIn("chat.example 9999", body)
        for field in (
            "Content-Security-Policy: default-src 'none'; frame-ancestors 'none'",
            "X-Content-Type-Options: nosniff",
            "Referrer-Policy: no-referrer",
            "Connection: close",
            f"Content-Length: {len(body.encode())}",
        ):
            self.assertIn(field, head)

    def test_f2_a_host_that_makes_no_sense_is_not_shown(self) -> None:
        _, body = self.asks(b"GET / HTTP/1.1\r\nHost: <script>alert(1)</script>\r\n\r\n")
        self.assertNotIn("script", body)

    def test_other_requests_are_refused_in_words(self) -> None:
        host = b"\r\nHost: h\r\n"
        for data, status in (
            (b"GET /other HTTP/1.1" + host, "404 Not Found"),
            (b"POST / HTTP/1.1" + host, "405 Method Not Allowed"),
            (b"GET / HTTP/1.1\r\n", "400 Bad Request"),
            (b"GET / HTTP/3.1" + host, "400 Bad Request"),
            (b"GET / HTTP/1.1" + host + b"Host: h\r\n", "400 Bad Request"),
            (b"GET / HTTP/1.1" + host + b"bad field\r\n", "400 Bad Request"),
            (b"GET / HTTP/1.1" + host + b"X: " + b"x" * 9000 + b"\r\n", "431 Request Header"),
            (b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 2000, "431 Request Header"),
        ):
            head, _ = self.asks(data + b"\r\n")
            self.assertIn(status, head.split("\r\n")[0], data[:40])

    def test_head_has_no_body(self) -> None:
        head, body = self.asks(b"HEAD / HTTP/1.1\r\nHost: h\r\n\r\n")
        self.assertIn("200 OK", head)
        self.assertEqual(body, "")

    def test_f6_a_slow_request_is_closed_after_ten_seconds(self) -> None:
        hall = self.hall()
        client = hall.connects()
        client.sends(b"GET / HTTP/1.1\r\n")
        hall.wait(9)
        self.assertFalse(client.closed)
        hall.wait(3)
        client.hears("HTTP/1.1 408 Request Timeout")
        self.assertTrue(client.closed)

    def test_once_http_it_is_never_a_chat(self) -> None:
        hall = self.hall(guests=True)
        client = hall.connects()
        client.sends(b"GET / HTTP/1.1\r\nHost: h\r\n\r\nNICK bob\r\nUSER bob 0 * :b\r\n")
        self.assertNotIn(" 001 ", client.takes())
        self.assertEqual(hall.chat.sessions, {})
