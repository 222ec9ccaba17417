"""Proxies: they say for whom they connect, and only those who may are believed."""

from __future__ import annotations

from ipaddress import ip_network

from twisted.logger import ILogObserver, LogEvent, Logger, formatEvent
from zope.interface import implementer

from twisted_chat.connection.negotiation import Negotiation
from twisted_chat.core.addresses import Network
from twisted_chat.testing import PASSWORD, Client, Hall

from .case import FAR, Secure, TransportTestCase, ssl_field, version_1, version_2

PROXY = "10.0.0.1"
HERE = "198.51.100.9"


class ProxyTestCase(TransportTestCase):
    def hall(self, **settings: object) -> Hall:
        hall = super().hall(
            **{
                "trusted_proxies": (ip_network("10.0.0.0/8"), ip_network("127.0.0.1")),
                "plaintext": "always",
                **settings,
            }
        )
        self.warnings: list[str] = []
        self.patch(Negotiation, "log", Logger("test", observer=self.note))
        return hall

    @implementer(ILogObserver)
    def note(self, event: LogEvent) -> None:
        self.warnings.append(formatEvent(event))

    def peer(self, client: Client) -> tuple[str, str, bool, bool]:
        protocol = client.protocol
        return protocol.address, protocol.network.name, protocol.local, protocol.secure


class BelievedTests(ProxyTestCase):
    def test_both_versions_at_every_cut(self) -> None:
        hall = self.hall()
        for header in (version_1(FAR), version_2(FAR, HERE)):
            for words, answer in ((b"tesla\n", "tesla is a new name"), (b"{}\n", '{"event":')):
                data = header + words
                for cut in range(1, len(data)):
                    client = self.behind(hall, data[:cut])
                    hall.settle()
                    client.sends(data[cut:])
                    client.hears(answer)
                    self.assertEqual(self.peer(client), (f"({FAR}, 5000)", FAR, False, False))
                    client.vanishes()
                    hall.clients.remove(client)
        self.assertEqual(hall.factory.connections, {})
        self.assertEqual((hall.factory.networks, hall.factory.not_signed_in_of), ({}, {}))

    def test_tls_comes_after_the_header(self) -> None:
        hall = self.hall(plaintext="loopback")
        self.patch(Secure, "header", version_1(FAR))
        client = self.secure(hall, PROXY)
        client.types("tesla")
        client.hears("tesla is a new name here")
        self.assertEqual(self.peer(client), (f"({FAR}, 5000)", FAR, False, True))

    def test_the_address_is_shown(self) -> None:
        hall = self.hall()
        client = self.behind(hall, version_1("2001:db8::7"))
        client.types("tesla", PASSWORD, PASSWORD, "devices")
        client.hears("(2001:db8::7, 5000)")

    def test_who_is_silent_after_the_header_is_greeted(self) -> None:
        hall = self.hall()
        client = self.behind(hall, version_1(FAR))
        hall.wait(0.31)
        client.reads("Username: ")

    def test_a_proxy_that_speaks_for_itself_keeps_its_address(self) -> None:
        hall = self.hall()
        for header in (b"PROXY UNKNOWN\r\n", version_2(FAR, HERE, command=0)):
            client = self.behind(hall, header)
            client.types("tesla")
            client.hears("tesla is a new name here")
            self.assertEqual(client.protocol.network.name, PROXY)

    def test_a_proxy_without_a_header_is_whoever_it_is(self) -> None:
        hall = self.hall()
        for words in (b"tesla\n", b"PROX\n", b"\r\ntesla\r\n"):
            client = self.behind(hall, words)
            hall.settle()
            self.assertEqual(client.protocol.network.name, PROXY)
            self.assertEqual(hall.factory.not_signed_in_of[Network(PROXY)], 1)
            client.vanishes()

    def test_a_header_that_comes_late(self) -> None:
        hall = self.hall(plaintext="loopback")
        client = self.behind(hall, b"", "127.0.0.1")
        hall.wait(0.31)
        client.reads("Username: ")
        client.sends(version_1(FAR) + b"tesla\n")
        client.hears("over TLS only")
        self.assertTrue(client.closed)

    def test_b11_only_a_proxy_on_this_machine_knows_who_is_on_it(self) -> None:
        hall = self.hall()
        for proxy, local in ((PROXY, False), ("127.0.0.1", True)):
            client = self.behind(hall, version_1("127.0.0.1"), proxy)
            hall.settle()
            self.assertIs(client.protocol.local, local)


