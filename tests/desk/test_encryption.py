"""People at desks who encrypt what they say to each other."""

from __future__ import annotations

import contextlib
import sqlite3
from contextlib import closing

from tests.support.encrypted import Encrypted
from tests.support.office import Seat
from twisted_chat.clients.encryption.key_store import KeyStore
from twisted_chat.core.draft import Draft
from twisted_chat.core.entries import Kind
from twisted_chat.core.errors import ChatError
from twisted_chat.e2e.vault import Vault
from twisted_chat.store import Post
from twisted_chat.testing import PASSWORD

HIDDEN = "(encrypted: only a client that has the keys can show this)"


class TalkingTests(Encrypted):
    def test_i9_no_server_is_told_an_action_where_all_is_encrypted(self) -> None:
        self.encrypt()
        self.tesla.types("/switch edison", "/me hides CANARY")
        self.tesla.finds("actions and notices cannot be: say it in words")
        asked = self.tesla.user.ask("me", text="CANARY", place="edison")
        self.assertEqual(self.failureResultOf(asked, ChatError).value.code, "encrypted")
        self.assertNotIn(b"CANARY", self.kept())

    def test_i9_an_action_that_was_kept_is_refused_when_all_is_encrypted_by_then(self) -> None:
        self.tesla.types("message edison hello")
        self.tesla.wire.breaks()
        self.tesla.unreachable = True
        self.tesla.types("/switch edison", "/me hides CANARY")
        self.edison.types("/encrypt tesla", "yes")
        self.forget()
        self.tesla.unreachable = False
        self.office.wait(5)
        self.tesla.finds("actions and notices cannot be: say it in words")
        server = [file.read_bytes() for file in self.office.directory.rglob("*") if file.is_file()]
        self.assertNotIn(b"CANARY", b"".join(server))

    def test_several_lines_are_sealed_as_they_are(self) -> None:
        self.encrypt()
        self.tesla.user.say("edison", "one\n[9 10:00] edison: two")
        self.office.settle()
        self.edison.reads(
            "[tesla/2 10:00 private encrypted] tesla: one\n"
            "[tesla/2+ 10:00 private encrypted] tesla: [9 10:00] edison: two"
        )

    def test_i9_what_is_said_is_read_by_both_and_by_nobody_between(self) -> None:
        self.encrypt()
        self.tesla.types("message edison the coil is CANARY")
        self.edison.reads("[tesla/2 10:00 private encrypted] tesla: the coil is CANARY")
        self.tesla.reads("[edison/2 10:00 private encrypted] tesla: the coil is CANARY")
        self.edison.types("message tesla and the lamp is CANARY")
        self.tesla.reads("[edison/3 10:00 private encrypted] edison: and the lamp is CANARY")
        self.assertNotIn(b"CANARY", self.kept())

    def test_it_is_asked_about_first_and_the_prompt_says_so_after(self) -> None:
        self.tesla.types("/switch edison")
        self.assertEqual(self.tesla.desk.status().secrecy, "")
        self.tesla.types("/encrypt edison")
        self.assertIn("Type yes to go on", self.tesla.prompts[-1])
        self.tesla.types("no")
        self.tesla.finds("(Nothing was done)")
        self.encrypt()
        self.assertEqual(self.tesla.desk.status().secrecy, "encrypted")

    def test_a_person_with_netcat_is_told_and_cannot_spoil_it(self) -> None:
        self.encrypt()
        plain = self.office.connects()
        plain.types("edison", PASSWORD)
        plain.takes()
        self.tesla.types("message edison hush")
        plain.reads(f"[tesla/2 10:00 private encrypted] tesla: {HIDDEN} <private message>")
        plain.types("message tesla in clear")
        plain.hears("encrypted", "twisted_chat.client")
        self.tesla.finds("hush")

    def test_c3_who_was_away_reads_it_all_on_return(self) -> None:
        self.encrypt()
        self.edison.crashes()
        for number in range(3):
            self.tesla.types(f"message edison while you were away {number}")
        self.edison.start()
        found = [line.text for line in self.edison.lines if "while you were away" in line.text]
        self.assertEqual(
            found,
            [
                f"[tesla/{n + 2} 10:00 private encrypted] tesla: while you were away {n}"
                for n in range(3)
            ],
        )

    def test_d1_a_client_that_was_killed_says_and_shows_everything_once(self) -> None:
        self.encrypt()
        self.tesla.unreachable = True
        self.tesla.wire.breaks()
        self.tesla.types("message edison said without a connection")
        self.tesla.crashes()
        self.assertNotIn(b"said without a connection", self.kept())
        self.tesla.unreachable = False
        self.tesla.start()
        self.edison.reads("[tesla/2 10:00 private encrypted] tesla: said without a connection")
        self.edison.crashes()  # before it was confirmed
        self.edison.start()
        self.edison.finds("[tesla/2 10:00 private encrypted] tesla: said without a connection")

    def test_what_is_too_long_is_refused_and_the_next_goes_through(self) -> None:
        self.encrypt()
        self.tesla.types("message edison " + "x" * 5000)
        self.tesla.finds("the most is 4,096")
        self.tesla.types("message edison " + "é" * 2048)
        self.edison.finds("é" * 2048)


