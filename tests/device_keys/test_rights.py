"""Only those in a conversation learn of its devices, post in it and get what is posted."""

from __future__ import annotations

from typing import Any, ClassVar

from twisted_chat.doors.json.requests import REQUESTS
from twisted_chat.testing import Program

from .case import SealedCase, code, key, sealed_in, told_of

# Everything that a program asks of an encrypted conversation: {request: its arguments}.
ASKING: dict[str, dict[str, Any]] = {
    "keys": {},
    "claim": {"devices": [key("tesla laptop")]},
    "share": {"sealed": "x", "cid": "k"},
    "send": {"text": "", "sealed": "x", "version": "x", "cid": "s"},
}
ELSEWHERE = {"publish"}  # it is of no conversation


class RightsTests(SealedCase):
    settings: ClassVar = {"admins": ("root",)}

    def setUp(self) -> None:
        super().setUp()
        self.makes(self.tesla, "#open", self.edison)
        self.makes(self.tesla, "#secret", self.edison, private=True)
        self.encrypts(self.tesla, "edison")
        self.eve = self.comes("eve", "laptop")

    def answers(self, program: Program, room: str) -> dict[str, Any]:
        """What each request about a conversation is answered."""
        found = {do: program.asks(do, room=room, **more) for do, more in ASKING.items()}
        edit = {"message": f"{room}/1", "text": "", "sealed": "x", "version": "x"}
        found["edit"] = program.asks("edit", **edit)
        found["encrypt"] = program.asks("encrypt", place=room, sure=True)
        return {do: answer.get("error", answer) for do, answer in found.items()}

    def codes(self, program: Program, room: str) -> set[str]:
        return {str(answer.get("code", "")) for answer in self.answers(program, room).values()}

    def assert_as_if_not_there(self, program: Program) -> None:
        """A hidden room answers in the words that one gets of a room that does not exist."""
        there, not_there = self.answers(program, "#secret"), self.answers(program, "#absent")
        for do, answer in not_there.items():
            expected = answer["message"].replace("#absent", "#secret")
            self.assertEqual(there[do]["message"], expected, do)
            self.assertEqual(there[do]["code"], "no_such_room", do)

    def assert_gets_nothing(self, *programs: Program) -> None:
        """What happens in there does not reach these."""
        for program in programs:
            program.takes_events()
        for room in ("#open", "#secret", "edison"):
            self.assertEqual(code(self.seals(self.tesla, room, "x")), "")
            self.assertEqual(code(self.tesla.asks("share", room=room, sealed="x", cid=room)), "")
        self.comes("edison", "tablet")
        for program in programs:
            self.assertEqual(program.takes_events(), [])
            self.assertEqual(program.asks("history", place="")["lines"], [])

    def test_c5_every_request_is_looked_at(self) -> None:
        of_devices = {
            verb
            for verb, kind in REQUESTS.items()
            if {"sealed", "devices", "device_keys"} & set(kind.__struct_fields__) or verb == "keys"
        }
        self.assertEqual(of_devices, set(ASKING) | ELSEWHERE)

    def test_c5_c6_a_stranger(self) -> None:
        self.assertEqual(self.codes(self.eve, "#open"), {"not_a_member"})
        self.assert_as_if_not_there(self.eve)
        self.assert_gets_nothing(self.eve)
        self.assertEqual(told_of(self.eve), [])

    def test_c5_c6_an_administrator(self) -> None:
        root = self.comes("root", "laptop")
        self.assertEqual(self.codes(root, "#open"), {"not_a_member"})
        self.assert_as_if_not_there(root)
        self.assert_gets_nothing(root)

    def test_c5_of_a_private_conversation_only_the_two(self) -> None:
        # What eve has with either of them is another conversation, which is not encrypted.
        for who in ("tesla", "edison"):
            answers = self.answers(self.eve, who)
            found = {do: answer.get("code") for do, answer in answers.items()}
            self.assertEqual(found.pop("edit"), "no_such_message")
            self.assertIsNone(found.pop("encrypt"))
            self.assertEqual(set(found.values()), {"not_encrypted"})
            people = self.eve.asks("keys", room=who)["people"]
            self.assertEqual(set(people), {"eve", who})

    def test_c5_the_other_two_are_not_told_of_one_who_has_nothing_to_do_with_them(self) -> None:
        self.looks_away()
        self.comes("eve", "tablet")
        self.assertEqual((told_of(self.tesla), told_of(self.eve)), ([], ["eve"]))

    def test_c5_c6_one_who_was_put_out(self) -> None:
        for room, kicked in (("#open", "kick"), ("#secret", "ban")):
            self.tesla.asks(kicked, room=room, user="edison")
        self.assertEqual(self.codes(self.edison, "#open"), {"not_a_member"})
        self.assert_as_if_not_there(self.edison)
        self.edison.takes_events()
        for room in ("#open", "#secret"):
            self.seals(self.tesla, room, "x")
            self.tesla.asks("share", room=room, sealed="x", cid=room)
        self.assertEqual(self.edison.takes_events(), [])
        answer = self.tesla.asks("claim", room="#open", devices=[key("edison phone")])
        self.assertEqual(answer, {"one_time": {}})

    def test_c5_from_the_moment_of_the_kick(self) -> None:
        version = self.version(self.edison, "#open")
        self.tesla.queues("kick", room="#open", user="edison")
        self.tesla.deliver()
        asked = {
            do: self.edison.queues(do, room="#open", **{**more, "version": version})
            if do == "send"
            else self.edison.queues(do, room="#open", **more)
            for do, more in ASKING.items()
        }
        self.edison.deliver()
        self.hall.settle()
        for do, number in asked.items():
            self.assertEqual(code(self.edison.answer_to(number)), "not_a_member", do)

    def test_c5_who_is_put_out_while_the_keys_are_read_is_not_told_them(self) -> None:
        store, read = self.hall.chat.store, self.hall.chat.store.read

        def late(question: Any) -> Any:
            self.patch(store, "read", read)
            self.tesla.queues("kick", room="#open", user="edison")
            self.tesla.deliver()
            return read(question)

        self.patch(store, "read", late)
        self.assertEqual(code(self.edison.asks("keys", room="#open")), "not_a_member")

    def test_c6_one_who_is_invited(self) -> None:
        self.tesla.asks("invite", room="#secret", user="eve")
        self.assertEqual(self.codes(self.eve, "#secret"), {"not_a_member"})

    def test_c5_who_comes_gets_what_is_said_from_then_on(self) -> None:
        self.seals(self.tesla, "#secret", "before")
        self.tesla.asks("invite", room="#secret", user="eve")
        self.eve.asks("join", room="#secret")
        self.seals(self.tesla, "#secret", "behind")
        self.assertEqual([sealed for _, _, sealed in sealed_in(self.eve)], ["behind"])
        found = self.eve.asks("entries", room="#secret", after=0)["entries"]
        self.assertEqual([e["event"] for e in found], ["join", "message"])

    def test_c5_in_a_deleted_room(self) -> None:
        self.tesla.asks("delete", what="#open", sure=True)
        for program in (self.tesla, self.edison):
            self.assertEqual(self.codes(program, "#open"), {"no_such_room"})

    def test_c4_with_nobody(self) -> None:
        self.assertEqual(self.codes(self.tesla, "nobody"), {"no_such_user"})

    def test_a9_before_login(self) -> None:
        program = self.hall.program()
        for do, more in {**ASKING, "publish": {"device_keys": {}}}.items():
            room = {} if do == "publish" else {"room": "#open"}
            self.assertIn(code(program.asks(do, **room, **more)), ("not_now", "args"))
