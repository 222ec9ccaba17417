"""Logging in with SCRAM: as a password is, without the password."""

from __future__ import annotations

import secrets

from ...core.addresses import Network
from ...core.errors import ChatError
from ...core.scram import BadMessage, Exchange
from .sign_in import WRONG, Proof, SignIn


class ScramLogin:
    """One login, from the client's first message on."""

    def __init__(self, signin: SignIn, network: Network) -> None:
        self._signin = signin
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
        self._signin.attempts.check(exchange.name, self._network)
        person = self._signin.find(exchange.name)
        self._since = 0 if person is None else person.secrets
        verifier = await self._signin.verifier(person, exchange.name)
        self._exchange = exchange
        return exchange.challenge(verifier, secrets.token_urlsafe(18))

    async def finish(self, client_final: bytes) -> tuple[Proof, bytes]:
        """Who it is, and the server's own proof; it counts as a try as a password does."""
        exchange = self._exchange
        if exchange is None:
            raise ChatError("wrong_password", WRONG)
        self._exchange = None
        person = self._signin.find(exchange.name)

        def compare() -> tuple[Proof, bytes] | None:
            try:
                proof = exchange.prove(client_final)
            except BadMessage:
                return None
            if proof is None or person is None:
                return None
            return Proof(person, self._since), proof

        found = self._signin.attempt(exchange.name, self._network, WRONG, compare)
        await self._signin.recall(found[0].person)
        self._signin.admit(found[0])
        return found


def _exchange_of(client_first: bytes) -> Exchange:
    """The exchange that a message begins; a refusal says what is wrong with it."""
    try:
        exchange = Exchange(client_first)
    except BadMessage as error:
        raise ChatError("sasl", f"That is no message of SCRAM-SHA-256 ({error}).") from None
    if exchange.other and exchange.other != exchange.name:
        raise ChatError("sasl", f"With {exchange.name}'s password you can only be that.")
    return exchange
