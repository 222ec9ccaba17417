"""TLS: the server's key and certificate, and the layer between a connection and its transport.

The certificate is made at the first start, or is an operator's; either is kept fresh while the
server runs. A connection may begin without TLS and get it beneath itself with its first bytes.
"""

from __future__ import annotations

import re
import time
from base64 import b64encode
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from traceback import clear_frames
from typing import Any

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)
from msgspec import Struct
from OpenSSL import SSL
from OpenSSL.crypto import FILETYPE_ASN1, dump_certificate
from twisted.internet.interfaces import (
    IHalfCloseableProtocol,
    IOpenSSLServerConnectionCreator,
    ISSLTransport,
)
from twisted.internet.protocol import Factory
from twisted.logger import Logger
from twisted.protocols.tls import TLSMemoryBIOFactory, TLSMemoryBIOProtocol
from twisted.python.failure import Failure
from zope.interface import implementer

from ..core.errors import StartError, reason_of
from ..private_file import write_private
from .interface import Encryptable
from .transport import Direct

OWN = "tls.pem"  # the file in the data folder that is made where no other is named
DAY = 24 * 3600.0
LASTS = timedelta(days=3650)
RENEW = 30 * DAY  # before its end, the server's own certificate is replaced; its key stays
WARN = 14 * DAY  # before its end, an operator's certificate is warned about, once a day
CIPHERS = b"ECDHE+AESGCM:ECDHE+CHACHA20"  # for TLS 1.2; those of 1.3 are all good
BROWSERS = frozenset((b"h2", b"http/1.1"))  # what they offer with ALPN
MOST_CERTIFICATES = 16 * 1024  # bytes of a client's, with those that it was signed with
_HOST_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_-]*(?:\.[A-Za-z0-9_-]+)*\.?")

Stamp = tuple[tuple[int, int, int], ...]  # what changes when files do


class Loaded(Struct, frozen=True):
    """A key and its certificate, ready for connections."""

    context: SSL.Context
    key: Any
    fingerprint: str  # of the key
    certificate: str  # the certificate's, as other programs write it
    names: frozenset[str]  # that it is for, in lower case
    ends: float  # seconds since 1970
    stamp: Stamp


class CertificateFiles:
    """Where a certificate and its key are; they may be in one file."""

    def __init__(self, chosen: str, folder: Path) -> None:
        """`chosen` is `auto`, CERT.pem or CERT.pem:KEY.pem."""
        self.own = chosen == "auto"
        if self.own:
            self.certificate = self.key = folder / OWN
        else:
            self.certificate, self.key = _divided(chosen)

    def load(self) -> Loaded:
        """Return the key and the certificate, ready for use.

        Raises StartError, which says in one sentence what is wrong with the files.
        """
        stamp = self.stamp()
        chain = self._chain(_content(self.certificate, "certificate"))
        key = self._key(_content(self.key, "key"))
        if _public(key.public_key()) != _public(chain[0].public_key()):
            raise StartError(
                f"The key in {self.key} does not belong to the certificate in {self.certificate}."
            )
        try:
            context = _context(chain, key)
        except (SSL.Error, TypeError, ValueError) as error:
            raise StartError(
                f"The certificate in {self.certificate} cannot be used: {_reason(error)}."
            ) from None
        ends = chain[0].not_valid_after_utc.timestamp()
        shown = chain[0].fingerprint(SHA256()).hex(":").upper()
        names = _names(chain[0])
        return Loaded(context, key, fingerprint(key.public_key()), shown, names, ends, stamp)

    def _chain(self, content: bytes) -> list[x509.Certificate]:
        try:
            chain = x509.load_pem_x509_certificates(content)
            chain[0].public_key()
        except (ValueError, UnsupportedAlgorithm):
            remedy = "; remove it to have another made" if self.own else ""
            raise StartError(
                f"There is no certificate in {self.certificate} that can be read{remedy}."
            ) from None
        return chain

    def _key(self, content: bytes) -> Any:
        try:
            return load_pem_private_key(content, None)
        except TypeError:
            raise StartError(
                f"The key in {self.key} is locked with a passphrase: give one without."
            ) from None
        except (ValueError, UnsupportedAlgorithm):
            where = "; name its file behind a colon" if self.key == self.certificate else ""
            raise StartError(f"There is no key in {self.key} that can be read{where}.") from None

    def stamp(self) -> Stamp:
        """What is another as soon as the files are."""
        return tuple(_stamp(path) for path in (self.certificate, self.key))

    def make(self, now: float, key: Any = None) -> None:
        """Make a certificate, for that key if there is one already, and put both in place."""
        if key is None:
            from cryptography.hazmat.primitives.asymmetric import ec

            key = ec.generate_private_key(ec.SECP256R1())
        encoded = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        try:
            write_private(self.certificate, encoded + _self_signed(key, now))
        except OSError as error:
            raise StartError(
                f"The certificate {self.certificate} cannot be made: {_reason(error)}."
            ) from None


