"""The names of people and rooms: what they may be, when two are the same, and who has which.

Two names collide when they are equal but for case and width, or when they look
alike. Between two plain ASCII names only case counts, so that `barn` and `bam`
are two people; but nobody can look like the server or an administrator.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Generic, TypeVar

from msgspec import Struct

from .errors import ChatError
from .lookalikes import look, plainest, script
from .text import code_point, excess_mark

if TYPE_CHECKING:
    from precis_i18n.profile import Profile

LONGEST = 32


def rule(longest: int) -> str:
    """What a name may be, for the end of a sentence."""
    return (
        f"a name is 1 to {longest} letters, digits and _ - . with at least one letter,"
        " and begins with a letter, a digit or _"
    )


# Whom a name must not be taken for, even by plain tricks such as adm1n or sys_tem.
SYSTEM = frozenset(
    {"server", "system", "admin", "admins", "administrator", "administrators", "sysadmin"}
    | {"operator", "operators", "moderator", "moderators", "root", "nobody"}
    # Whom people of IRC tell their passwords.
    | {"nickserv", "chanserv", "operserv", "hostserv", "memoserv", "services"}
)
# Words that mean something else where a name is expected, but deceive nobody:
# `Ali` looks much like `all` and is a fine name.
WORDS = frozenset(
    {"all", "anonymous", "anybody", "anyone", "channel", "chat", "everybody", "everyone"}
    | {"fetch-file", "guest", "here", "lobby", "me", "none", "room", "somebody", "someone", "you"}
)

_PLAIN = re.compile("[A-Za-z0-9_][A-Za-z0-9_.-]*")
_PLAIN_LETTER = re.compile("[A-Za-z]")
_LETTER_MARK_OR_DIGIT = ("Lu", "Ll", "Lt", "Lm", "Lo", "Mn", "Mc", "Nd")

# Unicode's "highly restrictive": one script, or what is really written together.
_WRITTEN_TOGETHER = (
    {"LATIN", "HAN", "HIRAGANA", "KATAKANA"},
    {"LATIN", "HAN", "BOPOMOFO"},
    {"LATIN", "HAN", "HANGUL"},
)
# Letters that belong to no script; these two are Japanese, others are refused.
_JAPANESE_SIGNS = "ー〆"  # the long vowel, and shime


class Name(Struct, frozen=True):
    """A name as its owner writes it, and what it is known by."""

    shown: str
    folded: str  # equal for every way to write the name
    skeleton: str  # what it looks like, as folded and as shown; two words if they differ


class _Unfit(Exception):
    """What is wrong with a name, as the beginning of a sentence."""


def fold(text: str, longest: int = LONGEST) -> Name:
    """The name that `text` is; a ChatError('bad_name') says why it is none."""
    try:
        found = _folded_ascii(text, longest) if text.isascii() else _judged(text, longest)
    except _Unfit as problem:
        found = str(problem)
    if isinstance(found, Name):
        return found
    raise ChatError("bad_name", f"{found}; {rule(longest)}.")


def _folded_ascii(text: str, longest: int) -> Name:
    if len(text) > longest or not (_PLAIN.fullmatch(text) and _PLAIN_LETTER.search(text)):
        _refuse(text, longest)
    folded = text.lower()
    return Name(text, folded, _skeleton(text, folded))


def _judged(text: str, longest: int) -> Name | str:
    """The name, or what is wrong with it."""
    # Before anything that takes longer for longer texts, and is kept.
    if len(text) > 4 * LONGEST:
        _refuse(text, longest)
    return _judged_once(text, longest)


@lru_cache(maxsize=1024)
def _judged_once(text: str, longest: int) -> Name | str:
    # A tenth of a millisecond, which a list of names would cost again wherever it is looked up,
    # and a stranger with one that is refused at every step of a login.
    try:
        return _folded_unicode(text, longest)
    except _Unfit as problem:
        return str(problem)


def _folded_unicode(text: str, longest: int) -> Name:
    if len(unicodedata.normalize("NFKC", text)) > longest:  # as no name is: they have no other form
        _refuse(text, longest)
        raise _Unfit(f"That name is longer than {longest} characters")
    shown, folded = (
        _precis(profile, text, longest)
        for profile in ("UsernameCasePreserved", "UsernameCaseMapped")
    )
    _check_unicode(shown, longest)
    _check_unicode(folded, longest)
    _check_writing(folded)
    return Name(shown, folded, _skeleton(shown, folded.casefold()))


def read_tables() -> None:
    """Read what names outside ASCII need, which the first of them would have to wait for."""
    fold("\N{LATIN SMALL LETTER A WITH DIAERESIS}")


def room_name(text: str, longest: int = LONGEST + 1) -> Name:
    """The name of a room: `#`, and then what would do for a person."""
    if not text.startswith("#"):
        raise ChatError("bad_name", f"A room's name begins with #; after it, {rule(longest - 1)}.")
    name = fold(text[1:], longest - 1)
    skeleton = " ".join("#" + key for key in name.skeleton.split())
    return Name("#" + name.shown, "#" + name.folded, skeleton)


class Names:
    """Which names people may take on this server.

    `reserved` are words with a meaning of their own, such as the commands; SYSTEM
    and WORDS are always among them. `protected` are names that nobody may be taken for
    either, such as the administrators' before they have signed up.

    `longest` and `longest_room` bound new names alone, in characters.
    """

    def __init__(
        self,
        reserved: Iterable[str] = (),
        protected: Iterable[str] = (),
        *,
        longest: int = LONGEST,
        longest_room: int = LONGEST + 1,
    ) -> None:
        self._longest = longest
        self._longest_room = longest_room
        self._words = {word.lower() for word in (*WORDS, *SYSTEM, *reserved)}
        self._looks = {look(word) for word in self._words}
        self._system = {plainest(look(word.lower())) for word in (*SYSTEM, *protected)}

    def check(self, text: str) -> Name:
        """The name that `text` is, if a person may have it; a ChatError('bad_name') if not."""
        name = fold(text, self._longest)
        problem = self._misunderstood(name)
        if problem:
            raise ChatError("bad_name", f"{problem}: choose another name.")
        return name

    def check_room(self, text: str) -> Name:
        """The name that `text` is, if a new room may have it; a ChatError('bad_name') if not."""
        return room_name(text, self._longest_room)

    def _misunderstood(self, name: Name) -> str:
        """For what else a name could be taken, if for anything."""
        keys = name.skeleton.split()
        if name.folded in self._words:
            return "That name is reserved"
        if not name.folded.isascii() and not self._looks.isdisjoint(keys):
            return "That name looks like a reserved one"
        if not self._system.isdisjoint(map(plainest, keys)):
            return "That name could be mistaken for the server or its administrators"
        return ""


def _skeleton(shown: str, folded: str) -> str:
    keys = look(folded), look(shown)
    return keys[0] if keys[0] == keys[1] else " ".join(keys)


@cache
def _profile(name: str) -> Profile:
    from precis_i18n import get_profile  # here, because most servers start without needing it

    profile: Profile = get_profile(name)
    return profile


def _precis(profile: str, text: str, longest: int) -> str:
    try:
        return _profile(profile).enforce(text)
    except UnicodeEncodeError as problem:
        _refuse(text, longest)
        if "bidi" in problem.reason:
            raise _Unfit("That name runs both from left to right and from right to left") from None
        raise _Unfit("That name has characters that are not allowed in names") from None


def _refuse(text: str, longest: int) -> None:
    """Say what is wrong with a name, if it is one of the plain mistakes."""
    if not text:
        raise _Unfit("A name cannot be empty")
    if len(text) > 4 * LONGEST:
        raise _Unfit(f"That name is longer than {longest} characters")
    _check_unicode(unicodedata.normalize("NFC", text), longest)


def _check_unicode(text: str, longest: int) -> None:
    if len(text) > longest:
        raise _Unfit(f"That name is longer than {longest} characters")
    for character in text:
        if character in "_-.":
            continue
        if unicodedata.category(character) not in _LETTER_MARK_OR_DIGIT:
            raise _Unfit(f"A name cannot contain {_spelled(character)}")
    if text[0] in "-.":
        raise _Unfit(f"A name cannot begin with {text[0]}")
    if unicodedata.category(text[0]).startswith("M"):
        raise _Unfit("A name cannot begin with an accent")
    if not any(unicodedata.category(character).startswith("L") for character in text):
        raise _Unfit("A name needs at least one letter")
    if excess_mark(text):
        raise _Unfit("That name has too many accents on one letter")


def _check_writing(text: str) -> None:
    """Refuse letters of scripts, and digits of systems, that are not written together."""
    scripts = set()
    for character in text:
        written = script(character)
        if written == "COMMON" and unicodedata.category(character).startswith("L"):
            written = "KATAKANA" if character in _JAPANESE_SIGNS else "UNKNOWN"
        if written == "UNKNOWN":
            raise _Unfit(f"A name cannot contain {_spelled(character)}")
        scripts.add(written)
    scripts -= {"COMMON", "INHERITED"}
    if len(scripts) > 1 and not any(scripts <= together for together in _WRITTEN_TOGETHER):
        mixed = " and ".join(name.replace("_", " ").title() for name in sorted(scripts))
        raise _Unfit(f"That name mixes {mixed} letters, which could pass for other names")
    if len({ord(c) - unicodedata.decimal(c) for c in text if c.isdecimal()}) > 1:
        raise _Unfit("That name mixes digits of different scripts")


def _spelled(character: str) -> str:
    if character == " ":
        return "a space"
    return character if "!" <= character <= "~" else code_point(character)


Owner = TypeVar("Owner")


class _Entry(Struct, Generic[Owner], frozen=True):
    name: Name
    owner: Owner
    protected: bool


class NameBook(Generic[Owner]):
    """Who has which name; finding and comparing take the same time however many there are.

    Names come folded, so that loading ten thousand from the store computes nothing.
    """

    def __init__(self) -> None:
        self._entries: dict[str, _Entry[Owner]] = {}
        self._looks: Counter[str] = Counter()
        self._foreign_looks: Counter[str] = Counter()  # of the names outside ASCII
        self._protected_looks: Counter[str] = Counter()  # of the administrators, at their plainest

    def __len__(self) -> int:
        return len(self._entries)

    def register(self, name: Name, owner: Owner, *, protected: bool = False) -> None:
        """Enter a name, or change its owner or whether it is protected (an administrator's).

        Protection is against names to come; those already there stay.
        """
        self.forget(name)
        self._entries[name.folded] = _Entry(name, owner, protected)
        keys = name.skeleton.split()
        self._looks.update(keys)
        if not name.folded.isascii():
            self._foreign_looks.update(keys)
        if protected:
            self._protected_looks.update(map(plainest, keys))

    def forget(self, name: Name) -> None:
        """Strike a name out; nothing happens if it is not there."""
        entry = self._entries.pop(name.folded, None)
        if entry is None:
            return
        keys = entry.name.skeleton.split()
        _take_away(self._looks, keys)
        if not name.folded.isascii():
            _take_away(self._foreign_looks, keys)
        if entry.protected:
            _take_away(self._protected_looks, map(plainest, keys))

    def find(self, name: Name | str) -> Owner | None:
        """Whose name this is, however it is written; None if nobody's."""
        if isinstance(name, Name):
            folded = name.folded
        elif name.isascii():
            folded = name.lower()
        else:
            try:
                folded = room_name(name).folded if name.startswith("#") else fold(name).folded
            except ChatError:
                return None
        entry = self._entries.get(folded)
        return None if entry is None else entry.owner

    def collides(self, name: Name) -> bool:
        """Whether somebody has this name already, or one that could be taken for it."""
        if name.folded in self._entries:
            return True
        keys = name.skeleton.split()
        alike = self._foreign_looks if name.folded.isascii() else self._looks
        if any(key in alike for key in keys):
            return True
        if not self._protected_looks:
            return False
        return any(plainest(key) in self._protected_looks for key in keys)


def _take_away(counts: Counter[str], keys: Iterable[str]) -> None:
    for key in keys:
        counts[key] -= 1
        if not counts[key]:
            del counts[key]
