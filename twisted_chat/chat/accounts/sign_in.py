"""Who somebody is: passwords, tokens, guests, new accounts, and those kept out."""

from __future__ import annotations

import hmac
import secrets
from base64 import urlsafe_b64encode
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from hashlib import sha256
from math import ceil
from typing import NamedTuple, TypeVar

from twisted.logger import Logger

from ...core import scram
from ...core.addresses import Network
from ...core.durations import spoken
from ...core.errors import ChatError
from ...core.limits import SlidingWindow
from ...core.names import Name, NameBook, Names, fold
from ...core.results import Standing
from ...core.rooms import Person, RoomBook
from ...core.roster import Roster
from ...core.scram import Verifier
from ...settings import Settings
from ...store import Ledger, accounts, cursors
from ..async_store import AsyncStore
from ..device_keys import DeviceKeys
from ..session import Session
from .login_attempts import LoginAttempts, folded
from .passwords import Passwords, check_new

F = TypeVar("F")

SCHEME = "passlib"
SCRAM = "scram-sha-256"
WRONG = "Wrong username or password."
SIGN_UPS_PER_NETWORK = 60
SIGN_UPS = 300
SIGN_UP_SPAN = 600.0  # seconds
A_DAY = 24 * 60 * 60 * 1000  # milliseconds
TOKEN_LIFE = 90 * A_DAY  # without being used


class Proof(NamedTuple):
    """Somebody has proved who they are, by the secrets that were good then."""

    person: Person
    secrets: int


class Token(NamedTuple):
    """What a program may sign in with instead of a password."""

    proof: Proof
    device: str
    token: str
    number: int  # to revoke it by


