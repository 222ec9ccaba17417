"""Somebody with netcat fetches a file with one line in a shell."""

from __future__ import annotations

import re
import shlex

from twisted.trial.unittest import SynchronousTestCase

from tests.connection.case import FAR, Secure, TransportTestCase
from twisted_chat.core.results import FileTicket
from twisted_chat.doors.file_transfer import shell_lines
from twisted_chat.testing import Hall

from .case import COIL, FilesTestCase
from .couriers import new_courier, new_netcat


def ticket_for(name: str) -> FileTicket:
    return FileTicket(5, name, 100, "", "0f" * 16, "#lobby", 3)


class LineTests(SynchronousTestCase):
    def test_e1_the_name_in_the_line_means_nothing_to_a_shell(self) -> None:
        for name, expected in {
            "coil.png": "coil.png",
            "-rf": "file-5",
            ".bashrc": "file-5",
            "a b": "file-5",
            "';reboot;'": "file-5",
            "$(reboot)": "file-5",
            "`reboot`": "file-5",
            "x\\": "file-5",
            "Ünder": "file-5",
            "a..b": "a..b",
        }.items():
            sentence, line = shell_lines(ticket_for(name), ("localhost", 9999), False)
            self.assertTrue(sentence.startswith("(To have "))
            words = shlex.split(line)
            self.assertEqual(words[-1], expected)
            before = ["test", "-e", expected, "||", "echo", "fetch-file", "0f" * 16]
            self.assertEqual(words[:7], before)

    def test_the_line_is_for_the_connection_that_one_has(self) -> None:
        def way(destination: tuple[str, int] | None, tls: bool) -> str:
            line = shell_lines(ticket_for("x"), destination, tls)[1]
            return line.partition(" | ")[2].partition(" > ")[0]

        self.assertEqual(way(("chat.example", 9999), False), "nc chat.example 9999")
        self.assertEqual(way(("::1", 9999), False), "nc ::1 9999")
        self.assertEqual(way(None, False), "nc HOST PORT")
        self.assertEqual(
            way(("::1", 9999), True), "openssl s_client -quiet -connect [::1]:9999 2>/dev/null"
        )

    def test_what_is_encrypted_cannot_be_read_that_way(self) -> None:
        self.assertIn("is encrypted", *shell_lines(ticket_for(""), None, False))


