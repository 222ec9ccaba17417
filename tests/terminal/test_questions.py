"""One question at a time."""

from __future__ import annotations

from twisted.internet.defer import CancelledError, Deferred
from twisted.trial.unittest import SynchronousTestCase

from twisted_chat.clients.terminal.questions import Questions


class QuestionTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.prompts: list[str] = []
        self.questions = Questions(self.changed)

    def changed(self) -> None:
        now = self.questions.now
        self.prompts.append(now.prompt if now is not None else "")

    def test_the_next_one_waits(self) -> None:
        first = self.questions.ask("Username: ")
        second = self.questions.ask("Enter Password: ", secret=True)
        self.questions.answered("tesla")
        self.assertEqual(self.successResultOf(first), "tesla")
        self.assertNoResult(second)
        self.questions.answered("alternating")
        self.assertEqual(self.successResultOf(second), "alternating")
        self.assertEqual(self.prompts, ["Username: ", "Username: ", "Enter Password: ", ""])

    def test_the_answer_may_lead_to_another_question(self) -> None:
        asked: list[Deferred[str]] = []
        self.questions.ask("Username: ").addCallback(
            lambda name: asked.append(self.questions.ask(f"{name}, your password: "))
        )
        self.questions.answered("tesla")
        self.assertEqual(self.prompts[-1], "tesla, your password: ")
        self.questions.answered("alternating")
        self.assertEqual(self.successResultOf(asked[0]), "alternating")

    def test_one_that_is_cancelled_is_gone(self) -> None:
        first, second = self.questions.ask("One: "), self.questions.ask("Two: ")
        second.cancel()
        self.failureResultOf(second, CancelledError)
        self.questions.cancel()
        self.failureResultOf(first, CancelledError)
        self.assertIsNone(self.questions.now)

    def test_a_prompt_may_have_several_lines(self) -> None:
        self.questions.ask("It will be gone.\nType yes to go on: ")
        assert self.questions.now is not None
        self.assertEqual(self.questions.now.above, ["It will be gone."])
        self.assertEqual(self.questions.now.prompt, "Type yes to go on: ")
