"""Turning encryption on: who may, what it means, and what comes at the same moment."""

from __future__ import annotations

from typing import ClassVar
from unittest import mock

from twisted_chat.core.errors import ChatError
from twisted_chat.store import writer
from twisted_chat.testing import Client, Program

from .case import SealedCase, code, publishes


def queues(client: Client, line: str) -> None:
    """Type a line that the server reads together with what others type."""
    client.sends_later(line.encode() + b"\n")


class EncryptingTests(SealedCase):
    def test_in_private_either_may_and_it_is_for_good(self) -> None:
        self.says(self.edison, "tesla", "in words")
        self.looks_away()
        refused = self.tesla.asks("encrypt", place="edison")
        self.assertEqual(code(refused), "confirm")
        self.assertRegex(refused["error"]["message"], "for good.* netcat.* before stays as it is")
        self.assertEqual(self.edison.takes_events(), [])
        self.tesla.asks("encrypt", place="edison", sure=True)
        [entry] = self.edison.takes_events()
        self.assertEqual(
            (entry["event"], entry["room"], entry["seq"], entry["by"]),
            ("encrypt", "tesla", 2, "tesla"),
        )
        again = self.edison.asks("encrypt", place="tesla")
        self.assertEqual(again, {"text": "Your conversation with tesla is encrypted already."})
        self.assertEqual(self.tesla.takes_events("message", "encrypt")[0]["seq"], 2)
        self.assertEqual(
            [line["text"] for line in self.tesla.asks("history", place="edison")["lines"]],
            ["in words"],
        )

    def test_a_private_conversation_may_begin_with_it(self) -> None:
        self.encrypts(self.tesla, "edison")
        self.assertEqual(self.seals(self.edison, "tesla", "x")["seq"], 2)
        self.hall.restart()
        _, answer = self.resumes("edison", "phone")
        self.assertEqual(
            (answer["rooms"]["tesla"]["encrypted"], answer["rooms"]["#lobby"]["encrypted"]),
            (True, False),
        )
        self.assertNotIn("version", answer["rooms"]["#lobby"])

    def test_a_room_by_its_owner(self) -> None:
        self.tesla.asks("create", room="#coil")
        self.edison.asks("join", room="#coil")
        self.tesla.asks("op", room="#coil", user="edison")
        self.assertEqual(code(self.edison.asks("encrypt", place="#coil", sure=True)), "not_allowed")
        self.assertEqual(code(self.tesla.asks("encrypt", place="#coil")), "confirm")
        self.encrypts(self.tesla, "#coil")
        self.assertEqual(self.tesla.asks("encrypt", place="#coil")["text"][:5], "#coil")
        joined = self.bell.asks("join", room="#coil")
        self.assertTrue(joined["encrypted"])
        [told] = self.bell.takes_events("room")
        self.assertTrue(told["encrypted"])
        lines = {line["room"]: line for line in self.bell.asks("rooms")["rooms"]}
        found = {room: line["encrypted"] for room, line in lines.items()}
        self.assertEqual(found, {"#lobby": False, "#coil": True})

    def test_nobody_encrypts_the_lobby(self) -> None:
        for program in (self.tesla, self.bell):
            answer = program.asks("encrypt", place="#lobby", sure=True)
            self.assertEqual(code(answer), "not_allowed")
            self.assertIn("cannot be encrypted", answer["error"]["message"])

    def test_whoever_is_to_read_there_has_a_device_with_keys(self) -> None:
        for program, place in ((self.tesla, "bell"), (self.bell, "tesla")):
            answer = program.asks("encrypt", place=place, sure=True)
            self.assertEqual(code(answer), "no_keys")
        self.bell.asks("create", room="#den")
        self.assertEqual(code(self.bell.asks("encrypt", place="#den", sure=True)), "no_keys")
        publishes(self.bell, "bell")
        self.encrypts(self.tesla, "bell")
        self.encrypts(self.bell, "#den")

    def test_only_people_and_rooms_that_are_there(self) -> None:
        for place, expected in (
            *(("nobody", "no_such_user"), ("#nowhere", "no_such_room"), ("tesla", "args")),
            *(("", "no_such_user"), ("#", "no_such_room")),
        ):
            self.assertEqual(code(self.tesla.asks("encrypt", place=place, sure=True)), expected)

    def test_what_cannot_be_stored_leaves_everything_as_it_was(self) -> None:
        self.says(self.tesla, "edison", "words")
        full = ChatError("store_full", "The disk is full.")
        with mock.patch.object(self.hall.store, "change", side_effect=full):
            answer = self.tesla.asks("encrypt", place="edison", sure=True)
        self.assertEqual(code(answer), "store_full")
        self.assertEqual(self.says(self.tesla, "edison", "words")["seq"], 2)
        self.assertEqual(self.hall.chat.rooms.being_encrypted, [])

    def test_with_netcat_it_is_asked_for_and_told(self) -> None:
        tesla = self.hall.person("tesla")
        tesla.types("encrypt edison")
        tesla.hears("for good", "Type yes to go on: ")
        tesla.types("no")
        tesla.hears("(Nothing was done)")
        tesla.types("encrypt edison", "yes")
        tesla.hears(
            "[edison/1 10:00 private] tesla encrypts this conversation from here on, for good"
        )


