"""IRC over a WebSocket, from the same port."""

from __future__ import annotations

from typing import Any

from websockets.client import ClientProtocol
from websockets.frames import Frame
from websockets.uri import parse_uri

from tests.irc.case import IrcCase
from twisted_chat.testing import Client, Hall


class Browser(Client):
    """The other end of a WebSocket."""

    def __init__(self, hall: Hall, origin: str | None = None, *subprotocols: Any) -> None:
        super().__init__(hall, "127.0.0.1")
        hall.clients.append(self)
        self.messages: list[bytes] = []
        self.socket = ClientProtocol(
            parse_uri("ws://localhost:9999/"),
            subprotocols=subprotocols or None,
            origin=origin,  # type: ignore[arg-type]
        )
        self.socket.send_request(self.socket.connect())
        self.pump()

    def take_in(self, data: bytes) -> None:
        self.socket.receive_data(data)
        for event in self.socket.events_received():
            if isinstance(event, Frame):
                self.messages.append(bytes(event.data))

    def pump(self) -> None:
        self.sends(b"".join(self.socket.data_to_send()))

    def says_lines(self, *lines: str) -> None:
        for line in lines:
            self.socket.send_text(line.encode())
        self.pump()

    def lines(self) -> list[str]:
        self.hall.settle()
        lines, self.messages = self.messages, []
        return [line.decode() for line in lines]


class SocketTests(IrcCase):
    def test_h9_a_page_is_in_the_same_room_as_others(self) -> None:
        browser = Browser(self.hall, "http://localhost:9999", "text.ircv3.net")
        self.assertEqual(browser.socket.subprotocol, "text.ircv3.net")
        browser.says_lines("NICK web", "USER web 0 * :Web", "JOIN #lobby")
        lines = browser.lines()
        self.assertTrue(any(" 001 web :" in line for line in lines), lines)
        self.assertFalse(any("\r" in line or "\n" in line for line in lines))
        bob = self.hall.person("bob")
        bob.says("hello from netcat")
        self.assertIn(":bob!", "".join(browser.lines()))
        browser.says_lines("PRIVMSG #lobby :hello from a page")
        bob.hears("web: hello from a page")

    def test_h9_binary_frames_for_those_who_ask_for_them(self) -> None:
        browser = Browser(self.hall, None, "binary.ircv3.net")
        browser.says_lines("PING x")
        self.assertEqual(browser.lines()[-1].split(" ")[1], "PONG")

    def test_f1_another_site_s_page_is_refused(self) -> None:
        for origin in ("http://evil.example", "null", "https://localhost:9999"):
            browser = Browser(self.hall, origin, "text.ircv3.net")
            self.assertNotEqual(browser.socket.state.name, "OPEN", origin)
            self.assertTrue(browser.closed)

    def test_f1_a_page_that_the_operator_names_may(self) -> None:
        self.hall.close()
        with Hall(guests=True, web_origins=("https://irc.example",)) as hall:
            browser = Browser(hall, "https://irc.example", "text.ircv3.net")
            self.assertEqual(browser.socket.state.name, "OPEN")

    def test_f5_abuse_ends_the_connection(self) -> None:
        for data in (
            b"\x81\x04abcd",  # not masked
            b"\x81\xff\x00\x00\x00\x01\x00\x00\x00\x00abcd",  # endless
            b"\x83\x80abcd",  # a kind that there is not
            b"\x01\x81abcd\x00",  # a line in pieces
            b"\x81\x81\x00\x00\x00\x00\xff",  # no UTF-8
        ):
            browser = Browser(self.hall, None, "text.ircv3.net")
            browser.sends(data)
            if data[0] == 0x81 and data[-1] == 0xFF:
                self.assertIn("INVALID_UTF8", "".join(browser.lines()))
            else:
                self.assertTrue(browser.closed, data)

    def test_a20_f5_pings_are_answered_as_fast_as_lines_may_come(self) -> None:
        hall = Hall(flood_limit=10)
        self.addCleanup(hall.__exit__, None, None, None)
        for frame in (b"\x89\x80abcd", b"\x81\x80abcd"):  # a ping; a text without a word
            browser = Browser(hall, None, "text.ircv3.net")
            browser.sends(frame * 2000 + b"\x89\x84\0\0\0\0last")
            # Ten lines a second, of which twenty may come at once; an empty one costs a fifth.
            self.assertLess(len(browser.messages), 300)
            self.assertFalse(b"last" in browser.messages)
            hall.wait(60)
            self.assertTrue(b"last" in browser.messages)
            self.assertFalse(browser.closed)

    def test_a11_a20_two_lines_in_a_frame_are_refused_as_fast_as_lines_may_come(self) -> None:
        hall = Hall(guests=True, flood_limit=10)
        self.addCleanup(hall.__exit__, None, None, None)
        browser = Browser(hall, None, "text.ircv3.net")
        browser.says_lines("NICK web", "USER web 0 * :Web")
        hall.wait(10)
        browser.lines()
        browser.sends(b"\x81\x83\0\0\0\0a\nb" * 2000)
        self.assertLess(len(browser.lines()), 30)

    def test_f5_what_is_no_beginning_of_a_websocket_is_refused(self) -> None:
        upgrade = (
            b"Host: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
        )
        for start, more, status in (
            (b"GET / HTTP/1.1", b"X: y\r\n" * 200, 400),
            (b"GET / HTTP/1.1", b"Content-Length: 5\r\n", 400),
            (b"GET / HTTP/1.1", b"Transfer-Encoding: chunked\r\n", 400),
            (b"POST / HTTP/1.1", b"", 405),
            (b"GET / HTTP/1.0", b"", 505),
            (b"GET /x HTTP/1.1", b"", 404),
        ):
            client = self.hall.connects()
            client.sends(start + b"\r\n" + upgrade + more + b"\r\nNICK bob\r\n")
            client.hears(f"HTTP/1.1 {status} ", "\r\n\r\n")
            self.assertTrue(client.closed, (start, more))
        self.assertEqual(self.hall.factory.connections, {})

    def test_h1_a_message_is_one_line(self) -> None:
        browser = Browser(self.hall, None, "text.ircv3.net")
        browser.says_lines("NICK web", "USER web 0 * :Web\r\nQUIT :x")
        self.assertFalse(browser.closed)
        answer = "".join(browser.lines())
        self.assertIn("one line", answer)
        self.assertNotIn(" 001 ", answer)

    def test_f5_closing_in_order(self) -> None:
        browser = Browser(self.hall, None, "text.ircv3.net")
        browser.says_lines("NICK web", "USER web 0 * :Web")
        browser.socket.send_close(1000)
        browser.pump()
        self.assertTrue(browser.closed)
        self.assertEqual(list(self.hall.chat.sessions), [])
