"""Whoever answers at a port: a server with TLS, one without, and what is none."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Callable
from threading import Thread
from typing import Any

import pytest
from pytest_twisted import ensureDeferred
from twisted.internet import reactor
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.task import deferLater

from tests.support.server_process import PATIENCE
from tests.system.world import World
from twisted_chat.clients.connection.address import Address
from twisted_chat.clients.connection.dialer import Dialer, NoTls
from twisted_chat.clients.connection.link import Link, Lost
from twisted_chat.clients.connection.trust import Peer

HOST = "127.0.0.1"
PAUSE = 0.01  # seconds between two looks


def answering(world: World, answer: Callable[[socket.socket], None], times: int = 1) -> int:
    """A port where somebody answers like this, so many times."""
    listening = socket.create_server((HOST, 0))
    world.after(listening.close)

    def serve() -> None:
        for _ in range(times):
            connection, _ = listening.accept()
            with connection:
                answer(connection)

    thread = Thread(target=serve, daemon=True)
    thread.start()
    world.after(thread.join, PATIENCE)
    return int(listening.getsockname()[1])


def dialed(port: int, **options: bool) -> Deferred[tuple[Link, Peer]]:
    twisted_reactor: Any = reactor
    return Dialer(twisted_reactor, Address(HOST, port), **options)()


@ensureDeferred
async def test_f9_whoever_hangs_up_at_once_is_tried_again_and_not_taken_for_one_without_tls(
    world: World,
) -> None:
    port = answering(world, lambda connection: connection.close())
    with pytest.raises(Lost, match="hung up") as raised:
        await dialed(port)
    assert not isinstance(raised.value, NoTls)


@ensureDeferred
async def test_a_server_without_tls_on_this_machine(world: World) -> None:
    def prompt(connection: socket.socket) -> None:
        connection.settimeout(PATIENCE)
        connection.sendall(b"Username: ")
        while connection.recv(4096):
            pass

    link, peer = await dialed(answering(world, prompt, times=2))
    assert (peer.tls, peer.loopback) == (False, True)
    lost: Deferred[object] = Deferred()
    link.on_lost = lost.callback
    link.close()
    await lost


@ensureDeferred
async def test_whoever_gives_up_in_the_handshake_does_not_dial_again(world: World) -> None:
    said: list[bytes] = []

    def silent(connection: socket.socket) -> None:
        connection.settimeout(PATIENCE)
        said.append(connection.recv(4096))
        with contextlib.suppress(ConnectionError):
            connection.recv(4096)
        said.append(b"the end")

    dialing = dialed(answering(world, silent))
    while not said:
        await deferLater(reactor, PAUSE)
    dialing.cancel()
    with pytest.raises(CancelledError):
        await dialing
    while len(said) < 2:
        await deferLater(reactor, PAUSE)


@ensureDeferred
async def test_nobody_is_there() -> None:
    with socket.create_server((HOST, 0)) as free:
        port = int(free.getsockname()[1])
    with pytest.raises(Lost) as raised:
        await dialed(port)
    assert str(raised.value) == (
        f"There is no answer from {HOST} on port {port}: is the server running?"
    )
