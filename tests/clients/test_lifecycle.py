"""The end of a user: what follows it is not disturbed by another goodbye."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

from twisted.internet.defer import Deferred, fail
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from twisted_chat.clients.connection.lifecycle import Lifecycle, Options
from twisted_chat.clients.connection.link import Lost
from twisted_chat.clients.connection.trust import KnownServers
from twisted_chat.clients.sync.assembly import leave_at_shutdown


class LeavingTest(SynchronousTestCase):
    def test_a_second_goodbye_does_not_cancel_what_comes_after_the_first(self) -> None:
        anything: Any = SimpleNamespace(state_changed=lambda: None, link=None)
        known = KnownServers(Path(self.mktemp()))
        life = Lifecycle(
            *(Clock(), lambda: fail(Lost("Nobody answers.")), "a:1", known, anything, anything),
            *(Options(), anything),
        )
        ended = life.start("tesla")
        last_words: Deferred[None] = Deferred()
        ended.addErrback(lambda failure: failure.trap(Lost) and None)
        ended.addCallback(lambda _: last_words)
        life.stop()
        self.assertNoResult(ended)
        last_words.callback(None)
        self.successResultOf(ended)

    def test_connections_are_not_dropped_while_one_is_read(self) -> None:
        clock = Clock()
        triggers: list[Any] = []
        reactor: Any = SimpleNamespace(
            callLater=clock.callLater,
            addSystemEventTrigger=lambda phase, event, call: triggers.append(call),
        )
        left: Deferred[None] = Deferred()
        leave_at_shutdown(reactor, lambda: left)
        shut_down = triggers[0]()
        left.callback(None)
        self.assertNoResult(shut_down)
        clock.advance(0)
        self.successResultOf(shut_down)
