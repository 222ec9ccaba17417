"""The rules of a room, which IRC calls its modes: who may come in, who may speak, who sets what.

The lists among them are of masks: patterns of what somebody looks like on IRC,
`nick!user@host` or the account.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property, lru_cache
from typing import NamedTuple, Protocol
from unicodedata import normalize

import msgspec

from .errors import ChatError
from .names import Name

MOST_MASKS = 100  # in one list
MOST_CHANGES = 20  # at once
LARGEST_LIMIT = 100_000
MOST_JUDGED = 1000  # people of whom it is remembered what the masks mean to them
LONGEST_MASK = 200  # bytes
ACCOUNT = "~a:"  # the account's name
MUTE = "~m:"  # who matches the rest may be there and not speak
_KEY = re.compile(r"[!-+\--9;-~][!-+\--~]{0,31}", re.ASCII)

SWITCHES = {
    "C": "no_ctcp",
    "R": "accounts_only",
    "i": "invite_only",
    "m": "moderated",
    "n": "members_only",
    "s": "secret",
    "t": "topic_by_operators",
}
LISTS = {"I": "invitations", "b": "bans", "e": "exceptions"}
MEANINGS = {
    "C": "no CTCP over IRC but actions",
    "R": "for accounts only",
    "i": "by invitation only",
    "m": "moderated: only operators and those with a voice speak",
    "n": "only members speak",
    "s": "secret",
    "t": "only operators set the topic",
    "k": "with a key",
    "l": "with a limit of members",
    "b": "a ban",
    "e": "an exception from bans",
    "I": "an invitation by mask",
}


class Seen(Protocol):
    """What masks see of a person."""

    name: str
    named: Name
    user: str
    host: str

    @property
    def guest(self) -> bool: ...


class Mask(NamedTuple):
    """Who has put a mask into a list, and when."""

    by: str
    time: int  # milliseconds since 1970


class RuleChange(NamedTuple):
    """One change of the rules."""

    adding: bool
    letter: str
    argument: str = ""


class Rules(msgspec.Struct, omit_defaults=True, dict=True):
    """The rules of one room; a new one has these. Rules that hold are replaced, not changed."""

    no_ctcp: bool = False
    accounts_only: bool = False
    invite_only: bool = False
    moderated: bool = False
    members_only: bool = True
    secret: bool = False
    topic_by_operators: bool = True
    key: str = ""
    limit: int = 0
    bans: dict[str, Mask] = {}
    exceptions: dict[str, Mask] = {}
    invitations: dict[str, Mask] = {}
    topic_by: str = ""  # who has set the topic, and when
    topic_at: int = 0

    @property
    def hidden(self) -> bool:
        """By invitation only, and nobody else is to know of it."""
        return self.invite_only and self.secret

    @property
    def restrains(self) -> bool:
        """Whether any rule may keep a member from speaking."""
        return self.moderated or bool(self.bans)

    def written(self) -> str:
        """As it is stored."""
        text = msgspec.json.encode(self).decode()
        return "" if text == "{}" else text

    def letters(self, with_key: bool) -> str:
        """As IRC shows them: `+klnt sesame 10`."""
        letters = "".join(letter for letter, name in SWITCHES.items() if getattr(self, name))
        arguments = []
        if self.key:
            letters += "k"
            arguments.append(self.key if with_key else "*")
        if self.limit:
            letters += "l"
            arguments.append(str(self.limit))
        return " ".join(["+" + letters, *arguments])

    def with_changes(self, changes: Iterable[RuleChange], by: str, now: int) -> tuple[Rules, str]:
        """What the rules are after these changes, and those of them that have changed anything."""
        new = self._copy()
        done = [change for change in changes if new._apply(change, by, now)]
        if any(len(getattr(new, name)) > MOST_MASKS for name in LISTS.values()):
            raise ChatError("list_full", f"A list has at most {MOST_MASKS} masks: take one out.")
        return new, text_of(done)

    def stricter(self, changes: Iterable[RuleChange], by: str, now: int) -> Rules:
        """The rules with those changes only that take a right away."""
        new = self._copy()
        for change in changes:
            if new._tightens(change):
                new._apply(change, by, now)
        return new

    def _copy(self) -> Rules:
        lists = {name: dict(getattr(self, name)) for name in LISTS.values()}
        return msgspec.structs.replace(self, **lists)

    def _tightens(self, change: RuleChange) -> bool:
        if change.letter == "l" and change.adding and self.limit:
            return int(change.argument) < self.limit
        return change.adding is (change.letter not in "eI")

    def _apply(self, change: RuleChange, by: str, now: int) -> bool:
        adding, letter, argument = change
        if letter in LISTS:
            return self._list(letter, adding, argument, Mask(by, now))
        value: bool | str | int
        if letter in SWITCHES:
            name, value = SWITCHES[letter], adding
        elif letter == "k":
            name, value = "key", argument if adding else ""
        else:
            name, value = "limit", int(argument) if adding else 0
        if getattr(self, name) == value:
            return False
        setattr(self, name, value)
        return True

    def _list(self, letter: str, adding: bool, mask: str, entry: Mask) -> bool:
        masks = self.masks(letter)
        same = next((kept for kept in masks if kept.lower() == mask.lower()), None)
        if not adding:
            return same is not None and masks.pop(same, None) is not None
        if same is not None:
            return False
        masks[mask] = entry
        return True

    # --- whom they concern ------------------------------------------------------------------

    def masks(self, letter: str) -> dict[str, Mask]:
        """The list of that letter."""
        masks: dict[str, Mask] = getattr(self, LISTS[letter])
        return masks

    def verdict(self, person: Seen) -> str:
        """What the masks mean to somebody: "banned", "muted", or nothing.

        It is asked for every message in a room that has bans, so it is worked out once.
        """
        if not self.bans:
            return ""
        seen = (*looks(person), person.named.folded, person.guest)
        found = self._verdicts.get(seen)
        if found is None:
            if len(self._verdicts) >= MOST_JUDGED:
                self._verdicts.clear()
            found = self._verdicts[seen] = self._judge(person)
        return found

    @cached_property
    def _verdicts(self) -> dict[tuple[object, ...], str]:
        return {}

    def _judge(self, person: Seen) -> str:
        fitting = [mask for mask in self.bans if fits(mask, person)]
        excepted = [mask for mask in self.exceptions if fits(mask, person)]
        if not all(map(is_mute, excepted)):
            return ""
        if not all(map(is_mute, fitting)):
            return "banned"
        return "muted" if fitting and not excepted else ""

    def bans_person(self, person: Seen) -> bool:
        """Whether a mask keeps somebody out."""
        return self.verdict(person) == "banned"

    def invites_person(self, person: Seen) -> bool:
        """Whether a mask lets somebody in who was not invited."""
        return any(fits(mask, person) for mask in self.invitations)

    def keeps_out(self, person: Seen) -> bool:
        """Whether somebody needs an operator's invitation to come in."""
        closed = self.invite_only or bool(self.key) or self.limit > 0
        return closed or self.bans_person(person)