class ChangingTests(Encrypted):
    def setUp(self) -> None:
        super().setUp()
        self.encrypt()
        self.tesla.types("message edison the first CANARY", "message edison another one")
        self.forget()

    def test_a_message_is_edited_where_it_can_be_read(self) -> None:
        self.tesla.types("/edit edison/2 the better CANARY")
        self.edison.reads("[tesla/2 10:00 private encrypted edited] tesla: the better CANARY")
        self.edison.types("/history tesla")
        self.edison.reads(
            "[tesla/2 10:00 private encrypted edited] tesla: the better CANARY",
            "[tesla/3 10:00 private encrypted] tesla: another one",
        )
        self.assertNotIn(b"CANARY", self.kept())

    def test_an_edit_that_was_missed_is_read_later(self) -> None:
        self.edison.crashes()
        self.tesla.types("/edit edison/2 the better CANARY", "/edit edison/2 the best CANARY")
        self.edison.start()
        self.edison.finds("[tesla/2 10:00 private encrypted edited] tesla: the best CANARY")
        self.edison.types("/history tesla 1")
        self.edison.finds("another one")

    def test_d17_a_deleted_message_is_gone_here_too(self) -> None:
        self.tesla.types("/delete edison/2")
        self.edison.finds("tesla: (deleted)")
        for one in (self.tesla, self.edison):
            one.types(f"/search CANARY in:{'edison' if one is self.tesla else 'tesla'}")
            one.finds("(Nothing found)")

    def test_history_survives_a_restart(self) -> None:
        self.edison.crashes()
        self.edison.start()
        self.edison.lines.clear()
        self.edison.types("/history tesla")
        self.edison.finds("tesla: the first CANARY")

    def test_search_finds_it_here_and_asks_no_server(self) -> None:
        asked = len(self.edison.events)
        self.edison.types("/switch tesla", "/search first")
        self.edison.finds("private encrypted] tesla: the first CANARY")
        self.edison.types("/search first in:#lobby")
        self.edison.finds("(Nothing found)")
        self.edison.types("/switch #lobby", "/search canary from:tesla after:2020-01-01")
        self.edison.finds("the first CANARY")
        self.assertEqual(len(self.edison.events), asked)


