"""WEBIRC: a web gateway says for whom it connects."""

from __future__ import annotations

from typing import Any, ClassVar

from twisted.logger import capturedLogs

from tests.irc.case import IrcCase, IrcClient
from tests.irc.test_client_certificates import CertificateCase, made
from twisted_chat.core.addresses import Network
from twisted_chat.settings.values import gateways
from twisted_chat.testing import PASSWORD

GATEWAY, FAR = "10.0.0.7", "192.0.2.7"
TRUSTED = gateways(["sesame@10.0.0.0/8", "open@127.0.0.1"])


class GatewayTests(IrcCase):
    settings: ClassVar[dict[str, Any]] = {"guests": True, "webirc": TRUSTED}

    def through(self, rest: str, password: str = "sesame", host: str = GATEWAY) -> IrcClient:
        """A connection of the gateway's that has said for whom it is."""
        client = self.client(host)
        client.sends_lines(f"WEBIRC {password} kiwi {rest}")
        return client

    def test_h9_limits_and_the_log_see_who_is_behind_it(self) -> None:
        iris = self.through(f"somewhere.example {FAR} :secure remote-port=4711 local-port=443")
        iris.registers("iris")
        whois = " ".join(iris.answers("WHOIS iris"))
        self.assertIn(f"378 iris iris :is connecting from *@{FAR} {FAR} ", whois)
        self.assertIn("320 iris iris :is here through the web gateway kiwi", whois)
        self.assertEqual(iris.protocol.address, f"({FAR}, 4711)")
        networks = self.hall.factory.networks
        self.assertEqual((networks[Network(GATEWAY)], networks[Network(FAR)]), (0, 1))
        rose = self.guest("rose")
        self.assertNotIn(FAR, " ".join(rose.answers("WHOIS iris")))

    def test_h9_ipv6_addresses_are_taken_as_gateways_write_them(self) -> None:
        for written, address in (
            ("0::1", "::1"),
            ("0:0::ffff:192.0.2.7", FAR),
            ("2001:db8::7", "2001:db8::7"),
        ):
            client = self.through(f"x {written}")
            self.assertEqual(client.protocol.host, address)

    def test_h13_only_from_where_a_gateway_is_and_with_its_password(self) -> None:
        for password, host in (
            ("wrong", GATEWAY),
            ("sesame", FAR),
            ("open", GATEWAY),
            ("sesame", "127.0.0.1"),
        ):
            client = self.through(f"x {FAR}", password, host)
            client.hears("ERROR :Invalid WebIRC password")
            self.assertTrue(client.closed)
            self.assertNotIn(FAR if host != FAR else GATEWAY, self.hall.factory.networks)

    def test_h13_strangers_do_not_fill_the_log_with_refusals(self) -> None:
        with capturedLogs() as events:
            for _ in range(20):
                self.through(f"x {FAR}", "wrong", FAR).hears("ERROR :Invalid WebIRC password")
        self.assertEqual(sum("WEBIRC" in (event["log_format"] or "") for event in events), 5)

    def test_h13_it_is_the_first_that_is_said_and_has_an_address(self) -> None:
        client = self.client(GATEWAY)
        client.answers("CAP LS 302")
        client.sends_lines(f"WEBIRC sesame kiwi x {FAR}")
        client.hears("ERROR :WEBIRC comes before everything else")
        client = self.through(f"x {FAR}")
        client.sends_lines("WEBIRC sesame kiwi x 192.0.2.8")
        client.hears("ERROR :")
        self.through("x somewhere.example").hears("ERROR :The fourth parameter of WEBIRC")
        self.assertEqual([client for client in self.hall.clients if not client.closed], [])

    def test_h13_nobody_behind_a_gateway_is_local(self) -> None:
        client = self.through("x 127.0.0.1", "open", "127.0.0.1")
        self.assertFalse(client.protocol.local)


class LimitedTests(IrcCase):
    settings: ClassVar[dict[str, Any]] = {
        "guests": True,
        "webirc": TRUSTED,
        "connection_limit": 20,
    }

    def test_h13_the_limits_are_theirs_who_are_behind_it(self) -> None:
        for nick in ("iris", "rose"):
            client = self.client("127.0.0.1")
            client.sends_lines(f"WEBIRC open kiwi x {FAR}")
            self.assertFalse(client.closed)
            client.registers(nick)
        third = self.client("127.0.0.1")
        third.sends_lines(f"WEBIRC open kiwi x {FAR}")
        third.hears("Too many connections from your network")
        self.assertTrue(third.closed)


class SecureTests(CertificateCase):
    settings: ClassVar[dict[str, Any]] = {
        "guests": True,
        "plaintext": "loopback",
        "webirc": TRUSTED,
    }

    def test_h13_secure_is_who_is_so_all_the_way(self) -> None:
        for client, options, secure in (
            (self.secure("", GATEWAY), ":secure", True),
            (self.secure("", GATEWAY), ":secure=x", True),
            (self.secure("", GATEWAY), ":local-port=80", False),
            (self.client("127.0.0.1"), "secure", True),
            (self.client("127.0.0.1"), "", False),
        ):
            password = "open" if client.protocol.local else "sesame"
            client.sends_lines(f"WEBIRC {password} kiwi x {FAR} {options}", "NICK iris")
            self.assertEqual(client.protocol.secure, secure)
            self.assertEqual("over TLS only" in client.takes(), not secure)

    def test_h13_a_gateway_s_certificate_is_nobody_s_behind_it(self) -> None:
        gateway = self.secure("one", GATEWAY)
        gateway.registers("tesla", password=PASSWORD)
        gateway.answers("NS CERT ADD")
        self.assertIn(made("one")[1], gateway.answers("NS CERT LIST")[0])
        client = self.secure("one", GATEWAY)
        client.sends_lines(f"WEBIRC sesame kiwi x {FAR} secure")
        self.assertNotIn("EXTERNAL", " ".join(client.answers("CAP LS 302")))
        self.assertIn(" 904 ", client.answers("AUTHENTICATE EXTERNAL")[1])
