"""What programs may ask beside the commands of the table, and how it is read."""

from __future__ import annotations

import re
from typing import Any

import msgspec

from ...core.command_table import TABLE
from ...core.commands import Row
from ...core.draft import Draft
from ...core.encryption import DeviceKeys, OneTimeKey
from ...core.errors import ChatError
from ...core.text import shown

MOST_DEPTH = 16
MOST_KEYS = 64
LARGEST_NUMBER = 2**53  # what every language's JSON can count to


class Known(msgspec.Struct, tag_field="do", tag="known", forbid_unknown_fields=True):
    """Whether a name takes a password, or can be registered."""

    name: str


class Register(msgspec.Struct, tag_field="do", tag="register", forbid_unknown_fields=True):
    """Make an account and sign in to it."""

    name: str
    password: str
    device: str = "program"


class Login(msgspec.Struct, tag_field="do", tag="login", forbid_unknown_fields=True):
    """Sign in with a password."""

    name: str
    password: str
    device: str = "program"
    epoch: str = ""
    positions: dict[str, int] = {}


class Guest(msgspec.Struct, tag_field="do", tag="guest", forbid_unknown_fields=True):
    """Come in as a guest."""

    name: str


class Resume(msgspec.Struct, tag_field="do", tag="resume", forbid_unknown_fields=True):
    """Sign in with a token and go on where the program was."""

    token: str
    epoch: str = ""
    positions: dict[str, int] = {}


class Send(msgspec.Struct, tag_field="do", tag="send", forbid_unknown_fields=True):
    """Say something in a room or to somebody."""

    room: str
    text: str
    cid: str
    sealed: str = ""
    version: str = ""
    file: int | None = None
    manner: str = ""

    def draft(self) -> Draft:
        """What is to be said."""
        return Draft.given(self.text, self.cid, self.sealed, self.version, self.manner, self.file)


class Upload(msgspec.Struct, tag_field="do", tag="upload", forbid_unknown_fields=True):
    """Bring a file that was offered, on a connection of its own."""

    ticket: str


class Download(msgspec.Struct, tag_field="do", tag="download", forbid_unknown_fields=True):
    """Fetch a file, or the rest of it from a byte on, on a connection of its own."""

    ticket: str
    start: int = msgspec.field(default=0, name="from")


class Publish(msgspec.Struct, tag_field="do", tag="publish", forbid_unknown_fields=True):
    """Publish the keys of the program's device."""

    device_keys: DeviceKeys
    one_time: dict[str, OneTimeKey] = {}
    fallback: dict[str, OneTimeKey] = {}


class Keys(msgspec.Struct, tag_field="do", tag="keys", forbid_unknown_fields=True):
    """The devices of everybody in an encrypted conversation."""

    room: str


class Claim(msgspec.Struct, tag_field="do", tag="claim", forbid_unknown_fields=True):
    """Keys to begin with, one of each of these devices."""

    room: str
    devices: list[str]


class Share(msgspec.Struct, tag_field="do", tag="share", forbid_unknown_fields=True):
    """Tell devices what they need to read."""

    room: str
    sealed: str
    cid: str


class Typing(msgspec.Struct, tag_field="do", tag="typing", forbid_unknown_fields=True):
    """The person is typing in a room or to somebody."""

    room: str


class Entries(msgspec.Struct, tag_field="do", tag="entries", forbid_unknown_fields=True):
    """Fill a gap: the entries of a room after a number."""

    room: str
    after: int
    upto: int | None = None
    limit: int = 200


class Delivered(msgspec.Struct, tag_field="do", tag="delivered", forbid_unknown_fields=True):
    """The program has these rooms up to these numbers."""

    positions: dict[str, int]


class Read(msgspec.Struct, tag_field="do", tag="read", forbid_unknown_fields=True):
    """The person has read these rooms up to these numbers."""

    positions: dict[str, int]


class Ping(msgspec.Struct, tag_field="do", tag="ping", forbid_unknown_fields=True):
    """Ask whether anybody is there."""


KINDS = (
    *(Known, Register, Login, Guest, Resume, Send, Typing, Entries, Delivered, Read, Ping),
    *(Upload, Download, Publish, Keys, Claim, Share),
)
REQUESTS: dict[str, type[Any]] = {str(kind.__struct_config__.tag): kind for kind in KINDS}
_decode = msgspec.json.Decoder(dict[str, Any], strict=True).decode


