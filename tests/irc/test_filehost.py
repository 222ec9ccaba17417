"""soju.im/FILEHOST: where IRC clients are told to send files, and that it works there."""

from __future__ import annotations

import re
from typing import Any

from tests.connection.case import Secure, TransportTestCase, ssl_field, version_2
from tests.files.case import digest
from tests.files.couriers import new_courier
from tests.irc.test_websocket import Browser
from tests.web.browsing import COIL, Answer, Requesting, basic, path_of
from twisted_chat.core.doors import DoorKind, OpenDoors
from twisted_chat.testing import PASSWORD, Client, Hall

from .case import IrcCase

IRC_ONLY = OpenDoors(frozenset({DoorKind.IRC}), elsewhere={DoorKind.WEB: 8080})


def told(received: str) -> str:
    """The address in what came; empty without one."""
    found = re.search(r" 005 .*?soju\.im/FILEHOST=(\S+) ", received)
    return found[1] if found else ""


class TokenTests(IrcCase):
    def test_h9_a_client_sends_a_file_where_it_is_told_to_and_says_the_link(self) -> None:
        """With the name and the password that it has logged in with."""
        anna, bob = self.account("anna"), self.account("bob")
        for one in (anna, bob):
            one.answers("JOIN #coil")
        url = told("\n".join(anna.answers("VERSION")))
        self.assertEqual(url, "http://10.0.0.1:12345/files")
        self.assertIn(f" draft/FILEHOST={url} ", " ".join(anna.answers("ISUPPORT")))
        sending = Requesting(self.hall)
        sending.asks("POST", path_of(url), COIL, Authorization=basic("anna"))
        link = sending.answer().fields["Location"]
        bob.lines()
        anna.sends_lines(f"PRIVMSG #coil :look: {link}")
        (line,) = bob.lines()
        self.assertTrue(line.endswith(f"PRIVMSG #coil :look: {link}"))
        fetching = Requesting(self.hall, "192.0.2.7")
        fetching.asks("GET", path_of(line.rpartition(" ")[2]))
        self.assertEqual(fetching.answer().body, COIL)

    def test_h9_a_guest_has_no_files_until_it_has_an_account(self) -> None:
        iris = self.guest("iris")
        self.assertEqual(told("\n".join(iris.answers("VERSION"))), "")
        came = iris.answers(f"REGISTER * * :{PASSWORD}")
        self.assertEqual(told("\n".join(came)), "http://10.0.0.1:12345/files")
        self.account("anna").vanishes()
        rose = self.guest("rose")
        came = rose.answers(f"NS IDENTIFY anna {PASSWORD}")
        self.assertEqual(told("\n".join(came)), "http://10.0.0.1:12345/files")

    def test_h9_over_a_web_socket_it_is_where_the_browser_is(self) -> None:
        self.account("anna").vanishes()
        browser = Browser(self.hall)
        browser.says_lines(f"PASS :anna:{PASSWORD}", "NICK anna", "USER a 0 * :A")
        self.assertEqual(told("\n".join(browser.lines())), "http://localhost:9999/files")


