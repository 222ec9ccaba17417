"""What the first bytes say, however they are cut."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from twisted_chat import proxying
from twisted_chat.core.doorways import Door
from twisted_chat.opening import FETCH, look
from twisted_chat.proxying import BadHeader, Header

from .case import ssl_field, version_2

HELLO = b"\x16\x03\x01\x02\x00\x01"
fours, sixes = st.ip_addresses(v=4), st.ip_addresses(v=6)
ports = st.integers(0, 65535)


def outcome(data: bytes, header: bool = True, tls: bool = True, fetch: bool = True) -> object:
    try:
        return look(data, header=header, tls=tls, fetch=fetch)
    except BadHeader:
        return BadHeader


class DoorTests(SynchronousTestCase):
    def test_the_doors(self) -> None:
        for data, door in {
            b"{": Door.JSON,
            b'{"id": 1}': Door.JSON,
            HELLO: Door.TLS,
            b"\x16\x03": Door.TLS,
            b"\x16\x04": Door.TEXT,
            b"tesla\n": Door.TEXT,
            b"\n": Door.TEXT,
            b"fetch-file ": Door.FETCH,
            b"fetch-file 0f": Door.FETCH,
            b"fetch-file\n": Door.TEXT,
            b"fetch": None,
            b"fiona": Door.TEXT,
            b"": None,
            b"\x16": None,
        }.items():
            self.assertIs(look(data, header=False, tls=True, fetch=True), door, data)

    def test_no_tls_inside_of_tls(self) -> None:
        self.assertIs(look(HELLO, header=False, tls=False, fetch=True), Door.TEXT)

    def test_a_header_from_somebody_who_is_no_proxy_is_text(self) -> None:
        self.assertIs(look(b"PROXY TCP4 ", header=False, tls=True, fetch=True), Door.TEXT)
        self.assertIs(look(proxying.VERSION_2, header=False, tls=True, fetch=True), Door.TEXT)

    def test_a_proxy_may_send_no_header(self) -> None:
        for data, door in ((b"{}", Door.JSON), (HELLO, Door.TLS), (b"Pr", Door.TEXT)):
            self.assertIs(look(data, header=True, tls=True, fetch=True), door)

    def test_after_a_greeting_a_ticket_is_text(self) -> None:
        self.assertIs(look(b"fetch-file 0f", header=False, tls=True, fetch=False), Door.TEXT)
        self.assertIs(look(b"f", header=False, tls=True, fetch=False), Door.TEXT)

    @given(
        st.binary(max_size=40) | st.binary(max_size=9).map(lambda rest: FETCH[:9] + rest),
        *(st.booleans(), st.booleans(), st.booleans()),
    )
    def test_what_is_decided_stays_decided_and_more_bytes_always_decide(
        self, data: bytes, header: bool, tls: bool, fetch: bool
    ) -> None:
        whole = outcome(data, header, tls, fetch)
        for cut in range(len(data)):
            part = outcome(data[:cut], header, tls, fetch)
            self.assertIn(part, (None, whole))

    @given(st.sampled_from([proxying.VERSION_1, proxying.VERSION_2]), st.binary(max_size=6000))
    def test_nothing_after_the_mark_crashes_or_waits_for_ever(
        self, mark: bytes, rest: bytes
    ) -> None:
        found = outcome(mark + rest)
        self.assertIsInstance(found, Header | None | type)
        if found is None:
            self.assertLess(len(mark + rest), proxying.LONGEST_2 + 16)


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
            proxying.VERSION_2 + b"\x20\x00\x00\x00",
            proxying.VERSION_2 + b"\x21\x00\x00\x03abc",
            proxying.VERSION_2 + b"\x21\x31\x00\xd8" + bytes(216),
        ):
            self.assert_header_at_every_cut(data, Header(len(data)))

    def test_tls_that_the_client_does_not_have(self) -> None:
        told = look(
            version_2("192.0.2.1", "192.0.2.2", fields=ssl_field(client=0)),
            header=True,
            tls=True,
            fetch=True,
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
            proxying.VERSION_2 + b"\x11\x11\x00\x0c" + bytes(12),
            proxying.VERSION_2 + b"\x22\x11\x00\x0c" + bytes(12),
            proxying.VERSION_2 + b"\x21\x11\x00\x0b" + bytes(11),
            proxying.VERSION_2 + b"\x21\x11\xff\xff",
            version_2("192.0.2.1", "192.0.2.2", fields=b"\x20\x00"),
            version_2("192.0.2.1", "192.0.2.2", fields=b"\x20\x00\x09x"),
        ):
            self.assertIs(outcome(data), BadHeader, data)