class Identity:
    """The key and the certificate that prove the server's identity; they are kept valid."""

    log = Logger()
    current: Loaded

    def __init__(self, files: CertificateFiles, wall: Callable[[], float] = time.time) -> None:
        self._files = files
        self._wall = wall
        self._seen: Stamp = ()  # the files as they were looked at last
        self._complained = -DAY

    def open(self) -> None:
        """Load what there is, or make it; StartError says why that cannot be done."""
        files = self._files
        if files.own and not files.certificate.exists():
            files.make(self._wall())
        self._take(files.load())
        self._mind_the_end()

    def look(self) -> None:
        """Take up files that have changed, without touching a connection; on any thread."""
        try:
            stamp = self._files.stamp()
            if stamp != self._seen:
                self._seen = stamp  # a file that is no good is told of once
                self._take(self._files.load())
                self.log.info(
                    "The certificate in {file}, {certificate}, was read anew; the key is {key}",
                    file=self._files.certificate,
                    certificate=self.current.certificate,
                    key=self.current.fingerprint,
                )
            self._mind_the_end()
        except StartError as error:
            self.log.warn("{error} The server goes on with the certificate it had", error=error)
        except Exception:
            self.log.failure("The certificate could not be looked at")

    def _take(self, loaded: Loaded) -> None:
        self._seen = loaded.stamp
        self.current = loaded
        self._complained = -DAY

    def _mind_the_end(self) -> None:
        now, files = self._wall(), self._files
        left = self.current.ends - now
        if left >= (RENEW if files.own else WARN) or now - self._complained < DAY:
            return
        self._complained = now
        if files.own:
            files.make(now, self.current.key)
            self._take(files.load())
            self.log.info(
                "The certificate in {file} was renewed: it is {certificate} now",
                file=files.certificate,
                certificate=self.current.certificate,
            )
        else:
            when = datetime.fromtimestamp(self.current.ends, UTC).strftime("%Y-%m-%d")
            self.log.warn(
                "The certificate in {file} {expires} on {when}: renew it",
                file=files.certificate,
                expires="expires" if left > 0 else "expired",
                when=when,
            )


def check_certificate(chosen: str, folder: Path) -> None:
    """Raise a StartError unless a start would find what it needs; change nothing."""
    if chosen != "off":
        files = CertificateFiles(chosen, folder)
        if not files.own or files.certificate.exists():
            files.load()


def fingerprint(public_key: Any) -> str:
    """What people and clients know a key by: it outlives the certificate."""
    return "SHA256:" + b64encode(sha256(_public(public_key)).digest()).decode().rstrip("=")


def _public(key: Any) -> bytes:
    encoded: bytes = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return encoded


def _names(certificate: x509.Certificate) -> frozenset[str]:
    try:
        found = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
        names = found.value.get_values_for_type(x509.DNSName)
    except (x509.ExtensionNotFound, ValueError):
        common = certificate.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)
        names = [str(one.value) for one in common]
    return frozenset(name.lower() for name in names)


def _divided(chosen: str) -> tuple[Path, Path]:
    """The two files that are named; either name may have colons in it."""
    whole = Path(chosen).expanduser()
    if ":" not in chosen or whole.exists():
        return whole, whole
    parts = chosen.split(":")
    pairs = [
        (Path(":".join(parts[:at])).expanduser(), Path(":".join(parts[at:])).expanduser())
        for at in range(len(parts) - 1, 0, -1)
    ]
    return next((pair for pair in pairs if all(path.exists() for path in pair)), pairs[0])


def _content(path: Path, what: str) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise StartError(f"The {what} {path} cannot be read: {_reason(error)}.") from None


def _stamp(path: Path) -> tuple[int, int, int]:
    try:
        found = path.stat()
    except OSError:
        return (0, 0, 0)
    return (found.st_ino, found.st_size, found.st_mtime_ns)