def decode(line: bytes) -> dict[str, Any]:
    """The object on a line."""
    if line.count(b"{") + line.count(b"[") > MOST_DEPTH and depth(line) > MOST_DEPTH:
        raise ChatError("syntax", f"JSON may be nested {MOST_DEPTH} deep at most.")
    try:
        request = _decode(line)
    except UnicodeDecodeError:
        raise ChatError("bad_utf8", "That line is not UTF-8.") from None
    except (msgspec.MsgspecError, RecursionError) as error:
        raise ChatError("syntax", _not_an_object(str(error))) from None
    if len(request) > MOST_KEYS:
        raise ChatError("syntax", f"An object may have {MOST_KEYS} keys at most.")
    return request


def depth(line: bytes) -> int:
    """How deep brackets are nested, those inside strings left out."""
    deepest = level = 0
    inside = escaped = False
    for byte in line:
        if inside:
            if escaped:
                escaped = False
            elif byte == 0x5C:
                escaped = True
            elif byte == 0x22:
                inside = False
        elif byte == 0x22:
            inside = True
        elif byte in b"{[":
            level += 1
            deepest = max(deepest, level)
        elif byte in b"}]":
            level -= 1
    return deepest


def read(request: dict[str, Any]) -> tuple[object, Row | None]:
    """What a program asks: a request of its own, or a command and its row of the table."""
    verb = request.get("do")
    if not isinstance(verb, str):
        raise ChatError("syntax", 'A request says what to do: {"id": 1, "do": "whoelse"}.')
    values = {name: value for name, value in request.items() if name != "id"}
    kind = REQUESTS.get(verb)
    if kind is not None:
        return _convert(verb, values, kind), None
    row = TABLE.named(verb)
    if row is None or row.name != verb:
        raise ChatError("unknown_command", f"There is no {shown(verb[:32])}: ask for help.")
    del values["do"]
    known = row.make.__struct_fields__
    for name in values:
        if name not in known:
            raise ChatError("args", f"{verb} has no argument {shown(name[:32])}.")
    return _convert(verb, values, row.make), row


def _convert(verb: str, values: dict[str, Any], kind: type[Any]) -> object:
    for name, value in values.items():
        if isinstance(value, int) and abs(value) > LARGEST_NUMBER:
            raise ChatError("args", f"The number for {shown(name[:32])} is too large.")
    try:
        return msgspec.convert(values, kind, strict=True)
    except msgspec.ValidationError as error:
        raise ChatError("args", _wrong_argument(verb, str(error))) from None


# What msgspec says of a request that is not as it should be, and what programs are told.
_COMPLAINT = re.compile(
    "(?:Object missing required field `(?P<missing>.*?)`"
    "|Object contains unknown field `(?P<unknown>.*?)`"
    "|Expected `(?P<expected>[^`]*)`, got `(?P<got>[^`]*)`"
    r"|.*?)(?: - at `\$\.?(?P<place>[^`]*)`)?",
    re.DOTALL,
)
_KINDS_OF_VALUES = {
    "str": "text",
    "int": "a whole number",
    "float": "a number with a point",
    "bool": "true or false",
    "array": "a list",
    "object": "an object",
    "null": "null",
}


def _wrong_argument(verb: str, complaint: str) -> str:
    """What is wrong with the arguments of a request."""
    found = _COMPLAINT.fullmatch(complaint)
    assert found is not None  # it takes anything
    place = found["place"] or ""
    if place.endswith("[...]"):
        place = f"Each value of {place.removesuffix('[...]')}"
    if found["missing"] is not None:
        return f"{place or verb} needs {found['missing']}."
    if found["unknown"] is not None:
        return f"{place or verb} has no argument {shown(found['unknown'][:32])}."
    if found["expected"] is None:
        return f"{place or 'An argument'} of {verb} is not as the protocol says."
    wanted = " or ".join(_KINDS_OF_VALUES.get(k.strip(), k) for k in found["expected"].split("|"))
    got = _KINDS_OF_VALUES.get(found["got"], found["got"])
    return f"{place or verb} must be {wanted}, not {got}."


def _not_an_object(complaint: str) -> str:
    """What is wrong with a line that is no JSON object."""
    byte = re.search(r"\(byte ([0-9]+)\)", complaint)
    if byte is not None:
        return f"That line is not JSON: look at byte {byte[1]}."
    if "truncated" in complaint:
        return "That line ends before its JSON does."
    if "out of range" in complaint:
        return "A number on that line is too large."
    return 'That line is not a JSON object, such as {"id": 1, "do": "ping"}.'
