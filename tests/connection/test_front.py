"""One port for every door: whatever the first bytes are, however and whenever they come."""

from __future__ import annotations

from typing import Any

from twisted_chat import factory
from twisted_chat.connection.detection import ENOUGH
from twisted_chat.connection.transport import ABORT
from twisted_chat.core.doors import DoorKind
from twisted_chat.protocol import FIRST_LINE
from twisted_chat.testing import Client, Hall

from .case import TransportTestCase, version_1

SPOKEN = {
    DoorKind.IRC: (b"NICK bob\r\nUSER bob 0 * :Bob\r\n", " 001 bob :Welcome to twisted-chat"),
    DoorKind.JSON: (b'{"id": 1, "do": "ping"}\n', '{"re":1,"ok":{}}'),
    DoorKind.WEB: (b"GET / HTTP/1.1\r\nHost: localhost:9999\r\n\r\n", "HTTP/1.1 200 OK\r\n"),
    DoorKind.TEXT: (b"bob\n", "Login successful, Welcome to twisted-chat!"),
    DoorKind.FETCH: (
        b"fetch-file 0f\n",
        "That ticket was used, has expired or was never given out",
    ),
    DoorKind.FOREIGN: (b"SSH-2.0-OpenSSH_9.9\r\n", "This port speaks IRC, JSON and text;"),
}


class FrontTestCase(TransportTestCase):
    def front(self, **settings: Any) -> Hall:
        return self.hall(guests=True, **settings)

    def client(self, hall: Hall, secure: bool = False) -> Client:
        """Somebody who has said nothing yet; TLS is there already."""
        client: Client = self.secure(hall) if secure else hall.connects()
        hall.settle()
        return client

    def greeted(self, hall: Hall, secure: bool = False) -> Client:
        """Somebody who was silent until the text dialect asked for a name."""
        client = self.client(hall, secure)
        hall.wait(0.5, step=0.1)
        client.hears("Username: ")
        return client

    def leaves(self, client: Client) -> None:
        if not client.closed:
            client.vanishes()


class SecurityTests(FrontTestCase):
    def test_i2_others_see_who_is_here_with_tls(self) -> None:
        hall = self.front()
        for secure, name in ((True, "tess"), (False, "bob")):
            client = self.client(hall, secure)
            client.sends(f"NICK {name}\r\nUSER x 0 * :X\r\nWHOIS {name}\r\n".encode())
            told = f" 671 {name} {name} :is using a secure connection"
            self.assertEqual(told in client.takes(), secure)


class CuttingTests(FrontTestCase):
    def test_a3_every_door_cut_at_every_offset_plain_and_with_tls(self) -> None:
        hall = self.front()
        for secure in (False, True):
            for door, (data, answer) in SPOKEN.items():
                for cut in range(len(data)):
                    client = self.client(hall, secure)
                    if cut:
                        client.sends(data[:cut])
                    client.sends(data[cut:])
                    self.assertIn(answer, client.takes(), (door, secure, cut))
                    self.leaves(client)

    def test_a3_every_door_byte_by_byte(self) -> None:
        hall = self.front()
        for secure in (False, True):
            for door, (data, answer) in SPOKEN.items():
                client = self.client(hall, secure)
                for byte in data:
                    client.sends(bytes([byte]))
                self.assertIn(answer, client.takes(), (door, secure))
                self.leaves(client)

    def test_a3_slowly_too(self) -> None:
        hall = self.front()
        for door, (data, answer) in SPOKEN.items():
            if door is DoorKind.FETCH:
                continue  # which a person may be typing: it has to come at once
            client = self.client(hall)
            client.sends(data[:2])
            hall.wait(3)
            client.sends(data[2:])
            self.assertIn(answer, client.takes(), door)
            self.leaves(client)

    def test_a_line_that_says_several_things_at_once(self) -> None:
        client = self.client(self.front())
        client.sends(b"CAP LS 302\r\nNICK bob\r\nUSER bob 0 * :B\r\nCAP END\r\nPING x\r\n")
        client.hears(" CAP * LS ", " 001 bob ", " PONG ")

    def test_the_last_byte_may_be_all_there_is(self) -> None:
        hall = self.front()
        for data in (b"NICK", b"nic", b"HEAD", b"@x", b":x", b"{}", b""):
            client = self.client(hall)
            client.sends(data)
            client.ends_input()
            self.assertTrue(client.takes(), data)
            self.assertTrue(client.closed)


