"""SCRAM-SHA-256 (RFC 5802 and 7677) as a server does it: messages in, messages out.

The server keeps a verifier, which proves that a client knows the password and cannot be used
to log in itself. There is no channel binding.
"""

from __future__ import annotations

import binascii
import hashlib
import hmac
import re
from base64 import b64decode, b64encode
from typing import NamedTuple

MECHANISM = "SCRAM-SHA-256"
SALT = 16  # bytes
# Behind the nonce there may be attributes of extensions; those that are not known are passed over.
_MORE = r"(?:,(?!m=)[A-Za-z]=[^,\0]+)*"
_FIRST = re.compile(rf"([ny]),(?:a=([^,]*))?,(n=([^,]*),r=([!-+\--~]{{1,256}}){_MORE})", re.ASCII)
_FINAL = re.compile(
    rf"(c=([A-Za-z0-9+/=]+),r=([!-+\--~]{{1,512}}){_MORE}),p=([A-Za-z0-9+/=]+)", re.ASCII
)
_MUST = re.compile(r"[ny],[^,]*,m=")  # an extension that has to be understood
_NAME = re.compile(r"(?:[^=,\0]|=2C|=3D){1,256}")
_STORED = re.compile(r"SCRAM-SHA-256\$([0-9]{1,7}):([^$]+)\$([^:]+):(.+)")
MOST_ROUNDS = 1_000_000


class BadMessage(ValueError):
    """What came is not what the exchange has at this point; the text is the RFC's word for it."""


class Verifier(NamedTuple):
    """What is kept instead of a password."""

    salt: bytes
    rounds: int
    stored_key: bytes
    server_key: bytes

    def written(self) -> str:
        """As it is stored."""
        salt, stored, server = (
            b64encode(part).decode() for part in (self.salt, self.stored_key, self.server_key)
        )
        return f"{MECHANISM}${self.rounds}:{salt}${stored}:{server}"


def read(text: str) -> Verifier | None:
    """A verifier that was stored; None for one that makes no sense."""
    found = _STORED.fullmatch(text)
    try:
        if found is None or not 0 < int(found[1]) <= MOST_ROUNDS:
            return None
        salt, stored, server = (_decoded(found[index]) for index in (2, 3, 4))
    except BadMessage:
        return None
    if len(stored) != 32 or len(server) != 32 or not salt:
        return None
    return Verifier(salt, int(found[1]), stored, server)


def derive(password: str, salt: bytes, rounds: int) -> Verifier:
    """The verifier of a prepared password; this takes its time."""
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), salt, rounds)
    client_key = _mac(salted, b"Client Key")
    return Verifier(salt, rounds, hashlib.sha256(client_key).digest(), _mac(salted, b"Server Key"))


class Exchange:
    """One login: the client's first message, the server's, the client's last, the server's."""

    def __init__(self, client_first: bytes) -> None:
        text = _text(client_first)
        if text.startswith("p="):
            raise BadMessage("channel-binding-not-supported")
        if _MUST.match(text):
            raise BadMessage("extensions-not-supported")
        found = _FIRST.fullmatch(text)
        if found is None:
            raise BadMessage("other-error")
        if not _NAME.fullmatch(found[4]) or (found[2] and not _NAME.fullmatch(found[2])):
            raise BadMessage("invalid-username-encoding")
        self.name = _unescaped(found[4])
        self.other = _unescaped(found[2] or "")  # whom the client would rather be
        self._header = b64encode(found[0][: found.start(3)].encode()).decode()
        self._client_first = found[3]
        self._nonce = found[5]
        self._server_first = ""
        self._verifier: Verifier | None = None

    def challenge(self, verifier: Verifier, nonce: str) -> bytes:
        """The server's first message; `nonce` is random, and of printable letters."""
        self._verifier = verifier
        self._nonce += nonce
        salt = b64encode(verifier.salt).decode()
        self._server_first = f"r={self._nonce},s={salt},i={verifier.rounds}"
        return self._server_first.encode()

    def prove(self, client_final: bytes) -> bytes | None:
        """The server's last message; None when the client does not know the password."""
        assert self._verifier is not None
        found = _FINAL.fullmatch(_text(client_final))
        if found is None:
            raise BadMessage("other-error")
        without_proof, header, nonce, proof = found.groups()
        if header != self._header:
            raise BadMessage("channel-bindings-dont-match")
        if not hmac.compare_digest(nonce.encode(), self._nonce.encode()):
            raise BadMessage("other-error")
        exchanged = f"{self._client_first},{self._server_first},{without_proof}".encode()
        signature = _mac(self._verifier.stored_key, exchanged)
        offered = _decoded(proof)
        if len(offered) != len(signature):
            return None
        client_key = bytes(a ^ b for a, b in zip(offered, signature, strict=True))
        key = hashlib.sha256(client_key).digest()
        if not hmac.compare_digest(key, self._verifier.stored_key):
            return None
        return b"v=" + b64encode(_mac(self._verifier.server_key, exchanged))


def _text(data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError:
        raise BadMessage("invalid-encoding") from None


def _decoded(text: str) -> bytes:
    """What this is the Base64 of, which has one way to write it only."""
    try:
        data = b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise BadMessage("invalid-encoding") from None
    if b64encode(data).decode() != text:
        raise BadMessage("invalid-encoding")
    return data


def _unescaped(name: str) -> str:
    return name.replace("=2C", ",").replace("=3D", "=")


def _mac(key: bytes, message: bytes) -> bytes:
    return hmac.new(key, message, "sha256").digest()
