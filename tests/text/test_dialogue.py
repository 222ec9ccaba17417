"""The dialogues by themselves, as a client holds them, and beside those of the text door."""

from __future__ import annotations

from collections import deque
from collections.abc import Awaitable
from dataclasses import replace
from typing import Any

import msgspec
from twisted.internet.defer import Deferred, fail, succeed
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase

from twisted_chat.console import parse, replies
from twisted_chat.console.dialogue import Dialogue, SignInDialogue
from twisted_chat.core import command_table as words
from twisted_chat.core.errors import ChatError
from twisted_chat.core.events import Closed
from twisted_chat.core.results import Done, Page, Result, Standing
from twisted_chat.testing import PASSWORD, Hall, Program

from .case import HallTestCase


class Paper:
    """A terminal on paper: what will be typed, and what it comes to."""

    guest = False

    def __init__(self, *lines: str) -> None:
        self.typed = deque(lines)
        self.page = ""
        self.secrets: list[str] = []
        self.commands: list[object] = []
        self.outcomes: deque[Result | ChatError] = deque()
        self.talks: list[str] = []
        self.left = ""

    def ask(self, prompt: str, secret: bool = False) -> Awaitable[str]:
        self.page += prompt
        if secret:
            self.secrets.append(prompt)
        return succeed(self.typed.popleft()) if self.typed else Deferred()

    def say(self, *lines: str) -> None:
        self.page += "".join(f"{line}\n" for line in lines)

    def refuse(self, error: ChatError) -> None:
        self.say(f"({error.sentence})")

    def refuse_failure(self, failure: Failure) -> None:
        failure.trap(ChatError)
        assert isinstance(failure.value, ChatError)
        self.refuse(failure.value)

    def perform(self, command: object) -> Awaitable[Result]:
        self.commands.append(command)
        outcome = self.outcomes.popleft() if self.outcomes else Done("done")
        return fail(outcome) if isinstance(outcome, ChatError) else succeed(outcome)

    def show(self, result: Result) -> None:
        self.say(*replies.lines(result))

    async def talk(self, place: str) -> None:
        self.talks.append(place)

    def log_out(self, word: str) -> None:
        self.left = word