class FetchTests(FilesTestCase):
    def line(self) -> bytes:
        """The line that is sent for what tesla has sent to the lobby."""
        return b"fetch-file " + self.ticket(self.edison, self.sends(self.tesla, "#lobby")).encode()

    def test_e9_the_first_line_is_answered_by_the_bytes_and_nothing_else(self) -> None:
        for end in (b"\n", b"\r\n"):
            netcat = self.netcat()
            netcat.sends(self.line() + end)
            self.assertEqual(netcat.content, COIL)
            self.assertTrue(netcat.closed)

    def test_e9_it_may_come_byte_by_byte_and_without_an_end(self) -> None:
        netcat = self.netcat()
        for byte in self.line():
            netcat.sends(bytes([byte]))
            self.hall.wait(0.2)
        netcat.ends_input()
        self.assertEqual(netcat.content, COIL)

    def test_e9_a_ticket_that_is_no_good_is_answered_in_one_sentence(self) -> None:
        used = self.line()
        self.netcat().sends(used + b"\n")
        for line in (used, b"fetch-file x", b"fetch-file ", b"fetch-file \xff\xfe"):
            netcat = self.netcat()
            netcat.sends(line + b"\n")
            self.assertRegex(netcat.content.decode(), r"\AThat ticket was used, [^\n.]*\.\n\Z")
            self.assertTrue(netcat.closed)

    def test_e9_a_line_without_end_is_not_waited_for_for_ever(self) -> None:
        netcat = self.netcat()
        netcat.sends(b"fetch-file " + b"x" * 10_000)
        self.assertTrue(netcat.closed)
        slow = self.netcat()
        slow.sends(b"fetch-file ")
        self.hall.wait(25)
        self.assertTrue(slow.closed)

    def test_whoever_pauses_is_a_person_who_types_a_name(self) -> None:
        for first in ("f", "fetch", "fetch-file"):
            client = self.hall.connects()
            client.sends(first.encode())
            self.hall.wait(0.2)
            self.assertEqual(client.takes(), "")
            self.hall.wait(0.2)
            client.hears("Username: ")
            client.sends(b"red\n")
            client.hears(f"{first}red is a new name here")

    def test_b11_nobody_is_called_so(self) -> None:
        client = self.hall.connects()
        client.types("fetch-file")
        client.hears("Username: (fetch-file is taken only as the first line")
        answer = self.hall.program().asks("register", name="fetch-file", password="correct horse")
        self.assertEqual(answer["error"]["code"], "bad_name")

    def test_e9_after_a_greeting_it_is_refused_and_the_ticket_stays_good(self) -> None:
        line = self.line()
        client = self.hall.connects()
        self.hall.wait(1)
        client.hears("Username: ")
        client.sends(line + b"\n")
        client.hears("(fetch-file is taken only as the first line of a new connection")
        self.assertNotIn(line[-32:].decode(), client.takes())
        netcat = self.netcat()
        netcat.sends(line + b"\n")
        self.assertEqual(netcat.content, COIL)

    def test_what_is_typed_runs_as_it_stands(self) -> None:
        bell = self.hall.person("bell")
        self.sends(self.tesla, "#lobby")
        bell.types("get 1")
        line = r"\n    test -e 'coil.png' \|\| echo (fetch-file \w+) \| nc \S+ \d+ > 'coil.png'\n"
        found = re.search(line, bell.takes())
        assert found is not None
        netcat = self.netcat()
        netcat.sends(found[1].encode() + b"\n")
        self.assertEqual(netcat.content, COIL)

    def test_get_says_what_is_not_there(self) -> None:
        bell = self.hall.person("bell")
        bell.types("get 17", "get", "get x")
        bell.hears("(There is no file 17 that you can have.)\n")
        bell.hears("(Usage: get <number>)\n")
        bell.hears("(x is not a whole number. Usage: get <number>)\n")

    def test_e9_a_fetch_is_no_stranger_any_more(self) -> None:
        line = self.line()
        netcat = self.netcat()
        netcat.reads_at_most(10_000)
        netcat.sends(line + b"\n")
        self.assertEqual(len(self.hall.factory.not_signed_in), 0)
        self.assertIn(netcat.protocol, self.hall.factory.connections)
        netcat.vanishes()
        self.assertEqual(self.hall.chat.files.moving, {})


class SecureFetch(Secure):
    """The same over TLS."""

    def __init__(self, hall: Hall, host: str) -> None:
        self.content = b""
        super().__init__(hall, host)

    def take_in(self, data: bytes) -> None:
        self.content += data


class PlaintextTests(TransportTestCase):
    def prepared(self, **settings: str) -> tuple[Hall, str]:
        """A hall with a file in it, and a ticket for it."""
        hall = self.hall(**settings)
        bot = self.secure_program(hall)
        bot.asks("register", name="tesla", password="correct horse")
        case = FilesTestCase()
        offered = case.offers(bot, "#lobby")
        carrier = self.secure_program(hall)
        carrier.asks("upload", ticket=offered["ticket"])
        carrier.sends_later(COIL)
        hall.settle()
        bot.asks("send", room="#lobby", text="", file=offered["file"], cid="1")
        return hall, bot.asks("get", file=offered["file"])["ticket"]

    def test_e9_it_works_over_tls(self) -> None:
        hall, ticket = self.prepared()
        client = SecureFetch(hall, FAR)
        hall.clients.append(client)
        client.sends(f"fetch-file {ticket}\n".encode())
        self.assertEqual(client.content, COIL)

    def test_e9_from_afar_without_tls_it_is_refused_and_the_ticket_stays_good(self) -> None:
        hall, ticket = self.prepared()
        netcat = new_netcat(hall, FAR)
        netcat.sends(f"fetch-file {ticket}\n".encode())
        self.assertIn(b"over TLS only", netcat.content)
        self.assertEqual(netcat.content.count(b"\n"), 1)
        courier = new_courier(hall, FAR)
        answer = courier.asks("download", ticket=ticket)
        self.assertEqual(answer["error"]["code"], "plaintext")
        near = new_netcat(hall)
        near.sends(f"fetch-file {ticket}\n".encode())
        self.assertEqual(near.content, COIL)

    def test_e9_never_means_never(self) -> None:
        hall, ticket = self.prepared(plaintext="never")
        netcat = new_netcat(hall)
        netcat.sends(f"fetch-file {ticket}\n".encode())
        self.assertIn(b"over TLS only", netcat.content)
