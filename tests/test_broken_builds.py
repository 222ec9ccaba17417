"""The safety rules hold, and the checks of them fail on builds that break one of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import Any, cast
from unittest import mock

from msgspec.structs import replace
from twisted.internet.defer import succeed
from twisted.trial.unittest import SynchronousTestCase

from tests.support import safety
from twisted_chat.chat.messages import Messages
from twisted_chat.chat.rooms import Membership
from twisted_chat.core import draft
from twisted_chat.core.draft import Draft
from twisted_chat.core.entries import Entry, Kind
from twisted_chat.core.results import Sent
from twisted_chat.store import Post, Store
from twisted_chat.store.writer import Committer, Writer
from twisted_chat.testing import Hall

Check = Callable[[Hall], None]
CHECKS: tuple[Check, ...] = (
    safety.acknowledged_only_from_the_disk,
    safety.shown_only_from_the_disk,
    safety.sent_again_is_stored_once,
    safety.controls_are_refused,
    safety.controls_leave_by_no_door,
    safety.kicked_is_out_at_once,
)


def acknowledged_too_early() -> AbstractContextManager[Any]:
    """A sender is answered before the commit."""
    say = Messages.say

    def hasty(self: Messages, session: Any, room: Any, draft: Draft) -> Any:
        say(self, session, room, draft)
        return succeed(Sent(room.name, room.last_seq + 1, 0, 0, 0))

    return mock.patch.object(Messages, "say", hasty)


def shown_too_early() -> AbstractContextManager[Any]:
    """A message goes out to the others before the commit."""
    say = Messages.say

    def hasty(self: Messages, session: Any, room: Any, draft: Draft) -> Any:
        sender, seq = session.person, room.last_seq + 1
        entry = Entry(seq, room.id, seq, Kind.MESSAGE, 0, sender.id, sender.name, draft.text)
        session.delivery.spread([entry], {})
        return say(self, session, room, draft)

    return mock.patch.object(Messages, "say", hasty)


def committed_too_late() -> AbstractContextManager[Any]:
    """The batch is reported, and then committed."""
    settle = Writer._settle

    def late(self: Writer, *values: Any) -> None:
        committer = self._committer
        run = committer._run

        def without_commit(*words: Any) -> Any:
            return None if words == ("COMMIT",) else run(*words)

        with mock.patch.object(committer, "_run", without_commit):
            settle(self, *values)
        connection = committer._connection.connection.dbapi_connection
        if connection is not None and cast(Any, connection).in_transaction:
            run("COMMIT")

    return mock.patch.object(Writer, "_settle", late)


def commits_nothing() -> AbstractContextManager[Any]:
    """Everything is answered and nothing is ever stored."""
    write = Committer._write

    def forgetful(self: Committer, *batch: Any) -> None:
        run = self._run
        with mock.patch.object(
            self, "_run", lambda *words: run("ROLLBACK") if words == ("COMMIT",) else run(*words)
        ):
            write(self, *batch)

    return mock.patch.object(Committer, "_write", forgetful)


def sent_again_is_said_again() -> AbstractContextManager[Any]:
    """The sender's own id is lost on the way to the store."""
    post = Store.post

    def without_cid(self: Store, posts: Sequence[Post]) -> None:
        for one in posts:
            one.draft = replace(one.draft, cid=None)
        post(self, posts)

    return mock.patch.object(Store, "post", without_cid)


def controls_let_in() -> AbstractContextManager[Any]:
    """Any text may be said."""
    return mock.patch.object(draft, "check_lines", lambda text, most: text)


def controls_let_out() -> AbstractContextManager[Any]:
    """What is in the database is shown as it is."""
    return mock.patch("twisted_chat.console.render.shown", lambda text: text)


def kicked_at_the_commit() -> AbstractContextManager[Any]:
    """Somebody who is put out stays until that is stored."""
    put_out = Membership.put_out

    async def late(self: Membership, room: Any, person: Any, *values: Any) -> None:
        with mock.patch.object(self, "unseat", lambda person, room: room.members[person.id]):
            outing = put_out(self, room, person, *values)
            waiting = outing.send(None)
        await waiting
        self.unseat(person, room)

    return mock.patch.object(Membership, "put_out", late)


class GoodBuildTest(SynchronousTestCase):
    def test_d1_a5_b7_c5_every_rule_holds(self) -> None:
        for check in CHECKS:
            with Hall() as hall:
                check(hall)


class BrokenBuildsTest(SynchronousTestCase):
    def found(self, broken: Callable[[], AbstractContextManager[Any]], *checks: Check) -> None:
        """Each of these checks finds that this build is broken."""
        for check in checks:
            hall = Hall()
            with broken(), hall, self.assertRaises(AssertionError, msg=check.__name__):
                check(hall)
            self.flushLoggedErrors()

    def test_d1_ack_before_commit(self) -> None:
        self.found(acknowledged_too_early, safety.acknowledged_only_from_the_disk)

    def test_d1_fan_out_before_commit(self) -> None:
        self.found(shown_too_early, safety.shown_only_from_the_disk)

    def test_d1_report_before_commit(self) -> None:
        self.found(
            committed_too_late,
            safety.acknowledged_only_from_the_disk,
            safety.shown_only_from_the_disk,
        )

    def test_d1_no_commit_at_all(self) -> None:
        self.found(
            commits_nothing,
            safety.acknowledged_only_from_the_disk,
            safety.shown_only_from_the_disk,
        )

    def test_d1_no_dedupe(self) -> None:
        self.found(sent_again_is_said_again, safety.sent_again_is_stored_once)

    def test_a5_g1_controls_let_in(self) -> None:
        self.found(controls_let_in, safety.controls_are_refused)

    def test_g1_g4_controls_let_out(self) -> None:
        self.found(controls_let_out, safety.controls_leave_by_no_door)

    def test_c5_kick_only_at_its_commit(self) -> None:
        self.found(kicked_at_the_commit, safety.kicked_is_out_at_once)
