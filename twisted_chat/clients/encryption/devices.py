"""The devices in a user's encrypted conversations: known before anything is sent to them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from twisted.internet.defer import Deferred, TimeoutError
from twisted.internet.interfaces import IReactorTime
from twisted.python.failure import Failure

from ...core.entries import Entry, Kind
from ...core.errors import ChatError
from ..connection.link import NONSENSE, Lost
from ..sync.conversations import Conversation, folded, number
from .key_store import AccountKeys

if TYPE_CHECKING:
    from ...e2e.directory import Listed, Reader
    from ...e2e.known_devices import KnownDevice
    from ...e2e.verification import Comparison

MOST_NAMED = 5  # devices that are met at once and told of one by one
MOST_IN_LINE = 20  # of more, in one sentence
MOST_LOOKS = 3  # at a list, while people come and go
LONGEST_WAIT = 10.0  # seconds for the entries that a list rests on
MEMBERSHIP = frozenset((Kind.JOIN, Kind.LEAVE, Kind.KICK, Kind.BAN))
VERSION = "keys "  # facts in storage: the version of a conversation's devices that is known


class Devices:
    """What one user knows of the devices of others, and of other ones in the own name."""

    def __init__(
        self, keys: AccountKeys, run: Callable[..., Deferred[Any]], clock: IReactorTime
    ) -> None:
        self._keys = keys
        self._run = run
        self._clock = clock
        self._moved: dict[str, int] = {}  # the last entry of a room that changed who is in it
        self._awaited: dict[Deferred[None], str] = {}  # entries on their way, by their room
        self._versions: dict[str, str] = {}  # of what was learnt and is as it was
        self._learning: dict[str, Deferred[None]] = {}
        self._comparisons: dict[str, Comparison] = {}  # of which the words were shown, by names

    def forget(self) -> None:
        """The connection is another one, and everything may have changed."""
        self._versions.clear()
        self._learning.clear()
        self._moved.clear()
        for waiting in list(self._awaited):
            waiting.errback(Lost("The connection was lost."))

    def entered(self, rooms: Mapping[str, Mapping[str, Any]]) -> None:
        """What a sign-in says is as it was; rooms that it does not name are left."""
        named = {folded(label) for label in rooms}
        for label in self._keys.machine.rooms_known():
            if label not in named:
                self.left(label)
        for label, room in rooms.items():
            version = str(room.get("version", ""))
            if version and self._keys.storage.facts.get(VERSION + label) == version:
                self._versions[label] = version

    def version(self, label: str) -> str:
        """The version of a conversation's devices that a message is encrypted for."""
        return self._versions.get(self._named(label), "")

    def _named(self, label: str) -> str:
        """A conversation's own name, however somebody has written it."""
        found = self._keys.conversations.get(label)
        return label if found is None else found.label

    def changed(self, who: str) -> None:
        """Somebody has other devices than before: see which, and say so."""
        for label in list(self._versions):
            if (
                label.startswith("#")
                or folded(label) == folded(who)
                or who == self._keys.conversations.name
            ):
                del self._versions[label]
        self.look_around_soon()

    def look_around_soon(self) -> None:
        """The same, by itself."""
        if self._keys.is_open:
            Deferred.fromCoroutine(self.look_around()).addErrback(self._keys.not_now)

    def outdated(self, label: str) -> None:
        """What is known of a conversation's devices is not true any more."""
        self._versions.pop(self._named(label), None)

    def learn(self, label: str) -> Deferred[None]:
        """Ask for everybody's devices in a conversation; what is new of them is told."""
        label = self._named(label)
        done: Deferred[None] = Deferred()
        under_way = self._learning.get(label)
        if under_way is None:
            under_way = self._learning[label] = Deferred.fromCoroutine(self._learn(label))
            under_way.addBoth(self._learnt, label)
        under_way.addBoth(_passed_on, done)
        return done

    def _learnt(self, outcome: Any, label: str) -> Any:
        self._learning.pop(label, None)
        return outcome

    async def _learn(self, label: str) -> None:
        people, version = await self._asked(label)
        machine = self._keys.machine
        listed, changes = machine.learn(label, people)
        # Told before it is kept: who is killed between the two is told twice, and never not at all.
        for sentence in _sentences(label, listed, machine.recipients(label).devices):
            self._keys.tell(label, sentence)
        await self._keys.write(changes)
        self._versions[label] = version
        self._keys.forgotten(self._keys.storage.remember(**{VERSION + label: version}))

    async def _asked(self, label: str) -> tuple[dict[str, Any], str]:
        """The people of a conversation with their devices, and the version of these.

        What it rests on has come by then: the entries of the room up to the one that the list was
        made at. If somebody has come or gone since, it is asked for once more.
        """
        for _ in range(MOST_LOOKS):
            answer = await self._keys.ask("keys", room=label)
            people, version = told(answer, "people", dict), told(answer, "version", str)
            if not all(isinstance(devices, list) for devices in people.values()):
                raise nonsense()
            if not label.startswith("#") or "seq" not in answer:
                break
            try:
                seq = number(answer["seq"])
            except ValueError:
                raise nonsense() from None
            await self._until(label, seq)
            if self._moved.get(label, 0) <= seq:
                break
        return people, version

    async def _until(self, label: str, seq: int) -> None:
        """Wait until the entries of a room up to this one have come, but not for ever."""
        conversation = self._keys.conversations.get(label)
        if conversation is None or conversation.position >= seq:
            return
        waiting: Deferred[None] = Deferred()
        self._awaited[waiting] = label
        conversation.when_at(seq, lambda: None if waiting.called else waiting.callback(None))
        waiting.addTimeout(LONGEST_WAIT, self._clock)
        with suppress(TimeoutError):
            try:
                await waiting
            finally:
                del self._awaited[waiting]

    # --- who is in a room --------------------------------------------------------------------

    def moved(self, conversation: Conversation, entry: Entry, shown: bool) -> None:
        """An entry of a room says that somebody has come or gone; coming counts if it is shown."""
        label = conversation.label
        self._moved[label] = entry.seq
        self.outdated(label)
        if self._keys.is_open and self._keys.encrypted(label):
            machine = self._keys.machine
            with suppress(ChatError):  # that is no name of anybody
                if entry.kind is not Kind.JOIN:
                    done = machine.went(label, entry.subject or entry.author)
                elif shown:
                    done = machine.came(label, entry.author)
                else:
                    return
                self._keys.forgotten(self._keys.write(done.changes))

    def put_out(self, label: str, name: str) -> None:
        """This person has put somebody out of a room."""
        label = self._named(label)
        if self._keys.encrypted(label):
            self.outdated(label)
            with suppress(ChatError):
                self._keys.forgotten(self._keys.write(self._keys.machine.went(label, name).changes))

    def left(self, label: str) -> None:
        """One is not in a room any more."""
        self.outdated(label)
        self._moved.pop(label, None)
        for waiting in [one for one, room in self._awaited.items() if room == label]:
            waiting.errback(ChatError("not_in_room", f"You are not in {label} any more."))
        if self._keys.is_open and label.startswith("#"):
            self._keys.forgotten(self._keys.write(self._keys.machine.left(label).changes))

    def readers(self, label: str) -> list[Reader]:
        """Everybody whom the server lists in a room."""
        return self._keys.machine.readers(self._named(label))

    def is_restricted(self, label: str) -> bool:
        """Whether one encrypts there for verified devices only."""
        return self._keys.is_open and self._keys.machine.is_restricted(self._named(label))

    async def restrict(self, label: str, only_verified: bool) -> None:
        """Encrypt in a room for verified devices only, or for every device of its members."""
        label = self._named(label)
        await self._keys.kept(self._keys.machine.restrict(label, only_verified))

    async def admit(self, label: str, name: str) -> None:
        """Somebody whom nobody has seen coming belongs in a room all the same."""
        label = self._named(label)
        await self._keys.kept(self._keys.machine.admit(label, name))
        await self.learn(label)

    # --- before something is sent ------------------------------------------------------------

    def is_known(self, label: str) -> bool:
        """Return whether the devices and the people of a conversation are up to date."""
        return bool(self.version(label)) and self._keys.machine.knows(self._named(label))

    async def prepare(self, label: str) -> None:
        """See to it that everybody's devices are known, and sessions with them begun."""
        if not self.is_known(label):
            await self.learn(label)
        wanted = self._keys.machine.unclaimed(label, self._keys.wall())
        if wanted:
            refused = await self._keys.kept(
                self._keys.machine.claimed(label, await self.claimed(label, wanted))
            )
            for one in refused:
                self._keys.tell(label, one.sentence)

    async def claimed(self, label: str, devices: list[str]) -> dict[str, Any]:
        """A key to begin with of each of these devices, of those that have any."""
        answer = await self._keys.ask("claim", room=label, devices=devices)
        keys: dict[str, Any] = told(answer, "one_time", dict)
        return keys

    async def look_around(self) -> None:
        """Learn of the devices in encrypted conversations, as far as that is not known."""
        for label, conversation in list(self._keys.conversations.all.items()):
            if conversation.encrypted and not self.is_known(label):
                try:
                    await self.learn(label)
                except ChatError as error:
                    self._keys.say_why(error)  # and the next one is looked at

    async def compare(self, name: str) -> str:
        """The six words to compare with somebody, or with one's own other devices."""
        keys = self._keys
        if folded(name) != folded(keys.conversations.name):
            await self.learn(name)
        comparison = self._comparisons[folded(name)] = keys.machine.comparison(name)
        words: str = await self._run(comparison.words)
        return words

    async def verify(self, name: str) -> None:
        """The words that were shown are the same on the other side."""
        comparison = self._comparisons.get(folded(name))
        if comparison is None:
            raise ChatError("args", f"See the words first, and compare them: /verify {name}")
        await self._keys.kept(self._keys.machine.verify(name, comparison))

    def is_verified(self, name: str) -> bool:
        """Whether somebody was verified with every device there is now."""
        if not self._keys.is_open:
            return False
        with suppress(ChatError):
            return self._keys.machine.is_verified(name)
        return False

    def of(self, name: str) -> list[KnownDevice]:
        """What is known of somebody's devices."""
        return self._keys.machine.devices_of(name)

    def unlisted_of(self, name: str) -> list[KnownDevice]:
        """Devices that have written in somebody's name, and that the server does not list."""
        return self._keys.machine.unlisted_of(name)

    @property
    def own(self) -> str:
        """What this device is called."""
        return self._keys.machine.own.device


