"""What a browser is shown, and what it is refused."""

from __future__ import annotations

import re
from base64 import b64encode
from hashlib import sha256
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from twisted_chat.core.doors import SPOKEN, DoorKind
from twisted_chat.doors.web.http import BadRequest, read
from twisted_chat.doors.web.page import Facts, Place, page
from twisted_chat.testing import Hall

HOST = b"\r\nHost: localhost\r\n"


class TestCase(SynchronousTestCase):
    def asks(self, data: bytes, **settings: Any) -> tuple[str, str]:
        """The head and the body of what is answered."""
        with Hall(**{"plaintext": "loopback", **settings}) as hall:
            client = hall.connects("192.0.2.7")
            client.sends(data)
            head, _, body = client.takes().partition("\r\n\r\n")
            self.assertTrue(client.closed)
        return head, body


class RequestTests(TestCase):
    def test_other_requests_are_refused_in_words(self) -> None:
        for data, status in (
            (b"GET /other HTTP/1.1" + HOST, "404 Not Found"),
            (b"POST / HTTP/1.1" + HOST, "405 Method Not Allowed"),
            (b"OPTIONS * HTTP/1.1" + HOST, "405 Method Not Allowed"),
            (b"CONNECT h:443 HTTP/1.1" + HOST, "405 Method Not Allowed"),
            (b"GET / HTTP/1.1\r\n", "400 Bad Request"),
            (b"GET / HTTP/3.1" + HOST, "505 HTTP Version Not Supported"),
            (b"GET / HTTP/1.1" + HOST + b"Host: localhost\r\n", "400 Bad Request"),
            (b"GET / HTTP/1.1" + HOST + b"bad field\r\n", "400 Bad Request"),
            (b"GET / HTTP/1.1" + HOST + b"X : y\r\n", "400 Bad Request"),
            (b"GET / HTTP/1.1" + HOST + b"X: y\r\n folded\r\n", "400 Bad Request"),
            (b"GET / HTTP/1.1" + HOST + b"X: \x00\r\n", "400 Bad Request"),
            (b"GET / HTTP/1.1" + HOST + b"X: a\rb\r\n", "400 Bad Request"),
            (b"GET / HTTP/1.1\r\nHost: h:65536\r\n", "400 Bad Request"),
            (b"GET / HTTP/1.1\r\nHost: a b\r\n", "400 Bad Request"),
            (b"GET / HTTP/1.1" + HOST + b"X: " + b"x" * 9000 + b"\r\n", "431 Request Header"),
            (b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 2000, "431 Request Header"),
            (b"GET /" + b"x" * 9000, "431 Request Header"),
        ):
            head, body = self.asks(data + b"\r\n")
            self.assertIn(status, head.split("\r\n")[0], data[:60])
            self.assertEqual(body.count("\n"), 1)
            self.assertIn("Connection: close", head)

    def test_a20_a_field_of_blanks_takes_no_longer_than_any_other(self) -> None:
        # These would not end, if blanks could be taken for the text and for what is around it.
        for blanks in (b" " * 8000, b"\t " * 4000, b" x" * 4000):
            for end, status in ((b"\x01", "400 Bad Request"), (b"x", "200 OK")):
                head, _ = self.asks(b"GET / HTTP/1.1" + HOST + b"X:" + blanks + end + b"\r\n\r\n")
                self.assertIn(status, head.split("\r\n")[0])

    def test_blanks_around_the_text_of_a_field_are_no_part_of_it(self) -> None:
        request = read([b"GET / HTTP/1.1", b"Host:h", b"A: \t b c\t ", b"B: ", b"C:"])
        self.assertEqual(request.fields, {"host": "h", "a": "b c", "b": "", "c": ""})

    def test_ways_to_ask_for_the_page(self) -> None:
        for data in (
            b"GET / HTTP/1.1" + HOST,
            b"GET / HTTP/1.1\nHost: localhost\n",
            b"GET / HTTP/1.0\r\n",
            b"GET /?x=1 HTTP/1.1" + HOST,
            b"GET http://localhost/ HTTP/1.1" + HOST,
            b"GET http://localhost HTTP/1.1" + HOST,
            b"GET / HTTP/1.1\r\nhOST: localhost\r\nX:\xc3\xbc\r\n",
            b"GET / HTTP/1.1\r\nHost:\r\n",
        ):
            head, _ = self.asks(data + b"\r\n")
            self.assertTrue(head.startswith("HTTP/1.1 200 OK\r\n"), (data, head))

    def test_what_is_no_request_is_refused_at_its_first_line(self) -> None:
        for line in (b"GET /\n", b"GET / FTP/1.1\r\n", b"GET /a b HTTP/1.1\r\n"):
            head, _ = self.asks(line)
            self.assertIn("400 Bad Request", head)

    def test_head_has_no_body(self) -> None:
        for path, status in (("/", "200 OK"), ("/x", "404 Not Found"), ("", "400 Bad Request")):
            head, body = self.asks(
                f"HEAD {path or '/ x'} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()
            )
            self.assertIn(status, head)
            self.assertEqual(body, "")
        whole, body = self.asks(b"GET / HTTP/1.1" + HOST + b"\r\n")
        length = f"Content-Length: {len(body.encode())}"
        self.assertIn(length, whole)
        self.assertIn(length, self.asks(b"HEAD / HTTP/1.1" + HOST + b"\r\n")[0])

    def test_f6_a_slow_request_is_closed_ten_seconds_after_its_beginning(self) -> None:
        with Hall() as hall:
            client = hall.connects()
            hall.wait(15)
            client.takes()
            client.sends(b"GET / HTTP/1.1\r\n")
            for _ in range(9):
                hall.wait(1)
                client.sends(b"X: y\r\n")
            self.assertFalse(client.closed)
            hall.wait(3)
            client.hears("HTTP/1.1 408 Request Timeout")
            self.assertTrue(client.closed)

    def test_f6_one_request_and_one_answer(self) -> None:
        with Hall(guests=True) as hall:
            client = hall.connects()
            one = b"GET / HTTP/1.1" + HOST + b"\r\n"
            client.sends(one * 2 + b"NICK bob\r\nUSER bob 0 * :b\r\n" + b"bob\n")
            said = client.takes()
            self.assertEqual(said.count("HTTP/1.1 "), 1)
            self.assertNotIn(" 001 ", said)
            self.assertEqual(list(hall.chat.sessions), [])

    def test_f1_what_another_site_posts_is_never_read_as_a_chat(self) -> None:
        with Hall(guests=True) as hall:
            for body in (b"NICK bob\r\nUSER bob 0 * :b\r\n", b'{"id":1,"do":"ping"}\n', b"bob\n"):
                client = hall.connects()
                client.sends(
                    b"POST / HTTP/1.1\r\nHost: localhost\r\nOrigin: http://evil.example\r\n"
                    b"Content-Length: %d\r\n\r\n%b" % (len(body), body)
                )
                self.assertTrue(client.takes().startswith("HTTP/1.1 405 "))
                self.assertTrue(client.closed)
            self.assertEqual(list(hall.chat.sessions), [])