class AddressTests(TransportTestCase):
    """What is told is never worse than the connection on which it is told."""

    def told_at(self, hall: Hall, client: Client) -> str:
        """What anna is told who logs in there."""
        if hall.chat.signin.find("anna") is None:
            hall.bot("anna").vanishes()
        client.sends(f"PASS :anna:{PASSWORD}\r\nNICK anna\r\nUSER a 0 * :A\r\n".encode())
        received = client.takes()
        self.assertIn(" 001 anna ", received)
        return told(received)

    def named(self, hall: Hall, name: str | None) -> Secure:
        """A client that calls the server so in TLS."""

        class Named(Secure):
            pass

        Named.name = name
        client = Named(hall, "192.0.2.7")
        hall.clients.append(client)
        return client

    def test_i1_over_tls_it_is_https_by_the_name_that_the_client_knows(self) -> None:
        hall = self.hall()
        for name, where in (
            ("chat.example.org", "https://chat.example.org:12345/files"),
            (None, "https://10.0.0.1:12345/files"),
        ):
            self.assertEqual(self.told_at(hall, self.named(hall, name)), where)

    def test_i1_without_tls_it_is_for_those_who_may_log_in_so(self) -> None:
        hall = self.hall()
        self.assertEqual(self.told_at(hall, hall.connects()), "http://10.0.0.1:12345/files")

    def test_i1_a_proxy_that_has_the_tls_has_it_at_its_own_port_only(self) -> None:
        from ipaddress import ip_network

        hall = self.hall(tls="off", trusted_proxies=(ip_network("10.0.0.1"),))
        header = version_2("192.0.2.7", "198.51.100.9", (5000, 443), ssl_field())
        self.assertEqual(
            self.told_at(hall, self.behind(hall, header)), "https://198.51.100.9/files"
        )
        elsewhere = self.behind(hall, header)
        elsewhere.protocol.open_doors = IRC_ONLY
        self.assertEqual(self.told_at(hall, elsewhere), "")

    def test_a_port_of_irc_alone_names_the_other_one(self) -> None:
        hall = self.hall()
        client = hall.connects()
        client.protocol.open_doors = IRC_ONLY
        self.assertEqual(self.told_at(hall, client), "http://10.0.0.1:8080/files")
        secure = self.secure(hall)
        secure.protocol.open_doors = IRC_ONLY
        self.assertEqual(self.told_at(hall, secure), "https://10.0.0.1:8080/files")

    def test_the_operator_has_the_last_word_but_not_for_less_than_tls(self) -> None:
        hall = self.hall(web_address="https://files.example.org")
        for client in (hall.connects(), self.secure(hall)):
            self.assertEqual(self.told_at(hall, client), "https://files.example.org/files")
        one = Requesting(hall)
        one.asks("POST", "/files", b"x", Authorization=basic("anna"))
        self.assertTrue(
            one.answer().fields["Location"].startswith("https://files.example.org/files/1/")
        )
        hall = self.hall(web_address="http://files.example.org")
        self.assertEqual(self.told_at(hall, hall.connects()), "http://files.example.org/files")
        self.assertEqual(self.told_at(hall, self.secure(hall)), "")

    def test_where_there_are_no_files_or_no_web_nothing_is_told(self) -> None:
        for settings in ({"max_file": 0}, {"no_web": True}):
            hall = self.hall(**settings)
            client: Any = hall.connects()
            client.protocol.open_doors = OpenDoors().without(hall.settings.closed_doors)
            self.assertEqual(self.told_at(hall, client), "")


class GetTests(IrcCase):
    """Files of rooms, which have no link for everybody."""

    def setUp(self) -> None:
        super().setUp()
        self.tesla = self.hall.bot("tesla")
        self.tesla.asks("create", room="#coil")
        self.anna = self.account("anna")
        self.anna.answers("JOIN #coil")
        offered = self.tesla.asks(
            "offer", room="#coil", name="coil.png", size=len(COIL), sha256=digest(COIL)
        )
        new_courier(self.hall).uploads(offered["ticket"], COIL)
        self.tesla.asks("send", room="#coil", text="", file=1, cid="1")
        self.assertIn("(file 1: coil.png, 179.2 kB; to have it: get 1)", self.anna.takes())

    def asks(self, url: str, method: str = "GET") -> Answer:
        one = Requesting(self.hall, "192.0.2.7")
        one.asks(method, path_of(url))
        return one.answer()

    def link(self) -> str:
        """What anna is told who asks for it."""
        told, link = [line.partition(" :")[2] for line in self.anna.answers("GET 1")]
        self.assertEqual(
            told, "(To have coil.png, 179.2 kB, open this link; it works once, and for an hour)"
        )
        self.assertRegex(link, r"^http://10.0.0.1:12345/files/once/[0-9a-f]{32}/coil.png$")
        return link

    def test_e9_a_member_gets_a_link_that_works_once(self) -> None:
        link = self.link()
        self.assertEqual(self.asks(link, "HEAD").status, 405)
        answer = self.asks(link)
        self.assertEqual((answer.status, answer.body), (200, COIL))
        self.assertEqual(answer.fields["Content-Disposition"], "inline; filename*=UTF-8''coil.png")
        self.assertEqual(answer.fields["Cache-Control"], "no-store")
        self.assertEqual(self.asks(link).status, 404)
        late = self.link()
        self.hall.wait(3601, 60)
        self.assertEqual(self.asks(late).status, 404)

    def test_c5_e9_who_has_left_opens_nothing_with_it(self) -> None:
        link = self.link()
        self.tesla.asks("kick", room="#coil", user="anna")
        self.assertEqual(self.asks(link).status, 404)
        self.anna.lines()
        self.assertIn("There is no file 1", "".join(self.anna.answers("GET 1")))

    def test_where_there_is_no_http_there_is_netcat(self) -> None:
        self.anna.protocol.open_doors = OpenDoors().without({DoorKind.WEB})
        self.assertIn("echo fetch-file ", "".join(self.anna.answers("GET 1")))

    def test_what_is_no_file_is_refused_in_words(self) -> None:
        for number in ("2", "x", "99999999999999999999", "-1"):
            (line,) = self.anna.answers(f"GET {number}")
            self.assertRegex(line, "file")
            self.assertNotIn("http", line)
