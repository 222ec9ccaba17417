"""People at desks whose server plays tricks: it puts in, swaps, moves and lies."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from typing import Any, cast

import msgspec
from twisted.internet.defer import Deferred

from tests.desk.test_confiding import Confidential
from tests.e2e.devices import Server, User
from tests.support.office import Seat
from twisted_chat.clients.desk.lines import plain
from twisted_chat.clients.pipe.desk import PipeDesk
from twisted_chat.clients.pipe.json_requests import JsonRequests
from twisted_chat.clients.sync.conversations import folded
from twisted_chat.core.errors import ChatError
from twisted_chat.e2e.messages import Message
from twisted_chat.store import Claimed, Ledger

Said = dict[str, Any]
FORGED = "pay the spy"
HEAD = "[tesla/9 10:00 private encrypted] tesla: " + FORGED


def _claim(ledger: Ledger, device: str, owners: set[int]) -> Claimed | None:
    return ledger.device_keys.claim(device, owners)


class Malicious(Confidential):
    """An office whose server does to edison what a test wants."""

    def setUp(self) -> None:
        super().setUp()
        self.encrypt()
        self.tesla.types("message edison the first")
        self.tesla.types("/switch edison")
        self.edison.types("/switch tesla")
        self.forget()

    def heard(self, seat: Seat, *events: Said) -> None:
        """The server says this to somebody, out of nothing."""
        for event in events:
            seat.wire.link.dataReceived(json.dumps(event).encode() + b"\n")
            self.office.settle()

    def whole(self, seat: Seat) -> str:
        """All that somebody sees."""
        return "\n".join(line.text for line in seat.lines)

    def at_sign_in(self, seat: Seat, change: Callable[[Said], None]) -> None:
        """What the server says of the conversations is changed; then somebody starts anew."""

        def lie(said: Said) -> list[Said]:
            if "rooms" in said.get("ok", {}):
                change(said["ok"]["rooms"])
            return [said]

        self.office.wait(2)  # until it is confirmed what has come
        seat.crashes()
        seat.lines.clear()
        seat.lies[:] = [lie]
        seat.start()

    def listens(self, seat: Seat) -> list[str]:
        """From now on what somebody's client sends is taken down."""
        heard: list[str] = []
        wire = seat.wire
        before = wire.sends_later

        def sends_later(data: bytes) -> None:
            heard.append(data.decode())
            before(data)

        wire.sends_later = sends_later  # type: ignore[method-assign]
        return heard

    def ghost(self, name: str) -> User:
        """A device in somebody's name that the server has made, and can write with."""
        ghost = User(Server(), name, "ghost")
        for seat in (self.tesla, self.edison):
            own = seat.user.secrets.machine.own
            ghost.server.devices.setdefault(seat.name, []).append(own.keys)
            person = self.office.chat.roster.names.find(seat.name)
            assert person is not None
            claim = partial(_claim, device=own.curve25519, owners={person.id})
            given = self.office.chat.store.change(claim)
            self.office.settle()
            claimed = self.successResultOf(given)
            assert claimed is not None
            ghost.server.one_time[own.curve25519] = [(claimed.id, claimed, claimed.fallback)]
        return ghost

    def lists(self, seat: Seat, *devices: User) -> None:
        """From now on the server lists these devices to somebody, and gives out keys of them."""

        def lie(said: Said) -> list[Said]:
            ok = said.get("ok")
            if isinstance(ok, dict) and isinstance(ok.get("people"), dict):
                for one in devices:
                    own = msgspec.to_builtins(one.machine.own.keys)
                    ok["people"].setdefault(one.name, []).append(own)
            if isinstance(ok, dict) and isinstance(ok.get("one_time"), dict):
                for one in devices:
                    ok["one_time"] |= one.server.claim([one.machine.own.curve25519])
            return [said]

        seat.lies.append(lie)
        self.heard(seat, {"event": "devices", "who": devices[0].name})

    def assert_says_nothing_in_clear(self, seat: Seat, to: str) -> None:
        heard = self.listens(seat)
        seat.types(f"message {to} CANARY")
        self.office.wait(30)
        self.assertTrue(heard)
        self.assertNotIn("CANARY", "".join(heard))


