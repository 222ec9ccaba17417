"""Logging in with SCRAM: as a password is, without the password."""

from __future__ import annotations

import hmac
import secrets
from typing import TYPE_CHECKING

from ...core import scram
from ...core.errors import ChatError
from ...core.scram import BadMessage, Exchange, Verifier
from ...store import queries
from .login_attempts import folded
from .proving import SCRAM, WRONG, Proof

if TYPE_CHECKING:
    from ..chat import Chat
    from .proving import Proving


class ScramLogin:
    """One login, from the client's first message on."""

    def __init__(self, chat: Chat, proving: Proving, network: str) -> None:
        self._chat = chat
        self._proving = proving
        self._network = network
        self._exchange: Exchange | None = None
        self._since = 0  # how often the account's secrets had changed when it began

    @property
    def name(self) -> str:
        """Whose login it is; empty as long as that was not said."""
        return "" if self._exchange is None else self._exchange.name

    async def begin(self, client_first: bytes) -> bytes:
        """The server's challenge, of the same kind whether there is such an account or not."""
        exchange = _exchange_of(client_first)
        self._proving.attempts.check(exchange.name, self._network)
        secret = await self._chat.store.secret()
        person = self._chat.signin.find(exchange.name)
        self._since = 0 if person is None else person.secrets
        number = 0 if person is None else person.id
        kept = await self._chat.store.read(lambda db: queries.credentials(db, number))
        verifier = scram.read(kept.get(SCRAM, "")) if self._chat.settings.scram else None
        self._exchange = exchange
        nonce = secrets.token_urlsafe(18)
        return exchange.challenge(verifier or self._of_nobody(secret, exchange.name), nonce)

    async def finish(self, client_final: bytes) -> tuple[Proof, bytes]:
        """Who it is, and the server's own proof; it counts as a try as a password does."""
        exchange = self._exchange
        if exchange is None:
            raise ChatError("wrong_password", WRONG)
        self._exchange = None
        person = self._chat.signin.find(exchange.name)

        def compare() -> tuple[Proof, bytes] | None:
            try:
                proof = exchange.prove(client_final)
            except BadMessage:
                return None
            if proof is None or person is None:
                return None
            return Proof(person, self._since), proof

        found = self._proving.attempt(exchange.name, self._network, WRONG, compare)
        await self._chat.signin.recall(found[0].person)
        self._chat.signin.admit(found[0])
        return found

    def _of_nobody(self, secret: bytes, name: str) -> Verifier:
        """What stands for an account that is not there: always the same salt, and no password."""
        salt = hmac.new(secret, folded(name).encode(), "sha256").digest()[: scram.SALT]
        rounds = self._chat.signin.passwords.scram_rounds
        return Verifier(salt, rounds, secrets.token_bytes(32), secrets.token_bytes(32))


def _exchange_of(client_first: bytes) -> Exchange:
    """The exchange that a message begins; a refusal says what is wrong with it."""
    try:
        exchange = Exchange(client_first)
    except BadMessage as error:
        raise ChatError("sasl", f"That is no message of SCRAM-SHA-256 ({error}).") from None
    if exchange.other and exchange.other != exchange.name:
        raise ChatError("sasl", f"With {exchange.name}'s password you can only be that.")
    return exchange
