"""Nobody is asked for a password where others could read it."""

from __future__ import annotations

import json

from twisted.internet.address import UNIXAddress
from twisted.internet.testing import StringTransport

from twisted_chat.testing import PASSWORD, Hall

from .case import FAR, TransportTestCase

FAR_6 = "2001:db8::7"


class LoopbackTests(TransportTestCase):
    def test_i1_a_person_from_elsewhere_is_told_how_to_connect(self) -> None:
        hall = self.hall()
        for words in (b"tesla\n", b"\n", b"tes"):
            client = hall.connects(FAR)
            client.sends(words)
            client.reads(
                "This server takes names and passwords over TLS only."
                " Connect in one of these ways:",
                "    python -m twisted_chat.client 10.0.0.1 12345",
                "    openssl s_client -quiet -connect 10.0.0.1:12345",
                "    ncat --ssl 10.0.0.1 12345",
            )
            self.assertTrue(client.closed)

    def test_i1_so_is_one_who_waits_for_the_prompt(self) -> None:
        hall = self.hall()
        client = hall.connects(FAR_6)
        hall.wait(2.9, step=0.1)
        client.hears_nothing()  # TLS may still begin
        hall.wait(0.2, step=0.1)
        client.hears("over TLS only")
        self.assertTrue(client.closed)
        self.assertNotIn("Username", client.takes())

    def test_i1_and_one_who_only_ends(self) -> None:
        hall = self.hall()
        client = hall.connects(FAR)
        client.ends_input()
        client.hears("over TLS only")
        self.assertTrue(client.closed)

    def test_i1_what_else_they_sent_is_not_listened_to(self) -> None:
        hall = self.hall()
        client = hall.connects(FAR)
        client.types("tesla", PASSWORD, PASSWORD, "BM hello")
        self.assertIsNone(hall.chat.roster.names.find("tesla"))

    def test_i1_a_program_is_greeted_and_refused(self) -> None:
        hall = self.hall(guests=True)
        program = hall.program(FAR)
        for do, arguments in (
            ("known", {"name": "tesla"}),
            ("register", {"name": "tesla", "password": PASSWORD}),
            ("login", {"name": "tesla", "password": PASSWORD}),
            ("resume", {"token": "x"}),
            ("guest", {"name": "tesla"}),
            ("whoelse", {}),
        ):
            error = program.asks(do, **arguments)["error"]
            self.assertEqual(error["code"], "plaintext", do)
            self.assertIn("TLS", error["message"])
        self.assertEqual(program.asks("ping"), {})
        self.assertEqual(len(program.takes_events("hello")), 1)
        self.assertIsNone(hall.chat.roster.names.find("tesla"))

    def test_this_machine_may(self) -> None:
        hall = self.hall()
        for number, host in enumerate(("127.0.0.1", "127.8.9.1", "::1", "::ffff:127.0.0.1")):
            hall.person(f"tesla{number}", host=host)

    def test_i1_an_address_that_only_looks_like_it(self) -> None:
        hall = self.hall()
        for host in ("::ffff:192.0.2.7", "1.127.0.0", "::2"):
            client = hall.connects(host)
            client.types("tesla")
            client.hears("over TLS only")

    def test_over_tls_anybody_may(self) -> None:
        hall = self.hall()
        client = self.secure(hall)
        client.types("tesla")
        client.hears("tesla is a new name here")
        program = self.secure_program(hall, FAR_6)
        self.assertTrue(program.asks("register", name="edison", password=PASSWORD)["token"])


class RuleTests(TransportTestCase):
    def test_always(self) -> None:
        hall = self.hall(plaintext="always")
        hall.person("tesla", host=FAR)

    def test_i1_never(self) -> None:
        hall = self.hall(plaintext="never")
        client = hall.connects()
        client.types("tesla")
        client.hears("over TLS only")
        self.assertTrue(client.closed)
        program = hall.program()
        self.assertEqual(program.asks("known", name="tesla")["error"]["code"], "plaintext")
        secure = self.secure(hall, "127.0.0.1")
        secure.types("tesla")
        secure.hears("tesla is a new name here")

    def test_a_unix_socket_is_nobody_elses(self) -> None:
        hall = self.hall(plaintext="never")
        protocol = hall.factory.buildProtocol(UNIXAddress("/run/chat"))
        transport = StringTransport()
        protocol.makeConnection(transport)
        protocol.dataReceived(b"tesla\n")
        self.assertIn(b"tesla is a new name here", transport.value())
        self.assertEqual((protocol.address, protocol.local), ("(local)", True))
        transport.abortConnection()

    def test_i1_where_there_is_no_tls_nobody_is_sent_to_it(self) -> None:
        hall = Hall(plaintext="loopback", tls="off")
        self.addCleanup(hall.close)
        client = hall.connects(FAR)
        client.types("tesla")
        client.reads(
            "This server takes no names and passwords over a network, since it has no TLS:"
            " tell who runs it."
        )
        program = hall.program(FAR)
        answer = program.asks("login", name="tesla", password=PASSWORD)
        self.assertNotIn("connect to", json.dumps(answer))
