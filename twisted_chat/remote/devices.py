"""The devices in a user's encrypted conversations: known before anything is sent to them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from ..core.errors import ChatError
from .conversations import folded
from .link import NONSENSE

if TYPE_CHECKING:
    from ..secrecy.acquaintances import Acquaintance, News
    from ..secrecy.circle import Compared
    from .secrets import Secrets

MOST_NAMED = 5  # devices that are met at once and named one by one
VERSION = "keys "  # facts on the shelf: the version of a conversation's devices that is known


class Devices:
    """What one user knows of the devices of others, and of other ones in the own name."""

    def __init__(self, secrets: Secrets, run: Callable[..., Deferred[Any]]) -> None:
        self._secrets = secrets
        self._run = run
        self._versions: dict[str, str] = {}  # of what was learnt and is as it was
        self._learning: dict[str, Deferred[None]] = {}
        self._compared: dict[str, Compared] = {}  # of which the words were shown, by names

    def forget(self) -> None:
        """The connection is another one, and everything may have changed."""
        self._versions.clear()
        self._learning.clear()

    def entered(self, rooms: Mapping[str, Mapping[str, Any]]) -> None:
        """What a sign-in says is as it was."""
        for label, room in rooms.items():
            version = str(room.get("version", ""))
            if version and self._secrets.shelf.facts.get(VERSION + label) == version:
                self._versions[label] = version

    def version(self, label: str) -> str:
        """The version of a conversation's devices that a message is encrypted for."""
        return self._versions.get(self._named(label), "")

    def _named(self, label: str) -> str:
        """A conversation's own name, however somebody has written it."""
        found = self._secrets.conversations.get(label)
        return label if found is None else found.label

    def changed(self, who: str) -> None:
        """Somebody has other devices than before: see which, and say so."""
        for label in list(self._versions):
            if (
                label.startswith("#")
                or folded(label) == folded(who)
                or who == self._secrets.conversations.name
            ):
                del self._versions[label]
        self.look_around_soon()

    def look_around_soon(self) -> None:
        """The same, by itself."""
        if self._secrets.is_open:
            Deferred.fromCoroutine(self.look_around()).addErrback(self._secrets.not_now)

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
        answer = await self._secrets.ask("keys", room=label)
        people, version = told(answer, "people", dict), told(answer, "version", str)
        if not all(isinstance(devices, list) for devices in people.values()):
            raise nonsense()
        news, changes = self._secrets.confidant.learn(label, people)
        # Told before it is kept: who is killed between the two is told twice, and never not at all.
        for sentence in _sentences(label, news):
            self._secrets.tell(label, sentence)
        await self._secrets.write(changes)
        self._versions[label] = version
        self._secrets.forgotten(self._secrets.shelf.remember(**{VERSION + label: version}))

    async def prepare(self, label: str) -> None:
        """See to it that everybody's devices are known, and sessions with them begun."""
        if not self.version(label):
            await self.learn(label)
        wanted = self._secrets.confidant.unclaimed(label, self._secrets.wall())
        if wanted:
            refused = await self._secrets.kept(
                self._secrets.confidant.claimed(label, await self.claimed(label, wanted))
            )
            for one in refused:
                self._secrets.tell(label, one.sentence)

    async def claimed(self, label: str, devices: list[str]) -> dict[str, Any]:
        """A key to begin with of each of these devices, of those that have any."""
        answer = await self._secrets.ask("claim", room=label, devices=devices)
        keys: dict[str, Any] = told(answer, "one_time", dict)
        return keys

    async def look_around(self) -> None:
        """Learn of the devices in encrypted conversations, as far as that is not known."""
        for label, conversation in list(self._secrets.conversations.all.items()):
            if conversation.encrypted and label not in self._versions:
                try:
                    await self.learn(label)
                except ChatError as error:
                    self._secrets.say_why(error)  # and the next one is looked at

    async def compare(self, name: str) -> str:
        """The six words to compare with somebody, or with one's own other devices."""
        secrets = self._secrets
        if folded(name) != folded(secrets.conversations.name):
            await self.learn(name)
        compared = self._compared[folded(name)] = secrets.confidant.compared(name)
        words: str = await self._run(compared.words)
        return words

    async def verify(self, name: str) -> None:
        """The words that were shown are the same on the other side."""
        compared = self._compared.get(folded(name))
        if compared is None:
            raise ChatError("args", f"See the words first, and compare them: /verify {name}")
        await self._secrets.kept(self._secrets.confidant.verify(name, compared))

    def is_verified(self, name: str) -> bool:
        """Whether somebody was verified with every device there is now."""
        if not self._secrets.is_open:
            return False
        with suppress(ChatError):
            return self._secrets.confidant.is_verified(name)
        return False

    def of(self, name: str) -> list[Acquaintance]:
        """What is known of somebody's devices."""
        return self._secrets.confidant.devices_of(name)

    def unlisted_of(self, name: str) -> list[Acquaintance]:
        """Devices that have written in somebody's name, and that the server does not list."""
        return self._secrets.confidant.unlisted_of(name)

    @property
    def own(self) -> str:
        """What this device is called."""
        return self._secrets.confidant.own.device


def _sentences(label: str, news: Sequence[News]) -> list[str]:
    """What there is to tell of devices; a room full of people who are met at once is one line."""
    from ..secrecy.acquaintances import What

    first = [one for one in news if one.what is What.FIRST]
    if len(first) <= MOST_NAMED:
        return [one.sentence for one in news]
    people = len({one.name for one in first})
    met = f"{len(first)} devices of {people} people in {label} are known from now on."
    return [met, *(one.sentence for one in news if one.what is not What.FIRST)]


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