class HostTests(TestCase):
    def test_a_host_as_browsers_write_it(self) -> None:
        for host in (
            "h",
            "h:1",
            "a-b.example.",
            "my_host:9999",
            "192.0.2.1:80",
            "[::1]:9999",
            "[::1]",
        ):
            asked = read([b"GET / HTTP/1.1", b"Host: " + host.encode()])
            self.assertEqual(asked.host, host)

    def test_f2_anything_else_is_shown_to_nobody(self) -> None:
        for host in (
            "<script>",
            'a"b',
            "a'b",
            "a/b",
            "a&b",
            "h:",
            "h:x",
            "[::1",
            "a..b",
            "ü",
            "h h",
        ):
            lines = [b"GET / HTTP/1.1", b"Host: " + host.encode()]
            self.assertRaises(BadRequest, read, lines)

    def test_what_the_page_says_of_where_it_is(self) -> None:
        for host, shown in (
            ("chat.example:9999", "twisted_chat.client chat.example 9999\n"),
            ("chat.example", "twisted_chat.client chat.example 80\n"),
            ("[2001:db8::1]:9999", "s_client -quiet -connect [2001:db8::1]:9999\n"),
        ):
            request = f"GET / HTTP/1.1\r\nHost: {host}\r\n\r\n".encode()
            _, body = self.asks(request, web_address="https://chat.example")
            self.assertIn(shown, body.replace("</code>", "\n"))


