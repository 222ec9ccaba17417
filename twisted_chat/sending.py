"""Writing to many sockets at little cost, and knowing what has arrived."""

from __future__ import annotations

import array
import fcntl
import socket
import sys
import termios
from typing import Any

from twisted.internet.tcp import Connection

SEND_BUFFER = 64 * 1024  # what the kernel may hold for one peer; it doubles the number


def prepare(transport: Any) -> None:
    """Bound what the kernel keeps for a peer, and let it find out when the peer is gone."""
    try:
        handle = transport.getHandle()
        handle.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER)
        transport.setTcpNoDelay(True)
        transport.setTcpKeepAlive(True)
        for name, value in (
            ("TCP_KEEPIDLE", 45),
            ("TCP_KEEPINTVL", 15),
            ("TCP_KEEPCNT", 3),
            ("TCP_USER_TIMEOUT", 90_000),
        ):
            if hasattr(socket, name):
                handle.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)
    except (AttributeError, OSError):
        pass  # not a TCP socket: a pipe in a test, or a Unix socket


def write_now(transport: Any, data: bytes) -> None:
    """Send at once when nothing is queued before it; what does not fit goes through the transport.

    A transport's own `write` waits for the reactor to find the socket writable, which
    costs two system calls and a turn for each member of a room. Looking into the
    transport's buffers is confined to this function; anything but a plain TCP
    connection with empty buffers takes the ordinary way.
    """
    if (
        isinstance(transport, Connection)
        and transport.connected
        and not transport.disconnecting
        and not transport._writeDisconnecting
        and not transport.TLS
        and not transport.dataBuffer
        and not transport._tempDataBuffer
    ):
        try:
            sent = transport.socket.send(data)
        except OSError:
            sent = 0  # full, or broken: the transport finds out which
        if sent == len(data):
            return
        data = data[sent:]
    transport.write(data)


def flushed(transport: Any) -> bool | None:
    """Whether the peer's kernel has acknowledged everything written; None if unknowable."""
    if not sys.platform.startswith("linux") or not isinstance(transport, Connection):
        return None
    if not transport.connected or transport.dataBuffer or transport._tempDataBuffer:
        return False
    unacknowledged = array.array("i", [0])
    try:
        fcntl.ioctl(transport.fileno(), termios.TIOCOUTQ, unacknowledged)
    except OSError:
        return False
    return unacknowledged[0] == 0
