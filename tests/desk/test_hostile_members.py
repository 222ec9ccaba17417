"""What a hostile server may not do to rooms: have somebody read who was not seen joining."""

from __future__ import annotations

from typing import cast

from tests.e2e.devices import User
from tests.support.encrypted import HostileServer, Said
from tests.support.office import Seat
from twisted_chat.clients.pipe.desk import PipeDesk
from twisted_chat.clients.pipe.json_requests import JsonRequests


class GhostCase(HostileServer):
    """#coil, in which tesla and edison are, and eve, whom the server has made."""

    def setUp(self) -> None:
        super().setUp()
        self.tesla.types("/create #coil", "/invite #coil edison")
        self.edison.types("/join #coil")
        self.encrypt("#coil")
        self.tesla.types("/switch #coil", "hello")
        self.edison.finds("tesla: hello")
        self.eve = self.ghost("eve")
        self.forget()

    def reads(self, ghost: User, seat: Seat, text: str) -> bool:
        """Whether a ghost gets a key when somebody says this."""
        heard = self.listens(seat)
        seat.types(f"/say #coil {text}")
        self.assertIn('"send"', "".join(heard))
        return ghost.machine.own.curve25519 in "".join(heard)

    def event(self, what: str, name: str, seat: Seat, **more: str) -> None:
        """An entry that the server tells somebody of."""
        seq = seat.user.conversations.all["#coil"].position + 1
        self.heard(
            seat, {"event": what, "room": "#coil", "seq": seq, "time": 0, "by": name, **more}
        )


