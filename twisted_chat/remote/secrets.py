"""End-to-end encryption of one user: the device, and what it knows of the devices of others.

`secrecy.confidant` decides everything. Here it is given what the server says and what is on the
shelf, and what it changes is on the shelf before anything of it is sent.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from contextlib import suppress
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

from twisted.internet.defer import Deferred
from twisted.logger import Logger
from twisted.python.failure import Failure

from ..core.errors import ChatError
from .conversations import folded
from .encrypted import Encrypted
from .link import FOR_NOW, NONSENSE, Lost
from .safe import Safe

if TYPE_CHECKING:
    from ..secrecy.acquaintances import Acquaintance
    from ..secrecy.confidant import Confidant
    from ..secrecy.outcome import Outcome
    from ..secrecy.vault import Vault
    from .conversations import Conversations
    from .shelf import Change, Run, Shelf

Ask = Callable[..., Deferred[Any]]
Tell = Callable[[str, str], None]
MOST_PASSPHRASES = 3  # that are tried one after another
REPLENISH = 3600.0  # seconds after which one looks whether keys were used up
VERSION = "keys "  # facts on the shelf: the version of a conversation's devices that is known
# No server of today, or none at the moment; a new token comes with the next sign-in; and a
# conversation that is not encrypted, as the server says, was warned of.
NOTHING_TO_SAY = ("unknown_command", "offline", "bad_token", "not_encrypted")


class Secrets:
    """The secrets of one account on one shelf."""

    log = Logger()

    def __init__(
        self,
        wall: Callable[[], float],
        run: Run[Any],
        ask: Ask,
        conversations: Conversations,
        tell: Tell,
    ) -> None:
        """`ask` is for the server, `tell` is told sentences on a conversation."""
        self.wall = wall  # seconds since 1970
        self.ask = ask
        self.tell = tell
        self._run = run
        self.conversations = conversations
        self.encrypted = Encrypted(conversations, tell)
        self._safe: Safe | None = None
        self._vault: Vault | None = None
        self._confidant: Confidant | None = None
        self._shelf: Shelf | None = None
        self._versions: dict[str, str] = {}  # of what was learnt and is as it was
        self._learning: dict[str, Deferred[None]] = {}
        self._published = 0.0
        self._words: dict[str, str] = {}  # that were shown, by the names they are shared with

    # --- opening -----------------------------------------------------------------------------

    async def open(
        self, folder: Path, shelf: Shelf, name: str, ask: Callable[[str], Awaitable[str]]
    ) -> None:
        """Take up what the shelf keeps; `ask` asks for the passphrase, told what was wrong."""
        if self._shelf is shelf:
            return
        self._safe = Safe(folder)
        vault = await self._unlocked(self._safe, ask)
        from ..secrecy.confidant import Confidant

        if shelf.secrets:
            self._confidant = Confidant(vault, shelf.secrets)
        else:
            made = Confidant.new(vault, name, shelf.facts["device"])
            await shelf.change(made.changes)
            self._confidant = made.value
        self._shelf, self._vault = shelf, vault
        self.encrypted.begin(shelf)

    def close(self) -> None:
        """Whoever comes in without an account has none."""
        self._safe = self._vault = self._confidant = self._shelf = None
        self.encrypted.begin(None)

    async def _unlocked(self, safe: Safe, ask: Callable[[str], Awaitable[str]]) -> Vault:
        if not await self._run(safe.asks_for_passphrase):
            opened: Vault = await self._run(safe.open)
            return opened
        refusal = ""
        for _ in range(MOST_PASSPHRASES):
            try:
                opened = await self._run(partial(safe.open, await ask(refusal)))
                return opened
            except ChatError as error:
                if error.code != "bad_passphrase":
                    raise
                refusal = error.sentence
        raise ChatError("bad_passphrase", refusal)

    async def protect(self, passphrase: str) -> None:
        """Let this passphrase open what is kept here, or a key file again if it is empty."""
        if self._safe is None or self._vault is None:
            raise ChatError("guest", "A guest has no keys to protect.")
        safe, vault = self._safe, self._vault
        await self._run(lambda: safe.protect(vault, passphrase))

    # --- what others of this package need ------------------------------------------------------

    @property
    def confidant(self) -> Confidant:
        """The one who encrypts and decrypts."""
        if self._confidant is None:
            raise ChatError("guest", "Guests cannot encrypt anything: make the name an account.")
        return self._confidant

    @property
    def shelf(self) -> Shelf:
        """Where everything of it is kept."""
        assert self._shelf is not None
        return self._shelf

    @property
    def is_open(self) -> bool:
        """Whether there is anything to encrypt with."""
        return self._confidant is not None

    def version(self, label: str) -> str:
        """The version of a conversation's devices that a message is encrypted for."""
        return self._versions.get(self._named(label), "")

    def _named(self, label: str) -> str:
        """A conversation's own name, however somebody has written it."""
        found = self.conversations.get(label)
        return label if found is None else found.label

    async def kept(self, outcome: Outcome[Any]) -> Any:
        """The value of an operation, as soon as what it changes is on disk."""
        await self.write(outcome.changes)
        return outcome.value

    def write(self, changes: Iterable[Change]) -> Deferred[None]:
        """Write what has changed."""
        changes = tuple(changes)
        if changes:
            return self.shelf.change(changes).addErrback(self._not_written)
        done: Deferred[None] = Deferred()
        done.callback(None)
        return done

    def _not_written(self, failure: Failure) -> None:
        raise not_kept(failure)

    def forgotten(self, kept: Deferred[None]) -> None:
        """Nobody waits for this."""
        kept.addErrback(lambda failure: self.log.failure("A fact was not kept", failure))

    # --- the course of a connection ------------------------------------------------------------

    def entered(self, rooms: Mapping[str, Mapping[str, Any]]) -> None:
        """Somebody has signed in: publish the keys, and see whose devices have changed."""
        self._versions.clear()
        self._learning.clear()
        if self._confidant is None:
            return
        self.encrypted.entered(rooms)
        for label, room in rooms.items():
            version = str(room.get("version", ""))
            if version and self.shelf.facts.get(VERSION + label) == version:
                self._versions[label] = version
        begun = Deferred.fromCoroutine(self._begin())
        begun.addErrback(self._not_now)

    async def _begin(self) -> None:
        try:
            await self.publish()
        except ChatError as error:
            self._say_why(error)
        await self._look_around()

    async def _look_around(self) -> None:
        for label, conversation in list(self.conversations.all.items()):
            if conversation.encrypted and label not in self._versions:
                try:
                    await self.learn(label)
                except ChatError as error:
                    self._say_why(error)  # and the next one is looked at

    def _not_now(self, failure: Failure) -> None:
        if failure.check(Lost):
            return
        if isinstance(failure.value, ChatError):
            self._say_why(failure.value)
        else:
            self.log.failure("The keys could not be seen to", failure)

    def _say_why(self, error: ChatError) -> None:
        if error.code not in FOR_NOW and error.code not in NOTHING_TO_SAY:
            self.tell("", error.sentence)

    def replenish(self) -> None:
        """Now and then see to it that others have enough keys to begin with."""
        if not 0 <= self.wall() - self._published <= REPLENISH and self._confidant is not None:
            self._published = self.wall()
            Deferred.fromCoroutine(self.publish()).addErrback(self._not_now)

    async def publish(self) -> None:
        """Let others know this device, with enough keys to begin with."""
        self._published = self.wall()
        own = self.confidant.own.keys
        keys = {
            "ed25519": own.ed25519,
            "curve25519": own.curve25519,
            "signature": own.signature,
        }
        waiting = told(await self.ask("publish", device_keys=keys), "one_time", int)
        bundle = await self.kept(self.confidant.publish(waiting, self.wall()))
        if bundle is not None:
            import msgspec

            await self.ask("publish", **msgspec.to_builtins(bundle))

    def devices_changed(self, who: str) -> None:
        """Somebody has other devices than before: see which, and say so."""
        for label in list(self._versions):
            if (
                label.startswith("#")
                or folded(label) == folded(who)
                or who == self.conversations.name
            ):
                del self._versions[label]
        self.look_around_soon()

    def look_around_soon(self) -> None:
        """Learn of the devices in encrypted conversations, as far as that is not known."""
        if self._confidant is not None:
            Deferred.fromCoroutine(self._look_around()).addErrback(self._not_now)

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
        answer = await self.ask("keys", room=label)
        people, version = told(answer, "people", dict), told(answer, "version", str)
        if not all(isinstance(devices, list) for devices in people.values()):
            raise nonsense()
        news, changes = self.confidant.learn(label, people)
        # Told before it is kept: who is killed between the two is told twice, and never not at all.
        for one in news:
            self.tell(label, one.sentence)
        await self.write(changes)
        self._versions[label] = version
        self.forgotten(self.shelf.remember(**{VERSION + label: version}))

    async def prepare(self, label: str) -> None:
        """See to it that everybody's devices are known, and sessions with them begun."""
        if not self.version(label):
            await self.learn(label)
        wanted = self.confidant.unclaimed(label, self.wall())
        if wanted:
            refused = await self.kept(
                self.confidant.claimed(label, await self.claimed(label, wanted))
            )
            for one in refused:
                self.tell(label, one.sentence)

    async def claimed(self, label: str, devices: list[str]) -> dict[str, Any]:
        """A key to begin with of each of these devices, of those that have any."""
        answer = await self.ask("claim", room=label, devices=devices)
        keys: dict[str, Any] = told(answer, "one_time", dict)
        return keys

    async def share(self, label: str, sealed: str) -> None:
        """Give devices what they need to read what comes; the same thing twice is stored once."""
        cid = "keys-" + sha256(sealed.encode()).hexdigest()[:40]
        await self.ask("share", room=label, sealed=sealed, cid=cid)

    # --- verifying ---------------------------------------------------------------------------

    async def words(self, name: str) -> str:
        """The six words to compare with somebody, or with one's own other devices."""
        if folded(name) != folded(self.conversations.name):
            await self.learn(name)
        confidant = self.confidant
        words: str = await self._run(lambda: confidant.words(name))
        self._words[folded(name)] = words
        return words

    async def verify(self, name: str) -> None:
        """The words that were shown are the same on the other side."""
        words = self._words.get(folded(name))
        if words is None:
            raise ChatError("args", f"See the words first, and compare them: /verify {name}")
        confidant = self.confidant
        await self.kept(await self._run(lambda: confidant.verify(name, words)))

    def is_verified(self, name: str) -> bool:
        """Whether somebody was verified with every device there is now."""
        if self._confidant is None:
            return False
        with suppress(ChatError):
            return self._confidant.is_verified(name)
        return False

    def devices_of(self, name: str) -> list[Acquaintance]:
        """What is known of somebody's devices."""
        return self.confidant.devices_of(name)


def told(answer: object, name: str, kind: type[Any]) -> Any:
    """A part of an answer, which should be of this kind."""
    value = answer.get(name) if isinstance(answer, dict) else None
    if type(value) is not kind:
        raise nonsense()
    return value


def nonsense() -> ChatError:
    """The refusal of an answer that cannot be one."""
    return ChatError("nonsense", NONSENSE)


def not_kept(failure: Failure) -> ChatError:
    """Why something that has to be on disk first was not done."""
    return ChatError(
        "disk",
        f"This was not done: it cannot be kept on this computer's disk ({failure.value}).",
    )


def _passed_on(outcome: Any, done: Deferred[None]) -> Any:
    """Everybody who waits for one thing hears of it."""
    if isinstance(outcome, Failure):
        done.errback(outcome)
        return None
    done.callback(None)
    return outcome