def _context(chain: list[x509.Certificate], key: Any) -> SSL.Context:
    context = SSL.Context(SSL.TLS_SERVER_METHOD)
    context.set_min_proto_version(SSL.TLS1_2_VERSION)
    context.set_options(
        SSL.OP_NO_COMPRESSION | SSL.OP_NO_RENEGOTIATION | SSL.OP_CIPHER_SERVER_PREFERENCE
    )
    # OpenSSL keeps one ticket key for as long as the process runs. With TLS 1.2, that key decrypts
    # every session that was resumed with a ticket.
    context.set_options(SSL.OP_NO_TICKET)
    context.set_mode(SSL.MODE_RELEASE_BUFFERS)  # a connection that is idle needs none
    context.set_session_cache_mode(SSL.SESS_CACHE_OFF)
    _ask_for_certificates(context)
    context.set_cipher_list(CIPHERS)
    context.use_certificate(chain[0])
    for issuer in chain[1:]:
        context.add_extra_chain_cert(issuer)
    context.use_privatekey(key)
    return context


def _ask_for_certificates(context: SSL.Context) -> None:
    """Take any certificate that a client has, or none: it is known by its fingerprint alone."""
    context.set_verify(SSL.VERIFY_PEER, lambda *found: True)
    context.set_verify_depth(0)  # who has signed it means nothing
    context.set_alpn_select_callback(_spare_browsers)


def _spare_browsers(connection: SSL.Connection, offered: list[bytes]) -> Any:
    """Ask no browser for a certificate: it would ask the person which, and has no use for it."""
    if not BROWSERS.isdisjoint(offered):
        connection.set_verify(SSL.VERIFY_NONE)
    return SSL.NO_OVERLAPPING_PROTOCOLS


def _self_signed(key: Any, now: float) -> bytes:
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "twisted-chat")])
    today = datetime.fromtimestamp(now, UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(today - timedelta(days=1))
        .not_valid_after(today + LASTS)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .sign(key, SHA256())
    )
    return certificate.public_bytes(Encoding.PEM)


def _reason(error: BaseException) -> str:
    """As `reason_of`, also for what OpenSSL raises."""
    if isinstance(error, SSL.Error) and error.args and error.args[0]:
        return str(error.args[0][0][-1])
    return reason_of(error)


# --- on a connection ----------------------------------------------------------------------


@implementer(ISSLTransport, IHalfCloseableProtocol)
class TlsLayer(TLSMemoryBIOProtocol):
    """TLS between a connection and its transport.

    What is written is encrypted and sent at once: the chat gathers its writes itself.
    """

    def readConnectionLost(self) -> None:
        """The peer has shut its side without a word, after what it may have wanted to say."""
        if self._handshakeDone:
            wrapped: Any = self.wrappedProtocol
            wrapped.cut_off()
        else:
            self.abortConnection()

    def writeConnectionLost(self) -> None:
        pass

    def _tlsShutdownFinished(self, reason: Failure | None) -> None:
        """TLS has ended; with it goes what it has kept, and not at the next search for cycles."""
        super()._tlsShutdownFinished(reason)
        if reason is not None and reason.tb is not None:
            clear_frames(reason.tb)  # which hold on to TLS, and one of them to the failure


class TlsFactory(TLSMemoryBIOFactory):
    """Puts TLS beneath connections, each with the certificate that is valid at that moment."""

    protocol = TlsLayer

    def __init__(self, identity: Identity) -> None:
        super().__init__(_Creator(identity), False, Factory())
        self._identity = identity

    @property
    def names(self) -> frozenset[str]:
        """The names in the certificate of the moment."""
        return self._identity.current.names

    def put_beneath(self, connection: Encryptable) -> TlsLayer:
        """Put TLS beneath a connection; what arrives on its transport is now TLS's to read."""
        transport = connection.transport
        transport.unregisterProducer()  # to be read on until hands are shaken
        layer = TlsLayer(self, connection, False)
        transport.protocol = connection.transport = layer
        layer.makeConnection(Direct(transport, connection.waits))
        return layer


def _has_tls(transport: Any) -> bool:
    return bool(ISSLTransport.providedBy(transport))


def name_asked_for(transport: Any) -> str:
    """What the peer calls this server, where it has come with TLS and says so; else empty."""
    if not _has_tls(transport):
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
    if not _has_tls(transport):
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

    def serverConnectionForTLS(self, protocol: Any) -> SSL.Connection:
        return SSL.Connection(self._identity.current.context, None)
