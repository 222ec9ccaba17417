"""Who somebody is: passwords, tokens, guests, new accounts, and those kept out."""

from __future__ import annotations

import hmac
import secrets
from base64 import urlsafe_b64encode
from collections.abc import Callable
from functools import partial
from hashlib import sha256
from math import ceil
from typing import TYPE_CHECKING, NamedTuple

from ...core.durations import spoken
from ...core.errors import ChatError
from ...core.limits import SlidingWindow, Unlimited
from ...core.namebook import NameBook
from ...core.names import Name, fold
from ...core.roster import Person
from ...store import queries
from .login_attempts import LoginAttempts, folded
from .passwords import check_new
from .proving import SCHEME, WRONG, Proof, Proving, keep_verifier
from .scram_login import ScramLogin

if TYPE_CHECKING:
    from ...store import Ledger
    from ..chat import Chat
    from ..session import Session
    from .passwords import Passwords

SIGN_UPS_PER_NETWORK = 60
SIGN_UPS = 300
SIGN_UP_SPAN = 600.0  # seconds
A_DAY = 24 * 60 * 60 * 1000  # milliseconds
TOKEN_LIFE = 90 * A_DAY  # without being used


class Token(NamedTuple):
    """What a program may sign in with instead of a password."""

    proof: Proof
    device: str
    token: str
    number: int  # to revoke it by