def _sentences(label: str, listed: Listed, readers: Sequence[KnownDevice]) -> list[str]:
    """What there is to tell of devices: everybody by name, however many they are."""
    from ...e2e.known_devices import NewsKind

    news = [one for one in listed.news if one.what is not NewsKind.FIRST or one.waits]
    met = [one for one in listed.news if one not in news]
    sentences: list[str] = []
    if listed.first:
        met, news = [], [one for one in news if one.what is not NewsKind.NEW or one.waits]
        whole = [_named(*one) for one in _by_name((one.name, one.device) for one in readers)]
        sentences += _in_lines(f"What you say in {label} is encrypted for", whole)
        sentences += _in_lines(f"New in {label} since you were there:", listed.newcomers)
    elif len(met) > MOST_NAMED:
        whole = [_named(*one) for one in _by_name((one.name, one.device) for one in met)]
        met, sentences = [], _in_lines("Known from now on:", whole)
    return [*sentences, *(one.sentence for one in (*met, *news))]


def _by_name(devices: Iterable[tuple[str, str]]) -> list[tuple[str, list[str]]]:
    found: dict[str, list[str]] = {}
    for name, device in devices:
        found.setdefault(name, []).append(device)
    return list(found.items())


def _named(name: str, devices: Sequence[str]) -> str:
    return f"{name} ({', '.join(map(repr, devices))})"


def _in_lines(begins: str, names: Sequence[str]) -> list[str]:
    """Sentences that name all of these, none of them endless."""
    return [
        f"{begins} {', '.join(names[first : first + MOST_IN_LINE])}."
        for first in range(0, len(names), MOST_IN_LINE)
    ]


def told(answer: object, name: str, kind: type[Any]) -> Any:
    """A part of an answer, which should be of this kind."""
    value = answer.get(name) if isinstance(answer, dict) else None
    if type(value) is not kind:
        raise nonsense()
    return value


def nonsense() -> ChatError:
    """The refusal of an answer that cannot be one."""
    return ChatError("nonsense", NONSENSE)


def _passed_on(outcome: Any, done: Deferred[None]) -> Any:
    """Everybody who waits for one thing hears of it."""
    if isinstance(outcome, Failure):
        done.errback(outcome)
        return None
    done.callback(None)
    return outcome