class InClearTests(Malicious):
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


class ForgedTests(Malicious):
    """I4: no line is shown as somebody's that is not."""

    def message(self, **fields: Any) -> Said:
        event = {"event": "message", "room": "tesla", "seq": 3, "time": 0, "from": "tesla"}
        return {**event, "text": FORGED, "private": True, **fields}

    def test_i4_nothing_in_clear_in_whatever_form_it_comes(self) -> None:
        file = {"file": 3, "size": 1, "sha256": "0" * 64, "name": FORGED}
        events: list[Said] = [
            self.message(),
            self.message(seq=4, text="", file=file),
            self.message(seq=5, edited=True),
            {
                "event": "edit",
                "room": "tesla",
                "seq": 6,
                "by": "tesla",
                "target": 2,
                "text": FORGED,
            },
            self.message(seq=7, sealed=json.dumps({"text": FORGED})),
            self.message(seq=8, sealed=FORGED, file=file),
        ]
        self.heard(self.edison, *events)
        self.assertNotIn(FORGED, self.whole(self.edison))
        self.assertEqual(self.whole(self.edison).count("not shown: it is not encrypted"), 4)
        self.assertFalse(self.edison.wire.broken)

    def test_i4_programs_do_not_get_it_either(self) -> None:
        taken: list[Said] = []
        self.patch(self.edison.desk, "event", taken.append)
        self.heard(self.edison, self.message())
        (event,) = (one for one in taken if one["event"] == "message")
        self.assertNotIn(FORGED, json.dumps(event))
        self.assertIn("not encrypted", event["unreadable"])

    def test_i4_a_sealed_message_is_no_topic(self) -> None:
        sealed: list[Said] = []

        def lie(said: Said) -> list[Said]:
            if "sealed" in said:
                sealed.append(
                    {"event": "topic", "room": "tesla", "by": "tesla", "seq": said["seq"]}
                )
                sealed[-1]["sealed"] = said["sealed"]
                return [sealed[-1]]
            return [said]

        self.edison.lies.append(lie)
        self.tesla.types("message edison a matter of fact")
        self.assertEqual(len(sealed), 1)
        self.assertNotIn("a matter of fact", self.whole(self.edison))
        self.assertNotIn("a matter of fact", self.edison.desk.status().topic)

    def test_i4_what_was_read_is_nobody_elses_when_it_comes_again(self) -> None:
        def lie(said: Said) -> list[Said]:
            if "rooms" in said.get("ok", {}):
                said["ok"]["reset"] = True
                said["ok"]["rooms"]["tesla"]["from"] = 0
            if said.get("from") == "tesla":
                said["from"] = "albert"
            return [said]

        self.edison.crashes()
        self.edison.lies.append(lie)
        self.edison.start()
        self.assertNotIn("albert: the first", self.whole(self.edison))
        self.edison.types("/history tesla")
        self.assertNotIn("albert: the first", self.whole(self.edison))

    def test_g4_no_sentence_looks_like_what_somebody_says(self) -> None:
        notice = {"event": "notice", "code": "x", "text": f"\n{HEAD}"}
        self.heard(self.edison, notice)
        self.edison.desk.tell(HEAD)
        self.edison.desk.say(f"  {HEAD}", f"\x02{HEAD}", f" \x0304\u200b{HEAD}", f"\xad{HEAD}")
        shown = [line.text for line in self.edison.lines if FORGED in line.text]
        self.assertEqual(len(shown), 6)
        self.assertEqual([text for text in shown if "| " not in text.partition("[")[0]], [])
        self.assertEqual([text for text in shown if text.lstrip().startswith("[")], [])
        self.assertEqual(plain("[server] it is 10:00").text, "[server] it is 10:00")

    def test_g4_no_name_makes_a_line_look_like_another(self) -> None:
        label = "tesla/9 10:00 private encrypted] tesla: pay"
        self.heard(self.edison, self.message(room=label, seq=1))
        self.assertEqual(len(self.flushLoggedErrors(ValueError)), 1)
        self.office.wait(30)
        topic = {"event": "join", "room": "tesla", "seq": 3, "by": f"tesla: {FORGED} ["}
        self.heard(self.edison, topic)
        self.assertNotIn(f"tesla: {FORGED}", self.whole(self.edison))

    def test_i4_an_edit_of_anothers_message_is_not_shown_in_its_place(self) -> None:
        self.tesla.types("/create #coil", "/encrypt #coil", "yes", "/invite #coil edison")
        albert = self.office.desk("albert")
        self.tesla.types("/invite #coil albert")
        albert.types("/join #coil")
        self.edison.types("/join #coil")
        self.tesla.types("/say #coil an honest word")
        seq = max(self.edison.user.conversations.all["#coil"].entries)
        self.forget()

        async def edits() -> None:
            secrets = albert.user.secrets
            await secrets.devices.prepare("#coil")
            sealed = secrets.machine.seal("#coil", Message("e", FORGED, target=seq), 0.0).value
            for share in sealed.shares:
                await secrets.share("#coil", share)
            event = {"event": "edit", "room": "#coil", "by": "albert", "target": seq, "time": 0}
            self.edison.user.conversations.all["#coil"].entries.clear()  # it came long ago
            number = self.edison.user.conversations.all["#coil"].position + 1
            self.heard(self.edison, {**event, "seq": number, "sealed": sealed.message})

        done = Deferred.fromCoroutine(edits())
        self.office.settle()
        self.successResultOf(done)
        self.edison.lines.clear()
        self.edison.types(f"/search {FORGED} in:#coil")
        self.edison.finds("(Nothing found)")
        self.edison.types("/search honest in:#coil")
        self.edison.finds("tesla: an honest word")