class DialogueTests(SynchronousTestCase):
    def carries_out(self, paper: Paper, *lines: str) -> None:
        """These lines are typed, each with what is waiting to be typed after it."""
        dialogue = Dialogue(paper)
        for line in lines:
            done = Deferred.fromCoroutine(dialogue.carry_out(parse.read(line)))
            self.successResultOf(done.addErrback(paper.refuse_failure))

    def test_a_whole_command_is_carried_out_without_a_question(self) -> None:
        paper = Paper()
        self.carries_out(paper, "BM hello")
        self.assertEqual(paper.commands, [words.Broadcast("hello")])
        self.assertEqual(paper.page, "(done)\n")

    def test_what_was_left_out_is_asked_for_beneath_who_is_online(self) -> None:
        paper = Paper(" edison ", "psst")
        paper.outcomes.append(Done("edison is here"))
        self.carries_out(paper, "PM")
        self.assertEqual(paper.commands, [words.WhoElse(), words.Message("edison", "psst")])
        self.assertEqual(paper.page, "(edison is here)\nTo: Message: (done)\n")
        self.assertEqual(paper.secrets, [])

    def test_an_empty_answer_ends_it_where_it_is_none(self) -> None:
        paper = Paper("", "")
        self.carries_out(paper, "BM", "personalintro")
        self.assertEqual(paper.commands, [words.PersonalIntro("")])
        self.assertEqual(
            paper.page,
            "Message: (Nothing was done)\nPlease enter your personal introduction:\n(done)\n",
        )

    def test_what_cannot_be_undone_takes_a_yes(self) -> None:
        paper = Paper("no", " YES ")
        question = ChatError("confirm", "That is for ever.")
        paper.outcomes.extend([question, question])
        self.carries_out(paper, "delete-account", "delete-account")
        self.assertEqual(
            paper.commands,
            [words.DeleteAccount(), words.DeleteAccount(), words.DeleteAccount(sure=True)],
        )
        asked = "That is for ever.\nType yes to go on: "
        self.assertEqual(paper.page, f"{asked}(Nothing was done)\n{asked}(done)\n")

    def test_another_refusal_is_no_question(self) -> None:
        paper = Paper()
        paper.outcomes.append(ChatError("not_allowed", "You may not."))
        self.carries_out(paper, "shutdown")
        self.assertEqual(paper.page, "(You may not.)\n")

    def test_passwords_are_asked_for_as_secrets(self) -> None:
        paper = Paper("old", "new", "new", "old", *("new", "knew") * 3)
        self.carries_out(paper, "password", "password")
        self.assertEqual(paper.commands, [words.Password(new="new", old="old")])
        again = "(The two passwords are not the same: choose again.)\n"
        self.assertEqual(paper.page.count(again), 3)
        self.assertIn("your password is what it was.", paper.page)
        self.assertEqual(len(paper.secrets), 10)

    def test_a_guest_has_no_old_password(self) -> None:
        paper = Paper("new", "new")
        paper.guest = True
        self.carries_out(paper, "password")
        self.assertEqual(paper.commands, [words.Password(new="new", old="")])

    def test_search_without_words_goes_on(self) -> None:
        paper = Paper()
        paper.outcomes.extend([Page((), older=9, search=True), Page((), search=True)])
        self.carries_out(paper, "search", "search coil", "search", "search")
        self.assertEqual(paper.commands, [words.Search("coil"), words.Search("coil", page=9)])
        question = "(Type what to look for: search <words>.)\n"
        self.assertEqual(
            paper.page, f"{question}(There is more: search)\n(Nothing found)\n{question}"
        )

    def test_talking_and_leaving_are_the_terminals_own(self) -> None:
        paper = Paper()
        self.carries_out(paper, "talk #coil", "talk", "tata")
        self.assertEqual(paper.talks, ["#coil", ""])
        self.assertEqual(paper.left, "tata")
        self.assertEqual(paper.commands, [])

    def test_a_plain_line_is_said_to_those_here(self) -> None:
        self.assertEqual(parse.said("hi", "#coil"), words.Say("#coil", "hi"))
        self.assertEqual(parse.said("hi", "edison"), words.Message("edison", "hi"))
        self.assertEqual(parse.said("//hi", "edison"), words.Message("edison", "/hi"))
        for line, here in (("/whoelse", "#coil"), (" tata", "#coil"), ("hi", "")):
            self.assertIsNone(parse.said(line, here))


class AsAProgram(SignInDialogue[str]):
    """Signs in by requests, as a client does."""

    def __init__(self, paper: Paper, program: Program) -> None:
        super().__init__(paper)
        self.program = program

    async def standing(self, name: str) -> Standing:
        return msgspec.convert(self.answer("known", name=name), Standing)

    async def log_in(self, name: str, password: str) -> str:
        return str(self.answer("login", name=name, password=password)["name"])

    async def register(self, name: str, password: str) -> str:
        return str(self.answer("register", name=name, password=password)["name"])

    async def come_as_guest(self, name: str) -> str:
        return str(self.answer("guest", name=name)["name"])

    def answer(self, do: str, **arguments: Any) -> dict[str, Any]:
        answer = self.program.asks(do, **arguments)
        if "error" in answer:
            raise ChatError(answer["error"]["code"], answer["error"]["message"])
        return answer


