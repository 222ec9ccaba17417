"""AUTHENTICATE: logging in with SASL, before registration and after it."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable
from contextlib import suppress

from ...chat.accounts.scram_login import ScramLogin
from ...chat.accounts.sign_in import Proof
from ...core.errors import ChatError
from . import accounts
from .client import CHUNK, Exchange, IrcClient, Mechanism
from .message import Message
from .people import folded
from .registration import abort_login, is_new


class Plain:
    """The name and the password in one message."""

    def __init__(self, client: IrcClient) -> None:
        self._client = client
        self.name = ""  # of who tries
        self.proof: Proof | None = None

    async def answer(self, data: bytes) -> bytes | None:
        """What the server says to the client's message; None when there is nothing more to say."""
        parts = data.split(b"\0")
        if len(parts) != 3:
            raise _malformed()
        try:
            wanted, name, password = [part.decode() for part in parts]
            self.name = name
        except UnicodeDecodeError:
            raise _malformed() from None
        if wanted and folded(wanted) != folded(name):
            raise ChatError("sasl", f"With {name}'s password you can only be {name}.")
        self.proof = await accounts.log_in(self._client, name, password)
        return None


class Scram:
    """SCRAM-SHA-256: the password itself is not sent, and the server proves itself as well."""

    def __init__(self, client: IrcClient) -> None:
        self._client = client
        self._exchange = ScramLogin(client.chat.signin, client.network)
        self._proved: Proof | None = None
        self._begun = False
        self.proof: Proof | None = None

    @property
    def name(self) -> str:
        return self._exchange.name

    async def answer(self, data: bytes) -> bytes | None:
        """As above: the server's challenge, its own proof, and nothing."""
        if not self._begun:
            self._begun = True
            return await self._exchange.begin(data)
        if self._proved is None:
            self._proved, last = await self._exchange.finish(data)
            accounts.check(self._client, self._proved)
            return last
        if data:
            raise _malformed()
        self.proof = self._proved
        return None


class External:
    """The certificate that the client has come with over TLS; its message may say for whom."""

    def __init__(self, client: IrcClient) -> None:
        self._client = client
        self.name = ""
        self.proof: Proof | None = None

    async def answer(self, data: bytes) -> bytes | None:
        """As above: there is nothing to be said by the server."""
        try:
            self.name = data.decode()
        except UnicodeDecodeError:
            raise _malformed() from None
        self.proof = await accounts.log_in_with_certificate(self._client, self.name)
        return None


def _malformed() -> ChatError:
    return ChatError("sasl", "That is no message of this mechanism.")


MECHANISMS: dict[str, Callable[[IrcClient], Mechanism]] = {
    "PLAIN": Plain,
    "EXTERNAL": External,
    "SCRAM-SHA-256": Scram,
}


def mechanisms(client: IrcClient) -> list[str]:
    """The ways to log in: with a certificate only where the client has come with one."""
    possible = {"SCRAM-SHA-256": client.chat.settings.scram, "EXTERNAL": bool(client.certificate)}
    return [name for name in MECHANISMS if possible.get(name, True)]


async def authenticate(client: IrcClient, message: Message) -> None:
    word = message.params[0]
    if word == "*":
        abort_login(client)
    elif account := accounts.account_of(client):
        why = f"You are logged in as {account} already: connect again to be somebody else"
        client.numeric("907", text=why)
    elif len(word) > CHUNK:
        client.exchange = None
        client.numeric("905", text="That is too long: send 400 letters at a time")
    elif client.exchange is None:
        _begin(client, word.upper())
    else:
        exchange = client.exchange
        try:
            await _go_on(client, exchange, word)
        except ChatError as error:
            _fail(client, error, exchange.mechanism.name)


def _begin(client: IrcClient, name: str) -> None:
    offered = mechanisms(client)
    mechanism = MECHANISMS[name] if name in offered else None
    if mechanism is None:
        client.numeric("908", ",".join(offered), text="are the ways to log in")
        why = "There is no such way to log in"
        if name == "EXTERNAL":
            why = "There is no client certificate on this connection: connect over TLS with one"
        client.numeric("904", text=why)
        return
    client.exchange = Exchange(mechanism(client))
    _send(client, b"")


async def _go_on(client: IrcClient, exchange: Exchange, chunk: str) -> None:
    data = exchange.take(chunk)
    client.connection.kept(exchange.size)
    if exchange.too_long:
        raise ChatError("sasl", "That is longer than any login.")
    if data is None:
        return
    challenge = await exchange.mechanism.answer(data)
    if client.closed:
        return
    if challenge is not None:
        _send(client, challenge)
        return
    client.exchange = None
    proof = exchange.mechanism.proof
    assert proof is not None
    accounts.check(client, proof)
    accounts.tell(client, proof.person)
    client.numeric("903", text="SASL authentication successful")
    await accounts.use_proof(client, proof)


def _send(client: IrcClient, data: bytes) -> None:
    """A message of the server's, as many chunks as it takes."""
    letters = b64encode(data).decode()
    chunks = [letters[start : start + CHUNK] for start in range(0, len(letters), CHUNK)]
    if not chunks or len(chunks[-1]) == CHUNK:
        chunks.append("+")
    for chunk in chunks:
        client.response.add(f"AUTHENTICATE {chunk}")  # some clients know it without a source only


def _fail(client: IrcClient, error: ChatError, name: str) -> None:
    """Say that the login has failed, and why where that is more than a wrong password."""
    client.exchange = None
    if client.closed:
        return
    sentence, nick = error.sentence, client.registration.nick
    with suppress(ChatError):
        new = error.code == "wrong_password" and folded(name) == folded(nick)
        if new and is_new(client):
            # Many clients end the connection over a failure: there is nothing to be typed then.
            sentence += f" {nick} is new here: connect without SASL to make it yours."
    client.numeric("902" if error.code == "suspended" else "904", text=sentence)
    if error.code not in ("wrong_password", "sasl"):
        # Many clients show words of their own for 904.
        client.refuse(error, numerics={})
    accounts.count_wrong_password(client, error)