class SignIn:
    """Checks who somebody is, and makes accounts, guests and tokens."""

    log = Logger()

    def __init__(
        self,
        settings: Settings,
        store: AsyncStore,
        roster: Roster,
        rooms: RoomBook,
        names: Names,
        devices: DeviceKeys,
        passwords: Passwords,
        ticks: Callable[[], float],
        wall: Callable[[], int],
    ) -> None:
        self._settings = settings
        self._store = store
        self._roster = roster
        self._rooms = rooms
        self._names = names
        self._devices = devices
        self.passwords = passwords
        self._ticks = ticks
        self._wall = wall
        self.admins = frozenset(fold(name).folded for name in settings.admins)
        self.attempts = LoginAttempts(settings, self.find, ticks)
        limited = settings.flood_limit > 0
        self._sign_ups = (
            SlidingWindow(SIGN_UPS_PER_NETWORK, SIGN_UPS, SIGN_UP_SPAN) if limited else None
        )
        self._started = wall(), ticks()
        self._succession = secrets.token_bytes(32)  # what the next tokens are made with
        self._being_made: NameBook[None] = NameBook()

    def start(self) -> None:
        """Say in the log who the administrators are, and keep nothing of SCRAM if that is off."""
        for name in self._settings.admins:
            there = self.find(name) is not None
            self.log.info(
                "{name} is an administrator of this server{missing}",
                name=name,
                missing="" if there else ", as soon as there is an account of that name",
            )
        if not self._settings.scram:
            forgotten = self._store.change(lambda ledger: ledger.accounts.drop_scheme(SCRAM))
            forgotten.addErrback(
                lambda failure: self.log.failure(
                    "What SCRAM needs is still in the database", failure
                )
            )

    # --- names --------------------------------------------------------------------------

    def find(self, name: str) -> Person | None:
        """The account of that name, unless it is erased."""
        person = self._roster.names.find(name)
        return None if person is None or person.erased or person.guest else person

    @property
    def tells_names(self) -> bool:
        """Whether strangers may learn which names are accounts: where they can take those that
        are not, they would anyway.
        """
        return self._settings.registration_open or self._settings.guests

    def standing(self, name: str, network: Network, local: bool) -> Standing:
        """What a name is to the server, for a client that has not signed in.

        Raises a ChatError that says why nobody there can take it.
        """
        if not self.tells_names:
            return Standing(known=True)  # where nobody can sign up, strangers learn of no name
        if self.find(name) is not None:
            return Standing(known=True)
        if self._settings.guests:
            return Standing(known=False, guest=True)
        self.new_name(name, local)
        self.check_registration(network)
        return Standing(known=False)

    def new_name(self, text: str, local: bool) -> Name:
        """Return a free name; raises a ChatError that says what is wrong with any other."""
        admin = folded(text) in self.admins
        # An administrator may have a name that is reserved otherwise, such as root.
        name = fold(text) if admin else self._names.check(text)
        if self._roster.names.collides(name) or self._being_made.collides(name):
            raise ChatError(
                "name_taken", f"{name.shown} is taken, or looks like a name that is: try another."
            )
        if admin and not local:
            raise ChatError(
                "not_allowed",
                "An administrator's account can only be made on the server's own machine.",
            )
        return name

    # --- signing in ---------------------------------------------------------------------

    async def with_password(self, name: str, password: str, network: Network) -> Proof:
        """Log in with a name and a password; raises a ChatError if they are wrong."""
        person = self.find(name)
        proof, _ = await self.verify(name, person, password, network, WRONG)
        await self.recall(proof.person)
        self.admit(proof)
        return proof

    async def verify(
        self, name: str, person: Person | None, password: str, network: Network, wrong: str
    ) -> tuple[Proof, str]:
        """Check a password; returns the proof, and the hash that is stored of the password.

        Raises a ChatError that begins with the sentence `wrong` when they are not.
        """
        with self.attempts.attempt(name, network):
            found = await self._compare(person, password, network)
        return self._settled(name, network, wrong, found)

    def attempt(
        self, name: str, network: Network, wrong: str, compare: Callable[[], F | None]
    ) -> F:
        """Return what a quick comparison has found; None counts as a failed try and is refused."""
        with self.attempts.attempt(name, network):
            found = compare()
        return self._settled(name, network, wrong, found)

    def _settled(self, name: str, network: Network, wrong: str, found: F | None) -> F:
        if found is None:
            raise self.attempts.failed(name, network, wrong)
        self.attempts.succeeded(name, network)
        return found

    async def _compare(
        self, person: Person | None, password: str, network: Network
    ) -> tuple[Proof, str] | None:
        """The proof of a right password and its stored hash; None if it is wrong."""
        self.passwords.check(network)  # before there is work for anybody
        secrets = 0 if person is None else person.secrets
        # An unknown name takes the same steps as a known one, so that the time tells nothing.
        stored = await self.credentials(person)
        kept = stored.get(SCHEME)
        wanted = self._settings.scram and not self.passwords.is_verifier(stored.get(SCRAM, ""))
        verdict = await self.passwords.verify(password, kept, network, wanted)
        if person is None or kept is None or not verdict.ok or person.erased:
            return None
        old, new = kept, verdict.new_hash
        if new is not None:
            # If nothing can be stored, the old hash stays until the next login.
            with suppress(ChatError):
                if await self._store.change(
                    lambda ledger: ledger.accounts.replace_credential(person.id, SCHEME, old, new)
                ):
                    kept = new
        if verdict.verifier is not None:
            await self._keep_verifier(person, verdict.verifier, kept)
        return Proof(person, secrets), kept

    async def credentials(self, person: Person | None) -> dict[str, str]:
        """What is stored of a person's password, by scheme; empty without a person."""
        number = 0 if person is None else person.id
        return await self._store.read(lambda db: accounts.credentials(db, number))

    async def verifier(self, person: Person | None, name: str) -> Verifier:
        """What SCRAM proves the password of that person with.

        A name without an account, or without a verifier, has always the same salt, and no
        password is right for it.
        """
        secret = await self._store.secret()
        stored = await self.credentials(person)
        found = scram.read(stored.get(SCRAM, "")) if self._settings.scram else None
        salt = hmac.new(secret, folded(name).encode(), "sha256").digest()[: scram.SALT]
        rounds = self.passwords.scram_rounds
        nobodys = Verifier(salt, rounds, secrets.token_bytes(32), secrets.token_bytes(32))
        return found or nobodys

    async def _keep_verifier(self, person: Person, verifier: str, kept: str) -> None:
        """Keep the SCRAM verifier of the password with that hash, if it is still the account's."""

        def apply(ledger: Ledger) -> None:
            if ledger.accounts.replace_credential(person.id, SCHEME, kept, kept):
                ledger.accounts.set_credential(person.id, SCRAM, verifier)

        with suppress(ChatError):
            await self._store.change(apply)

    def admit(self, proof: Proof) -> None:
        """Raise a ChatError if a proof is outdated or the person is banned from the server."""
        person = proof.person
        if person.erased:
            raise ChatError("wrong_password", WRONG)
        if person.secrets != proof.secrets:
            raise ChatError(
                "wrong_password",
                "Your password has just been changed, or a certificate removed: log in again.",
            )
        until = person.suspended_until
        if until is not None and until > self._wall():
            raise ChatError("suspended", f"{person.name} is banned from this server.")

    async def recall(self, person: Person) -> None:
        """Load how far the account's sessions were shown its conversations."""
        if person.shown is None:
            shown = await self._store.read(lambda db: cursors.delivered(db, person.id))
            if person.shown is None:
                person.shown = shown

    # --- new accounts and guests --------------------------------------------------------

    def guest(self, text: str) -> Proof:
        """A guest under that name."""
        if not self._settings.guests:
            raise ChatError("not_allowed", "This server has no guests: register an account.")
        name = self.new_name(text, local=False)
        guest = self._roster.new_guest(name)
        guest.named_at = self._wall()
        return Proof(guest, guest.secrets)

    def check_registration(self, network: Network) -> None:
        """Raise a ChatError if nobody from that network may make an account now."""
        if not self._settings.registration_open:
            raise ChatError("closed", "This server takes no new accounts: ask who runs it for one.")
        if self._sign_ups is not None and network.limited:
            wait = self._sign_ups.wait(network, self._ticks())
            if wait > 0:
                raise ChatError(
                    "too_many_accounts",
                    f"Too many new accounts from your network: wait {spoken(wait)}.",
                    retry_after=ceil(wait),
                )

    async def register(self, text: str, password: str, network: Network, local: bool) -> Proof:
        """Make an account."""
        self.check_registration(network)
        name = self.new_name(text, local)
        person = await self.make_account(name, password, network)
        return Proof(person, person.secrets)

    async def make_account(
        self, name: Name, password: str, network: Network | None = None
    ) -> Person:
        """Make an account under a name that `new_name` returned.

        Without a network it is the server's owner who makes it, with any password.
        """
        person = Person(await self.store_account(name, password, network), name)
        person.admin = name.folded in self.admins
        if person.admin:
            self.log.info("{name} is an administrator of this server", name=name.shown)
        person.created = self._wall()
        person.shown = {self._rooms.lobby.id: self._rooms.lobby.last_seq}
        self._roster.add(person)
        return person

    async def store_account(self, name: Name, password: str, network: Network | None) -> int:
        """Store a new account, whose name nobody else gets meanwhile; returns its number.

        It counts as one of those that a network may make, if it comes from one.
        """
        check = self.check_new(name.folded) if network is not None else _take_any
        self.passwords.check(network or "")
        check(password)  # before it counts, as far as it can be checked unprepared
        counted = network is not None and network.limited
        if self._sign_ups is not None and counted:
            self._sign_ups.take(network, self._ticks())
        self._being_made.register(name, None)
        try:
            secret, verifier = await self.passwords.kept(
                password, self._settings.scram, network or "", check
            )

            def apply(ledger: Ledger) -> int:
                kept = (name.shown, name.folded, name.skeleton, SCHEME, secret)
                number = ledger.accounts.add(*kept)
                keep_verifier(ledger, number, verifier)
                return number

            return await self._store.change(apply)
        finally:
            self._being_made.forget(name)

    def check_new(self, name: str) -> Callable[[str], None]:
        """A function that refuses new passwords for that name which are too easy to guess."""
        return partial(check_new, name=name, shortest=self._settings.password_min)

    # --- tokens -------------------------------------------------------------------------

    def tokens_expire_before(self) -> int:
        """When a token must have been used since, in milliseconds since 1970.

        By how long the server is up, and not by the time of day: a clock that jumps must not end
        everybody's tokens.
        """
        wall, ticks = self._started
        return wall + int((self._ticks() - ticks) * 1000) - TOKEN_LIFE

    async def new_token(self, proof: Proof, device: str) -> Token:
        """A token to sign in with next time; only its hash is kept.

        It is empty where the disk is full: then the password is needed next time too.
        """
        token, account = secrets.token_urlsafe(32), proof.person.id

        def apply(ledger: Ledger) -> tuple[int, str]:
            number = ledger.accounts.add_token(account, device, _hash(token))
            return number, ledger.device_keys.devices_version(account)

        try:
            number, version = await self._store.change(apply)
        except ChatError as error:
            if error.code != "store_full":
                raise
            return Token(proof, device, "", 0)
        self._devices.changed(proof.person, version)
        return Token(proof, device, token, number)

    async def revoke(self, session: Session) -> None:
        """Make a session's token worth nothing, and forget its device."""
        person = session.person

        def apply(ledger: Ledger) -> str:
            ledger.accounts.drop_token(person.id, session.token)
            ledger.accounts.forget_device(person.id, session.device)
            return ledger.device_keys.devices_version(person.id)

        self._devices.changed(person, await self._store.change(apply))

    async def with_token(self, token: str) -> Token:
        """Sign in with a token; the next one comes with the answer.

        It stays good until that one is used: the answer may never arrive. All who come with it
        meanwhile get the same one: so whichever answer is the last to arrive, its token is good.
        """
        successor = hmac.digest(self._succession, token.encode(), "sha256")
        old, new = _hash(token), urlsafe_b64encode(successor).decode().rstrip("=")
        found = await self._store.read(lambda db: accounts.token(db, old))
        person = None if found is None else self._roster.people.get(found.account)
        if found is None or person is None or person.erased:
            raise ChatError("bad_token", "That token is not known here: log in with a password.")
        if found.used < self.tokens_expire_before():
            days = TOKEN_LIFE // A_DAY
            raise ChatError(
                "bad_token", f"That token was not used for {days} days: log in with a password."
            )
        proof = Proof(person, person.secrets)
        self.admit(proof)
        try:
            fresh = await self._store.change(
                lambda ledger: ledger.accounts.swap_token(old, _hash(new))
            )
        except ChatError as error:
            if error.code != "store_full":
                raise
            new, fresh = token, True  # nothing can be kept, so this one stays good
        if not fresh:
            raise ChatError("bad_token", "That token was used already: log in with a password.")
        await self.recall(person)
        return Token(proof, found.device, new, found.id)


def _take_any(password: str) -> None:
    """Refuse no password."""


def keep_verifier(ledger: Ledger, account: int, verifier: str | None) -> None:
    """Store the SCRAM verifier that belongs to a new password; None removes the old one."""
    if verifier is None:
        ledger.accounts.drop_credential(account, SCRAM)
    else:
        ledger.accounts.set_credential(account, SCRAM, verifier)


def _hash(token: str) -> str:
    return sha256(token.encode()).hexdigest()
