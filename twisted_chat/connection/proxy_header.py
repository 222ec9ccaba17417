"""The header with which a proxy says for whom it connects: the PROXY protocol, 1 and 2."""

from __future__ import annotations

import struct
from ipaddress import IPv4Address, IPv6Address

from msgspec import Struct

VERSION_1 = b"PROXY "
VERSION_2 = b"\r\n\r\n\x00\r\nQUIT\n"
LONGEST_1 = 107  # bytes, with the end of the line
LONGEST_2 = 4096  # bytes after the first 16; certificates' names may be in them
LOCAL, PROXY = 0, 1  # what a proxy connects for: itself, or somebody
TCP4, TCP6 = 0x11, 0x21
SSL = 0x20  # the field that tells of TLS between the proxy and the client,
CLIENT_SSL = 0x01  # and the bit in it that says there is some


class BadHeader(ValueError):
    """What came is no header; the text says why."""


class Header(Struct, frozen=True):
    """What a proxy says; without addresses it speaks for nobody but itself."""

    length: int  # bytes
    source: tuple[str, int] | None = None
    destination: tuple[str, int] | None = None
    secure: bool = False  # TLS reaches from the client to the proxy


def may_begin(data: bytes) -> bool:
    """Whether these bytes are, or may become, the beginning of a header."""
    return any(data.startswith(mark) or mark.startswith(data) for mark in (VERSION_1, VERSION_2))


def read(data: bytes) -> Header | None:
    """The header at the beginning of these bytes; None until all of it is there."""
    if data.startswith(VERSION_1):
        return _version_1(data)
    if data.startswith(VERSION_2):
        return _version_2(data)
    return None


def _version_1(data: bytes) -> Header | None:
    line, end, _ = data[:LONGEST_1].partition(b"\r\n")
    if not end:
        if len(data) >= LONGEST_1:
            raise BadHeader("it has no end")
        return None
    length = len(line) + len(end)
    words = line.decode("ascii", "replace").split(" ")
    if words[1] == "UNKNOWN":
        return Header(length)
    if len(words) != 6 or words[1] not in ("TCP4", "TCP6"):
        raise BadHeader("it is not as the PROXY protocol has it")
    kind = IPv4Address if words[1] == "TCP4" else IPv6Address
    try:
        hosts = [_host(kind(word)) for word in words[2:4]]
        ports = [_port(word) for word in words[4:]]
    except ValueError:
        raise BadHeader("there are no addresses in it") from None
    return Header(length, (hosts[0], ports[0]), (hosts[1], ports[1]))


def _host(address: IPv4Address | IPv6Address) -> str:
    """An address as people write it."""
    mapped = getattr(address, "ipv4_mapped", None)
    return str(mapped or address)


def _port(word: str) -> int:
    if not (word.isascii() and word.isdigit() and len(word) <= 5 and int(word) <= 65535):
        raise ValueError(word)
    return int(word)


def _version_2(data: bytes) -> Header | None:
    start = len(VERSION_2) + 4
    if len(data) < start:
        return None
    command, family, rest = struct.unpack_from("!BBH", data, len(VERSION_2))
    if command >> 4 != 2 or command & 15 not in (LOCAL, PROXY):
        raise BadHeader("its version or its command is unknown")
    if rest > LONGEST_2:
        raise BadHeader("it is too long")
    if len(data) < start + rest:
        return None
    length, body = start + rest, data[start : start + rest]
    if command & 15 == LOCAL or family not in (TCP4, TCP6):
        return Header(length)
    size = 4 if family == TCP4 else 16
    if rest < 2 * size + 4:
        raise BadHeader("it has no room for its addresses")
    kind = IPv4Address if family == TCP4 else IPv6Address
    hosts = [_host(kind(body[at : at + size])) for at in (0, size)]
    ports = struct.unpack_from("!HH", body, 2 * size)
    secure = _tells_of_tls(body[2 * size + 4 :])
    return Header(length, (hosts[0], ports[0]), (hosts[1], ports[1]), secure)


def _tells_of_tls(fields: bytes) -> bool:
    """Whether one of the fields says that the client came to the proxy over TLS."""
    secure = False
    while fields:
        if len(fields) < 3:
            raise BadHeader("one of its fields is cut")
        kind, size = struct.unpack_from("!BH", fields)
        value, fields = fields[3 : 3 + size], fields[3 + size :]
        if len(value) < size:
            raise BadHeader("one of its fields is cut")
        if kind == SSL and value:
            secure = secure or bool(value[0] & CLIENT_SSL)
    return secure
