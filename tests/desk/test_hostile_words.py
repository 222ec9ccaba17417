"""What a hostile server may not do to what people say: hear it in clear, move it, delete it."""

from __future__ import annotations

from twisted.internet.defer import Deferred

from tests.support.encrypted import FORGED, HostileServer, Said
from twisted_chat.clients.sync.conversations import folded
from twisted_chat.core.errors import ChatError
from twisted_chat.e2e.messages import Message


class InClearTests(HostileServer):
    """I4: what a server says of a conversation does not make it speak in clear."""

    def test_i4_a_server_that_says_it_is_not_encrypted_hears_nothing_in_clear(self) -> None:
        self.at_sign_in(self.tesla, lambda rooms: rooms["edison"].update(encrypted=False))
        self.tesla.finds("The server says that edison is not encrypted, which it was before")
        self.assert_says_nothing_in_clear(self.tesla, "edison")
        self.edison.finds("tesla: CANARY")

    def test_i4_nor_does_one_that_puts_another_conversation_in_its_place(self) -> None:
        self.at_sign_in(self.tesla, lambda rooms: rooms["edison"].update(id=77, encrypted=False))
        self.tesla.finds("is not encrypted, which it was before")
        self.assertEqual(self.tesla.desk.status().secrecy, "")  # the lobby
        self.tesla.types("/switch edison")
        self.assertEqual(self.tesla.desk.status().secrecy, "encrypted")
        self.assert_says_nothing_in_clear(self.tesla, "edison")
        event = {"event": "message", "room": "edison", "seq": 3, "time": 0, "from": "edison"}
        self.heard(self.tesla, {**event, "text": FORGED})
        self.assertNotIn(FORGED, self.whole(self.tesla))

    def test_i4_nor_one_that_says_the_other_one_is_encrypted_from_far_ahead(self) -> None:
        lie = {"id": 77, "encrypted": True, "version": "x", "last": 1 << 40}
        self.at_sign_in(self.edison, lambda rooms: rooms["tesla"].update(lie))
        event = {"event": "message", "room": "tesla", "seq": 3, "time": 0, "from": "tesla"}
        self.heard(self.edison, {**event, "text": FORGED})
        self.edison.finds("not shown: it is not encrypted")
        self.assertNotIn(FORGED, self.whole(self.edison))

    def test_i4_nor_one_that_gives_it_the_number_of_another_encrypted_one(self) -> None:
        self.edison.types("/create #coil", *(f"/send #coil word {n}" for n in range(5)))
        self.edison.types("/encrypt #coil", "yes")
        conversations = self.edison.user.conversations
        number, last = conversations.all["#coil"].id, conversations.all["#coil"].position
        lie = {"id": number, "from": 0, "last": last}
        self.at_sign_in(self.edison, lambda rooms: rooms["tesla"].update(lie))
        event = {"event": "message", "room": "tesla", "seq": 1, "time": 0, "from": "tesla"}
        self.heard(self.edison, {**event, "text": FORGED})
        self.edison.finds("not shown: it is not encrypted")
        self.assertNotIn(FORGED, self.whole(self.edison))

    def test_i4_what_was_read_in_one_is_not_shown_as_said_in_another(self) -> None:
        self.tesla.types("/create #coil", "/encrypt #coil", "yes", "/invite #coil edison")
        self.edison.types("/join #coil")
        self.tesla.types("/switch #coil", "secret of the room")
        self.office.wait(5)
        room = self.edison.user.conversations.all["#coil"]
        seq = max(room.entries)
        self.assertEqual(room.entries[seq].text, "secret of the room")
        asked = self.tesla.user.ask("entries", room="#coil", after=seq - 1, upto=seq)
        self.office.settle()
        [event] = self.successResultOf(asked)["entries"]
        lie = {"id": room.id, "from": seq - 1, "last": seq}
        for left in (False, True):
            if left:
                self.edison.types("/leave #coil")
            self.at_sign_in(self.edison, lambda rooms: rooms["tesla"].update(lie))
            self.edison.lines.clear()
            self.heard(self.edison, {**event, "room": "tesla"})
            self.assertEqual([line for line in self.edison.lines if "secret" in line.text], [])

    def test_i4_nor_one_that_does_not_know_it_any_more(self) -> None:
        self.at_sign_in(self.tesla, lambda rooms: rooms.pop("edison"))
        self.assert_says_nothing_in_clear(self.tesla, "edison")

    def test_i4_nor_one_that_takes_somebody_out_of_it_while_connected(self) -> None:
        self.heard(self.tesla, {"event": "room", "room": "edison", "joined": False, "last": 2})
        self.assert_says_nothing_in_clear(self.tesla, "edison")
        event = {"event": "room", "room": "edison", "joined": True, "last": 2, "id": 78}
        self.heard(self.tesla, {**event, "encrypted": False})
        self.tesla.finds("is not encrypted, which it was before")
        self.assert_says_nothing_in_clear(self.tesla, "edison")

    def test_i9_no_command_tells_the_server_words_in_clear(self) -> None:
        albert = self.office.desk("albert")
        heard = self.listens(self.tesla)
        self.tesla.types("/broadcast user albert EDISON message CANARY")
        self.tesla.finds("(What is said to EDISON is encrypted")
        for do, arguments in (
            ("edit", {"message": "edison/x", "text": "CANARY"}),
            ("edit", {"message": "ＥＤＩＳＯＮ/2", "text": "CANARY", "sure": True}),
            ("send", {"room": "edison", "text": "CANARY", "cid": "c"}),
            ("message", {"user": "edison", "text": "CANARY"}),
            ("offer", {"room": "edison", "name": "CANARY.png", "size": 1, "sha256": "0" * 64}),
        ):
            self.failureResultOf(self.tesla.user.ask(do, **arguments), ChatError)
        self.assertNotIn("CANARY", "".join(heard))
        self.tesla.types("/broadcast user albert message hello")
        albert.finds("tesla: hello")

    def test_i4_however_the_name_is_written(self) -> None:
        self.assertEqual(folded("ＥＤＩＳＯＮ"), "edison")
        for name in ("EDISON", "ＥＤＩＳＯＮ"):
            self.assert_says_nothing_in_clear(self.tesla, name)
        self.edison.finds("tesla: CANARY")

    def test_i4_a_room_that_is_left_gives_its_name_free_and_one_that_is_lost_does_not(self) -> None:
        self.tesla.types("/create #coil", "/encrypt #coil", "yes", "/invite #coil edison")
        self.edison.types("/join #coil")
        self.tesla.types("/kick #coil edison", "/delete #coil", "yes", "/create #lamp")
        secrets = self.edison.user.secrets
        self.assertTrue(secrets.encrypted("#coil"))
        self.assertFalse(self.tesla.user.secrets.encrypted("#coil"))
        self.tesla.types("/encrypt #lamp", "yes")
        self.edison.types("/join #lamp", "/leave #lamp")
        self.assertFalse(secrets.encrypted("#lamp"))

    def test_i4_what_stands_before_it_came_to_be_is_bounded_by_what_was_opened(self) -> None:
        other = self.second("edison")
        other.crashes()
        for slot in (other.folder / "edison").glob("slot-*"):
            slot.unlink()
        self.at_sign_in(other, lambda rooms: rooms["tesla"].update(last=1 << 40))
        while other.asking is not None:
            other.types("correct horse")
        self.tesla.types("message edison for the new device too")
        other.finds("for the new device too")
        event = {"event": "message", "room": "tesla", "seq": 4, "time": 0, "from": "tesla"}
        self.heard(other, {**event, "text": FORGED})
        other.finds("not shown: it is not encrypted")


