"""People at desks with encrypted conversations, who are out of luck."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from typing import Any

from twisted.internet.defer import Deferred, maybeDeferred

from tests.support.encrypted import Encrypted
from tests.support.office import Office, Seat
from twisted_chat.chat.device_keys import DeviceKeys
from twisted_chat.clients.encryption import incoming
from twisted_chat.clients.sync.storage import Storage
from twisted_chat.testing import PASSWORD

FULL = "database or disk is full"


def full(work: Callable[[], Any]) -> Deferred[Any]:
    """Nothing more fits on the disk."""

    def fails() -> None:
        raise sqlite3.OperationalError(FULL)

    return maybeDeferred(fails)


def shelf_of(seat: Seat) -> Storage:
    storage = seat.user.account.storage
    assert storage is not None
    return storage


class Unlucky(Encrypted):
    def setUp(self) -> None:
        super().setUp()
        self.encrypt()

    def fills(self, seat: Seat) -> None:
        shelf_of(seat)._run = full

    def frees(self, seat: Seat) -> None:
        shelf_of(seat)._run = maybeDeferred

    def database(self, seat: Seat) -> bytes:
        files = (seat.folder / seat.name).glob("slot-*")
        return b"".join(file.read_bytes() for file in files)


class FullDiskTests(Unlucky):
    def test_d3_what_cannot_be_kept_is_not_sent_and_all_goes_on_when_there_is_room(self) -> None:
        self.tesla.types("message edison before")
        self.fills(self.tesla)
        self.tesla.types("message edison not sent")
        self.tesla.finds("cannot be kept on this computer's disk (database or disk is full)")
        self.edison.types("message tesla it can be read all the same")
        self.tesla.finds("it can be read all the same")
        self.frees(self.tesla)
        self.tesla.types("message edison after")
        self.edison.finds("tesla: after")
        self.edison.types("/history tesla")
        self.assertNotIn("missing", "".join(line.text for line in self.edison.lines))
        self.flushLoggedErrors()

    def test_d3_what_was_read_meanwhile_is_there_after_a_kill(self) -> None:
        self.edison.types("message tesla zero")
        self.fills(self.tesla)
        self.edison.types("message tesla one", "message tesla two")
        self.frees(self.tesla)
        self.edison.types("message tesla three")
        self.tesla.crashes()
        self.tesla.start()
        self.tesla.lines.clear()
        self.tesla.types("/history edison")
        self.assertEqual(
            [line.text.split(": ")[1] for line in self.tesla.lines], ["zero", "one", "two", "three"]
        )
        self.flushLoggedErrors()

    def test_d3_no_key_is_used_twice_after_a_connection_was_lost_over_a_full_disk(self) -> None:
        self.tesla.types("message edison one")
        self.edison.types("message tesla two")
        own = self.tesla.user.secrets.machine.own.curve25519
        self.fills(self.tesla)
        self.edison.types("message tesla three")
        self.frees(self.tesla)
        self.tesla.wire.breaks()
        self.office.wait(10)
        self.assertEqual(self.tesla.user.secrets.machine.own.curve25519, own)
        self.forget()
        self.tesla.types("message edison four")
        self.edison.finds("tesla: four")
        self.edison.types("message tesla five")
        self.tesla.finds("edison: five")
        self.flushLoggedErrors()

    def test_i3_a_device_that_is_met_on_a_full_disk_is_announced(self) -> None:
        self.tesla.types("message edison one")
        self.fills(self.tesla)
        other = self.second("edison")
        self.tesla.finds("edison has a new device")
        self.frees(self.tesla)
        self.tesla.types("message edison for both")
        other.finds("for both")
        self.flushLoggedErrors()


class KilledTests(Unlucky):
    def killed_at(self, number: int, words: str) -> bool:
        """Tesla's client is killed at one of its writes, or not if it makes fewer."""
        storage, count = shelf_of(self.tesla), [0]

        def run(work: Callable[[], Any]) -> Deferred[Any]:
            count[0] += 1
            if count[0] < number:
                return maybeDeferred(work)
            return Deferred()  # which never comes back

        storage._run = run
        self.tesla.types(words)
        reached = count[0] >= number
        storage._busy = False
        storage._work.clear()
        storage._owed.clear()
        storage._run = maybeDeferred
        self.tesla.crashes()
        self.tesla.start()
        return reached

    def test_d1_a_kill_at_any_write_loses_and_doubles_nothing(self) -> None:
        number, reached = 1, True
        while reached:
            reached = self.killed_at(number, f"message edison words {number}")
            self.edison.lines.clear()
            self.tesla.types(f"message edison then {number}")
            self.office.wait(5)
            number += 1
        self.assertGreater(number, 3)
        for seat, label in ((self.edison, "tesla"), (self.tesla, "edison")):
            seat.lines.clear()
            seat.types(f"/history {label} 100")
            said = [line.text.split("tesla: ")[1] for line in seat.lines]
            self.assertEqual(len(said), len(set(said)), said)
            # The first was killed before it was on the disk; every other was said.
            wanted = {f"then {n}" for n in range(1, number)}
            wanted |= {f"words {n}" for n in range(2, number)}
            self.assertEqual(set(said), wanted)

    def test_i3_a_device_that_was_met_just_before_a_kill_is_announced_after_it(self) -> None:
        self.tesla.types("message edison one")
        storage = shelf_of(self.tesla)
        waiting: list[Callable[[], Any]] = []

        def run(work: Callable[[], Any]) -> Deferred[Any]:
            waiting.append(work)
            return Deferred()

        storage._run = run
        self.second("edison")
        self.tesla.finds("edison has a new device")  # though nothing of it is on the disk yet
        self.assertTrue(waiting)