USUAL = Rules().letters(with_key=False)
"""What a room's rules are until somebody changes them."""


def read(text: str, hidden: bool = False) -> Rules:
    """The rules that are stored so; a room whose row makes no sense is private.

    `hidden` is how private rooms were kept before there were rules.
    """
    try:
        rules = msgspec.json.decode(text, type=Rules) if text else Rules()
    except msgspec.MsgspecError:
        hidden, rules = True, Rules()  # rather too few come in than too many
    if hidden:
        rules.invite_only = rules.secret = True
    return rules


def parse(text: str) -> tuple[RuleChange, ...]:
    """Changes as people write them: `+im-t+k sesame`."""
    letters, *arguments = text.split() or [""]
    changes = tuple(_changes(letters, iter(arguments)))
    if not changes:
        raise ChatError("args", "A change of rules is a sign and a letter, such as +m or -t.")
    if len(changes) > MOST_CHANGES:
        raise ChatError("args", f"At most {MOST_CHANGES} changes can be made at once.")
    return changes


def _changes(letters: str, arguments: Iterator[str]) -> Iterator[RuleChange]:
    adding = True
    for letter in letters:
        if letter in "+-":
            adding = letter == "+"
        elif letter in SWITCHES:
            yield RuleChange(adding, letter)
        elif letter in LISTS:
            yield RuleChange(adding, letter, _mask(letter, next(arguments, "")))
        elif letter == "k":
            key = next(arguments, "")
            if adding and not _KEY.fullmatch(key):
                raise ChatError(
                    "args",
                    "A key is 1 to 32 letters, digits and signs without a comma, and does not begin"
                    " with a colon: +k sesame",
                )
            yield RuleChange(adding, letter, key if adding else "*")
        elif letter == "l":
            yield RuleChange(adding, letter, _limit(next(arguments, "")) if adding else "")
        elif letter in "ov":
            raise ChatError(
                "args", "Operators and voices are set with op, deop, voice and devoice."
            )
        else:
            raise ChatError(
                "unknown_mode",
                f"There is no rule {letter if letter.isprintable() else '?'}:"
                f" the letters are {''.join((*SWITCHES, 'k', 'l', *LISTS))}.",
            )


