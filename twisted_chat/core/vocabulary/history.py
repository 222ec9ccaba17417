"""Reading what was said, and seeing who is there."""

from __future__ import annotations

from ..commands import Arg, Command, Form, Who, command
from ..results import Page, People, Profile
from .arguments import AFTER, USER


@command(
    "history",
    Arg("place", optional=True, shown="#room|user"),
    Arg("count", Form.NUMBER, optional=True, shown="n"),
    Arg("before", Form.NUMBER, optional=True, keyword="before", shown="number"),
    aliases=("CH",),
    who=Who.GUEST,
    group="Reading",
    help="the newest messages you may see, or those of one conversation",
    gives=(Page,),
)
class History(Command, frozen=True):
    place: str = ""
    count: int = 20
    before: int | None = None


@command(
    "search",
    Arg("words", Form.REST, optional=True),
    group="Reading",
    help="find messages; narrow with from:user in:#room before:2026-12-31 after:2026-01-01; "
    "alone it shows the next page",
    gives=(Page,),
)
class Search(Command, frozen=True):
    words: str = ""
    page: int | None = None


@command(
    "whoelse",
    AFTER,
    aliases=("whoeles",),
    who=Who.GUEST,
    group="People",
    help="who else is online",
    gives=(People,),
)
class WhoElse(Command, frozen=True):
    after: str = ""


@command(
    "wholast",
    Arg("minutes", Form.NUMBER),
    AFTER,
    who=Who.GUEST,
    group="People",
    help="who was online in the last minutes (0 to 60)",
    gives=(People,),
)
class WhoLast(Command, frozen=True):
    minutes: int
    after: str = ""


@command(
    "whois",
    USER,
    who=Who.GUEST,
    group="People",
    help="what is known about somebody",
    gives=(Profile,),
)
class WhoIs(Command, frozen=True):
    user: str


@command(
    "personalintro",
    Arg("text", Form.REST, ask="Please enter your personal introduction:\n", or_empty=True),
    group="People",
    help="introduce yourself; shown in whoelse, wholast and whois",
)
class PersonalIntro(Command, frozen=True):
    text: str


@command(
    "away",
    Arg("text", Form.REST, optional=True),
    who=Who.GUEST,
    group="People",
    help="be shown as away in whoelse and whois",
)
class Away(Command, frozen=True):
    text: str = ""


@command("back", who=Who.GUEST, group="People", help="end being away")
class Back(Command, frozen=True):
    pass


@command("ignore", USER, group="People", help="hide what somebody says")
class Ignore(Command, frozen=True):
    user: str


@command("unignore", USER, group="People", help="end ignoring somebody")
class Unignore(Command, frozen=True):
    user: str
