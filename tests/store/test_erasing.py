"""What is deleted is nowhere any more."""

from __future__ import annotations

import random

from tests.store.fresh import StoreCase, index_all, settle
from twisted_chat.core.entries import Kind, State
from twisted_chat.store import LOBBY, Ledger, Query, Scope, search, snapshot


class ErasingTests(StoreCase):
    """Secrets among many other messages."""

    def scrub(self) -> int:
        """Scrub until nothing is left to do; the number of steps."""
        for step in range(1, 1000):
            results: list[bool | Exception] = []
            self.store.scrub(results.append)
            settle(self.store)
            if results == [True]:
                return step
            self.assertEqual(results, [False])
        raise AssertionError("scrubbing does not come to an end")

    def kept(self, *secrets: str) -> list[str]:
        """Those of the secrets that the files still contain."""
        content = b"".join((self.folder / name).read_bytes() for name in ("chat.db", "chat.db-wal"))
        return [secret for secret in secrets if secret.encode() in content]

    def fill(self, room: int = LOBBY) -> None:
        chance = random.Random(2)
        for number in range(200):
            filler = " ".join(f"w{chance.randrange(3000)}" for _ in range(chance.randrange(40)))
            self.ask_to_say(filler, room=room)
            if number % 20 == 0:
                settle(self.store)
        settle(self.store)
        index_all(self.store)

    def test_d17_a_deleted_message_is_gone_from_every_file(self) -> None:
        self.fill()
        short = self.say("my password is xyzzyplugh")
        long = self.say("frobozzmagic " * 2000)
        self.fill()
        self.assertEqual(self.kept("xyzzyplugh", "frobozzmagic"), ["xyzzyplugh", "frobozzmagic"])
        for gone in (short, long):
            self.rewrite(gone.seq, "", State.DELETED)
        self.scrub()
        self.assertEqual(self.kept("xyzzyplugh", "frobozzmagic"), [])
        found = self.read(lambda it: search(it, Query("w7", (Scope(LOBBY),), limit=999)))
        self.assertTrue(found.entries)
        self.assertEqual(self.scrub(), 1)

    def test_d17_an_edit_takes_away_what_was_said_before(self) -> None:
        self.fill()
        said = self.say("xyzzyplugh")

        def edit(ledger: Ledger) -> None:
            ledger.log.post(LOBBY, Kind.EDIT, None, "x", "grue", target=said.seq)
            ledger.rewrite(LOBBY, said.seq, "grue", State.EDITED)

        self.change(edit)
        self.scrub()
        self.assertEqual(self.kept("xyzzyplugh", "grue"), ["grue"])

    def test_d17_many_deletions_in_any_order(self) -> None:
        secrets = [f"secret{number}x" for number in range(300)]
        entries = [self.say(f"{secret} and more", cid=secret) for secret in secrets]
        chance = random.Random(3)
        gone = chance.sample(range(300), 150)
        for number in gone:
            self.rewrite(entries[number].seq, "", State.DELETED)
        self.scrub()
        left = self.kept(*(f"{secrets[number]} and" for number in gone))
        self.assertEqual(left, [])
        kept = [secrets[number] for number in range(300) if number not in gone]
        self.assertEqual(self.kept(*kept), kept)

    def test_d17_an_erased_room_is_gone_from_every_file(self) -> None:
        room = self.room("burrow")
        self.say("xyzzyplugh", room=room)
        self.fill(room)
        self.fill()
        while not self.change(lambda ledger: ledger.rooms.erase(room, 50)):
            pass
        self.scrub()
        self.assertEqual(self.kept("xyzzyplugh", "burrow"), [])

    def test_d17_an_erased_account_is_gone_but_for_its_name(self) -> None:
        def add(ledger: Ledger) -> int:
            number = ledger.accounts.add("ann", "ann", "ann", "argon2", "hashxyzzy")
            ledger.accounts.set(number, intro="introxyzzy", away="awayxyzzy")
            ledger.accounts.add_token(number, "devicexyzzy", "tokenxyzzy")
            return number

        number = self.change(add)
        self.change(lambda ledger: ledger.accounts.erase(number))
        self.scrub()
        secrets = ("hashxyzzy", "introxyzzy", "awayxyzzy", "devicexyzzy", "tokenxyzzy")
        self.assertEqual(self.kept(*secrets), [])

    def test_d17_what_is_left_to_scrub_is_known_after_a_restart(self) -> None:
        said = self.say("xyzzyplugh")
        self.rewrite(said.seq, "", State.DELETED)
        self.store.close()
        self.store = self.reopened()
        self.assertGreater(self.scrub(), 1)
        self.assertEqual(self.kept("xyzzyplugh"), [])

    def test_d8_somebody_reading_makes_scrubbing_wait_and_nothing_else(self) -> None:
        said = self.say("xyzzyplugh")
        reader = self.store._database.reader()
        reader.exec_driver_sql("BEGIN")
        snapshot.counts(reader)
        self.rewrite(said.seq, "", State.DELETED)
        results: list[bool | Exception] = []
        for _ in range(5):
            self.store.scrub(results.append)
            settle(self.store)
        self.assertEqual(results, [False] * 5)
        reader.exec_driver_sql("ROLLBACK")
        reader.close()
        self.scrub()
        self.assertEqual(self.kept("xyzzyplugh"), [])
