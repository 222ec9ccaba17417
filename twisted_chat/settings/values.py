"""How the values of settings are read, from a command line's words or from TOML.

Each of these takes such a value and gives what the program works with; ValueError
says what it must be.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from unicodedata import category

from ..core import durations
from ..core.errors import ChatError
from ..core.password_hashes import excess, is_hash

LONGEST_OPER = 32  # characters of an operator's name
LONGEST_DESCRIPTION = 200  # bytes of what a server says of itself in one line of IRC
LONGEST_URL = 300  # bytes: it has to fit into a line of IRC too
LONGEST_SECRET = 256  # bytes of a password that has its place on one line of IRC


@dataclass(frozen=True, slots=True)
class Oper:
    """Who may become an operator over IRC, and the hash of the password for it."""

    name: str
    hash: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Gateway:
    """Where a web gateway for IRC connects from, and the password that it gives."""

    network: IPv4Network | IPv6Network
    password: str = field(repr=False)


def plain_text(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError("it must be a text in quotation marks")
    if any(category(c) == "Cc" and c != "\n" for c in value):
        raise ValueError("it has a control character in it")
    return value


def name(value: object) -> str:
    text = plain_text(value).strip()
    if not text or "\n" in text:
        raise ValueError("it must be a name on one line")
    return text


def line(value: object) -> str:
    """A text on one line of IRC; it may be empty."""
    text = plain_text(value).strip()
    if "\n" in text or len(text.encode()) > LONGEST_DESCRIPTION:
        raise ValueError(f"it must be on one line, of at most {LONGEST_DESCRIPTION} bytes")
    return text


def url(value: object) -> str:
    """The whole address of something on the web."""
    text = plain_text(value).strip()
    if not re.fullmatch(r"https?://[!-~]+", text) or len(text) > LONGEST_URL:
        raise ValueError(
            "it must be an address such as https://example.org/icon.png, of at most"
            f" {LONGEST_URL} letters"
        )
    return text


def names(value: object) -> tuple[str, ...]:
    if isinstance(value, str):
        return (name(value),)
    if not isinstance(value, list):
        raise ValueError("it must be a name or a list of names")
    return tuple(name(one) for one in value)


def path(value: object) -> Path:
    text = plain_text(value)
    if not text:
        raise ValueError("it must be the name of a file or a folder")
    return Path(text).expanduser()


def port(value: object) -> str:
    """A number, or the description of an endpoint, which is read when it is opened."""
    text = str(value) if type(value) is int else plain_text(value).strip()
    if re.fullmatch(r"0*[0-9]{1,5}", text) and int(text) <= 65535:
        return str(int(text))
    if re.fullmatch(r"-?[0-9]+", text):
        raise ValueError("a port is a number from 0 to 65535")
    if ":" not in text:
        raise ValueError("a port is a number from 0 to 65535, or tcp:9999, or unix:/a/path")
    return text


def web_address(value: object) -> str:
    """A scheme and a host, with or without a port."""
    text = plain_text(value).strip().removesuffix("/")
    host = r"(?:[a-z0-9_-]+(?:\.[a-z0-9_-]+)*|\[[0-9a-f:.]+\])"
    found = re.fullmatch(rf"https?://{host}(?::([0-9]{{1,5}}))?", text.lower(), re.ASCII)
    if found is None or int(found[1] or 0) > 65535:
        raise ValueError("it must be an address such as https://chat.example.org")
    return text.lower()


def web_addresses(value: object) -> tuple[str, ...]:
    return tuple(web_address(one) for one in names(value))


def whole(least: int, most: int) -> Callable[[object], int]:
    def read(value: object) -> int:
        text = str(value) if type(value) is int else value
        if not isinstance(text, str) or not re.fullmatch(r" *-?[0-9]{1,18} *", text, re.ASCII):
            raise ValueError(f"it must be a whole number from {least} to {most}")
        if not least <= int(text) <= most:
            raise ValueError(f"it must be from {least} to {most}")
        return int(text)

    return read


def duration(value: object) -> int:
    try:
        return durations.parse(str(value) if type(value) is int else plain_text(value))
    except ChatError as error:
        raise ValueError(error.sentence[0].lower() + error.sentence[1:].rstrip(".")) from None


def seconds(value: object) -> float:
    """A short time, with a point if need be."""
    text = str(value) if type(value) in (int, float) else plain_text(value).strip()
    if not re.fullmatch(r"[0-9]{1,2}(\.[0-9]{1,3})?", text, re.ASCII) or float(text) > 10:
        raise ValueError("it must be a number of seconds from 0 to 10, such as 0.3")
    return float(text)


_SIZES = {"": 1, "k": 1000, "m": 1000**2, "g": 1000**3, "t": 1000**4}


def size(value: object) -> int:
    """A number of bytes, or of k, M, G or T of them, each a thousand of the one before."""
    text = str(value) if type(value) is int else plain_text(value).strip()
    found = re.fullmatch(r"([0-9]{1,15})([kmgt]?)b?", text.lower(), re.ASCII)
    if found is None:
        raise ValueError("a size is a number of bytes, or one such as 500k, 100M or 1G")
    return int(found[1]) * _SIZES[found[2]]


def one_of(yes: str, no: str) -> Callable[[object], bool]:
    def read(value: object) -> bool:
        if isinstance(value, bool):
            return value
        if not isinstance(value, str) or value.strip().lower() not in (yes, no):
            raise ValueError(f"it must be {yes} or {no}")
        return value.strip().lower() == yes

    return read


switch = one_of("true", "false")


def word(*words: str) -> Callable[[object], str]:
    def read(value: object) -> str:
        text = plain_text(value).strip().lower()
        if text not in words:
            raise ValueError(f"it must be {', '.join(words[:-1])} or {words[-1]}")
        return text

    return read


def tls(value: object) -> str:
    """`auto`, `off`, or the names of files, which are looked for when they are opened."""
    text = plain_text(value).strip()
    if not text:
        raise ValueError("it must be auto, off or the name of a certificate's file")
    return text.lower() if text.lower() in ("auto", "off") else text


def networks(value: object) -> tuple[IPv4Network | IPv6Network, ...]:
    try:
        return tuple(ip_network(one, strict=False) for one in names(value))
    except ValueError:
        raise ValueError("it must be an address, such as 10.0.0.7 or 10.0.0.0/8") from None


def opers(value: object) -> tuple[Oper, ...]:
    """Operators' names, each with a colon and the hash of a password behind it."""
    texts = [value] if isinstance(value, str) else value
    if not isinstance(texts, list):
        raise ValueError("it must be a name, a colon and a hash, or a list of such texts")
    return tuple(map(_oper, texts))


