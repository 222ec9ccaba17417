"""What the first bytes say, however they are cut."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from twisted_chat.connection import proxy_header
from twisted_chat.connection.detection import ENOUGH, look
from twisted_chat.connection.proxy_header import BadHeader, Header
from twisted_chat.core.doors import DoorKind

from .case import ssl_field, version_2

HELLO = b"\x16\x03\x01\x02\x00\x01"
PIECES = [
    *(b"NICK", b"nick", b"CAP", b"PASS ", b"GET", b"CONNECT", b" ", b"  ", b"/", b"*", b"http:"),
    *(b"@", b":", b"\r", b"\n", b"\r\n", b"x", b"{", b"SSH-", b"PRI * ", b"EHLO ", b"\x03\x00"),
    *(b"*1", b"$", b"\x16", b"\x03", b"fetch-file ", b"PROXY ", b"x" * 40),
]
fours, sixes = st.ip_addresses(v=4), st.ip_addresses(v=6)
ports = st.integers(0, 65535)


def outcome(data: bytes, header: bool = True, tls: bool = True, greeted: bool = False) -> object:
    try:
        return look(data, header=header, tls=tls, greeted=greeted)
    except BadHeader:
        return BadHeader


class DoorTests(SynchronousTestCase):
    def test_the_doors(self) -> None:
        for data, door in {
            b"{": DoorKind.JSON,
            b'{"id": 1}': DoorKind.JSON,
            HELLO: DoorKind.TLS,
            b"\x16\x03": DoorKind.TLS,
            b"\x16\x04": DoorKind.TEXT,
            b"tesla\n": DoorKind.TEXT,
            b"\n": DoorKind.TEXT,
            b"fetch-file ": DoorKind.FETCH,
            b"fetch-file 0f": DoorKind.FETCH,
            b"fetch-file\n": DoorKind.TEXT,
            b"fetch": None,
            b"fiona": DoorKind.TEXT,
            b"": None,
            b"\x16": None,
        }.items():
            self.assertIs(look(data, header=False, tls=True, greeted=False), door, data)

    def test_no_tls_inside_of_tls(self) -> None:
        self.assertIs(look(HELLO, header=False, tls=False, greeted=False), DoorKind.TEXT)

    def test_a_header_from_somebody_who_is_no_proxy_is_text(self) -> None:
        self.assertIs(look(b"PROXY TCP4 ", header=False, tls=True, greeted=False), DoorKind.TEXT)
        self.assertIs(
            look(proxy_header.VERSION_2, header=False, tls=True, greeted=False), DoorKind.TEXT
        )

    def test_a_proxy_may_send_no_header(self) -> None:
        for data, door in ((b"{}", DoorKind.JSON), (HELLO, DoorKind.TLS), (b"Pr", DoorKind.TEXT)):
            self.assertIs(look(data, header=True, tls=True, greeted=False), door)

    def test_after_a_greeting_a_ticket_is_text(self) -> None:
        self.assertIs(look(b"fetch-file 0f", header=False, tls=True, greeted=True), DoorKind.TEXT)
        self.assertIs(look(b"f", header=False, tls=True, greeted=True), DoorKind.TEXT)

    def test_an_irc_client_by_the_first_line_it_may_say(self) -> None:
        for data in (
            b"CAP LS 302\r\n",
            b"cap ls\r\n",
            b"NICK bob\r\n",
            b"nick bob\n",
            b"NICK   :bob\n",
            b"USER a 0 * :b\r\n",
            b"PASS x",
            b"PING 1\r\n",
            b"AUTHENTICATE PLAIN\r\n",
            b"REGISTER * * secret\r\n",
            b"WEBIRC secret gateway host 192.0.2.1\r\n",
            b"@label=1 PING x\r\n",
            b"@" + b"x" * 8000 + b" NICK bob\r\n",
            b":bob NICK bob\r\n",
        ):
            self.assertIs(outcome(data), DoorKind.IRC, data)

    def test_http_by_a_method_and_a_target(self) -> None:
        for data in (
            b"GET / HTTP/1.1\r\n",
            b"HEAD /x HTTP/1.1\r\n",
            b"POST / HTTP/1.1\r\n",
            b"PUT /",
            b"OPTIONS * HTTP/1.1\r\n",
            b"GET http://chat.example/ HTTP/1.1\r\n",
            b"CONNECT chat.example:443 HTTP/1.1\r\n",
        ):
            self.assertIs(outcome(data), DoorKind.WEB, data)

    def test_what_people_type_is_text(self) -> None:
        for data in (
            b"nick\n",
            b"NICK\r\n",
            b"user\n",
            b"pass \n",
            b"PING \r\n",
            b"get\n",
            b"GET\n",
            b"get /\n",
            b"GET 5\n",
            b"GET help\n",
            b"connect a\n",
            b"nicola\n",
            b"passenger",
            b"Nick\r\n",
            b"@bob\n",
            b":)\n",
            b": x\n",
            b"*\n",
            b"*1\n",
            b"SSH\n",
            b"HELO\n",
            b"\x03\n",
            b"NICK" + b" " * 100 + b"bob\n",
        ):
            self.assertIs(outcome(data), DoorKind.TEXT, data)

    def test_a8_other_protocols(self) -> None:
        for data in (
            b"SSH-2.0-OpenSSH_9.9\r\n",
            b"EHLO me\r\n",
            b"HELO me\r\n",
            b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
            b"\x03\x00\x00\x13\x0e",
            b"*1\r\n$4\r\nPING\r\n",
            b"*12\r\n$7\r\nCOMMAND\r\n",
        ):
            self.assertIs(outcome(data), DoorKind.FOREIGN, data)

    def test_who_was_greeted_is_a_person_unless_it_writes_as_programs_do(self) -> None:
        for data, door in {
            b"nick bob\n": DoorKind.TEXT,
            b"user a 0 * :b\n": DoorKind.TEXT,
            b"@bob hello\n": DoorKind.TEXT,
            b":) hello\n": DoorKind.TEXT,
            b"@bob GET / x\n": DoorKind.TEXT,
            b"@" + b"x" * 100 + b" NICK bob\n": DoorKind.TEXT,
            b"fetch-file 0f\n": DoorKind.TEXT,
            b"CAP LS 302\r\n": DoorKind.IRC,
            b"NICK bob\r\n": DoorKind.IRC,
            b"@label=1 NICK bob\r\n": DoorKind.IRC,
            b":bob NICK bob\r\n": DoorKind.IRC,
            b"GET / HTTP/1.1\r\n": DoorKind.WEB,
            b"{": DoorKind.JSON,
        }.items():
            self.assertIs(outcome(data, greeted=True), door, data)

    @given(
        st.binary(max_size=40)
        | st.lists(st.sampled_from(PIECES) | st.binary(max_size=2), max_size=8).map(b"".join),
        *(st.booleans(), st.booleans(), st.booleans()),
    )
    def test_a3_what_is_decided_stays_decided_however_the_bytes_are_cut(
        self, data: bytes, header: bool, tls: bool, greeted: bool
    ) -> None:
        whole = outcome(data, header, tls, greeted)
        for cut in range(len(data)):
            part = outcome(data[:cut], header, tls, greeted)
            self.assertIn(part, (None, whole))

    @given(st.lists(st.sampled_from(PIECES), min_size=1).map(b"".join), st.booleans())
    def test_a1_enough_bytes_always_decide(self, data: bytes, greeted: bool) -> None:
        more = (data * ENOUGH)[:ENOUGH]
        self.assertIsNotNone(outcome(more, header=False, greeted=greeted))

    @given(
        st.sampled_from([proxy_header.VERSION_1, proxy_header.VERSION_2]), st.binary(max_size=6000)
    )
    def test_nothing_after_the_mark_crashes_or_waits_for_ever(
        self, mark: bytes, rest: bytes
    ) -> None:
        found = outcome(mark + rest)
        self.assertIsInstance(found, Header | None | type)
        if found is None:
            self.assertLess(len(mark + rest), proxy_header.LONGEST_2 + 16)


class HeaderTests(SynchronousTestCase):
    def assert_header_at_every_cut(self, data: bytes, expected: Header) -> None:
        for cut in range(len(data)):
            self.assertIsNone(outcome(data[:cut]), cut)
        for rest in (b"", b"{", HELLO, b"\r\n"):
            self.assertEqual(outcome(data + rest), expected)
        self.assertEqual(expected.length, len(data))

    @given(st.tuples(fours, fours) | st.tuples(sixes, sixes), ports)
    def test_both_versions(self, addresses: tuple[object, object], port: int) -> None:
        source, here = map(str, addresses)
        family = "TCP6" if ":" in source else "TCP4"
        mapped = [getattr(one, "ipv4_mapped", None) or one for one in addresses]
        ends = (str(mapped[0]), port), (str(mapped[1]), 9999)
        line = f"PROXY {family} {source} {here} {port} 9999\r\n".encode()
        self.assert_header_at_every_cut(line, Header(len(line), *ends))
        binary = version_2(source, here, (port, 9999))
        self.assert_header_at_every_cut(binary, Header(len(binary), *ends))
        told = version_2(source, here, (port, 9999), b"\x04\x00\x01x" + ssl_field())
        self.assert_header_at_every_cut(told, Header(len(told), *ends, secure=True))

    def test_a_proxy_that_speaks_for_itself(self) -> None:
        for data in (
            b"PROXY UNKNOWN\r\n",
            b"PROXY UNKNOWN ffff::1 ffff::2 1 2\r\n",
            version_2("192.0.2.1", "192.0.2.2", command=0),
            proxy_header.VERSION_2 + b"\x20\x00\x00\x00",
            proxy_header.VERSION_2 + b"\x21\x00\x00\x03abc",
            proxy_header.VERSION_2 + b"\x21\x31\x00\xd8" + bytes(216),
        ):
            self.assert_header_at_every_cut(data, Header(len(data)))

    def test_tls_that_the_client_does_not_have(self) -> None:
        told = look(
            version_2("192.0.2.1", "192.0.2.2", fields=ssl_field(client=0)),
            header=True,
            tls=True,
            greeted=False,
        )
        assert isinstance(told, Header)
        self.assertFalse(told.secure)

    def test_bad_headers(self) -> None:
        for data in (
            b"PROXY \r\n",
            b"PROXY TCP4\r\n",
            b"PROXY TCP4 192.0.2.1 192.0.2.2 1\r\n",
            b"PROXY TCP4 192.0.2.1 192.0.2.2 1 65536\r\n",
            b"PROXY TCP4 192.0.2.1 192.0.2.2 1 -1\r\n",
            b"PROXY TCP4 192.0.2.1 192.0.2.2 1 \xb2\r\n",
            b"PROXY TCP4 2001:db8::1 2001:db8::2 1 2\r\n",
            b"PROXY TCP6 192.0.2.1 192.0.2.2 1 2\r\n",
            b"PROXY TCP4 192.0.2.1  192.0.2.2 1 2\r\n",
            b"PROXY UDP4 192.0.2.1 192.0.2.2 1 2\r\n",
            b"PROXY " + b"x" * 101,
            proxy_header.VERSION_2 + b"\x11\x11\x00\x0c" + bytes(12),
            proxy_header.VERSION_2 + b"\x22\x11\x00\x0c" + bytes(12),
            proxy_header.VERSION_2 + b"\x21\x11\x00\x0b" + bytes(11),
            proxy_header.VERSION_2 + b"\x21\x11\xff\xff",
            version_2("192.0.2.1", "192.0.2.2", fields=b"\x20\x00"),
            version_2("192.0.2.1", "192.0.2.2", fields=b"\x20\x00\x09x"),
        ):
            self.assertIs(outcome(data), BadHeader, data)