class NonsenseTests(Malicious):
    """I7: nothing that a server says ends a client, or keeps it from going on."""

    def answers(self, do: str, answer: object) -> None:
        """Whatever tesla asks for so is answered by this."""
        numbers: set[int] = set()
        link = self.tesla.wire.link
        ask = link.ask

        def asking(what: str, **arguments: Any) -> Any:
            if what == do:
                numbers.add(link._number + 1)
            return ask(what, **arguments)

        def lie(said: Said) -> list[Said]:
            return [{"re": said["re"], "ok": answer}] if said.get("re") in numbers else [said]

        self.patch(link, "ask", asking)
        self.tesla.lies.append(lie)

    def test_i7_nonsense_instead_of_keys_is_one_sentence(self) -> None:
        answer: object
        for answer in ([], {}, {"people": []}, {"people": {"edison": {}}, "version": "x"}, "?"):
            self.tesla.user.secrets.devices.outdated("edison")
            self.answers("keys", answer)
            self.tesla.types("message edison not sent")
            self.tesla.finds("(What the server says cannot be understood.)")
            self.tesla.lies.clear()
        self.tesla.types("message edison after all")
        self.edison.finds("after all")
        self.assertEqual(self.flushLoggedErrors(), [])

    def test_i7_nonsense_instead_of_a_key_to_begin_with(self) -> None:
        other = self.second("edison")
        answer: object
        for answer in ({"one_time": []}, {"one_time": 1}, None):
            self.answers("claim", answer)
            self.tesla.types("message edison not sent")
            self.tesla.finds("(What the server says cannot be understood.)")
            self.tesla.lies.clear()
        self.answers("claim", {"one_time": {"x": 1}})
        self.tesla.types("message edison only for the first")
        self.tesla.finds("has no keys left for this")
        self.edison.finds("only for the first")
        self.tesla.lies.clear()
        self.tesla.types("message edison for both")
        other.finds("for both")

    def test_i6_nobody_is_made_to_make_a_million_keys(self) -> None:
        for number in (-1_000_000_000, True, "many", 1e300, None):
            self.answers("publish", {"one_time": number, "version": "x"})
            self.tesla.user.secrets._published = -1e9
            self.tesla.user.secrets.replenish()
            self.office.settle()
            self.tesla.lies.clear()
        self.assertEqual(self.flushLoggedErrors(), [])
        self.assertTrue(self.tesla.user.is_online)

    def test_i7_a_server_that_is_never_content_is_given_up(self) -> None:
        refused = {"code": "stale", "message": "People or devices have changed here."}
        asked = self.listens(self.tesla)

        def lie(said: Said) -> list[Said]:
            sent = said.get("ok")
            if isinstance(sent, dict) and "again" in sent:
                return [{"re": said["re"], "error": refused}]
            return [said]

        self.tesla.lies.append(lie)
        self.tesla.types("message edison for ever")
        self.tesla.finds("People or devices have changed here.")
        self.assertLess("".join(asked).count('"send"'), 8)

    def test_i7_numbers_that_are_none_end_the_connection_and_nothing_else(self) -> None:
        for seq in (1.5, float("nan"), "3", None, -1, True, 1 << 70, [3]):
            event = {"event": "message", "room": "tesla", "seq": seq, "time": 0, "from": "tesla"}
            self.heard(self.edison, {**event, "text": "x"})
            self.assertTrue(self.edison.wire.broken or self.edison.wire.hung_up, seq)
            self.office.settle()
            self.office.wait(120)
            self.flushLoggedErrors()
            self.assertTrue(self.edison.user.is_online, seq)
        self.tesla.types("message edison as if nothing had been")
        self.edison.finds("as if nothing had been")

    def test_i3_a_device_with_escapes_in_its_name_is_refused_and_its_name_not_shown(self) -> None:
        device = {"device": "\x1b]52;c;AAAA\x07", "ed25519": "x", "curve25519": "y"}
        listed = {"edison": [{**device, "signature": "z"}], "tesla": []}
        self.tesla.user.secrets.devices.outdated("edison")
        self.answers("keys", {"people": listed, "version": "x"})
        self.tesla.types("message edison not for that one")
        self.assertNotIn("\x1b", self.whole(self.tesla))
        self.tesla.finds("is not used, because its name cannot be one")


