"""TLS as the client does it: every certificate is checked, and none is rejected here.

OpenSSL's own verification is only recorded here. Whether a server is to be trusted is
decided after the handshake and before the first byte is sent, by `trust.judge`.
"""

from __future__ import annotations

from base64 import b64encode
from hashlib import sha256
from ipaddress import ip_address
from typing import Any

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from OpenSSL import SSL
from service_identity import CertificateError, VerificationError
from service_identity.pyopenssl import verify_hostname, verify_ip_address
from twisted.internet.interfaces import IOpenSSLClientConnectionCreator
from zope.interface import implementer

# By OpenSSL's numbers; all others mean much the same to a person.
PROBLEMS = {9: "it is not valid yet", 10: "it has expired"}
UNSIGNED = "nobody whom this computer trusts has signed it"


@implementer(IOpenSSLClientConnectionCreator)
class Handshake:
    """One handshake with a host, and what was seen in it."""

    def __init__(self, host: str) -> None:
        self._host = host
        self._numeric = is_numeric(host)
        self._name = b"" if self._numeric else host.encode("idna")
        self._problem = ""
        self.connection: Any = None
        self._context = SSL.Context(SSL.TLS_METHOD)
        self._context.set_min_proto_version(SSL.TLS1_2_VERSION)
        self._context.set_options(SSL.OP_NO_COMPRESSION | SSL.OP_NO_RENEGOTIATION)
        self._context.set_default_verify_paths()
        self._context.set_verify(SSL.VERIFY_PEER, self._noted)

    def clientConnectionForTLS(self, protocol: object) -> Any:
        """Called by Twisted for each connection; there is one."""
        self.connection = SSL.Connection(self._context, None)
        self.connection.set_connect_state()
        if not self._numeric:
            self.connection.set_tlsext_host_name(self._name)
        return self.connection

    def _noted(self, connection: Any, certificate: Any, error: int, depth: int, good: int) -> bool:
        if not good and not self._problem:
            self._problem = PROBLEMS.get(error, UNSIGNED)
        return True

    def fingerprint(self) -> str:
        """The SHA-256 of the server's public key, which stays when a certificate is renewed."""
        key = self.connection.get_peer_certificate(as_cryptography=True).public_key()
        encoded = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        return "SHA256:" + b64encode(sha256(encoded).digest()).decode().rstrip("=")

    def problem(self) -> str:
        """Why the system's store does not vouch for this server; nothing if it does."""
        if self._problem:
            return self._problem
        try:
            if self._numeric:
                verify_ip_address(self.connection, self._host)
            else:
                verify_hostname(self.connection, self._host)
        except (VerificationError, CertificateError, ValueError):
            return f"it is not a certificate for {self._host}"
        return ""


def is_numeric(host: str) -> bool:
    """Whether a host is an address and not a name."""
    try:
        ip_address(host)
    except ValueError:
        return False
    return True
