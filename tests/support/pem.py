"""Keys and certificates for tests."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)


def new_key(bits: int = 0) -> Any:
    """An elliptic key, or one of RSA."""
    if bits:
        return rsa.generate_private_key(65537, bits)
    return ec.generate_private_key(ec.SECP256R1())


def key_pem(key: Any, password: bytes = b"") -> bytes:
    lock = BestAvailableEncryption(password) if password else NoEncryption()
    encoded: bytes = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, lock)
    return encoded


def certificate_pem(
    key: Any,
    name: str = "chat.example",
    ends: datetime | None = None,
    extension: x509.ExtensionType | None = None,
) -> bytes:
    """A certificate for a key, good for 90 days or until then."""
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    end = ends or datetime.now(UTC) + timedelta(days=90)
    builder = x509.CertificateBuilder()
    if extension is not None:
        builder = builder.add_extension(extension, critical=False)
    return (
        builder.subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(end - timedelta(days=4000))
        .not_valid_after(end)
        .sign(key, SHA256())
        .public_bytes(Encoding.PEM)
    )


def replace(path: Path, data: bytes) -> None:
    """Put a file in the place of another, as renewing programs do."""
    other = path.with_name(path.name + ".new")
    other.write_bytes(data)
    other.rename(path)
