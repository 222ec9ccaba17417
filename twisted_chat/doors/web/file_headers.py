"""Names and kinds of files, as the fields of HTTP and its addresses have them."""

from __future__ import annotations

import re
from urllib.parse import quote, unquote_to_bytes

from .request import BadRequest

UNNAMED = "upload"
LONGEST_IN_LINK = 60  # characters: an IRC line has to hold the link, and some words

# What browsers may show by themselves: none of these can have a script in it that runs.
SHOWN = {
    "png": "image/png",
    "jpg": "image/jpeg",
    "jpeg": "image/jpeg",
    "gif": "image/gif",
    "webp": "image/webp",
    "avif": "image/avif",
    "mp3": "audio/mpeg",
    "ogg": "audio/ogg",
    "opus": "audio/ogg",
    "flac": "audio/flac",
    "wav": "audio/wav",
    "m4a": "audio/mp4",
    "mp4": "video/mp4",
    "webm": "video/webm",
    "txt": "text/plain; charset=utf-8",
}
ANYTHING = "application/octet-stream"

_SUFFIXES = {kind.partition(";")[0]: suffix for suffix, kind in reversed(SHOWN.items())}
_PARAMETER = re.compile(
    r';\s*(filename\*?)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s;"]*))', re.IGNORECASE
)
_EXTENDED = re.compile(r"(utf-8|iso-8859-1)'[^']*'(.*)", re.IGNORECASE)
_SUFFIX = re.compile("[A-Za-z0-9]{1,8}")
_UNPLAIN = re.compile("[^A-Za-z0-9._-]+")


def name_of(disposition: str, kind: str) -> str:
    """What a file is called that comes with these fields (Content-Disposition, Content-Type)."""
    given = {
        found[1].lower(): re.sub(r"\\(.)", r"\1", found[2]) if found[3] is None else found[3]
        for found in _PARAMETER.finditer(disposition)
    }
    name = UNNAMED
    if "filename*" in given:
        name = _extended(given["filename*"])
    elif given.get("filename"):
        name = _decoded(given["filename"].encode("latin-1"))
    if "." not in name:
        suffix = _SUFFIXES.get(kind.partition(";")[0].strip().lower())
        name += f".{suffix}" if suffix else ""
    return name


def _extended(value: str) -> str:
    found = _EXTENDED.fullmatch(value)
    if found is None:
        raise BadRequest("the file's name cannot be read")
    data = unquote_to_bytes(found[2])
    return _decoded(data) if found[1].lower() == "utf-8" else data.decode("latin-1")


def _decoded(data: bytes) -> str:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        raise BadRequest("the file's name is no text in UTF-8") from None


def kind_of(name: str) -> str:
    """The kind of a file, as browsers are told: one that they may show, or anything."""
    _, dot, suffix = name.rpartition(".")
    return SHOWN.get(suffix.lower(), ANYTHING) if dot else ANYTHING


def disposition(name: str) -> str:
    """Whether browsers may show a file, and what it is called when it is kept."""
    way = "attachment" if kind_of(name) == ANYTHING else "inline"
    return f"{way}; filename*=UTF-8''{quote(name, safe='')}"


def in_link(name: str) -> str:
    """A name as a link ends with it: for people, and for programs that go by the suffix."""
    stem, dot, suffix = name.rpartition(".")
    if not dot or not _SUFFIX.fullmatch(suffix):
        stem, suffix = name, ""
    plain = _UNPLAIN.sub("-", stem).strip("-.")
    short = plain[: LONGEST_IN_LINK - len(suffix) - 1].strip("-.") or UNNAMED
    return f"{short}.{suffix}" if suffix else short
