"""What every backend must do with people and rooms."""

from __future__ import annotations

from collections.abc import Callable

from tests.store.fresh import StoreCase
from twisted_chat.core.errors import ChatError
from twisted_chat.core.rooms import Role, RoomKind
from twisted_chat.core.rules import Rules, parse, read
from twisted_chat.store import LOBBY, Ledger, Member, Scope, accounts, cursors, history


class PeopleContract(StoreCase):
    """Accounts, credentials, tokens."""

    def test_a_new_account(self) -> None:
        self.say("before")
        number = self.change(
            lambda ledger: ledger.accounts.add("Ann", "ann", "ann~", "argon2", "hash")
        )
        [found] = self.store.load().accounts
        self.assertEqual(found[:6], (number, "Ann", "ann", "ann~", "", False))
        self.assertEqual((found.last_seen, found.created), (self.time, self.time))
        self.assertIs(found.erased, False)
        self.assertEqual(
            self.read(lambda connection: accounts.credentials(connection, number)),
            {"argon2": "hash"},
        )
        self.assertEqual(
            self.read(lambda connection: cursors.delivered(connection, number)), {LOBBY: 1}
        )

    def test_b10_a_name_is_given_once_and_looks_are_for_others_to_compare(self) -> None:
        first = self.change(lambda ledger: ledger.accounts.add("Ann", "ann", "s1", None, None))
        error = self.assertRaises(
            ChatError,
            self.change,
            lambda ledger: ledger.accounts.add("ANN", "ann", "s2", None, None),
        )
        self.assertEqual(error.code, "name_taken")
        self.change(lambda ledger: ledger.accounts.add("Anm", "anm", "s1", None, None))
        second = self.account("ben")
        error = self.assertRaises(
            ChatError, self.change, lambda ledger: ledger.accounts.set(second, folded="ann")
        )
        self.assertEqual(error.code, "name_taken")
        self.change(lambda ledger: ledger.accounts.set(first, folded="ann", name="ANN"))

    def test_c1_of_two_who_want_a_name_at_once_one_gets_it(self) -> None:
        results: list[object] = []
        for _ in range(2):
            self.store.change(
                lambda ledger: ledger.accounts.add("x", "x", "x", None, None), results.append
            )
        self.store.run_once()
        self.assertIsInstance(results[0], int)
        self.assertIsInstance(results[1], ChatError)

    def test_accounts_can_be_changed(self) -> None:
        number = self.account("ann")
        self.change(
            lambda ledger: ledger.accounts.set(
                number, intro="hi", suspended_until=7, away="out", last_seen=9
            )
        )
        [found] = self.store.load().accounts
        self.assertEqual((found.intro, found.suspended_until), ("hi", 7))
        self.assertEqual((found.away, found.last_seen), ("out", 9))

    def test_credentials_are_replaced(self) -> None:
        number = self.account("ann")
        self.change(lambda ledger: ledger.accounts.set_credential(number, "argon2", "old"))
        self.change(lambda ledger: ledger.accounts.set_credential(number, "argon2", "new"))
        self.change(lambda ledger: ledger.accounts.set_credential(number, "plain", "x"))
        self.change(lambda ledger: ledger.accounts.drop_credential(number, "plain"))
        found = self.read(lambda connection: accounts.credentials(connection, number))
        self.assertEqual(found, {"argon2": "new"})

    def test_b7_tokens_rotate_and_can_be_revoked(self) -> None:
        number = self.account("ann")
        first = self.change(lambda ledger: ledger.accounts.add_token(number, "phone", "h1"))
        self.time += 1
        self.assertTrue(self.change(lambda ledger: ledger.accounts.swap_token("h1", "h2")))
        found = self.read(lambda connection: accounts.token(connection, "h2"))
        self.assertEqual(found, (first, number, "phone", "h2", "h1", self.time - 1, self.time))
        self.assertEqual(self.read(lambda connection: accounts.token(connection, "h1")), found)
        self.assertTrue(self.change(lambda ledger: ledger.accounts.swap_token("h1", "h2b")))
        self.assertIsNone(self.read(lambda connection: accounts.token(connection, "h2")))
        self.assertTrue(self.change(lambda ledger: ledger.accounts.swap_token("h2b", "h3")))
        self.assertFalse(self.change(lambda ledger: ledger.accounts.swap_token("h1", "h6")))
        self.assertIsNone(self.read(lambda connection: accounts.token(connection, "h1")))
        self.change(lambda ledger: ledger.accounts.add_token(number, "a", "h4"))
        last = self.change(lambda ledger: ledger.accounts.add_token(number, "b", "h5"))
        self.assertTrue(self.change(lambda ledger: ledger.accounts.drop_token(number, last)))
        self.assertFalse(self.change(lambda ledger: ledger.accounts.drop_token(number, last)))
        self.assertFalse(self.change(lambda ledger: ledger.accounts.drop_token(number + 1, first)))
        self.change(lambda ledger: ledger.accounts.drop_tokens(number, keep=first))
        found_all = self.read(lambda connection: accounts.tokens(connection, number))
        self.assertEqual([token.device for token in found_all], ["phone"])
        self.change(lambda ledger: ledger.accounts.drop_tokens(number))
        self.assertEqual(self.read(lambda connection: accounts.tokens(connection, number)), [])

    def test_b7_of_too_many_tokens_the_devices_own_go_first(self) -> None:
        number, other = self.account("ann"), self.account("ben")

        def add(account: int, device: str, hash: str) -> None:
            self.time += 1
            self.change(lambda ledger: ledger.accounts.add_token(account, device, hash))

        add(other, "phone", "other")
        add(number, "phone", "first")
        for n in range(25):
            add(number, "script", f"script {n}")

        def kept() -> set[str]:
            found = self.read(lambda connection: accounts.tokens(connection, number))
            return {token.hash for token in found}

        self.assertEqual(kept(), {"first", *(f"script {n}" for n in range(6, 25))})
        for n in range(2):
            add(number, f"device {n}", f"new {n}")
        self.assertEqual(kept(), {"new 0", "new 1", *(f"script {n}" for n in range(7, 25))})
        self.assertTrue(self.read(lambda connection: accounts.token(connection, "other")))

    def test_k12_an_erased_account_is_given_nothing(self) -> None:
        ann, ben = self.account("ann"), self.account("ben")
        room = self.room("den", owner=ben)
        self.change(lambda ledger: ledger.accounts.erase(ann))
        gifts: tuple[Callable[[Ledger], object], ...] = (
            lambda ledger: ledger.rooms.put_member(room, ann),
            lambda ledger: ledger.accounts.add_token(ann, "phone", "h"),
            lambda ledger: ledger.accounts.set_credential(ann, "argon2", "x"),
            lambda ledger: ledger.accounts.add_certificate(ann, "f", used=True),
        )
        for gift in gifts:
            error = self.assertRaises(ChatError, self.change, gift)
            self.assertEqual(error.code, "no_such_user")

    def test_rooms_of_an_account_are_those_that_are_not_deleted(self) -> None:
        ann, ben = self.account("ann"), self.account("ben")
        den, attic = self.room("den", owner=ann), self.room("attic", owner=ann)
        cellar = self.room("cellar", owner=ben)
        self.change(lambda ledger: ledger.rooms.put_member(cellar, ann))
        self.change(lambda ledger: ledger.rooms.set(attic, deleted_at=self.time))
        found = self.change(lambda ledger: ledger.rooms.memberships(ann))
        self.assertEqual(found, {den: Role.OWNER, cellar: Role.MEMBER})

    def test_k12_an_erased_account_leaves_its_name_and_its_words(self) -> None:
        ann, ben = self.account("ann"), self.account("ben")
        room = self.room("den", owner=ann)
        self.say("hello", ann)

        def fill(ledger: Ledger) -> None:
            ledger.accounts.set_credential(ann, "argon2", "x")
            ledger.accounts.add_token(ann, "phone", "h")
            ledger.accounts.set(ann, intro="me", away="out")
            ledger.accounts.put_ignored(ann, ben)
            ledger.accounts.put_ignored(ben, ann)
            ledger.rooms.put_invite(room, ann)
            ledger.cursors.move([(ann, "phone", LOBBY, 1)])
            ledger.cursors.move_read([(ann, LOBBY, 1)])

        self.change(fill)
        self.change(lambda ledger: ledger.accounts.erase(ann))
        loaded = self.store.load()
        gone = loaded.accounts[0]
        self.assertEqual((gone.name, gone.erased, gone.intro), ("ann", True, ""))
        self.assertEqual(gone.away, "")
        self.assertEqual((loaded.members, loaded.invites, loaded.ignored), ([], [], []))
        self.assertEqual(self.read(lambda it: accounts.credentials(it, ann)), {})
        self.assertEqual(self.read(lambda it: accounts.tokens(it, ann)), [])
        self.assertEqual(self.read(lambda it: cursors.delivered(it, ann)), {})
        self.assertEqual(self.read(lambda it: cursors.read(it, ann)), {})
        self.assertRaises(ChatError, self.account, "ann")
        shown = self.read(
            lambda connection: history.messages(connection, [Scope(LOBBY)], 9).entries
        )
        self.assertEqual([entry.text for entry in shown], ["hello"])


