"""Halls with TLS, and clients that speak it."""

from __future__ import annotations

import ssl
import struct
import tempfile
from contextlib import suppress
from functools import cache
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from twisted_chat.connection import proxy_header
from twisted_chat.connection.tls import CertificateFiles, Identity, TlsFactory
from twisted_chat.testing import Client, Hall, Program

FAR = "192.0.2.7"


@cache
def identity() -> Identity:
    """A key and a certificate, made once."""
    with tempfile.TemporaryDirectory() as folder:
        made = Identity(CertificateFiles("auto", Path(folder)))
        made.open()
    return made


def trusting(newest: ssl.TLSVersion | None = None) -> ssl.SSLContext:
    """A client's context that takes any certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    if newest is not None:
        context.minimum_version = ssl.TLSVersion.TLSv1
        context.maximum_version = newest
        context.set_ciphers("ALL:@SECLEVEL=0")
    return context


class Secure(Client):
    """A client that has TLS between itself and the server."""

    header = b""  # what a proxy sends first
    name: str | None = None  # what it calls the server
    session: ssl.SSLSession | None = None  # which it wants to take up again

    def context(self) -> ssl.SSLContext:
        return trusting()

    def __init__(self, hall: Hall, host: str) -> None:
        super().__init__(hall, host)
        self._coming, self._going = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = self.context().wrap_bio(
            self._coming, self._going, server_hostname=self.name, session=self.session
        )
        self.shaken = False
        self.told_to_close = False
        self._unsent = b""
        self._pending = self.header
        self._pump()

    def sends_later(self, data: bytes) -> None:
        self._unsent += data
        self._pump()

    def collect(self) -> None:
        self._coming.write(self.transport.value())
        self.transport.clear()
        self._pump()
        super().collect()

    def says_goodbye(self) -> None:
        """Close TLS in order."""
        self.hall.settle()
        with suppress(ssl.SSLWantReadError):
            self.tls.unwrap()
        self._pump()
        self.hall.settle()

    def _pump(self) -> None:
        try:
            if not self.shaken:
                self.tls.do_handshake()
                self.shaken = True
            if self._unsent:
                self.tls.write(self._unsent)
                self._unsent = b""
            while piece := self.tls.read(65536):
                self.take_in(piece)
            self.told_to_close = True
        except ssl.SSLWantReadError:
            pass
        except ssl.SSLZeroReturnError:
            self.told_to_close = True
        self._pending += self._going.read()


class SecureProgram(Secure, Program):
    """A program over TLS."""

    def queues(self, do: str, **arguments: Any) -> int:
        before, self._pending = self._pending, b""
        number = super().queues(do, **arguments)
        request, self._pending = self._pending, before
        self.sends_later(request)
        return number


class Behind(Client):
    """Somebody behind a proxy, which sends its header first."""

    def __init__(self, hall: Hall, host: str, header: bytes) -> None:
        super().__init__(hall, host)
        self.sends_later(header)


class TransportTestCase(SynchronousTestCase):
    """A test that talks to servers with TLS and the rules they have unless told otherwise."""

    def hall(self, **settings: Any) -> Hall:
        hall = Hall(**{"plaintext": "loopback", **settings})
        hall.tls = TlsFactory(identity())
        hall.restart()
        hall.__enter__()
        self.addCleanup(hall.__exit__, None, None, None)
        return hall

    def secure(self, hall: Hall, host: str = FAR) -> Secure:
        """Somebody who has said nothing over TLS yet."""
        client = Secure(hall, host)
        hall.clients.append(client)
        return client

    def secure_program(self, hall: Hall, host: str = FAR) -> SecureProgram:
        program = SecureProgram(hall, host)
        hall.clients.append(program)
        return program

    def behind(self, hall: Hall, header: bytes, host: str = "10.0.0.1") -> Behind:
        client = Behind(hall, host, header)
        hall.clients.append(client)
        return client


def version_1(source: str, port: int = 5000) -> bytes:
    """The header of a proxy for that client."""
    family = "TCP6" if ":" in source else "TCP4"
    here = "2001:db8::99" if ":" in source else "198.51.100.9"
    return f"PROXY {family} {source} {here} {port} 9999\r\n".encode()


def version_2(
    source: str, destination: str, ports: tuple[int, int] = (5000, 9999), fields: bytes = b"",
    command: int = 1,
) -> bytes:  # fmt: skip
    """A header in binary."""
    packed = [ip_address(host).packed for host in (source, destination)]
    family = 0x11 if len(packed[0]) == 4 else 0x21
    body = b"".join(packed) + struct.pack("!HH", *ports) + fields
    return proxy_header.VERSION_2 + struct.pack("!BBH", 0x20 | command, family, len(body)) + body


def ssl_field(client: int = 1, verified: int = 0) -> bytes:
    value = struct.pack("!BI", client, verified) + b"\x21\x00\x07TLSv1.3"
    return struct.pack("!BH", 0x20, len(value)) + value