class SwitchingTests(Unlucky):
    def test_i9_words_that_wait_while_a_conversation_is_encrypted_are_sealed(self) -> None:
        albert = self.office.desk("albert")
        self.tesla.unreachable = True
        self.tesla.wire.breaks()
        self.tesla.types("message albert CANARY waits")
        albert.types("/encrypt tesla", "yes")
        self.tesla.unreachable = False
        self.office.wait(60)
        albert.finds("encrypted] tesla: CANARY waits")
        self.office.wait(5)
        self.tesla.crashes()
        server = [file for file in self.office.directory.rglob("*") if file.is_file()]
        self.assertNotIn(b"CANARY", b"".join(file.read_bytes() for file in server))
        albert.types("/history tesla")
        self.assertEqual(sum("CANARY waits" in line.text for line in albert.lines), 1)

    def test_i9_what_was_stored_in_clear_before_is_not_said_again_nor_missed(self) -> None:
        albert = self.office.desk("albert")
        self.tesla.wire.silent = True
        self.tesla.types("message albert said before")
        albert.finds("tesla: said before")
        albert.types("/encrypt tesla", "yes")
        self.tesla.wire.breaks()
        self.office.wait(60)
        self.tesla.types("message albert said after")
        albert.finds("encrypted] tesla: said after")
        self.assertEqual(shelf_of(self.tesla).sent, {})
        albert.types("/history tesla")
        shown = "\n".join(line.text for line in albert.lines)
        self.assertEqual(shown.count("said before"), 1)
        self.assertNotIn("missing", shown)

    def test_i9_what_is_sealed_lies_nowhere_in_clear_from_then_on(self) -> None:
        self.tesla.unreachable = True
        self.tesla.wire.breaks()
        albert = self.office.desk("albert")
        self.tesla.types("message albert CANARY in the drawer")
        albert.types("/encrypt tesla", "yes")
        self.assertIn(b"CANARY", self.database(self.tesla))
        self.tesla.unreachable = False
        storage = shelf_of(self.tesla)
        sealed: list[list[Any]] = []
        before = storage.seal

        def seal(*arguments: Any) -> Deferred[None]:
            done = before(*arguments)
            with closing(sqlite3.connect(next((self.tesla.folder / "tesla").glob("*.db")))) as db:
                sealed.append(list(db.execute("SELECT text FROM outbox")))
            return done

        self.patch(storage, "seal", seal)
        self.office.wait(60)
        self.assertEqual(sealed, [[("",)]])

    def test_i4_a_connection_that_is_lost_while_something_is_sealed_makes_no_two_of_it(
        self,
    ) -> None:
        storage = shelf_of(self.tesla)
        held: list[tuple[Callable[[], Any], Deferred[Any]]] = []

        def slow(work: Callable[[], Any]) -> Deferred[Any]:
            held.append((work, Deferred()))
            return held[-1][1]

        self.tesla.types("message edison zero")
        before = storage.seal

        def seal(*arguments: Any) -> Deferred[None]:
            storage._run = slow
            return before(*arguments)

        self.patch(storage, "seal", seal)
        self.tesla.types("message edison only once")
        self.tesla.wire.breaks()
        self.office.wait(60)
        while held:
            work, done = held.pop(0)
            done.callback(work())
            self.office.settle()
        storage._run = maybeDeferred
        self.office.settle()
        self.edison.finds("tesla: only once")
        self.tesla.lines.clear()
        self.tesla.types("/history edison")
        shown = [line.text for line in self.tesla.lines]
        self.assertEqual(sum("only once" in text for text in shown), 1, shown)

    def test_a_slot_that_is_taken_over_says_what_the_other_could_not(self) -> None:
        self.tesla.unreachable = True
        self.tesla.wire.breaks()
        self.tesla.types("message edison CANARY left behind")
        slots = self.tesla.folder / "tesla"
        self.tesla.crashes()
        (slots / "slot-1.db").rename(slots / "slot-2.db")  # another one is free, and comes first
        self.tesla.unreachable = False
        self.tesla.start()
        while self.tesla.asking is not None:
            self.tesla.types(PASSWORD)
        self.edison.finds("tesla: CANARY left behind")
        self.assertNotIn(b"CANARY", self.kept())

    def test_a_guest_after_somebody_who_forgot_the_password_has_no_keys(self) -> None:
        with Office(guests=True) as office:
            office.person("tesla")
            seat = office.newcomer("tesla")
            self.assertFalse(seat.user.is_online)
            seat.types("walkin", "walkin")  # no password of tesla's, and then another name
            self.assertEqual((seat.user.name, seat.desk.guest), ("walkin", True))
            self.assertFalse(seat.user.secrets.is_open)
            self.assertNotIn("[keys]", "".join(line.text for line in seat.lines))