class DeviceTests(Encrypted):
    def words(self, seat: Seat, name: str) -> str:
        seat.types(f"/verify {name}")
        (found,) = [line.text.strip() for line in seat.lines if line.text.startswith("    ")][:1]
        seat.lines.clear()
        return found

    def test_i3_six_words_are_the_same_on_both_sides_and_pin(self) -> None:
        self.encrypt()
        words = self.words(self.tesla, "edison")
        self.assertEqual(words, self.words(self.edison, "tesla"))
        self.assertEqual(len(words.split()), 6)
        self.tesla.types("/verify edison ok", "/switch edison")
        self.tesla.finds("edison is verified")
        self.assertEqual(self.tesla.desk.status().secrecy, "encrypted, verified")

    def test_i3_a_new_device_is_announced_and_withheld_from_after_verifying(self) -> None:
        self.encrypt()
        self.words(self.tesla, "edison")
        self.tesla.types("/verify edison ok")
        self.forget()
        other = self.second("edison")
        self.tesla.finds("[keys] edison has a new device")
        self.tesla.types("message edison not for the new one")
        self.edison.finds("tesla: not for the new one")
        other.finds("not readable here: it was not encrypted for this device")
        self.words(self.tesla, "edison")
        self.tesla.types("/verify edison ok", "message edison for all of yours")
        other.finds("tesla: for all of yours")

    def test_i3_a_new_device_is_announced_before_anything_is_sent_to_it(self) -> None:
        self.encrypt()
        other = self.second("edison")
        self.tesla.finds("[keys] edison has a new device")
        self.edison.finds("[keys] edison has a new device")
        self.tesla.types("message edison for both")
        other.finds("tesla: for both")

    def test_one_s_other_device_reads_what_one_says(self) -> None:
        self.encrypt()
        other = self.second("tesla")
        self.tesla.types("message edison from the first")
        other.finds("tesla: from the first")
        other.types("message edison from the second")
        self.tesla.finds("tesla: from the second")
        self.edison.finds("tesla: from the second")

    def test_i8_a_device_that_was_set_up_anew_names_what_it_cannot_read_and_goes_on(self) -> None:
        self.encrypt()
        self.tesla.types("message edison before the loss")
        self.edison.crashes()
        other = self.second("edison")
        other.types("/history tesla")
        other.finds("not readable here: it was not encrypted for this device, or is not kept")
        self.tesla.types("message edison after the loss")
        other.finds("tesla: after the loss")

    def test_i8_a_session_that_is_lost_is_begun_anew_by_itself(self) -> None:
        self.encrypt()
        self.tesla.types("message edison there")
        self.edison.types("message tesla and back")
        self.edison.crashes()
        (slot,) = (self.edison.folder / "edison").glob("slot-*.db")
        with closing(sqlite3.connect(slot)) as kept:
            self.assertEqual(kept.execute("DELETE FROM secret WHERE tab = 'session'").rowcount, 1)
            kept.commit()
        self.edison.start()
        self.forget()
        self.tesla.types("message edison into the void")
        self.edison.reads(
            "[tesla/4 10:00 private encrypted] tesla:"
            " (not readable here: its keys have not come to this device)"
        )
        self.tesla.types("message edison found again")
        self.edison.finds("tesla: found again")
        self.edison.types("message tesla both ways")
        self.tesla.finds("edison: both ways")

    def test_i4_words_that_a_server_puts_in_are_not_taken_for_somebody_s(self) -> None:
        self.encrypt()
        room = self.office.chat.roster.names.find("tesla")
        assert room is not None
        (pair,) = room.pairs.values()
        self.office.store.post([Post(pair.id, room.id, "tesla", Draft("in clear"))])
        self.office.settle()
        self.edison.crashes()
        self.edison.start()
        self.edison.finds("(not shown: it is not encrypted, as everything is that is said here)")

    def test_a_passphrase_is_asked_for_and_nothing_opens_without(self) -> None:
        self.encrypt()
        self.edison.types("/passphrase", "edelweiss", "edelweiss")
        self.edison.finds("asks for the passphrase when it starts")
        self.edison.crashes()
        self.assertEqual(list(self.office.home.rglob("edison/edison/vault.key")), [])
        self.tesla.types("message edison behind it")
        self.edison.start()
        self.assertIn("passphrase", self.edison.prompts[-1])
        self.edison.types("gentian")
        self.edison.finds("That is not the passphrase")
        self.edison.types("edelweiss")
        self.edison.finds("tesla: behind it")
        self.edison.types("/passphrase", "", "")
        self.edison.finds("protected by a file")
        self.edison.crashes()
        self.edison.start()
        self.assertTrue(self.edison.user.is_online)