class SilenceTests(FrontTestCase):
    def test_a_silent_client_is_greeted_when_the_operator_says(self) -> None:
        for seconds in (0.0, 2.0):
            hall = self.front(greet_after=seconds)
            for secure in (False, True):
                client = self.client(hall, secure)
                if seconds:
                    hall.wait(1.9, step=0.1)
                    client.hears_nothing()
                    hall.wait(0.2, step=0.1)
                client.hears("Username: ")

    def test_who_speaks_at_once_is_read_before_anybody_is_greeted(self) -> None:
        client = self.front(greet_after=0.0).connects()
        client.sends(SPOKEN[DoorKind.IRC][0])
        self.assertNotIn("Username", client.takes())

    def test_every_door_but_tickets_opens_after_the_greeting_too(self) -> None:
        hall = self.front()
        for secure in (False, True):
            for door, (data, answer) in SPOKEN.items():
                if door is DoorKind.FETCH:
                    continue
                client = self.greeted(hall, secure)
                client.sends(data)
                self.assertIn(answer, client.takes(), (door, secure))
                self.leaves(client)

    def test_what_an_irc_client_says_late_makes_no_account(self) -> None:
        hall = self.hall()
        for first in ("CAP LS 302", "NICK bob", "PASS secret", "cap ls 302", "nick bob"):
            client = self.greeted(hall)
            for line in (first, "NICK bob", "USER bob 0 * :B", "secret", "secret"):
                client.sends(line.encode() + b"\r\n")
            for name in ("bob", "nick", "user", "pass", "cap", "secret"):
                self.assertIsNone(hall.chat.signin.find(name), (first, name))
            self.leaves(client)

    def test_what_it_is_sent_begins_on_a_line_of_its_own(self) -> None:
        for off in ({}, {"no_irc": True}):
            client = self.greeted(self.front(**off))
            client.sends(b"CAP LS 302\r\n")
            before, line, _ = client.takes().split("\r\n", 2)
            self.assertEqual(before, "")
            self.assertTrue(line.startswith(("ERROR :", ":twisted-chat.chat CAP ")), line)

    def test_people_called_like_commands_get_in(self) -> None:
        hall = self.front()
        for name in ("nick", "NICK", "User", "pass", "Head", "ping", "PING", "cap", "ssh"):
            for client in (self.client(hall), self.greeted(hall)):
                client.types(name)
                client.hears("Login successful")
                self.leaves(client)

    def test_who_types_a_command_of_another_door_hears_what_a_name_is(self) -> None:
        hall = self.front()
        for line in ("nick bob", "user bob", "pass secret", "get /", "ping me", "help me"):
            client = self.greeted(hall)
            client.types(line)
            client.hears("(A name cannot contain a space", "Username: ")
            client.types("bob")
            client.hears("Login successful")
            self.leaves(client)

    def test_who_types_letter_by_letter_is_greeted_meanwhile(self) -> None:
        hall = self.front()
        client = self.client(hall)
        client.sends(b"n")
        hall.wait(1)
        client.hears("Username: ")
        client.sends(b"ick\n")
        client.hears("Login successful")


class BoundsTests(FrontTestCase):
    def test_a13_who_does_not_say_enough_is_sent_away(self) -> None:
        hall = self.front()
        for secure in (False, True):
            for data in (b"", b"NICK ", b"GET", b"@label", b"\x16" if not secure else b"*1"):
                client = self.client(hall, secure)
                client.sends(data)
                hall.wait(FIRST_LINE - 1)
                self.assertFalse(client.closed, data)
                hall.wait(2 + secure * ABORT)  # in which the other end of TLS may say goodbye
                self.assertTrue(client.closed, data)
        self.assertEqual(hall.factory.connections, {})

    def test_a13_a_byte_now_and_then_does_not_help(self) -> None:
        hall = self.front()
        client = self.client(hall)
        for byte in b"NICK                                        ":
            client.sends(bytes([byte]))
            hall.wait(1)
        self.assertTrue(client.closed)

    def test_a14_the_undecided_are_counted_as_everybody_before_the_login(self) -> None:
        hall = self.front(connection_limit=1000)
        waiting = [self.client(hall) for _ in range(factory.BEFORE_LOGIN_PER_NETWORK)]
        for client, data in zip(waiting, (b"", b"NICK ", b"GET", b"@x", b"*1") * 7, strict=False):
            client.sends(data)
        late = self.client(hall)
        late.hears("Too many are logging in at once")
        self.assertTrue(late.closed)
        waiting[0].sends(b"bob\n")  # who signs in makes room
        self.client(hall).hears_nothing()

    def test_a14_little_is_kept_of_them(self) -> None:
        hall = self.front()
        for data in (b"NICK ", b"@", b":", b"GET ", b"*1"):
            client = self.client(hall)
            for piece in (data, *(b" " if data.endswith(b" ") else b"1" for _ in range(ENOUGH))):
                client.sends(piece)
                self.assertLess(len(client.protocol.negotiation._held), ENOUGH)
            self.assertTrue(client.protocol.negotiation.decided, data)
            self.leaves(client)


class ProxyTests(FrontTestCase):
    def test_every_door_behind_a_proxy_cut_at_every_offset(self) -> None:
        hall = self.front(trusted_proxies=_networks("10.0.0.1"), plaintext="always")
        header = version_1("192.0.2.8")
        for door, (data, answer) in SPOKEN.items():
            for cut in range(0, len(header) + len(data), 3):
                whole = header + data
                client = self.behind(hall, whole[:cut])
                hall.settle()
                client.sends(whole[cut:])
                self.assertIn(answer, client.takes(), (door, cut))
                self.leaves(client)


def _networks(*addresses: str) -> Any:
    from twisted_chat.settings.values import networks

    return networks(list(addresses))