def _mask(letter: str, text: str) -> str:
    if not text:
        raise ChatError("args", f"Say whom: +{letter} bob, or +{letter} *!*@example.org")
    mask = completed(text)
    if is_mute(mask) and letter == "I":
        raise ChatError("args", f"{MUTE} is for bans and exceptions from them: +b {MUTE}bob")
    return mask


def _limit(text: str) -> str:
    if not (text.isascii() and text.isdigit() and len(text) < 9 and 0 < int(text) <= LARGEST_LIMIT):
        raise ChatError("args", f"A limit is a number from 1 to {LARGEST_LIMIT}: +l 50")
    return str(int(text))


def text_of(changes: Sequence[RuleChange]) -> str:
    """Changes in one line, as IRC writes them."""
    letters, arguments, sign = "", [], ""
    for change in changes:
        wanted = "+" if change.adding else "-"
        letters += (wanted if wanted != sign else "") + change.letter
        sign = wanted
        if change.argument:
            arguments.append(change.argument)
    return " ".join([letters, *arguments])


def in_words(text: str) -> str:
    """The same for people: what each of the letters means."""
    sign, words = "+", []
    for letter in text.split(" ")[0]:
        if letter in "+-":
            sign = letter
        else:
            meaning = MEANINGS.get(letter, letter)
            words.append(meaning if sign == "+" else f"no longer {meaning}")
    return ", ".join(words)


# --- masks ------------------------------------------------------------------------------------


def matches(pattern: str, text: str) -> bool:
    """Whether a text is what a pattern with * and ? describes.

    All ways of reading the pattern are followed at once, as the bits of a number, so that it
    takes one step for each character of the text whatever the pattern is.
    """
    accepts, anything, stays, end = _states(pattern)
    state = 1  # bit n: the first n signs of the pattern, stars left out, have been found
    for sign in text:
        state = (state & (accepts.get(sign, 0) | anything)) << 1 | (state & stays)
        if not state:
            return False
    return bool(state & end)


@lru_cache(maxsize=1024)
def _states(pattern: str) -> tuple[dict[str, int], int, int, int]:
    """Where each sign leads on, where any sign does, where a star waits, and where the end is."""
    accepts: dict[str, int] = {}
    anything = stays = 0
    here = 1
    for sign in pattern:
        if sign == "*":
            stays |= here
            continue
        if sign == "?":
            anything |= here
        else:
            accepts[sign] = accepts.get(sign, 0) | here
        here <<= 1
    return accepts, anything, stays, here


def completed(mask: str) -> str:
    """A mask with all its parts: `bob` is `bob!*@*`, and `u@h` is `*!u@h`."""
    mask = normalize("NFC", mask)  # as names are
    if mask[: len(MUTE)].lower() == MUTE:
        rest = completed(mask[len(MUTE) :])
        if is_mute(rest):
            raise ChatError("args", f"{MUTE} is written once: {MUTE}bob")
        return _checked(MUTE + rest)
    if mask[: len(ACCOUNT)].lower() == ACCOUNT:
        _checked(mask[len(ACCOUNT) :])
        return _checked(ACCOUNT + mask[len(ACCOUNT) :])
    _checked(mask)
    nick, bang, rest = mask.partition("!")
    if not bang:
        nick, rest = ("*", mask) if "@" in mask else (mask, "*@*")
    user, _, host = rest.partition("@")
    return _checked(f"{nick or '*'}!{user or '*'}@{host or '*'}")


def _checked(mask: str) -> str:
    too_long = len(mask.encode("utf-8", "replace")) > LONGEST_MASK
    if not mask or too_long or not mask.isprintable() or " " in mask:
        raise ChatError(
            "args", f"A mask such as bob!*@* has 1 to {LONGEST_MASK} bytes and no space."
        )
    return mask


def is_mute(mask: str) -> bool:
    """Whether a ban keeps somebody only from speaking."""
    return mask.startswith(MUTE)


def looks(person: Seen) -> tuple[str, str, str]:
    """What somebody is to IRC: nick, user and host."""
    return person.name, person.user, person.host


def fits(mask: str, person: Seen) -> bool:
    """Whether a completed mask describes somebody; that of a mute describes whom it mutes."""
    mask = mask.removeprefix(MUTE).lower()
    if mask.startswith(ACCOUNT):
        return not person.guest and matches(mask[len(ACCOUNT) :], person.named.folded)
    nick, user, host = looks(person)
    rest = f"!{user}@{host}".lower()
    return any(matches(mask, name + rest) for name in {nick.lower(), person.named.folded})