class SignIn:
    """Checks who somebody is, and makes accounts, guests and tokens."""

    def __init__(self, chat: Chat, passwords: Passwords) -> None:
        self._chat = chat
        self.passwords = passwords
        self.attempts = LoginAttempts(chat)
        self.proving = Proving(chat, passwords, self.attempts)
        limited = chat.settings.flood_limit > 0
        self._sign_ups = (
            SlidingWindow(SIGN_UPS_PER_NETWORK, SIGN_UPS, SIGN_UP_SPAN) if limited else None
        )
        self._started = chat.wall()
        self._succession = secrets.token_bytes(32)  # what the next tokens are made with
        self._being_made: NameBook[None] = NameBook()

    # --- names --------------------------------------------------------------------------

    def find(self, name: str) -> Person | None:
        """The person of that name, if it can sign in with a password."""
        person = self._chat.roster.names.find(name)
        return None if person is None or person.erased or person.guest else person

    @property
    def tells_names(self) -> bool:
        """Whether strangers may learn which names are accounts: where they can take those that
        are not, they would anyway.
        """
        settings = self._chat.settings
        return settings.registration_open or settings.guests

    def new_name(self, text: str, local: bool) -> Name:
        """The name if it is free, or a refusal that says what is wrong with it."""
        chat = self._chat
        admin = folded(text) in chat.admins
        # The server's owner may call an administrator what nobody else may be called, such as root.
        name = fold(text) if admin else chat.names.check(text)
        if chat.roster.names.collides(name) or self._being_made.collides(name):
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

    async def with_password(self, name: str, password: str, network: str) -> Proof:
        """The account whose name and password these are."""
        person = self.find(name)
        proof, _ = await self.proving.verify(name, person, password, network, WRONG)
        await self.recall(proof.person)
        self.admit(proof)
        return proof

    def admit(self, proof: Proof) -> None:
        """Refuse a proof that is good no more, and somebody who is banned from the server."""
        person = proof.person
        if person.erased:
            raise ChatError("wrong_password", WRONG)
        if person.secrets != proof.secrets:
            raise ChatError(
                "wrong_password",
                "Your password has just been changed, or a certificate removed: log in again.",
            )
        until = person.suspended_until
        if until is not None and until > self._chat.wall():
            raise ChatError("suspended", f"{person.name} is banned from this server.")

    async def recall(self, person: Person) -> None:
        """Read how far the account's sessions were shown its conversations."""
        if person.shown is None:
            shown = await self._chat.store.read(lambda db: queries.cursors(db, person.id))
            if person.shown is None:
                person.shown = shown

    def scram(self, network: str) -> ScramLogin:
        """A login by somebody who proves to know a password without sending it."""
        return ScramLogin(self._chat, self.proving, network)

    # --- new accounts and guests --------------------------------------------------------

    def guest(self, text: str) -> Proof:
        """A guest under that name."""
        if not self._chat.settings.guests:
            raise ChatError("not_allowed", "This server has no guests: register an account.")
        name = self.new_name(text, local=False)
        guest = self._chat.roster.new_guest(name)
        guest.named_at = self._chat.wall()
        return _just_made(guest)

    def check_registration(self, network: str) -> None:
        """Whether somebody from there may make an account now."""
        if not self._chat.settings.registration_open:
            raise ChatError("closed", "This server takes no new accounts: ask who runs it for one.")
        if self._sign_ups is not None and not isinstance(network, Unlimited):
            wait = self._sign_ups.wait(network, self._chat.ticks())
            if wait > 0:
                raise ChatError(
                    "too_many_accounts",
                    f"Too many new accounts from your network: wait {spoken(wait)}.",
                    retry_after=ceil(wait),
                )

    async def register(self, text: str, password: str, network: str, local: bool) -> Proof:
        """Make an account."""
        self.check_registration(network)
        name = self.new_name(text, local)
        return _just_made(await self.make_account(name, password, network))

    async def make_account(self, name: Name, password: str, network: str | None = None) -> Person:
        """Make an account under a name that was found free.

        Without a network it is the server's owner who makes it, with any password.
        """
        chat = self._chat
        person = Person(await self._store_account(name, password, network), name)
        person.admin = name.folded in chat.admins
        if person.admin:
            chat.log.info("{name} is an administrator of this server", name=name.shown)
        person.created = chat.wall()
        person.shown = {chat.rooms.lobby.id: chat.rooms.lobby.last_seq}
        chat.roster.add(person)
        return person

    async def adopt(self, session: Session, password: str) -> None:
        """Make the guest of a session an account, even if it goes meanwhile."""
        chat, guest = self._chat, session.person
        network = session.door.network
        self.check_registration(network)
        guest.becoming = True  # nothing that has to be stored is done to it meanwhile
        try:
            number = await self._store_account(guest.named, password, network)
        finally:
            guest.becoming = False
        if guest.online:
            await chat.guests.become_account(session, number)
        else:
            person = Person(number, guest.named)
            person.last_seen = guest.last_seen
            person.created = chat.wall()
            chat.roster.add(person)

    async def _store_account(self, name: Name, password: str, network: str | None) -> int:
        """Store a new account, whose name nobody else gets meanwhile; its number.

        It counts as one of those that a network may make, if it comes from one.
        """
        check = self.check_new(name.folded) if network is not None else _take_any
        self.passwords.check(network or "")
        check(password)  # as far as it can be known, before it counts
        counted = network is not None and not isinstance(network, Unlimited)
        if self._sign_ups is not None and counted:
            self._sign_ups.take(network, self._chat.ticks())
        self._being_made.register(name, None)
        try:
            secret, verifier = await self.passwords.kept(
                password, self._chat.settings.scram, network or "", check
            )

            def apply(ledger: Ledger) -> int:
                kept = (name.shown, name.folded, name.skeleton, SCHEME, secret)
                number = ledger.add_account(*kept)
                keep_verifier(ledger, number, verifier)
                return number

            return await self._chat.store.change(apply)
        finally:
            self._being_made.forget(name)

    def check_new(self, name: str) -> Callable[[str], None]:
        """What refuses new passwords for that name which are too easy to guess."""
        return partial(check_new, name=name, shortest=self._chat.settings.password_min)

    # --- tokens -------------------------------------------------------------------------

    def tokens_expire_before(self) -> int:
        """When a token must have been used since, in milliseconds since 1970.

        By how long the server is up, and not by the time of day: a clock that jumps must not end
        everybody's tokens.
        """
        up = self._chat.ticks() - self._chat.started
        return self._started + int(up * 1000) - TOKEN_LIFE

    async def new_token(self, proof: Proof, device: str) -> Token:
        """A token to sign in with next time; only its hash is kept.

        It is empty where the disk is full: then the password is needed next time too.
        """
        token, account = secrets.token_urlsafe(32), proof.person.id

        def apply(ledger: Ledger) -> tuple[int, str]:
            number = ledger.add_token(account, device, _hash(token))
            return number, ledger.devices_version(account)

        try:
            number, version = await self._chat.store.change(apply)
        except ChatError as error:
            if error.code != "store_full":
                raise
            return Token(proof, device, "", 0)
        self._chat.devices.changed(proof.person, version)
        return Token(proof, device, token, number)

    async def revoke(self, session: Session) -> None:
        """Make a session's token worth nothing, and forget its device."""
        person = session.person

        def apply(ledger: Ledger) -> str:
            ledger.drop_token(person.id, session.token)
            ledger.forget_device(person.id, session.device)
            return ledger.devices_version(person.id)

        self._chat.devices.changed(person, await self._chat.store.change(apply))

    async def with_token(self, token: str) -> Token:
        """Sign in with a token; the next one comes with the answer.

        It stays good until that one is used: the answer may never arrive. All who come with it
        meanwhile get the same one: so whichever answer is the last to arrive, its token is good.
        """
        chat = self._chat
        successor = hmac.digest(self._succession, token.encode(), "sha256")
        old, new = _hash(token), urlsafe_b64encode(successor).decode().rstrip("=")
        found = await chat.store.read(lambda db: queries.token(db, old))
        person = None if found is None else chat.roster.people.get(found.account)
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
            fresh = await chat.store.change(lambda ledger: ledger.swap_token(old, _hash(new)))
        except ChatError as error:
            if error.code != "store_full":
                raise
            new, fresh = token, True  # nothing can be kept, so this one stays good
        if not fresh:
            raise ChatError("bad_token", "That token was used already: log in with a password.")
        await self.recall(person)
        return Token(proof, found.device, new, found.id)


def _take_any(password: str) -> None:
    """No new password is refused."""


def _just_made(person: Person) -> Proof:
    """Who has just come into being needs no other proof."""
    return Proof(person, person.secrets)


def _hash(token: str) -> str:
    return sha256(token.encode()).hexdigest()