class ManyTests(Unlucky):
    def test_many_messages_at_once_are_all_read(self) -> None:
        self.edison.crashes()
        for number in range(150):
            self.tesla.user.say("edison", f"number {number}")
        self.office.wait(60)
        self.edison.lines.clear()
        self.edison.start()
        shown = [line.text for line in self.edison.lines if "number" in line.text]
        self.assertEqual(
            [text.split(": ")[1] for text in shown], [f"number {n}" for n in range(150)]
        )

    def test_i8_many_that_cannot_be_read_are_answered_by_one_greeting(self) -> None:
        self.tesla.types("message edison there")
        self.edison.types("message tesla and back")
        self.edison.crashes()
        (slot,) = (self.edison.folder / "edison").glob("slot-*.db")
        with closing(sqlite3.connect(slot)) as kept:
            kept.execute("DELETE FROM secret WHERE tab = 'session'")
            kept.commit()
        for number in range(20):
            self.tesla.user.say("edison", f"into the void {number}")
        self.office.wait(10)
        claims: list[str] = []
        claim = DeviceKeys.claim

        def counted(*arguments: Any) -> Any:
            claims.append("one")
            return claim(*arguments)

        self.patch(DeviceKeys, "claim", counted)
        self.edison.start()
        self.assertEqual(len(claims), 1)
        self.tesla.types("message edison found again")
        self.edison.finds("tesla: found again")

    def test_what_is_at_hand_is_bounded_without_what_was_sent(self) -> None:
        self.tesla.types("message edison hello")
        self.patch(incoming, "MOST_AT_HAND", 3)
        self.tesla.wire.silent = True
        for number in range(6):
            self.edison.types(f"message tesla {number}")
        self.tesla.types("message edison mine")
        self.tesla.wire.breaks()
        self.office.wait(10)
        self.tesla.types("/history edison")
        self.tesla.finds("tesla: mine")
        self.assertLessEqual(len(shelf_of(self.tesla).texts), 3)


class JumpingClockTests(Unlucky):
    def test_k6_keys_are_looked_after_when_the_clock_has_jumped_back(self) -> None:
        secrets = self.edison.user.secrets
        self.tesla.types("message edison hi")
        now = secrets._published
        secrets._published = now + 1e9
        self.tesla.types("message edison hi again")
        self.assertLess(abs(secrets._published - now), 1e6)