class BothEndsTests(HallTestCase):
    """A client that asks with the shared dialogue reads as the text door does."""

    def on_paper(self, hall: Hall, *lines: str) -> tuple[str, str | None]:
        paper = Paper(*lines)
        entering = AsAProgram(paper, hall.program("10.0.0.1"))
        entered = Deferred.fromCoroutine(entering.sign_in())
        return paper.page, self.successResultOf(entered) if entered.called else None

    def at_the_door(self, hall: Hall, *lines: str) -> str:
        client = hall.connects("10.0.0.2")
        client.types(*lines)
        return client.takes().partition("Login successful")[0]

    def halls(self, **settings: Any) -> list[Hall]:
        """Two servers alike, in each of which edison has an account."""
        halls = []
        for _ in range(2):
            hall = self.open_hall()
            hall.person("edison").types("logout")
            hall.settings = replace(hall.settings, **settings)
            hall.restart()
            halls.append(hall)
        return halls

    def alike(self, *lines: str, **settings: Any) -> tuple[str, str | None]:
        one, other = self.halls(**settings)
        page, name = self.on_paper(one, *lines)
        self.assertEqual(page, self.at_the_door(other, *lines))
        return page, name

    def test_a_known_name(self) -> None:
        page, name = self.alike("", "edison", "wrong", "", PASSWORD)
        self.assertIn("(Wrong username or password. You have 1 try left.)\n", page)
        self.assertEqual(name, "edison")

    def test_b1_a_blocked_name_is_the_end_of_the_question(self) -> None:
        page, name = self.alike("edison", "one", "two", "three", "tesla", "x", "x")
        self.assertIn("blocked for you for 1 minute.)\nUsername: tesla is a new name", page)
        self.assertEqual(name, "tesla")

    def test_a_new_name(self) -> None:
        page, name = self.alike("tesla", "one", "two", "one", "one")
        self.assertEqual(
            page,
            "Username: tesla is a new name here: choose a password for it.\n"
            "Enter Password: Enter Password again: "
            "(The two passwords are not the same: choose again.)\n"
            "Enter Password: Enter Password again: ",
        )
        self.assertEqual(name, "tesla")

    def test_b10_a_name_that_cannot_be_had_is_refused_before_a_password(self) -> None:
        page, _ = self.alike("a b", "message", "Еdison")
        self.assertEqual(page.count("Username: "), 4)
        self.assertNotIn("Password", page)

    def test_b4_where_nobody_can_sign_up(self) -> None:
        page, name = self.alike("tesla", "x", "x", "x", "edison", PASSWORD, registration_open=False)
        self.assertNotIn("new name", page)
        self.assertEqual(name, "edison")

    def test_guests(self) -> None:
        self.assertEqual(self.alike("a b", "tesla", guests=True)[1], "tesla")
        self.assertEqual(self.alike("edison", PASSWORD, guests=True)[1], "edison")

    def test_ten_dialogues_that_lead_nowhere_are_the_last(self) -> None:
        one, other = self.halls()
        page, _ = self.on_paper(one, *["a b"] * 10)
        goodbye = "That was tried too often: goodbye.\nDisconnected\n"
        self.assertEqual(page + goodbye, self.at_the_door(other, *["a b"] * 10))

    def test_leaving_instead(self) -> None:
        paper = Paper("tata")
        hall = self.open_hall()
        done = Deferred.fromCoroutine(AsAProgram(paper, hall.program()).sign_in())
        self.assertIsNone(self.successResultOf(done))
        self.assertEqual(paper.left, "tata")

    def test_the_passwords_are_secrets_and_the_name_is_not(self) -> None:
        paper = Paper("tesla", "x", "x")
        hall = self.open_hall()
        Deferred.fromCoroutine(AsAProgram(paper, hall.program()).sign_in())
        self.assertEqual(paper.secrets, ["Enter Password: ", "Enter Password again: "])
        paper = Paper("tesla", "wrong", "x")
        Deferred.fromCoroutine(AsAProgram(paper, hall.program()).sign_in())
        self.assertEqual(paper.secrets, ["Enter user's password: "] * 2)


class ClosedTests(HallTestCase):
    def test_who_is_gone_is_asked_nothing_more(self) -> None:
        self.hall.person("edison").types("logout")
        client = self.hall.connects()
        client.types("edison")
        proof: Deferred[Any] = Deferred()
        self.patch(self.hall.chat.signin, "with_password", lambda *_: proof)
        client.types("wrong")
        client.takes()
        talk: Any = client.protocol.door
        talk.close(Closed("timeout", "Nobody logged in for three minutes: goodbye."))
        proof.errback(ChatError("wrong_password", "Wrong username or password."))
        self.assertNotIn("Enter user's password: ", client.takes())
        self.assertIsNone(talk._asking)
