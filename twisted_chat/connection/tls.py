"""TLS on a connection that has begun without it."""

from __future__ import annotations

import re
from traceback import clear_frames
from typing import TYPE_CHECKING, Any, cast

from OpenSSL.crypto import FILETYPE_ASN1, dump_certificate
from OpenSSL.SSL import Connection
from twisted.internet.interfaces import (
    IHalfCloseableProtocol,
    IOpenSSLServerConnectionCreator,
    ISSLTransport,
)
from twisted.internet.protocol import Factory
from twisted.protocols.tls import TLSMemoryBIOFactory, TLSMemoryBIOProtocol
from twisted.python.failure import Failure
from zope.interface import implementer

from .transport import Direct

if TYPE_CHECKING:
    from ..protocol import ChatProtocol
    from .certificate import Identity

MOST_CERTIFICATES = 16 * 1024  # bytes of a client's, with those that it was signed with
_HOST_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_-]*(?:\.[A-Za-z0-9_-]+)*\.?")


@implementer(ISSLTransport, IHalfCloseableProtocol)
class Sealed(TLSMemoryBIOProtocol):
    """TLS between a connection and its transport.

    What is written is sealed and sent at once: the chat gathers its writes itself.
    """

    def readConnectionLost(self) -> None:
        """The peer has shut its side without a word, after what it may have wanted to say."""
        if self._handshakeDone:
            cast("ChatProtocol", self.wrappedProtocol).cut_off()
        else:
            self.abortConnection()

    def writeConnectionLost(self) -> None:
        pass

    def _tlsShutdownFinished(self, reason: Failure | None) -> None:
        """TLS has ended; with it goes what it has kept, and not at the next search for cycles."""
        super()._tlsShutdownFinished(reason)
        if reason is not None and reason.tb is not None:
            clear_frames(reason.tb)  # which hold on to TLS, and one of them to the failure


class Sealing(TLSMemoryBIOFactory):
    """Seals connections, each with the certificate of its moment."""

    protocol = Sealed

    def __init__(self, identity: Identity) -> None:
        super().__init__(_Creator(identity), False, Factory())
        self._identity = identity

    @property
    def names(self) -> frozenset[str]:
        """The names in the certificate of the moment."""
        return self._identity.current.names

    def seal(self, protocol: ChatProtocol) -> Sealed:
        """Put TLS beneath a connection; what arrives on its transport is now TLS's to read."""
        transport = protocol.transport
        transport.unregisterProducer()  # to be read on until hands are shaken
        sealed = Sealed(self, protocol, False)
        transport.protocol = protocol.transport = sealed
        sealed.makeConnection(Direct(transport, protocol.waits))
        return sealed


def name_asked_for(transport: Any) -> str:
    """What the peer calls this server, where it has come with TLS and says so; else empty."""
    sealed = ISSLTransport.providedBy(transport)
    if not sealed:
        return ""
    name = getattr(transport.getHandle(), "get_servername", lambda: None)() or b""
    found = _HOST_NAME.fullmatch(name.decode("ascii", "replace"))
    return found[0].rstrip(".") if found else ""


def sends_too_much(transport: Any) -> bool:
    """Whether the peer has come with certificates that take more memory than a connection may.

    OpenSSL takes 100 kB of them, and keeps them parsed for as long as there is the connection.
    """
    handle = transport.getHandle()
    found = [handle.get_peer_certificate(), *(handle.get_peer_cert_chain() or ())]
    sizes = (len(dump_certificate(FILETYPE_ASN1, one)) for one in found if one is not None)
    return sum(sizes) > MOST_CERTIFICATES


def certificate_of(transport: Any) -> str:
    """The SHA-256 of the certificate that the peer has come with, in hex; empty without one."""
    sealed = ISSLTransport.providedBy(transport)
    if not sealed:
        return ""
    handle = transport.getHandle()  # there is none any more when the connection is lost
    certificate = None if handle is None else handle.get_peer_certificate()
    if certificate is None:
        return ""
    digest: bytes = certificate.digest("sha256")
    return digest.decode().replace(":", "").lower()


@implementer(IOpenSSLServerConnectionCreator)
class _Creator:
    def __init__(self, identity: Identity) -> None:
        self._identity = identity

    def serverConnectionForTLS(self, protocol: Any) -> Connection:
        return Connection(self._identity.current.context, None)