class RoomContract(StoreCase):
    """Rooms, members, bans, invitations."""

    def test_a_new_database_has_a_lobby(self) -> None:
        [lobby] = self.store.load().rooms
        self.assertEqual((lobby.id, lobby.kind, lobby.hidden), (LOBBY, RoomKind.LOBBY, False))

    def test_room_names_are_given_once(self) -> None:
        ann = self.account("ann")
        room = self.room("den", hidden=True, owner=ann)
        error = self.assertRaises(ChatError, self.room, "den")
        self.assertEqual(error.code, "room_taken")
        other = self.room("other")
        for change in ("den", "#lobby"):
            self.assertRaises(
                ChatError,
                self.change,
                lambda ledger, folded=change: ledger.rooms.set(other, folded=folded),
            )
        self.change(lambda ledger: ledger.rooms.set(room, name="DEN", folded="den", topic="t"))
        loaded = self.store.load()
        self.assertEqual(loaded.rooms[1][:6], (room, "DEN", "den", RoomKind.GROUP, True, "t"))
        self.assertEqual(loaded.members, [Member(room, ann, Role.OWNER, 0)])

    def test_two_people_have_one_private_conversation(self) -> None:
        ann, ben = self.account("ann"), self.account("ben")
        room = self.change(lambda ledger: ledger.rooms.pair(ben, ann))
        self.assertEqual(self.change(lambda ledger: ledger.rooms.pair(ann, ben)), room)
        found = self.store.load().rooms[1]
        self.assertEqual((found.first, found.second), (ann, ben))
        self.assertEqual((found.kind, found.hidden, found.folded), (RoomKind.PAIR, True, None))
        self.assertNotEqual(self.change(lambda ledger: ledger.rooms.pair(ann, ann)), room)

    def test_what_was_said_before_is_not_new_to_a_member(self) -> None:
        ann = self.account("ann")
        room = self.room("den")
        for text in "ab":
            self.say(text, room=room)
        self.assertTrue(self.change(lambda ledger: ledger.rooms.put_member(room, ann)))
        self.assertEqual(self.store.load().members, [Member(room, ann, Role.MEMBER, 2)])
        found = self.read(lambda connection: cursors.delivered_to(connection, ann, ""))
        self.assertEqual(found, {LOBBY: 0, room: 2})

    def test_members_are_changed_and_dropped(self) -> None:
        ann = self.account("ann")
        room = self.room("den")
        self.change(lambda ledger: ledger.rooms.put_member(room, ann, since=0))
        self.say("x", room=room)
        changed = self.change(lambda ledger: ledger.rooms.put_member(room, ann, role=Role.OPERATOR))
        self.assertFalse(changed)
        self.assertEqual(self.store.load().members, [Member(room, ann, Role.OPERATOR, 0)])
        self.assertTrue(self.change(lambda ledger: ledger.rooms.drop_member(room, ann)))
        self.assertFalse(self.change(lambda ledger: ledger.rooms.drop_member(room, ann)))

    def test_k11_rules_and_voices_are_kept(self) -> None:
        ann = self.account("ann")
        room = self.room("den", owner=ann)
        rules, _ = Rules().with_changes(parse("+imsklbI sesame 9 eve ~a:ann"), "ann", 7)

        def change(ledger: Ledger) -> tuple[Rules, Rules]:
            before = ledger.rooms.rules(room)
            ledger.rooms.set_rules(room, rules)
            ledger.rooms.put_member(room, ann, voice=True)
            return before, ledger.rooms.rules(room)

        self.assertEqual(self.change(change), (Rules(), rules))
        self.store.close()
        self.store = self.reopened()
        loaded = self.store.load()
        kept = loaded.rooms[1]
        self.assertEqual((read(kept.rules), kept.hidden), (rules, True))
        self.assertEqual([member.voice for member in loaded.members], [True])
        self.change(lambda ledger: ledger.rooms.set_rules(room, Rules()))
        kept = self.store.load().rooms[1]
        self.assertEqual((kept.rules, kept.hidden), ("", False))

    def test_bans_invitations_and_ignoring(self) -> None:
        ann, ben = self.account("ann"), self.account("ben")
        room = self.room("den")

        def put(ledger: Ledger) -> None:
            for until in (None, 5):
                ledger.rooms.put_ban(room, ann, until)
                ledger.rooms.put_invite(room, ben)
                ledger.accounts.put_ignored(ann, ben)

        def drop(ledger: Ledger) -> list[bool]:
            return [
                ledger.rooms.drop_ban(room, ann),
                ledger.rooms.drop_invite(room, ben),
                ledger.accounts.drop_ignored(ann, ben),
            ]

        self.change(put)
        loaded = self.store.load()
        self.assertEqual(loaded.bans, [(room, ann, 5)])
        self.assertEqual((loaded.invites, loaded.ignored), ([(room, ben)], [(ann, ben)]))
        self.assertEqual(self.change(drop), [True, True, True])
        self.assertEqual(self.change(drop), [False, False, False])

    def test_k12_an_erased_room_is_empty_and_its_name_free(self) -> None:
        ann = self.account("ann")
        room = self.room("den", owner=ann)
        for text in "abcde":
            self.say(text, ann, text, room)
        secret, _ = Rules().with_changes(parse("+kb sesame eve"), "ann", 7)
        self.change(lambda ledger: ledger.rooms.set_rules(room, secret))
        self.change(lambda ledger: ledger.rooms.set(room, deleted_at=self.time))
        steps = [self.change(lambda ledger: ledger.rooms.erase(room, 2)) for _ in range(3)]
        self.assertEqual(steps, [False, False, True])
        self.assertEqual(
            self.read(lambda connection: history.entries(connection, room, 0, None, 9)), []
        )
        loaded = self.store.load()
        gone = loaded.rooms[1]
        self.assertEqual((gone.name, gone.folded, gone.last_seq), ("", None, 5))
        self.assertEqual(gone.rules, "")
        self.assertEqual(loaded.members, [])
        found = self.read(lambda connection: cursors.delivered(connection, ann))
        self.assertEqual(found, {LOBBY: 0})
        self.assertEqual(self.say("a", ann, "a").seq, 1)
        self.room("den")