class PageTests(TestCase):
    def test_e8_f2_f4_the_page_is_escaped_and_says_what_browsers_may_do_with_it(self) -> None:
        head, body = self.asks(b"GET / HTTP/1.1" + HOST + b"\r\n", name='<b>"lab"</b>')
        self.assertIn("&lt;b&gt;&quot;lab&quot;&lt;/b&gt;", body)
        self.assertNotIn("<b>", body)
        style = re.search(r"<style>(.*)</style>", body, re.DOTALL)
        assert style is not None
        digest = b64encode(sha256(style[1].encode()).digest()).decode()
        for field in (
            "Content-Security-Policy: default-src 'none'; frame-ancestors 'none'; base-uri 'none';"
            f" form-action 'none'; style-src 'sha256-{digest}'",
            "Content-Type: text/html; charset=utf-8",
            "X-Content-Type-Options: nosniff",
            "Referrer-Policy: no-referrer",
            "Date: Thu, 01 Jan 2026 10:00:00 GMT",
        ):
            self.assertIn(field + "\r\n", head + "\r\n")

    def test_f2_the_page_loads_nothing_and_runs_nothing(self) -> None:
        everything = Facts("n", tls=True, own_certificate=True, guests=True, places=_everywhere())
        body = page(everything)
        for word in ("<script", "src=", "href=", "url(", "@import", " on"):
            self.assertNotRegex(body, rf"<[^>]*{re.escape(word)}|{re.escape(word)}\(")

    def test_it_tells_of_the_doors_that_are_open(self) -> None:
        words = {
            DoorKind.IRC: "/server add chat h/1",
            DoorKind.TEXT: "ncat --ssl h 1",
            DoorKind.JSON: "&quot;do&quot;",
        }
        for door, text in words.items():
            self.assertIn(text, page(Facts("n", tls=True, places=_everywhere())))
            places = {other: place for other, place in _everywhere().items() if other is not door}
            self.assertNotIn(text, page(Facts("n", tls=True, places=places)))

    def test_it_tells_of_tls_as_it_is(self) -> None:
        plain = page(Facts("n", tls=False, places=_everywhere()))
        self.assertIn("nc h 1", plain)
        self.assertIn("/server add chat h/1 -notls", plain)
        self.assertIn("use_tls = false", plain)
        self.assertNotIn("openssl", plain)
        trusted = page(Facts("n", tls=True, places=_everywhere()))
        self.assertNotIn("The certificate", trusted)
        self.assertNotIn("FINGERPRINT", trusted)
        own = page(Facts("n", tls=True, own_certificate=True, places=_everywhere()))
        self.assertIn(
            "/server add -network chat -tls -notls_verify -tls_pinned_cert FINGERPRINT h 1", own
        )
        self.assertIn("/set irc.server.chat.tls_fingerprint FINGERPRINT", own)
        self.assertIn("openssl s_client -connect h:1", own)

    def test_it_tells_how_names_are_had(self) -> None:
        closed = page(Facts("n", tls=True, registration=False, places=_everywhere()))
        self.assertIn("Ask who runs this server", closed)
        self.assertNotIn("REGISTER", closed)
        self.assertIn("without a password", page(Facts("n", tls=True, guests=True)))


def _everywhere() -> dict[DoorKind, Place]:
    return dict.fromkeys(SPOKEN, Place("h", "1"))
