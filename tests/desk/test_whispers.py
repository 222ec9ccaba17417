"""What people at desks say to guests, and hear of them: it is kept nowhere."""

from __future__ import annotations

from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from tests.support.encrypted import FORGED, HostileServer
from tests.support.office import Office
from twisted_chat.bot import Bot, Message
from twisted_chat.clients.pipe.json_requests import _stored
from twisted_chat.clients.sync.messages import Outgoing, Stage
from twisted_chat.clients.sync.storage import Unsent
from twisted_chat.testing import PASSWORD

ANSWER = "(Message to zoe delivered, and kept nowhere: one of you is a guest)"


class WhisperTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.office = Office(guests=True)
        self.addCleanup(self.office.__exit__, None, None, None)
        self.kim, self.zoe = self.office.desk("kim"), self.office.desk("zoe")
        self.kim.types("password", PASSWORD, PASSWORD)
        for seat in (self.kim, self.zoe):
            seat.lines.clear()

    def test_to_a_guest_and_back(self) -> None:
        self.kim.types("/switch zoe", "hi")
        self.kim.finds(ANSWER)
        self.zoe.reads("[10:00 private] kim: hi")
        self.zoe.types("message kim hello zoe", "message kim kim!")
        self.kim.reads("[10:00 private] zoe: hello zoe", "[10:00 private] zoe: kim!")
        self.assertEqual(self.kim.alerts[-1], "[10:00 private] zoe: kim!")

    def test_one_sees_what_one_has_said(self) -> None:
        self.kim.echoes = True
        self.kim.types("message zoe hi")
        self.assertRegex(self.kim.lines[0].text, r"^\[zoe \d\d:\d\d private\] kim: hi$")
        self.assertEqual(self.kim.lines[0].rows[0][1].style, "own")
        self.kim.lines.clear()
        self.kim.types("/switch zoe", "/me waves")
        self.kim.finds("private] * kim waves")
        self.zoe.finds("private] * kim waves")

    def test_it_is_sent_once_and_then_forgotten(self) -> None:
        self.kim.crashes()
        self.kim.start()  # as an account, which has an outbox on disk
        self.kim.types(PASSWORD)
        outgoing = self.kim.user.say("zoe", "hi")
        self.office.settle()
        self.assertEqual((outgoing.stage, outgoing.now), (Stage.TOLD, 1))
        assert self.kim.user.outbox is not None and self.kim.user.account.storage is not None
        self.assertEqual(self.kim.user.outbox.messages, {})
        self.assertEqual(self.kim.user.account.storage.unsent, [])
        self.assertIsNone(self.kim.user.conversations.get("zoe"))

    def test_what_reaches_nobody_is_refused(self) -> None:
        self.zoe.wire.breaks()
        self.zoe.unreachable = True
        self.kim.types("message zoe hi")
        self.kim.finds("There is no user called zoe.")

    def test_a_bot_hears_it_and_answers(self) -> None:
        heard: list[Message] = []

        def on_message(bot: Bot, message: Message) -> None:
            heard.append(message)
            bot.reply(message, f"you said {message.text}")

        bot = Bot.__new__(Bot)
        bot.user, bot._on_message, bot._waiting = self.kim.user, on_message, {}
        bot.user.watcher = bot
        self.zoe.types("message kim !ping")
        (message,) = heard
        self.assertEqual((message.room, message.seq, message.text), ("zoe", 0, "!ping"))
        self.zoe.finds("[10:00 private] kim: you said !ping")

    def test_a_program_at_a_pipe_is_told(self) -> None:
        message = Outgoing(Unsent("c1", "zoe", "hi", 0))
        message.stage, message.now = Stage.TOLD, 1
        message.done.callback(message)
        answer = self.successResultOf(Deferred.fromCoroutine(_stored(message)))
        self.assertEqual(answer, {"room": "zoe", "now": 1, "cid": "c1"})


class EncryptedTests(HostileServer):
    def test_nothing_in_clear_is_taken_for_what_is_said_where_all_is_encrypted(self) -> None:
        who = {"room": "tesla", "by": "tesla"}
        self.heard(self.edison, {"event": "whisper", **who, "text": FORGED, "time": 1})
        self.assertNotIn(FORGED, self.whole(self.edison))
        self.edison.finds("tesla has said something there in clear: not shown.")

    def test_one_that_makes_no_sense_ends_the_connection_and_no_more(self) -> None:
        self.heard(self.edison, {"event": "whisper", "room": 5, "by": [], "text": {}, "time": "?"})
        self.assertTrue(self.flushLoggedErrors(ValueError))