class GhostTests(GhostCase):
    """I11: a server may put somebody into a room whom nobody there has seen."""

    def test_i11_somebody_whom_only_the_list_of_keys_names_gets_none(self) -> None:
        self.lists(self.tesla, self.eve)
        self.tesla.finds("The server lists eve in #coil, but they were not seen joining it")
        self.assertFalse(self.reads(self.eve, self.tesla, "not for eve"))
        self.edison.finds("tesla: not for eve")

    def test_i11_somebody_who_is_seen_to_join_gets_one(self) -> None:
        self.lists(self.tesla, self.eve)
        self.forget()
        self.event("join", "eve", self.tesla)
        self.tesla.finds("eve joined #coil")
        self.assertTrue(self.reads(self.eve, self.tesla, "for eve too"))
        self.tesla.finds("eve's device 'ghost' is known from now on")

    def test_i11_a_joining_that_cannot_be_shown_is_none(self) -> None:
        self.patch(self.tesla.desk, "put", lambda line: 1 / 0)
        self.event("join", "eve", self.tesla)
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)
        del self.tesla.desk.put
        self.lists(self.tesla, self.eve)
        self.tesla.finds("The server lists eve in #coil, but they were not seen joining it")

    def test_i11_somebody_who_was_put_out_gets_no_key_though_the_list_names_them(self) -> None:
        self.event("join", "eve", self.tesla)
        self.lists(self.tesla, self.eve)
        self.assertTrue(self.reads(self.eve, self.tesla, "for eve too"))
        self.forget()
        self.event("kick", "tesla", self.tesla, whom="eve")
        self.assertFalse(self.reads(self.eve, self.tesla, "not for eve"))
        self.tesla.finds("The server lists eve in #coil, but they were not seen joining it")

    def test_i11_nor_is_a_kick_of_one_s_own_undone_by_a_server_that_keeps_it_quiet(self) -> None:
        albert = self.office.desk("albert")
        self.tesla.types("/invite #coil albert")
        albert.types("/join #coil")
        self.tesla.types("/say #coil hello, albert")
        albert.finds("hello, albert")
        albert_device = albert.user.secrets.machine.own
        known = {"device": albert_device.device, "signature": albert_device.keys.signature}

        def lie(said: Said) -> list[Said]:
            ok = said.get("ok")
            if said.get("event") in ("kick", "ban"):
                return [{"event": "hidden", "room": said["room"], "seq": said["seq"]}]
            if isinstance(ok, dict) and isinstance(ok.get("people"), dict):
                keys = {"ed25519": albert_device.ed25519, "curve25519": albert_device.curve25519}
                ok["people"]["albert"] = [{**known, **keys}]
            return [said]

        self.tesla.lies.append(lie)
        self.tesla.types("/kick #coil albert")
        heard = self.listens(self.tesla)
        self.tesla.types("/say #coil after albert")
        self.tesla.finds("The server lists albert in #coil, but they were not seen joining it")
        self.assertNotIn(albert_device.curve25519, "".join(heard))

    def test_i11_the_first_list_of_a_room_is_told_name_by_name(self) -> None:
        self.lists(self.edison, self.eve)
        self.edison.types("/leave #coil", "/join #coil")
        told = self.whole(self.edison)
        own = self.tesla.user.secrets.devices.own
        self.assertIn(f"is encrypted for eve ('ghost'), tesla ({own!r}).", told)
        self.assertIn("New in #coil since you were there: eve.", told)

    def test_i11_nor_does_a_server_get_one_in_by_putting_somebody_out_for_a_moment(self) -> None:
        self.lists(self.tesla, self.eve)
        self.forget()
        known = self.tesla.user.conversations.all["#coil"]
        event = {"event": "room", "room": "#coil", "last": known.position, "id": known.id}
        self.heard(self.tesla, {**event, "joined": False})
        self.heard(self.tesla, {**event, "joined": True, "encrypted": True})
        self.assertTrue(self.reads(self.eve, self.tesla, "for all who were named"))
        self.tesla.finds("New in #coil since you were there: eve.")

    def test_i11_nor_by_not_naming_the_room_at_one_sign_in(self) -> None:
        self.at_sign_in(self.tesla, lambda rooms: rooms.pop("#coil"))
        self.lists(self.tesla, self.eve)
        known = self.edison.user.conversations.all["#coil"]
        event = {"event": "room", "room": "#coil", "last": known.position, "id": known.id}
        self.heard(self.tesla, {**event, "joined": True, "encrypted": True})
        self.tesla.types("/say #coil for all who were named")
        self.tesla.finds("New in #coil since you were there: eve.")

    def test_i11_a_list_that_is_faster_than_the_room_s_entries_is_no_alarm(self) -> None:
        seq = self.tesla.user.conversations.all["#coil"].position + 1

        def ahead(said: Said) -> list[Said]:
            if isinstance(said.get("ok"), dict) and "people" in said["ok"]:
                said["ok"]["seq"] = seq
            return [said]

        self.tesla.lies.append(ahead)
        self.lists(self.tesla, self.eve)
        self.assertNotIn("not seen joining", self.whole(self.tesla))
        self.event("join", "eve", self.tesla)
        self.assertNotIn("not seen joining", self.whole(self.tesla))
        self.assertTrue(self.reads(self.eve, self.tesla, "for eve too"))

    def test_i11_entries_that_never_come_are_not_waited_for_for_ever(self) -> None:
        def ahead(said: Said) -> list[Said]:
            if isinstance(said.get("ok"), dict) and "people" in said["ok"]:
                said["ok"]["seq"] = 1 << 40
            return [said]

        self.tesla.lies.append(ahead)
        self.lists(self.tesla, self.eve)
        self.office.wait(30)
        self.tesla.finds("not seen joining")
        self.assertFalse(self.reads(self.eve, self.tesla, "not for eve"))

    def test_i11_the_person_decides_who_belongs_there_all_the_same(self) -> None:
        self.lists(self.tesla, self.eve)
        self.tesla.types("/switch #coil", "/readers")
        self.tesla.finds(
            "    eve (not seen joining; if they belong there: /readers #coil admit eve)"
        )
        self.tesla.types("/readers admit albert")
        self.tesla.finds("The server does not list albert in #coil.")
        self.tesla.types("/readers admit eve")
        self.tesla.finds("    eve, ghost (not compared yet)")
        self.assertTrue(self.reads(self.eve, self.tesla, "for eve too"))

    def test_i11_what_comes_from_somebody_who_was_not_seen_joining_is_marked(self) -> None:
        self.eve.server.rooms["#coil"] = {"eve", "tesla", "edison"}
        said = self.eve.says("#coil", "trust me")
        (keys,) = [one.sealed for one in self.eve.server.entries["#coil"] if one.kind == "keys"]
        seq = self.tesla.user.conversations.all["#coil"].position + 1
        event = {"room": "#coil", "time": 0}
        self.heard(
            self.tesla,
            {**event, "event": "keys", "seq": seq, "by": "eve", "sealed": keys},
            {**event, "event": "message", "seq": seq + 1, "from": "eve", "text": ""}
            | {"sealed": said.sealed},
        )
        self.tesla.finds("eve was not seen joining #coil")


