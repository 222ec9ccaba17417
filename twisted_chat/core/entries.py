"""What a room's log is made of.

Everything durable that happens in a room is one entry with the room's next
number: a message, an edit, a deletion, a new topic, somebody coming or going.
"""

from __future__ import annotations

from enum import IntEnum

import msgspec


class Kind(IntEnum):
    """What an entry records; the numbers are stored, so they never change."""

    MESSAGE = 1
    EDIT = 2
    DELETE = 3
    TOPIC = 4
    JOIN = 5
    LEAVE = 6
    KICK = 7
    BAN = 8
    UNBAN = 9
    OP = 10
    DEOP = 11
    MUTE = 12
    UNMUTE = 13
    OWNER = 14
    ENCRYPT = 15
    KEYS = 16
    MODE = 17
    VOICE = 18
    DEVOICE = 19
    RENAME = 20  # the subject was its name; the text is its new one, a space and the reason


WORDS = frozenset((Kind.MESSAGE, Kind.EDIT))
"""What somebody has said; everything else is what somebody did."""


class State(IntEnum):
    """What has become of a message since it was said."""

    AS_SAID = 0
    EDITED = 1
    DELETED = 2


class Form(IntEnum):
    """What the text of an entry is; the numbers are stored, but for those that clients make.

    A sealed text is encrypted by one client for others, and nothing but ciphertext to a server.
    A client that has the keys makes it an opened one, or says why it cannot.
    """

    WORDS = 0
    FILE = 1  # an Attachment, as JSON
    SEALED = 2
    SEALED_FILE = 3  # an Attachment with a sealed text in it
    OPENED = 4
    OPENED_FILE = 5
    CLOSED = 6  # the text says why it cannot be read here
    ACTION = 7  # words that tell what somebody does: "waves"
    NOTICE = 8  # words that nobody is to answer by himself


IN_WORDS = frozenset((Form.WORDS, Form.ACTION, Form.NOTICE))
"""What is said in words that the server can read."""

SECRET = frozenset((Form.SEALED, Form.SEALED_FILE, Form.OPENED, Form.OPENED_FILE, Form.CLOSED))
"""What was sealed when it was sent, whether it can be read by now or not."""

MANNERS = {"": Form.WORDS, "action": Form.ACTION, "notice": Form.NOTICE}
"""How something may be said, as programs name it."""

MANNER_OF = {form: manner for manner, form in MANNERS.items()}

UNREADABLE = frozenset((Form.SEALED, Form.SEALED_FILE))
"""What only those can read who have the keys."""


class Entry(msgspec.Struct, frozen=True, gc=False):
    """One entry of a room's log, as it is stored and as it is delivered."""

    id: int  # the order of all entries on this server
    room: int  # the room's id
    seq: int  # the entry's number in its room: 1, 2, 3… without holes
    kind: Kind
    time: int  # milliseconds since 1970; never decreases inside a room
    sender: int | None  # the account's id; None for a guest and for the server
    author: str  # the name it was said under
    text: str = ""  # the message, the new text of an edit, the topic, a reason
    target: int | None = None  # the number that an edit or a deletion changes
    subject: str = ""  # whom a kick, ban, op or mute concerns
    cid: str | None = None  # the sender's own id of the message
    state: State = State.AS_SAID
    form: Form = Form.WORDS
    tags: str = ""  # what the sender's client has added for other clients, as IRC writes it


PAGE_BYTES = 128 * 1024
"""What the entries of one page take at most, whatever is asked for, as `size_of` counts."""

LEAST_SIZE = 100  # bytes of an entry without its text


def size_of(entry: Entry) -> int:
    """About how many bytes an entry takes when it is shown, at the door that needs most.

    IRC writes each line of a text with a source and tags of its own.
    """
    text = entry.text
    length = len(text) if text.isascii() else len(text.encode("utf-8", "replace"))
    return LEAST_SIZE * (1 + text.count("\n")) + length + len(entry.tags)


def reason_of(entry: Entry) -> str:
    """Why something was done, if that was said and can be read here."""
    return "" if entry.form in UNREADABLE else entry.text
