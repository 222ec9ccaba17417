"""How a command is refused: with a numeric where there is one, else with a standard reply.

Here, and nowhere else, a refusal of the chat becomes one of IRC.
"""

from __future__ import annotations

from collections.abc import Mapping

from ...core.errors import ChatError
from ...core.text import shown
from .message import shortened

TEXTS = {
    "401": "There is nobody of that name here",
    "402": "There is no such server",
    "403": "There is no such channel",
    "404": "You cannot speak there",
    "405": "You have joined too many channels",
    "406": "Nobody of that name was here lately",
    "407": "Too many recipients",
    "409": "The token is missing",
    "410": "There is no such CAP command",
    "411": "Say to whom it is to be sent",
    "412": "There is no text to send",
    "416": "Too much was asked for; ask for less",
    "417": "That line is too long; nothing of it was taken",
    "421": "There is no such command",
    "422": "There is no message of the day",
    "431": "Give a nickname",
    "432": "That cannot be a nickname",
    "433": "That nickname is in use",
    "441": "They are not in that channel",
    "442": "You are not in that channel",
    "443": "is in that channel already",
    "447": "You cannot change your nick",
    "451": "Register first: NICK and USER",
    "461": "Something is missing after this command",
    "462": "You have registered already",
    "464": "The password is wrong",
    "465": "You are banned from this server",
    "471": "Cannot join: the channel is full (+l)",
    "472": "is no channel mode here",
    "473": "Cannot join: it is by invitation only (+i)",
    "474": "Cannot join: you are banned (+b)",
    "475": "Cannot join: the key is wrong (+k)",
    "476": "That cannot be the name of a channel",
    "477": "It takes an account: register your nick first",
    "478": "That list is full",
    "481": "Only an operator of the server can do that",
    "482": "Only an operator of the channel can do that",
    "491": "Nobody can become an operator from here",
    "501": "That is no user mode here",
    "502": "You can only change your own modes",
    "524": "There is no help about that",
    "696": "That value does not fit the mode",
}
"""The numerics and what they say."""

NUMERICS = {
    "accounts_only": "477",
    "bad_key": "475",
    "bad_name": "432",
    "bad_password": "464",
    "banned": "474",
    "blocked": "464",
    "closed": "465",
    "guest": "477",
    "invite_only": "473",
    "list_full": "478",
    "moderated": "404",
    "muted": "404",
    "name_taken": "433",
    "no_ctcp": "404",
    "no_such_room": "403",
    "no_such_user": "401",
    "not_a_member": "442",
    "not_allowed": "482",
    "not_available": "403",
    "room_full": "471",
    "suspended": "465",
    "too_many": "405",
    "unknown_mode": "472",
    "wrong_password": "464",
}
"""The numerics for refusals of the chat; the command's subject stands between number and text."""

MESSAGE_NUMERICS = {**NUMERICS, "banned": "404", "not_a_member": "404", "encrypted": "404"}
"""The same for messages."""

WITHOUT_SUBJECT = frozenset(("464", "465"))

FAIL_CODES = {
    "CHATHISTORY": {"*": "MESSAGE_ERROR"},
    "MARKREAD": {"*": "INTERNAL_ERROR"},
    "METADATA": {
        "list_full": "LIMIT_REACHED",
        "not_allowed": "KEY_NO_PERMISSION",
        "*": "RATE_LIMITED",  # the store is busy or full, or too much changes
    },
    "REDACT": {
        "no_such_message": "UNKNOWN_MSGID",
        **dict.fromkeys(("not_allowed", "guest", "not_a_member"), "REDACT_FORBIDDEN"),
    },
    "REGISTER": {
        "bad_name": "BAD_ACCOUNT_NAME",
        "not_allowed": "BAD_ACCOUNT_NAME",
        "name_taken": "ACCOUNT_EXISTS",
        "bad_password": "UNACCEPTABLE_PASSWORD",
        "*": "TEMPORARILY_UNAVAILABLE",
    },
    "RENAME": {
        "not_available": "CHANNEL_NAME_IN_USE",
        **dict.fromkeys(("args", "bad_name", "encrypted", "not_now", "too_many"), "CANNOT_RENAME"),
    },
    "SEARCH": {"*": "INTERNAL_ERROR"},
    "SETNAME": {"*": "INVALID_REALNAME"},
}
"""What the drafts of IRCv3 call refusals of the chat; `*` stands for all others."""

STANDARD = frozenset(
    ("CHATHISTORY", "MARKREAD", "REDACT", "REGISTER", "VERIFY", "SETNAME", "SEARCH", "BATCH")
)
"""Commands of clients that know standard replies, even if they have not asked for them."""


class Refused(Exception):
    """A command is refused with a numeric; its parameters stand between the nick and the text."""

    def __init__(self, numeric: str, *params: str, text: str = "") -> None:
        super().__init__(numeric)
        self.numeric = numeric
        self.params = params
        self.text = text or TEXTS[numeric]


class Failed(Exception):
    """A command is refused with FAIL: its code, for programs, and what it is about."""

    def __init__(self, code: str, text: str, *context: str) -> None:
        super().__init__(code)
        self.code = code
        self.text = text
        self.context = context


Refusal = ChatError | Refused | Failed
REFUSALS = (ChatError, Refused, Failed)


def failed(command: str, error: ChatError, *context: str) -> Failed | ChatError:
    """A refusal of the chat as the FAIL that the command has for it, if it has one."""
    codes = FAIL_CODES[command]
    code = codes.get(error.code) or codes.get("*")
    return error if code is None else Failed(code, error.sentence, *context)


def refusal_line(
    error: Refusal,
    nick: str,
    command: str,
    subject: str,
    numerics: Mapping[str, str],
    standard_replies: bool,
) -> str:
    """The line without its source that refuses a command.

    `subject` is what the command was about, and `numerics` has the numerics for refusals of the
    chat. For others a client that knows standard replies is sent FAIL, and NOTICE else.
    """
    match error:
        case Refused():
            words = " ".join((error.numeric, nick, *error.params))
            return f"{words} :{shown(error.text)}"
        case Failed():
            return standard_reply("FAIL", command, error.code, error.text, *error.context)
    sentence = shown(error.sentence)
    if error.code == "bad_utf8":
        command = str(error.details.get("command", "*"))
        return standard_reply("FAIL", command, "INVALID_UTF8", error.sentence)
    numeric = numerics.get(error.code)
    if numeric is not None:
        about = "" if numeric in WITHOUT_SUBJECT else f" {shortened(subject)}"
        return f"{numeric} {nick}{about} :{sentence}"
    if standard_replies or command in STANDARD:
        context = (shortened(subject),) if subject else ()
        return standard_reply("FAIL", command, error.code.upper(), error.sentence, *context)
    return f"NOTICE {nick} :{sentence}"


def standard_reply(kind: str, command: str, code: str, text: str, *context: str) -> str:
    """FAIL, WARN or NOTE without its source."""
    words = " ".join((kind, command or "*", code, *context))
    return f"{words} :{shown(text)}"
