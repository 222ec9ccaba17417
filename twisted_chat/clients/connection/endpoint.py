"""The client's end of a connection: when it is there, and how it is given up."""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IHandshakeListener
from twisted.python.failure import Failure
from zope.interface import implementer


@implementer(IHandshakeListener)
class Reaching:
    """What a protocol is besides, so that it can be dialed."""

    transport: Any

    def __init__(self) -> None:
        self.ready: Deferred[Any] = Deferred()  # connected, and if over TLS, shaken hands
        self.tls = False

    def connectionMade(self) -> None:
        if not self.tls:
            self.ready.callback(self)

    def handshakeCompleted(self) -> None:
        """TLS is up; nothing of ours was sent before."""
        if not self.ready.called:
            self.ready.callback(self)

    def not_reached(self, reason: Failure) -> None:
        """The connection is gone, perhaps before it was there."""
        if not self.ready.called:
            self.ready.errback(reason)

    def abort(self) -> None:
        """Hang up without waiting for anything."""
        raise AssertionError("each kind of connection hangs up in its own way")