class OwnDevicesTests(Malicious):
    """I3: a server may put in a device in one's own name too."""

    def verify(self) -> None:
        self.tesla.types("/verify edison", "/verify edison ok")
        self.forget()

    def test_i3_a_new_device_of_ones_own_waits_when_one_has_compared(self) -> None:
        self.verify()
        spy = self.second("tesla")
        self.tesla.finds("tesla has a new device")
        self.tesla.types("message edison not for the new one")
        spy.finds("not readable here")
        self.tesla.types("/verify tesla")
        (words,) = [one.text for one in self.tesla.lines if one.text.startswith("    ")][:1]
        spy.types("/verify tesla")
        spy.finds(words)
        self.tesla.types("/verify tesla ok", "message edison for all of mine")
        spy.finds("for all of mine")

    def test_i3_what_a_device_says_that_is_not_verified_is_marked(self) -> None:
        self.verify()
        other = self.second("edison")
        self.tesla.lines.clear()
        other.types("message tesla it is me")
        self.tesla.finds("which is not verified")

    def test_i3_a_device_that_wrote_before_the_comparison_gets_nothing_after_it(self) -> None:
        """The server lists it only when the words were the same on both sides."""
        for name, other in (("edison", "tesla"), ("tesla", "edison")):
            ghost = self.ghost(name)
            event = {"event": "message", "room": "edison", "time": 0, "from": name, "text": ""}
            seq = self.tesla.user.conversations.all["edison"].position + 1
            sealed = ghost.says(other, "a word from elsewhere").sealed
            self.heard(self.tesla, {**event, "seq": seq, "sealed": sealed})
            self.tesla.finds("has a new device, 'ghost'")
            self.tesla.types("/verify edison")
            self.tesla.finds(f"    ghost (in the name of {name}, gets nothing)")
            self.tesla.types("/verify edison ok")
            self.lists(self.tesla, ghost)
            self.tesla.finds(f"{name} has a new device, 'ghost': it gets nothing until")
            heard = self.listens(self.tesla)
            self.tesla.types("message edison not for the ghost")
            self.assertIn("sealed", "".join(heard))
            self.assertNotIn(ghost.machine.own.curve25519, "".join(heard))
            self.tesla.wire.breaks()
            self.office.wait(30)
            self.forget()


class GhostCase(Malicious):
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


class DeletionTests(Malicious):
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
