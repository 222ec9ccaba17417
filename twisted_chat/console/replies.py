"""What commands answer, as sentences and lists."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import singledispatch
from itertools import groupby

from ..core.attachments import WITH_LINKS, size_in_words
from ..core.commands import Row
from ..core.durations import spoken
from ..core.results import (
    DeviceList,
    Done,
    Face,
    FileList,
    Guide,
    Joined,
    Left,
    ModesAre,
    NewPassword,
    Numbers,
    Page,
    People,
    Profile,
    Result,
    RoomList,
    Sent,
    SentToSeveral,
    TopicIs,
    Unseen,
    Whispered,
)
from ..core.rooms import LOBBY
from ..core.rules import USUAL
from ..core.text import shown
from .render import clock_time, line_of

NAME_WIDTH = 11


@singledispatch
def lines(result: Result) -> Sequence[str]:
    """The lines that show a result."""
    raise AssertionError(f"no words for {result!r}")


@lines.register
def _(result: Done) -> Sequence[str]:
    return [f"({result.text})"] if result.text else []


@lines.register
def _(result: Left) -> Sequence[str]:
    return []


@lines.register
def _(result: Sent) -> Sequence[str]:
    if not result.room.startswith("#"):
        if result.now:
            return [f"(Message {result.room}/{result.seq} sent)"]
        return [
            f"(Receiver {result.room} is currently offline, "
            "message will be delivered when they log in next time)"
        ]
    number = str(result.seq) if result.room == LOBBY else f"{result.room}/{result.seq}"
    return [f"(Message {number} sent: {result.now:,} now, {result.later:,} later)"]


@lines.register
def _(result: SentToSeveral) -> Sequence[str]:
    parts = []
    if result.now:
        parts.append(f"now to {_listed(result.now)}")
    if result.later:
        parts.append(f"at their next login to {_listed(result.later)}")
    return [f"(Message sent: {', '.join(parts)})"]


@lines.register
def _(result: Whispered) -> Sequence[str]:
    if result.room.startswith("#"):
        return [f"(Message to some of {result.room} delivered: {result.now:,} now)"]
    return [f"(Message to {result.room} delivered, and kept nowhere: one of you is a guest)"]


def _listed(several: Sequence[Sent]) -> str:
    return " ".join(sent.room for sent in several)


@lines.register
def _(result: FileList) -> Sequence[str]:
    if not result.files and result.older is None:
        return ["(No files)"]
    return [*listed_files(result), "(get <number> tells how to have one)"]


def listed_files(result: FileList) -> list[str]:
    """The files of a list, and how to see more of them."""
    found = ["The files are:"]
    for line in result.files:
        name = shown(line.name) if line.name else "(encrypted)"
        place = f"{line.room}/{line.seq}"
        lost = ", lost by the server" if line.gone else ""
        when = clock_time(line.time, result.now)
        found.append(
            f"{line.file}  {name} ({size_in_words(line.size)}{lost}) from {line.by}, {place} {when}"
        )
    if result.older is not None:
        place = f" {result.place}" if result.place else ""
        found.append(f"(There is more: files{place} before {result.older})")
    if any(line.room == WITH_LINKS for line in result.files):
        found.append(f"(delete {WITH_LINKS}/<number> ends the link to one)")
    return found


@lines.register
def _(result: Page) -> Sequence[str]:
    if not result.lines and result.older is None:
        return ["(Nothing found)" if result.search else "(No messages)"]
    found = [line_of(line.room, line.entry, not result.place, result.now) for line in result.lines]
    return found + more_of(result)


def more_of(page: Page) -> list[str]:
    """How to see what is on the next page, if there is one."""
    if page.older is None:
        return []
    if page.search:
        return ["(There is more: search)"]
    return [f"(There is more: history {page.place} before {page.older})"]


@lines.register
def _(result: Unseen) -> Sequence[str]:
    if not result.lines:
        return []
    found = ["Your offline messages:"]
    found += [line_of(line.room, line.entry, True, result.now) for line in result.lines]
    found += [
        f"(and {count:,} older: history {room} before {before})"
        for room, count, before in result.older
    ]
    return found


@lines.register
def _(result: People) -> Sequence[str]:
    found = map(_face, result.people) if result.people else ["(Not found)"]
    return [result.heading, *found, *_more(result.more)]


def _more(last: str) -> list[str]:
    return [f"(There are more: ask the same with: after {last})"] if last else []


def _face(face: Face) -> str:
    line = face.name.ljust(NAME_WIDTH - 1) + " "
    if face.intro:
        line += f"<{shown(face.intro)}>"
    notes = [face.role] if face.role else []
    if face.guest:
        notes.append("guest")
    if face.away and face.online:
        notes.append("away" if face.away == "away" else f"away: {shown(face.away)}")
    return " ".join([line.strip() if not face.intro else line, *(f"({n})" for n in notes)])


@lines.register
def _(result: Profile) -> Sequence[str]:
    face = result.face
    found = [_face(face)]
    if result.admin:
        found.append(f"{face.name} is an administrator of this server")
    if face.online:
        found.append(f"{face.name} is online")
    elif result.last_seen:
        found.append(f"{face.name} was last here at {clock_time(result.last_seen, result.now)}")
    else:
        found.append(f"{face.name} has not been here yet")
    if result.rooms:
        found.append(f"{face.name} is in {' '.join(result.rooms)}")
    if result.encrypted:
        found.append(f"Your conversation with {face.name} is encrypted")
    return found


@lines.register
def _(result: RoomList) -> Sequence[str]:
    found = ["The rooms are:"]
    for room in result.rooms:
        members = "1 member" if room.members == 1 else f"{room.members:,} members"
        notes = [f"{members}, {room.online:,} online"]
        if room.private:
            notes.append("private")
        elif room.modes not in ("", USUAL):
            notes.append(f"rules {room.modes}")
        if room.encrypted:
            notes.append("encrypted")
        if room.joined:
            notes.append("joined")
        topic = f" {shown(room.topic)}" if room.topic else ""
        found.append(f"{room.room.ljust(NAME_WIDTH)} ({', '.join(notes)}){topic}")
    return found + _more(result.more)


@lines.register
def _(result: ModesAre) -> Sequence[str]:
    meaning = f": {result.meaning}" if result.meaning else ""
    found = [f"The rules of {result.room} are {shown(result.modes)}{meaning}"]
    found += [f"+{line.list} {shown(line.mask)} (by {line.by})" for line in result.masks]
    return found


@lines.register
def _(result: TopicIs) -> Sequence[str]:
    if not result.topic:
        return [f"({result.room} has no topic)"]
    return [f"(The topic of {result.room} is: {shown(result.topic)})"]


@lines.register
def _(result: Joined) -> Sequence[str]:
    if result.created:
        return [f"(You have made {result.room}; invite people, or tell them: join {result.room})"]
    topic = f" Its topic is: {shown(result.topic)}" if result.topic else ""
    sealed = " It is encrypted: only clients can read and write there." if result.encrypted else ""
    return [f"(You are in {result.room}.{topic}{sealed})"]


@lines.register
def _(result: DeviceList) -> Sequence[str]:
    found = ["Your open sessions are:"]
    for line in result.devices:
        since = spoken(line.minutes * 60) if line.minutes else "a moment"
        here = ", this one" if line.here else ""
        device = "" if line.device == line.door else f" ({shown(line.device)})"
        found.append(f"{line.number}  {line.door}{device} from {line.address}, for {since}{here}")
    found.append("(devices end <number> ends one of them)")
    return found


@lines.register
def _(result: NewPassword) -> Sequence[str]:
    return [f"(The new password of {result.name} is: {result.password})"]


@lines.register
def _(result: Numbers) -> Sequence[str]:
    return [f"{name}: {value}" for name, value in result.facts.items()]


@lines.register
def _(result: Guide) -> Sequence[str]:
    if result.one:
        return [_usage(result.rows[0]), f"  {result.rows[0].help}"]
    about = "A message is named by its number: 17 in the lobby, #room/17, or user/17."
    return [*listed_commands(result.rows), about]


def listed_commands(rows: Iterable[Row]) -> list[str]:
    """Rows of a table of commands, under the names of their groups."""
    found = []
    for group, ours in groupby(rows, key=lambda row: row.group):
        found.append(f"{group}:")
        found += [f"  {_usage(row)}: {row.help}" for row in ours]
    return found


def _usage(row: Row) -> str:
    aliases = f" (or {', '.join(row.aliases)})" if row.aliases else ""
    return f"{row.usage}{aliases}"