class RaceTests(SealedCase):
    """What is said in the moment in which a conversation is encrypted comes before it, or not."""

    def log(self, room: str) -> list[str]:
        """What there is in a conversation, as tesla is given it."""
        found = self.tesla.asks("entries", room=room, after=0)["entries"]
        return [entry.get("text") or entry["event"] for entry in found]

    def turns_on(self, place: str) -> int:
        number = self.tesla.queues("encrypt", place=place, sure=True)
        self.tesla.deliver()
        return number

    def settles(self, *asked: tuple[Program, int]) -> list[str]:
        """Everything happens; the codes with which these were refused."""
        self.hall.settle()
        return [code(program.answer_to(number)) for program, number in asked]

    def begins(self, program: Program, do: str, **arguments: object) -> tuple[Program, int]:
        """Ask for something while the store does nothing."""
        number = program.queues(do, **arguments)
        program.deliver()
        return program, number

    def test_words_before_and_behind_in_private(self) -> None:
        self.says(self.edison, "tesla", "begun")
        before = self.begins(self.edison, "send", room="tesla", text="before", cid="a")
        self.turns_on("edison")
        behind = self.begins(self.edison, "send", room="tesla", text="behind", cid="b")
        self.assertEqual(self.settles(before, behind), ["", "encrypted"])
        self.assertEqual(self.log("edison"), ["begun", "before", "encrypt"])

    def test_words_before_and_behind_in_a_room(self) -> None:
        self.tesla.asks("create", room="#coil")
        self.edison.asks("join", room="#coil")
        before = self.begins(self.edison, "say", room="#coil", text="before")
        self.turns_on("#coil")
        behind = self.begins(self.edison, "say", room="#coil", text="behind")
        self.assertEqual(self.settles(before, behind), ["", "encrypted"])
        self.assertEqual(self.log("#coil"), ["join", "join", "before", "encrypt"])

    def test_words_that_begin_a_conversation(self) -> None:
        before = self.begins(self.edison, "message", user="tesla", text="before")
        self.turns_on("edison")
        behind = [
            self.begins(self.bell, "message", user="tesla", text="of another"),
            self.begins(self.edison, "broadcast user", users=["bell", "tesla"], text="behind"),
        ]
        self.assertEqual(self.settles(before, *behind), ["", "", "encrypted"])
        self.assertEqual(self.log("edison"), ["before", "encrypt"])
        self.assertEqual(self.log("bell"), ["of another"])
        self.assertEqual(self.edison.asks("entries", room="bell", after=0)["entries"], [])

    def test_first_words_behind_it(self) -> None:
        self.turns_on("edison")
        behind = self.begins(self.edison, "message", user="tesla", text="behind")
        self.assertEqual(self.settles(behind), ["encrypted"])
        self.assertEqual(self.log("edison"), ["encrypt"])

    def test_words_between_two_commits(self) -> None:
        self.patch(writer, "BATCH_WORKS", 1)
        first = self.begins(self.edison, "message", user="tesla", text="first")
        self.turns_on("edison")
        self.hall.store.run_once()  # the conversation is there, and not encrypted yet
        behind = self.begins(self.edison, "message", user="tesla", text="behind")
        self.assertEqual(self.settles(first, behind), ["", "encrypted"])
        self.assertEqual(self.log("edison"), ["first", "encrypt"])

    def test_an_edit_in_words_before_it(self) -> None:
        self.says(self.edison, "tesla", "word")
        edit = self.begins(self.edison, "edit", message="tesla/1", text="other words")
        self.turns_on("edison")
        self.assertEqual(self.settles(edit), [""])
        self.assertEqual(self.log("edison"), ["other words", "other words", "encrypt"])

    def test_an_edit_in_words_behind_it(self) -> None:
        self.says(self.edison, "tesla", "word")
        self.turns_on("edison")
        edit = self.begins(self.edison, "edit", message="tesla/1", text="other words")
        self.assertEqual(self.settles(edit), ["encrypted"])
        self.assertEqual(self.log("edison"), ["word", "encrypt"])

    def test_an_edit_that_was_looked_up_before(self) -> None:
        self.says(self.edison, "tesla", "word")
        store, read = self.hall.chat.store, self.hall.chat.store.read

        def late(question: object) -> object:
            with mock.patch.object(store, "read", read):
                self.turns_on("edison")
            return read(question)  # type: ignore[arg-type]

        with mock.patch.object(store, "read", late):
            edit = self.begins(self.edison, "edit", message="tesla/1", text="other words")
        self.assertEqual(self.settles(edit), ["encrypted"])
        self.assertEqual(self.log("edison"), ["word", "encrypt"])

    def test_two_ask_at_once(self) -> None:
        one = self.begins(self.tesla, "encrypt", place="edison", sure=True)
        other = self.begins(self.edison, "encrypt", place="tesla", sure=True)
        self.assertEqual(self.settles(one, other), ["", ""])
        self.assertEqual(self.log("edison"), ["encrypt"])
        self.assertEqual(self.hall.chat.rooms.being_encrypted, [])

    def test_sealed_only_from_the_commit_on(self) -> None:
        self.says(self.tesla, "edison", "word")
        self.turns_on("edison")
        arguments = {"room": "tesla", "text": "", "sealed": "x", "version": "x", "cid": "1"}
        early = self.begins(self.edison, "send", **arguments)
        self.assertEqual(self.settles(early), ["not_encrypted"])

    def test_with_netcat_at_once(self) -> None:
        self.says(self.tesla, "edison", "word")
        edison = self.hall.person("edison")
        queues(edison, "PM tesla before")
        edison.deliver()
        self.turns_on("edison")
        queues(edison, "PM tesla behind")
        self.hall.settle()
        edison.hears("(Message tesla/2 sent)", "(This conversation is encrypted: ")
        self.assertEqual(self.log("edison"), ["word", "before", "encrypt"])


class OwnerTests(SealedCase):
    settings: ClassVar = {"admins": ("root",)}

    def test_an_administrator_encrypts_nothing_of_others(self) -> None:
        root = self.hall.bot("root")
        publishes(root, "root")
        self.tesla.asks("create", room="#coil")
        root.asks("join", room="#coil")
        self.assertEqual(code(root.asks("encrypt", place="#coil", sure=True)), "not_allowed")
        self.assertEqual(code(root.asks("encrypt", place="#lobby", sure=True)), "not_allowed")