class PassphraseTests(Encrypted):
    def opens(self, vault: Vault) -> int:
        """How many rows of edison's slots a vault opens."""
        found = 0
        for slot in (self.edison.folder / "edison").glob("slot-*.db"):
            with closing(sqlite3.connect(slot)) as kept:
                for table, key, value in kept.execute("SELECT tab, key, value FROM secret"):
                    with contextlib.suppress(ChatError):
                        vault.open(table, key, value)
                        found += 1
        return found

    def test_i13_what_opened_the_keys_before_opens_nothing_after_a_new_passphrase(self) -> None:
        self.encrypt()
        self.tesla.types("message edison the first CANARY")
        before = KeyStore(self.edison.folder / "edison").open()
        self.assertGreater(self.opens(before), 4)
        self.edison.types("/passphrase", "edelweiss", "edelweiss")
        self.edison.finds("asks for the passphrase when it starts")
        self.assertEqual(self.opens(before), 0)
        self.tesla.types("message edison the second CANARY")
        self.edison.crashes()
        self.edison.start()
        self.edison.types("edelweiss")
        self.edison.types("/search CANARY in:tesla")
        self.edison.finds("the second CANARY")
        self.edison.types("/passphrase", "gentian", "gentian", "message tesla and back")
        self.tesla.finds("and back")
        self.edison.crashes()
        after = KeyStore(self.edison.folder / "edison").open("gentian")
        self.assertTrue(after.is_settled)
        self.assertEqual(self.opens(before), 0)
        self.assertGreater(self.opens(after), 4)
        self.edison.start()
        self.edison.types("gentian", "/search CANARY in:tesla")
        self.edison.finds("the second CANARY")

    def test_i13_a_client_that_runs_meanwhile_is_seen_to_later(self) -> None:
        self.encrypt()
        other = self.office.desk("edison")  # at the same computer
        before = KeyStore(self.edison.folder / "edison").open()
        self.edison.types("/passphrase", "edelweiss", "edelweiss")
        self.edison.finds("Another client of yours runs on this computer.")
        self.assertGreater(self.opens(before), 0)
        other.types("/passphrase", "gentian", "gentian")
        other.finds("Another client of yours has changed the passphrase")
        self.tesla.types("message edison CANARY")
        other.finds("CANARY")
        for seat in (other, self.edison):
            seat.crashes()
        for seat in (self.edison, other):
            seat.start()
            seat.types("edelweiss")
        self.assertEqual(self.opens(before), 0)
        self.assertTrue(KeyStore(self.edison.folder / "edison").open("edelweiss").is_settled)
        other.types("/search CANARY in:tesla")
        other.finds("CANARY")


class RoomTests(Encrypted):
    def setUp(self) -> None:
        super().setUp()
        self.tesla.types("/create #coil", "/invite #coil edison")
        self.edison.types("/join #coil")
        self.encrypt("#coil")

    def test_a_room_is_encrypted_for_its_members(self) -> None:
        self.tesla.types("/say #coil sparks CANARY")
        self.edison.finds("#coil encrypted] tesla: sparks CANARY".replace("#coil ", ""))
        self.edison.types("/say #coil bright CANARY")
        self.tesla.finds("edison: bright CANARY")
        self.assertNotIn(b"CANARY", self.kept())

    def test_only_its_owner_can(self) -> None:
        self.tesla.types("/create #lamp")
        self.edison.types("/join #lamp", "/encrypt #lamp")
        self.edison.finds("Only its owner can do that")

    def test_who_was_put_out_can_read_nothing_more(self) -> None:
        self.tesla.types("/say #coil before")
        self.edison.finds("tesla: before")
        before = self.sessions()
        self.tesla.types("/kick #coil edison", "/say #coil after")
        self.assertNotEqual(before, self.sessions())
        self.tesla.types("/invite #coil edison")
        self.edison.types("/join #coil", "/history #coil")
        self.edison.finds("not readable here")
        self.tesla.types("/say #coil welcome back")
        self.edison.finds("tesla: welcome back")

    def sessions(self) -> set[str]:
        """Under which sessions something was said in the room."""
        texts = self.office.store.load()
        room = next(one.id for one in texts.rooms if one.name == "#coil")
        found: list[str] = []
        from twisted_chat.store import history

        def look(entries: object) -> None:
            assert isinstance(entries, list)
            found.extend(
                entry.text.split('"session":"')[1].split('"')[0]
                for entry in entries
                if entry.kind is Kind.MESSAGE
            )

        self.office.store.read(lambda db: history.entries(db, room, 0, None, 500), look)
        return set(found[-1:])

    def test_who_joins_later_reads_what_is_said_then(self) -> None:
        albert = self.office.desk("albert")
        self.tesla.types("/say #coil not for albert")
        self.tesla.types("/invite #coil albert")
        albert.types("/join #coil")
        self.tesla.types("/say #coil welcome, albert")
        albert.finds("tesla: welcome, albert")
        albert.types("/history #coil")
        albert.finds("not readable here")

    def test_i11_everybody_who_can_read_is_named_however_many_they_are(self) -> None:
        people = [self.office.desk(name) for name in ("ann", "ben", "cid", "dan", "eve", "fay")]
        self.tesla.types("/create #full")
        for one in (*people, self.edison):
            one.types("/join #full")
        self.forget()
        self.tesla.types("/encrypt #full", "yes", "/say #full hello, all")
        (told,) = [line.text for line in self.tesla.lines if line.text.startswith("[keys]")]
        self.assertIn("What you say in #full is encrypted for ann ('", told)
        for seat in (*people, self.edison):
            self.assertIn(f"{seat.name} ({seat.user.secrets.devices.own!r})", told)
        people[0].finds("tesla: hello, all")
