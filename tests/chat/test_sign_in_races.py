"""Signing in while the account changes, and accounts that change while somebody signs in."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twisted.internet.defer import Deferred
from twisted.trial.unittest import TestCase

from twisted_chat.core.limits import FairLine
from twisted_chat.core.rooms import Person, Role
from twisted_chat.store import Ledger, accounts
from twisted_chat.testing import PASSWORD, Hall, Program

ANOTHER = "battery staple"


class HeldPasswords:
    """Passwords are worked out when the test says so."""

    def __init__(self, hall: Hall) -> None:
        self._hall = hall
        self._work: list[tuple[Callable[[], Any], Deferred[Any]]] = []
        hall.chat.signin.passwords._run = self._hold
        hall.chat.signin.passwords._threads = 64

    def __len__(self) -> int:
        return len(self._work)

    def _hold(self, work: Callable[[], Any]) -> Deferred[Any]:
        answer: Deferred[Any] = Deferred()
        self._work.append((work, answer))
        return answer

    def finish(self, last_first: bool = False) -> None:
        """Work out those that are held now."""
        held, self._work = self._work, []
        for work, answer in reversed(held) if last_first else held:
            answer.callback(work())
        self._hall.settle()

    def finish_last(self) -> None:
        """Work out those that came last, and whatever follows from it, before the others."""
        earlier, self._work = self._work[:-1], self._work[-1:]
        self.finish()
        self._work = earlier


def code(answer: dict[str, Any]) -> str:
    """Why something was refused; nothing if it was not."""
    return str(answer.get("error", {}).get("code", ""))


def begins_login(hall: Hall, name: str, password: str = PASSWORD) -> tuple[Program, int]:
    program = hall.program()
    return program, program.begins("login", name=name, password=password)


def someone(hall: Hall, name: str) -> Person:
    person = hall.chat.roster.names.find(name)
    assert person is not None
    return person


class PasswordTests(TestCase):
    def test_b9_a_sign_in_that_overlaps_a_reset_is_refused(self) -> None:
        with Hall(admins=("root",)) as hall:
            root, late = hall.bot("root"), hall.program()
            hall.bot("bob").vanishes()
            root.queues("reset-password", user="bob")
            number = late.queues("login", name="bob", password=PASSWORD)
            root.deliver()
            late.deliver()
            self.assertEqual(code(late.answer_to(number)), "wrong_password")
            self.assertFalse(someone(hall, "bob").online)

    def test_b9_whenever_the_password_was_compared(self) -> None:
        with Hall(admins=("root",)) as hall:
            root = hall.bot("root")
            hall.bot("bob").vanishes()
            passwords = HeldPasswords(hall)
            early, first = begins_login(hall, "bob")
            reset = root.begins("reset-password", user="bob")
            passwords.finish_last()
            self.assertEqual(code(root.answer_to(reset)), "")
            passwords.finish()
            self.assertEqual(code(early.answer_to(first)), "wrong_password")

    def test_b9_a_reset_is_not_undone_by_a_change_under_way(self) -> None:
        with Hall(admins=("root",)) as hall:
            root, thief = hall.bot("root"), hall.bot("bob")
            passwords = HeldPasswords(hall)
            thief.begins("password", old=PASSWORD, new=ANOTHER)
            passwords.finish()  # the old one was right; the new one is being hashed
            reset = root.queues("reset-password", user="bob")
            root.deliver()
            passwords.finish(last_first=True)
            new = root.answer_to(reset)["password"]
            again, number = begins_login(hall, "bob", ANOTHER)
            passwords.finish()
            self.assertEqual(code(again.answer_to(number)), "wrong_password")
            owner, number = begins_login(hall, "bob", new)
            passwords.finish()
            self.assertEqual(owner.answer_to(number)["name"], "bob")


class ErasedTests(TestCase):
    def test_b9_a_sign_in_that_overlaps_the_end_of_its_account_is_refused(self) -> None:
        with Hall() as hall:
            bob = hall.bot("bob")
            passwords = HeldPasswords(hall)
            late, number = begins_login(hall, "bob")
            bob.asks("delete-account", sure=True)
            passwords.finish()
            self.assertEqual(code(late.answer_to(number)), "wrong_password")
            self.assertEqual((hall.chat.roster.online, hall.chat.roster.accounts), ({}, 0))

    def test_b9_nor_does_it_come_in_between(self) -> None:
        with Hall() as hall:
            bob, late = hall.bot("bob"), hall.program()
            number = late.queues("login", name="bob", password=PASSWORD)
            bob.queues("delete-account", sure=True)
            late.deliver()
            bob.deliver()
            self.assertEqual(code(late.answer_to(number)), "wrong_password")
            self.assertEqual(hall.chat.roster.online, {})

    def test_k12_one_who_is_being_erased_joins_and_makes_nothing(self) -> None:
        for first in ("erased", "joins"):
            with Hall() as hall:
                hall.bot("ann").asks("create", room="#den")
                bob, other = hall.bot("bob"), hall.bot("bob")
                bob.queues("delete-account", sure=True)
                other.queues("join", room="#den")
                for client in (bob, other) if first == "erased" else (other, bob):
                    client.deliver()
                hall.settle()
                members = [member.account for member in hall.store.load().members]
                self.assertEqual(members, [someone(hall, "ann").id], first)
                den = hall.chat.rooms.find("#den")
                assert den is not None
                self.assertEqual((list(den.members), den.online), (members, 1), first)

    def test_k12_who_makes_a_room_meanwhile_is_not_erased(self) -> None:
        with Hall() as hall:
            bob, other = hall.bot("bob"), hall.bot("bob")
            number = bob.queues("delete-account", sure=True)
            other.queues("create", room="#den")
            other.deliver()
            bob.deliver()
            self.assertEqual(code(bob.answer_to(number)), "not_allowed")
            self.assertEqual(code(bob.asks("topic", room="#den", text="still here")), "")
            self.assertEqual(hall.bot("bob").asks("ping"), {})

    def test_k12_one_who_is_being_erased_inherits_no_room_and_tells_nothing_new(self) -> None:
        with Hall() as hall:
            ann, bob, other, cat = (hall.bot(name) for name in ("ann", "bob", "bob", "cat"))
            ann.asks("create", room="#den")
            bob.asks("join", room="#den")
            cat.asks("join", room="#den")
            bob.queues("delete-account", sure=True)
            ann.queues("leave", room="#den")
            other.queues("personalintro", text="remember me")
            for client in (bob, ann, other):
                client.deliver()
            hall.settle()
            kept = hall.store.load()
            [left] = kept.members
            self.assertEqual((left.account, left.role), (someone(hall, "cat").id, Role.OWNER))
            self.assertEqual([account.intro for account in kept.accounts], ["", "", ""])

    def test_k12_nothing_of_it_is_left_in_any_room(self) -> None:
        with Hall() as hall:
            ann, bob = hall.bot("ann"), hall.bot("bob")
            for room in ("#den", "#attic"):
                ann.asks("create", room=room)
                bob.asks("join", room=room)
            ann.asks("mute", room="#den", user="bob")
            ann.asks("ban", room="#attic", user="bob")
            ann.asks("delete", what="#den", sure=True)
            bob.asks("delete-account", sure=True)
            self.assertEqual(code(ann.asks("undelete", room="#den")), "")
            people = ann.asks("members", room="#den")["people"]
            self.assertEqual([face["name"] for face in people], ["ann"])
            for room in ("#den", "#attic"):
                found = hall.chat.rooms.find(room)
                assert found is not None
                self.assertEqual((found.bans, found.mutes, found.invited), ({}, {}, set()))
            kept = hall.store.load()
            self.assertEqual((kept.bans, kept.mutes, len(kept.members)), ([], [], 2))

    def test_k12_a_program_is_answered_before_its_connection_ends(self) -> None:
        with Hall() as hall:
            bob, other = hall.bot("bob"), hall.bot("bob")
            number = bob.begins("delete-account", sure=True)
            self.assertEqual(bob.answer_to(number), {})
            for client in (bob, other):
                self.assertEqual(client.takes_events("closed")[0]["code"], "account_deleted")
                self.assertTrue(client.closed)


class AdoptingTests(TestCase):
    def test_b10_a_guest_that_goes_meanwhile_has_its_account(self) -> None:
        with Hall(guests=True) as hall:
            guest, other = hall.program(), hall.program()
            guest.asks("guest", name="gus")
            guest.queues("password", new=PASSWORD)
            guest.breaks()
            taken = other.queues("guest", name="gus")
            other.deliver()
            hall.settle()
            self.assertEqual(code(other.answer_to(taken)), "name_taken")
            self.assertEqual(hall.chat.roster.guests, 0)
            answer = other.asks("login", name="gus", password=PASSWORD)
            self.assertEqual((answer["name"], answer["guest"]), ("gus", False))
            hall.restart()
            self.assertEqual(hall.bot("gus").asks("ping"), {})

    def test_b13_guests_who_become_accounts_are_counted(self) -> None:
        with Hall(guests=True, flood_limit=1000) as hall:
            for n in range(30):
                guest = hall.program()
                guest.asks("guest", name=f"guest{n}")
                self.assertEqual(code(guest.asks("password", new=PASSWORD)), "")
                hall.program().asks("register", name=f"account{n}", password=PASSWORD)
            late = hall.program()
            late.asks("guest", name="late")
            self.assertEqual(code(late.asks("password", new=PASSWORD)), "too_many_accounts")
            answer = hall.program().asks("register", name="later", password=PASSWORD)
            self.assertEqual(code(answer), "too_many_accounts")


class TriesTests(TestCase):
    def test_b1_many_tries_at_once_are_no_more_than_one_after_another(self) -> None:
        with Hall(login_attempts=3) as hall:
            hall.bot("bob").vanishes()
            passwords = HeldPasswords(hall)
            guesses = [*(f"guess {n}" for n in range(29)), PASSWORD]
            tries = [begins_login(hall, "bob", guess) for guess in guesses]
            self.assertEqual(len(passwords), 3)
            passwords.finish()
            codes = [code(program.answer_to(number)) for program, number in tries]
            self.assertEqual(codes, ["wrong_password"] * 2 + ["blocked"] + ["busy"] * 27)
            self.assertEqual(len(passwords), 0)

    def test_b1_a_try_without_a_verdict_is_given_back(self) -> None:
        with Hall(login_attempts=3) as hall:
            hall.bot("bob").vanishes()
            threads = hall.chat.signin.passwords._threads
            hall.chat.signin.passwords._threads = 0
            hall.chat.signin.passwords._line = FairLine(0)
            for _ in range(5):
                program, number = begins_login(hall, "bob")
                self.assertEqual(code(program.answer_to(number)), "busy")
            hall.chat.signin.passwords._threads = threads
            self.assertEqual(hall.bot("bob").asks("ping"), {})


class TokenTests(TestCase):
    def test_b7_tokens_are_bounded(self) -> None:
        with Hall() as hall:
            laptop = hall.program()
            token = laptop.asks("register", name="bob", password=PASSWORD, device="laptop")["token"]
            for _ in range(60):
                hall.bot("bob", device="script").vanishes()
            kept: list[Any] = []
            number = someone(hall, "bob").id
            hall.store.read(lambda db: accounts.tokens(db, number), kept.append)
            hall.settle()
            self.assertEqual(len(kept[0]), 20)
            self.assertEqual(hall.program().asks("resume", token=token)["name"], "bob")

    def test_b9_no_token_is_left_of_a_sign_in_that_a_reset_overtook(self) -> None:
        with Hall(admins=("root",)) as hall:
            root, late = hall.bot("root"), hall.program()
            hall.bot("bob").vanishes()
            number = late.queues("login", name="bob", password=PASSWORD)
            late.deliver()  # the password was right; the token is on its way to the disk
            root.queues("reset-password", user="bob")
            root.deliver()
            self.assertEqual(code(late.answer_to(number)), "wrong_password")
            kept: list[Any] = []
            bob = someone(hall, "bob").id
            hall.store.read(lambda db: accounts.tokens(db, bob), kept.append)
            hall.settle()
            self.assertEqual(kept, [[]])

    def test_b8_a_renewed_hash_does_not_undo_a_new_password(self) -> None:
        with Hall() as hall:
            hall.bot("bob")
            bob = someone(hall, "bob").id
            done: list[Any] = []

            def both(ledger: Ledger) -> tuple[bool, bool]:
                ledger.accounts.set_credential(bob, "passlib", "new")
                late = ledger.accounts.replace_credential(bob, "passlib", "old", "old, renewed")
                return late, ledger.accounts.replace_credential(
                    bob, "passlib", "new", "new, renewed"
                )

            hall.store.change(both, done.append)
            hall.settle()
            self.assertEqual(done, [(False, True)])