class PlaintextTests(ProxyTestCase):
    def test_i1_a_proxy_on_this_machine_does_not_make_a_stranger_local(self) -> None:
        hall = self.hall(plaintext="loopback")
        client = self.behind(hall, version_1(FAR) + b"tesla\n", "127.0.0.1")
        client.hears("over TLS only", f"ncat --ssl {HERE} 9999\n")
        self.assertTrue(client.closed)

    def test_i1_tls_may_begin_late_behind_a_proxy_too(self) -> None:
        hall = self.hall(plaintext="loopback")
        client = self.behind(hall, version_1(FAR), "127.0.0.1")
        hall.settle()
        hall.wait(2.9, step=0.1)
        client.hears_nothing()
        hall.wait(0.2, step=0.1)
        client.hears("over TLS only")

    def test_i1_a_proxy_may_have_taken_off_the_tls(self) -> None:
        for client_has, answer in ((1, "tesla is a new name"), (0, "over TLS only")):
            hall = self.hall(plaintext="never")
            header = version_2(FAR, HERE, fields=ssl_field(client_has))
            client = self.behind(hall, header + b"tesla\n")
            client.hears(answer)


class LimitTests(ProxyTestCase):
    def test_b1_a_block_is_for_the_real_address(self) -> None:
        hall = self.hall()
        hall.person("tesla", host="127.0.0.2")
        for _ in range(3):
            self.behind(hall, version_1(FAR)).types("tesla", "wrong")
        blocked = self.behind(hall, version_1(FAR))
        blocked.types("tesla", PASSWORD)
        blocked.hears("blocked for you")
        other = self.behind(hall, version_1("192.0.2.8"))
        other.types("tesla", PASSWORD)
        other.hears("Login successful")

    def test_a14_caps_are_those_of_the_real_network(self) -> None:
        hall = self.hall(connection_limit=100_000)
        crowd = [self.behind(hall, version_1(f"192.0.2.{n}")) for n in range(100)]
        hall.settle()
        self.assertFalse([one for one in crowd if one.closed])
        for _ in range(32):
            self.behind(hall, version_1(FAR))
        hall.settle()
        one_more = self.behind(hall, version_1(FAR))
        one_more.hears("Too many are logging in at once")
        self.assertTrue(one_more.closed)
        self.assertEqual(hall.factory.networks[Network(PROXY)], 0)

    def test_a14_they_count_before_the_header_comes(self) -> None:
        hall = self.hall(connection_limit=10)
        for _ in range(10):
            self.behind(hall, b"")
        self.behind(hall, b"").hears("The server is full")


class BrokenTests(ProxyTestCase):
    def test_a_header_that_cannot_be_read(self) -> None:
        hall = self.hall()
        client = self.behind(hall, b"PROXY TCP4 nonsense\r\ntesla\n")
        hall.settle()
        self.assertTrue(client.closed)
        client.hears_nothing()
        self.assertEqual(len(self.warnings), 1)
        self.assertIn(f"The proxy ({PROXY}", self.warnings[0])

    def test_a13_a_header_that_never_ends(self) -> None:
        hall = self.hall()
        client = self.behind(hall, version_2(FAR, HERE)[:20])
        hall.settle()
        hall.wait(19)
        self.assertFalse(client.closed)
        hall.wait(3)
        self.assertTrue(client.closed)
        self.assertEqual(len(self.warnings), 1)
        half = self.behind(hall, b"PROXY TCP4")
        hall.settle()
        half.ends_input()
        self.assertTrue(half.closed)
        self.assertEqual(len(self.warnings), 2)

    def test_i1_a_stranger_is_no_proxy(self) -> None:
        hall = self.hall()
        client = self.behind(hall, version_1("127.0.0.1"), FAR)
        client.hears("(That name is longer")
        self.assertEqual(self.peer(client)[1:3], (FAR, False))
        binary = self.behind(hall, version_2("127.0.0.1", HERE), FAR)
        hall.settle()
        self.assertEqual(self.peer(binary)[1:3], (FAR, False))
        self.assertEqual(self.warnings, [])
