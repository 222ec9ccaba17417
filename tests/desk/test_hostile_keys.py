"""What a hostile server may not do to keys and devices: swap them, put some in, send nonsense."""

from __future__ import annotations

from typing import Any

from tests.support.encrypted import HostileServer, Said


class NonsenseTests(HostileServer):
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


class OwnDevicesTests(HostileServer):
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