class VerifiedOnlyTests(GhostCase):
    """I11: a room may be for verified devices only."""

    def test_i11_only_verified_devices_read(self) -> None:
        albert = self.office.desk("albert")
        self.tesla.types("/invite #coil albert", "/switch #coil")
        albert.types("/join #coil")
        self.tesla.types("/readers verified")
        self.tesla.finds("(not compared yet; to let it read: /verify edison)")
        self.assertEqual(self.tesla.desk.status().secrecy, "encrypted, verified only")
        self.tesla.types("for nobody")
        self.tesla.finds("Nobody in #coil has a device that may read this")
        self.tesla.types("/verify edison", "/verify edison ok", "only for edison")
        self.edison.finds("tesla: only for edison")
        albert.finds("not readable here")
        albert.types("/say #coil may I?")
        self.tesla.finds("which is not verified")
        self.tesla.types("/readers all", "for all")
        albert.finds("tesla: for all")
        self.assertEqual(self.tesla.desk.status().secrecy, "encrypted")

    def test_i11_who_joins_such_a_room_is_told_of_and_waits(self) -> None:
        self.tesla.types("/readers #coil verified", "/verify edison", "/verify edison ok")
        self.event("join", "eve", self.tesla)
        self.lists(self.tesla, self.eve)
        self.tesla.finds("eve's device 'ghost' is known from now on: it gets nothing until")
        self.assertFalse(self.reads(self.eve, self.tesla, "not for eve"))

    def test_it_stays_so_over_a_restart_and_over_leaving(self) -> None:
        self.edison.types("/readers #coil verified")
        self.edison.crashes()
        self.edison.start()
        self.edison.types("/leave #coil", "/join #coil", "/switch #coil")
        self.assertEqual(self.edison.desk.status().secrecy, "encrypted, verified only")

    def test_only_encrypted_rooms_have_readers(self) -> None:
        self.tesla.types("/create #open", "/readers #open")
        self.tesla.finds("#open is not encrypted: its members and the server can read it")
        self.tesla.types("/switch edison", "/readers")
        self.tesla.finds("Name a room")
        self.tesla.types("/readers #nowhere")
        self.tesla.finds("You are not in #nowhere")
        self.tesla.types("/readers #coil verified all")
        self.tesla.finds("Choose one")

    def test_a_program_at_a_pipe_asks_who_reads_and_decides_it(self) -> None:
        written: list[Said] = []
        programs = JsonRequests(cast(PipeDesk, self.tesla.desk), written.append)
        device = self.edison.user.secrets.devices.own
        for line, reads in (
            ('{"do": "readers", "room": "#coil"}', True),
            ("/readers #coil verified", False),
            ('{"do": "readers", "room": "#coil", "verified": false}', True),
            ('{"do": "readers", "room": "#coil", "verified": true}', False),
        ):
            programs.enter(line)
            self.office.settle()
            told = written.pop()["ok"]
            self.assertEqual((told["room"], told["verified"]), ("#coil", not reads))
            edison, tesla = told["people"]
            seen = [{"device": device, "standing": "seen", "reads": reads}]
            self.assertEqual(edison, {"name": "edison", "seen": True, "devices": seen})
            self.assertEqual(tesla, {"name": "tesla", "seen": True, "devices": []})
        programs.enter('{"do": "readers", "room": "#coil", "verified": 1}')
        self.assertEqual(written.pop()["error"]["code"], "args")
