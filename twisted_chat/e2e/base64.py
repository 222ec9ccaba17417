"""Base64 as keys and envelopes are written: the ordinary alphabet, no padding, one way only."""

from __future__ import annotations

from binascii import Error, a2b_base64, b2a_base64


def to_base64(data: bytes) -> str:
    """Bytes as text."""
    return b2a_base64(data, newline=False).rstrip(b"=").decode("ascii")


def from_base64(text: str) -> bytes:
    """Text as bytes; ValueError if it is not just what `to_base64` would have written."""
    try:
        data = a2b_base64(text + "=" * (-len(text) % 4))
    except Error:
        raise ValueError("this is no base64") from None
    if to_base64(data) != text:
        raise ValueError("this base64 could be written otherwise")
    return data