class DeletionTests(HostileServer):
    """I12: what a client has read it keeps, unless those delete it who may."""

    def setUp(self) -> None:
        super().setUp()
        self.tesla.types("message edison the coil CANARY", "message edison the lamp")
        self.seq = self.edison.user.conversations.all["tesla"].position - 1
        self.forget()

    def deletion(self, by: str = "tesla") -> None:
        """The server says that somebody has deleted what tesla said of the coil."""
        position = self.edison.user.conversations.all["tesla"].position
        event = {"event": "delete", "room": "tesla", "seq": position + 1, "time": 0, "by": by}
        self.heard(self.edison, {**event, "target": self.seq})

    def test_i12_what_the_server_alone_says_is_deleted_is_said_and_kept(self) -> None:
        for by in ("tesla", "edison"):
            self.deletion(by)
            self.edison.finds(f"The server says that {by} deleted message {self.seq} of tesla.")
        self.edison.types("/search CANARY in:tesla")
        self.edison.finds("tesla: the coil CANARY")
        self.edison.crashes()
        self.edison.start()
        self.edison.types("/search CANARY in:tesla")
        self.edison.finds("tesla: the coil CANARY")

    def test_i12_it_is_shown_in_history_for_what_it_is(self) -> None:
        def lie(said: Said) -> list[Said]:
            lines = said["ok"].get("lines", ()) if isinstance(said.get("ok"), dict) else ()
            for line in lines:
                if line.get("seq") == self.seq:
                    line.update(deleted=True, text="")
                    line.pop("sealed", None)
            return [said]

        self.edison.lies.append(lie)
        self.deletion()
        self.edison.lines.clear()
        self.edison.types("/history tesla")
        self.edison.finds("private encrypted deleted] tesla: the coil CANARY")

    def test_d17_what_its_author_deletes_is_erased_everywhere(self) -> None:
        other = self.second("edison")
        self.tesla.types("message edison the motor CANARY")
        seq = self.edison.user.conversations.all["tesla"].position
        other.finds("the motor CANARY")
        self.edison.crashes()  # and reads it on return
        self.tesla.types(f"/edit edison/{seq} the better motor CANARY", f"/delete edison/{seq}")
        self.tesla.finds("(deleted)")
        self.edison.start()
        for seat, place in ((self.tesla, "edison"), (self.edison, "tesla"), (other, "tesla")):
            self.assertNotIn("The server says", self.whole(seat))
            seat.types(f"/search motor in:{place}")
            seat.finds("(Nothing found)")
            rows = seat.user.secrets.storage._db.execute(
                "SELECT key FROM secret WHERE tab = 'text'"
            )
            found = [key for (key,) in rows if f"/{seq:012}/" in key]
            self.assertLessEqual(len(found), 1)  # by which it is known to be gone

    def test_i12_an_edit_or_another_deletion_is_no_proof(self) -> None:
        self.tesla.types(f"/edit edison/{self.seq} the better CANARY", "message edison a slip")
        room = self.edison.user.conversations.all["tesla"]
        seen: list[Said] = []

        def keep(said: Said) -> list[Said]:
            seen.append(said)
            return [said]

        self.tesla.lies.append(keep)
        self.tesla.types(f"/delete edison/{room.position}")
        (proof,) = [one["sealed"] for one in seen if one.get("event") == "delete"]
        self.forget()
        event = {"event": "delete", "room": "tesla", "by": "tesla", "time": 0, "sealed": proof}
        self.heard(self.edison, {**event, "target": self.seq, "seq": room.position + 1})
        self.edison.finds("The server says that tesla deleted message")
        self.edison.types("/search CANARY in:tesla")
        self.edison.finds("tesla: the better CANARY")

    def test_i12_what_an_unverified_device_says_is_deleted_is_kept(self) -> None:
        self.edison.types("/verify tesla", "/verify tesla ok")
        other = self.second("tesla")
        self.forget()
        other.types(f"/delete edison/{self.seq}")
        self.edison.finds("The server says that tesla deleted message")
        self.edison.types("/search CANARY in:tesla")
        self.edison.finds("tesla: the coil CANARY")

    def test_i12_nobody_withdraws_what_somebody_else_has_said(self) -> None:
        self.tesla.types("/create #coil", "/encrypt #coil", "yes")
        albert = self.office.desk("albert")
        for seat in (self.edison, albert):
            self.tesla.types(f"/invite #coil {seat.name}")
            seat.types("/join #coil")
        self.tesla.types("/say #coil an honest CANARY")
        room = self.edison.user.conversations.all["#coil"]
        seq = room.position

        async def withdraws() -> None:
            secrets = albert.user.secrets
            await secrets.devices.prepare("#coil")
            gone = Message("e", target=seq, deleted=True)
            sealed = secrets.machine.seal("#coil", gone, 0.0).value
            for share in sealed.shares:
                await secrets.share("#coil", share)
            room.entries.clear()  # it came long ago
            event = {"event": "edit", "room": "#coil", "by": "albert", "target": seq, "time": 0}
            self.heard(self.edison, {**event, "seq": room.position + 1, "sealed": sealed.message})

        done = Deferred.fromCoroutine(withdraws())
        self.office.settle()
        self.successResultOf(done)
        self.edison.types("/search CANARY in:#coil")
        self.edison.finds("tesla: an honest CANARY")

    def test_d17_a_moderator_who_deletes_a_message_keeps_nothing_and_others_are_told(self) -> None:
        self.tesla.types("/create #coil", "/encrypt #coil", "yes", "/invite #coil edison")
        self.edison.types("/join #coil", "/say #coil a CANARY in a mine")
        seq = self.edison.user.conversations.all["#coil"].position
        self.forget()
        self.tesla.types(f"/delete #coil/{seq}", "/search mine in:#coil")
        self.assertNotIn("The server says", self.whole(self.tesla))
        self.tesla.finds("(Nothing found)")
        self.edison.finds(f"The server says that tesla deleted message {seq} of edison.")
