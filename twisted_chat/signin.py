"""Who somebody is: passwords, tokens, guests, new accounts, and those kept out."""

from __future__ import annotations

import secrets
import sys
from hashlib import sha256
from math import ceil
from typing import TYPE_CHECKING, NamedTuple

from .core.durations import spoken
from .core.entries import Kind
from .core.errors import ChatError
from .core.limits import SlidingWindow, Tries
from .core.names import Name, NameBook, fold
from .core.roster import Person
from .passwords import prepare
from .store import reading

if TYPE_CHECKING:
    from .chat import Chat
    from .passwords import Passwords
    from .session import Session
    from .store import Ledger

SIGN_UPS_PER_NETWORK = 60
SIGN_UPS = 300
SIGN_UP_SPAN = 600.0  # seconds
SCHEME = "passlib"
WRONG = "Wrong username or password."


class Token(NamedTuple):
    """What a program may sign in with instead of a password."""

    person: Person
    device: str
    token: str
    number: int  # to revoke it by


class SignIn:
    """Checks who somebody is, and keeps the accounts' secrets."""

    def __init__(self, chat: Chat, passwords: Passwords) -> None:
        self._chat = chat
        self._passwords = passwords
        settings = chat.settings
        self._tries = Tries(settings.login_attempts or sys.maxsize, settings.block_time)
        limited = settings.flood_limit > 0
        self._sign_ups = (
            SlidingWindow(SIGN_UPS_PER_NETWORK, SIGN_UPS, SIGN_UP_SPAN) if limited else None
        )
        self._being_made: NameBook[None] = NameBook()

    # --- names --------------------------------------------------------------------------

    def find(self, name: str) -> Person | None:
        """The person of that name, if it can sign in with a password."""
        person = self._chat.roster.names.find(name)
        return None if person is None or person.erased or person.guest else person

    def new_name(self, text: str, local: bool) -> Name:
        """The name if it is free, or a refusal that says what is wrong with it."""
        chat = self._chat
        admin = text.lower() in chat.admins
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

    async def with_password(self, name: str, password: str, network: str) -> Person:
        """The account whose name and password these are."""
        chat = self._chat
        person = self.find(name)
        key = (_folded(name), network)
        blocked = self._tries.blocked(key, chat.ticks())
        if blocked > 0:
            raise self._blocked(blocked)
        try:
            prepared = prepare(password)
        except ChatError:
            prepared = ""
        # An unknown name takes the same way as a known one, so that time tells nothing.
        number = 0 if person is None else person.id
        stored = dict(await chat.read(lambda db: reading.credentials(db, number)))
        secret = stored.get(SCHEME)
        verdict = await self._passwords.verify(prepared, secret)
        if person is None or not verdict.ok or not prepared or person.erased:
            left = self._tries.failed(key, chat.ticks())
            if not left:
                raise self._blocked(self._tries.blocked(key, chat.ticks()))
            raise self._wrong(left)
        self._tries.succeeded(key)
        new = verdict.new_hash
        if new is not None:
            await chat.change(lambda ledger: ledger.set_credential(person.id, SCHEME, new))
        await self.recall(person)
        self.admit(person)
        return person

    def _wrong(self, left: int) -> ChatError:
        if not self._chat.settings.login_attempts:
            return ChatError("wrong_password", WRONG)
        tries = "1 try" if left == 1 else f"{left} tries"
        return ChatError("wrong_password", f"{WRONG} You have {tries} left.", tries=left)

    def _blocked(self, seconds: float) -> ChatError:
        return ChatError(
            "blocked",
            f"Too many wrong passwords: this name is blocked for you for {spoken(seconds)}.",
            retry_after=ceil(seconds),
        )

    def admit(self, person: Person) -> None:
        """Refuse somebody who is banned from the server."""
        until = person.suspended_until
        if until is not None and until > self._chat.wall():
            raise ChatError("suspended", f"{person.name} is banned from this server.")

    async def recall(self, person: Person) -> None:
        """Read how far the account's sessions were shown its conversations."""
        if person.shown is None:
            shown = await self._chat.read(lambda db: reading.cursors(db, person.id))
            if person.shown is None:
                person.shown = shown

    # --- new accounts and guests --------------------------------------------------------

    def guest(self, text: str) -> Person:
        """A guest under that name."""
        if not self._chat.settings.guests:
            raise ChatError("not_allowed", "This server has no guests: register an account.")
        name = self.new_name(text, local=False)
        return self._chat.roster.new_guest(name)

    def check_registration(self, network: str) -> None:
        """Whether somebody from there may make an account now."""
        if not self._chat.settings.registration_open:
            raise ChatError("closed", "This server takes no new accounts: ask who runs it for one.")
        if self._sign_ups is not None:
            wait = self._sign_ups.wait(network, self._chat.ticks())
            if wait > 0:
                raise ChatError(
                    "too_many_accounts",
                    f"Too many new accounts from your network: wait {spoken(wait)}.",
                    retry_after=ceil(wait),
                )

    async def register(self, text: str, password: str, network: str, local: bool) -> Person:
        """Make an account."""
        self.check_registration(network)
        name = self.new_name(text, local)
        if self._sign_ups is not None:
            self._sign_ups.take(network, self._chat.ticks())
        return await self.make_account(name, password)

    async def make_account(self, name: Name, password: str) -> Person:
        """Make an account under a name that was found free."""
        chat = self._chat
        prepared = prepare(password)
        self._being_made.register(name, None)
        try:
            secret = await self._passwords.hash(prepared)
            admin = name.folded in chat.admins
            lobby = chat.rooms.lobby

            def apply(ledger: Ledger) -> int:
                return ledger.add_account(
                    name.shown, name.folded, name.skeleton, SCHEME, secret, admin
                )

            number = await chat.change(apply)
            person = Person(number, name)
            person.admin = admin
            person.shown = {lobby.id: lobby.last_seq}
            chat.roster.add(person)
            return person
        finally:
            self._being_made.forget(name)

    async def adopt(self, session: Session, password: str) -> None:
        """Make the guest of a session an account."""
        chat, guest = self._chat, session.person
        self.check_registration(session.door.network)
        prepared = prepare(password)
        secret = await self._passwords.hash(prepared)
        name = guest.named

        def apply(ledger: Ledger) -> int:
            return ledger.add_account(name.shown, name.folded, name.skeleton, SCHEME, secret)

        number = await chat.change(apply)
        chat.roster.become_account(guest, number)
        guest.shown = {chat.rooms.lobby.id: session.position(chat.rooms.lobby)}

    # --- secrets ------------------------------------------------------------------------

    async def change_password(self, person: Person, old: str, new: str, network: str) -> None:
        """Set a new password, given the old one; ends every resume token."""
        prepared = prepare(new)
        try:
            await self.with_password(person.name, old, network)
        except ChatError as error:
            if error.code != "wrong_password":
                raise
            sentence = error.sentence.replace(WRONG, "That is not your password.")
            raise ChatError(error.code, sentence, **error.details) from None
        await self._set_password(person, prepared)

    async def reset_password(self, person: Person) -> str:
        """Give an account a random password, and tell it."""
        new = secrets.token_urlsafe(9)
        await self._set_password(person, prepare(new))
        return new

    async def _set_password(self, person: Person, prepared: str) -> None:
        secret = await self._passwords.hash(prepared)

        def apply(ledger: Ledger) -> None:
            ledger.set_credential(person.id, SCHEME, secret)
            ledger.drop_tokens(person.id)

        await self._chat.change(apply)

    async def suspend(self, person: Person, until: int | None, reason: str) -> None:
        """Keep an account out until then, or let it in again."""

        def apply(ledger: Ledger) -> None:
            ledger.set_account(person.id, suspended_until=until, suspended_reason=reason)
            if until is not None:
                ledger.drop_tokens(person.id)

        await self._chat.change(apply)

    async def erase(self, person: Person) -> None:
        """Erase an account; its name stays taken for good."""
        chat, rooms = self._chat, person.rooms

        def apply(ledger: Ledger) -> None:
            for room in rooms:
                ledger.post(room.id, Kind.LEAVE, person.id, person.name)
            ledger.erase_account(person.id)

        await chat.change(apply)
        chat.roster.erase(person)
        for room in person.rooms:
            chat.membership.unseat(person, room)

    # --- tokens -------------------------------------------------------------------------

    async def new_token(self, person: Person, device: str) -> Token:
        """A token to sign in with next time; only its hash is kept."""
        token = secrets.token_urlsafe(32)
        number = await self._chat.change(
            lambda ledger: ledger.add_token(person.id, device, _hash(token))
        )
        return Token(person, device, token, number)

    async def revoke(self, person: Person, number: int) -> None:
        """Make a token worth nothing."""
        await self._chat.change(lambda ledger: ledger.drop_token(person.id, number))

    async def with_token(self, token: str) -> Token:
        """Sign in with a token; the next one comes with the answer.

        It stays good until that one is used: the answer may never arrive.
        """
        chat = self._chat
        old, new = _hash(token), secrets.token_urlsafe(32)
        found = await chat.read(lambda db: reading.token(db, old))
        person = None if found is None else chat.roster.people.get(found.account)
        if found is None or person is None or person.erased:
            raise ChatError("bad_token", "That token is not known here: log in with a password.")
        self.admit(person)
        try:
            fresh = await chat.change(lambda ledger: ledger.swap_token(old, _hash(new)))
        except ChatError as error:
            if error.code != "store_full":
                raise
            new, fresh = token, True  # nothing can be kept, so this one stays good
        if not fresh:
            raise ChatError("bad_token", "That token was used already: log in with a password.")
        await self.recall(person)
        return Token(person, found.device, new, found.id)


def _folded(name: str) -> str:
    """The name, known or not, the same however it is written."""
    try:
        return fold(name).folded
    except ChatError:
        return name.lower()[:64]


def _hash(token: str) -> str:
    return sha256(token.encode()).hexdigest()