def _oper(value: object) -> Oper:
    text = plain_text(value)
    found, colon, kept = text.partition(":")
    if not colon or not found.isprintable() or not 0 < len(found) <= LONGEST_OPER or " " in found:
        raise ValueError(
            f"it must be a name of at most {LONGEST_OPER} characters without spaces, a colon and"
            " the hash of a password"
        )
    if not is_hash(kept):
        raise ValueError(
            f"behind {found}: there must be the hash of a password and not the password;"
            " openssl passwd -6 asks for a password and makes one"
        )
    if too_much := excess(kept):
        raise ValueError(f"the hash of {found} costs too much to be checked: {too_much}")
    return Oper(found, kept)


def gateways(value: object) -> tuple[Gateway, ...]:
    """Passwords, each with an @ and the address of a gateway behind it."""
    texts = [value] if isinstance(value, str) else value
    if not isinstance(texts, list):
        raise ValueError("it must be a password, an @ and an address, or a list of such texts")
    return tuple(map(_gateway, texts))


def _gateway(value: object) -> Gateway:
    password, _, address = plain_text(value).rpartition("@")
    if not password or not password.isprintable() or " " in password or password[0] == ":":
        raise ValueError(
            "it must be a password without spaces, an @ and the address of the gateway"
        )
    secret(password)
    try:
        return Gateway(ip_network(address, strict=False), password)
    except ValueError:
        raise ValueError(
            "behind the last @ there must be an address, such as 10.0.0.7 or 10.0.0.0/8"
        ) from None


def secret(value: object) -> str:
    """A password that is given on one line of IRC."""
    text = plain_text(value)
    if not text or not text.isprintable() or len(text.encode()) > LONGEST_SECRET:
        raise ValueError(f"it must be a password on one line, of at most {LONGEST_SECRET} bytes")
    return text
