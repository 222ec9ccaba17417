"""Line ends, half lines, slow readers, and the ways in which a connection ends."""

from __future__ import annotations

import tracemalloc

from twisted_chat.testing import Client

from .case import WELCOME, HallTestCase


class LineEndTests(HallTestCase):
    def test_who_types_crlf_reads_crlf(self) -> None:
        ann, bob = self.hall.person("ann"), self.hall.connects()
        for line in ("bob", "x", "x"):
            bob.sends(line.encode() + b"\r\n")
        bob.hears(WELCOME.replace("\n", "\r\n") + "\r\n")
        ann.says("hello")
        bob.sends(b"BM hi\r\nPM\r\nann\r\nyou\r\n")
        text = bob.takes()
        self.assertEqual(text.count("\n"), text.count("\r\n"))
        self.assertIn("[1 10:00] ann: hello\r\n", text)
        ann.reads(
            "bob joined the conversation",
            "(Message 1 sent: 1 now, 0 later)",
            "[2 10:00] bob: hi",
            "[bob/1 10:00 private] bob: you <private message>",
        )

    def test_a5_a_carriage_return_inside_a_line_is_refused(self) -> None:
        ann, bob = self.people("ann", "bob")
        ann.sends(b"BM one\rtwo\n")
        ann.hears("(The character U+000D cannot be sent;")
        bob.hears_nothing()


class HalfSentTests(HallTestCase):
    def test_c2_half_a_command_and_then_nothing_does_nothing(self) -> None:
        ann, bob = self.people("ann", "bob")
        ann.sends(b"BM hello wor")
        ann.vanishes()
        bob.reads("ann left the conversation")

    def test_the_last_line_may_lack_its_end(self) -> None:
        ann, bob = self.people("ann", "bob")
        ann.sends(b"BM hello world")
        ann.ends_input()
        bob.hears("[1 10:00] ann: hello world")
        ann.reads("(Message 1 sent: 1 now, 0 later)")
        self.assertTrue(ann.closed)

    def test_a12_everything_is_answered_before_the_end(self) -> None:
        ann, bob = self.people("ann", "bob")
        ann.sends_later(b"".join(b"BM m%d\n" % number for number in range(300)) + b"whoelse\n")
        while ann.deliver():
            pass
        ann.protocol.readConnectionLost()
        self.hall.settle()
        expected = [f"(Message {number} sent: 1 now, 0 later)" for number in range(1, 301)]
        ann.reads(*expected, "The currently online users are:", "bob")
        self.assertTrue(ann.closed)
        self.assertEqual(len(bob.takes().splitlines()), 301)

    def test_a_whole_session_from_a_file(self) -> None:
        bob = self.hall.person("bob")
        script = self.hall.connects()
        script.sends_later(b"ann\nx\nx\nBM one\ntalk bob\ntwo\n/talk\nwhoelse\ntata\nBM too late\n")
        while script.deliver():
            pass
        script.protocol.readConnectionLost()
        self.hall.settle()
        script.hears(
            WELCOME,
            "(Message 1 sent",
            "(Every line",
            "(Message bob/1 sent)",
            "(You are not",
            "The currently online users are:\nbob\n",
            "Logging off\nDISCONNECTED!!\n",
        )
        self.assertTrue(script.closed)
        self.assertNotIn("too late", bob.takes())


class EndTests(HallTestCase):
    def assert_freed(self, client: Client) -> None:
        chat, factory = self.hall.chat, self.hall.factory
        self.assertEqual(list(chat.sessions), [])
        self.assertEqual(chat.roster.online, {})
        self.assertEqual(factory.connections, {})
        self.assertEqual(factory.not_signed_in, {})
        self.assertEqual(chat.delivery.live_in(chat.rooms.lobby), [])
        self.assertTrue(client.closed)

    def test_c2_however_it_ends_nothing_is_held_for_it(self) -> None:
        for ending in ("logout", "tata", "vanish", "end"):
            ann = self.hall.person("ann")
            ann.types("create #den", "PM")
            if ending == "vanish":
                ann.vanishes()
            elif ending == "end":
                ann.ends_input()
                if not ann.closed:
                    ann.vanishes()
            else:
                ann.types("", ending)
            self.assert_freed(ann)

    def test_c2_in_the_middle_of_signing_in(self) -> None:
        for lines in ((), ("ann",), ("ann", "x")):
            ann = self.hall.connects()
            ann.types(*lines)
            ann.vanishes()
            self.assert_freed(ann)
        self.assertIsNone(self.hall.chat.roster.names.find("ann"))

    def test_a15_no_time_out_is_ever_a_line_on_a_screen(self) -> None:
        ann = self.hall.person("ann")
        self.hall.wait(600)
        ann.hears_nothing()
        self.assertFalse(ann.closed)

    def test_idle_people_are_logged_out_where_the_operator_wants_it(self) -> None:
        hall = self.open_hall(idle_timeout=60)
        ann = hall.person("ann")
        hall.wait(50)
        ann.types("whoelse")
        hall.wait(50)
        self.assertFalse(ann.closed)
        hall.wait(15)
        ann.hears("You did nothing for 1 minute: you are logged out.\nDisconnected\n")
        self.assertTrue(ann.closed)


class SlowReaderTests(HallTestCase):
    def test_a16_what_was_held_back_comes_when_it_reads_again(self) -> None:
        ann, bob = self.people("ann", "bob")
        bob.stops_reading()
        for number in range(1000):
            ann.says(f"m{number}")
        bob.hears_nothing()
        bob.reads_again()
        bob.reads(*(f"[{number + 1} 10:00] ann: m{number}" for number in range(1000)))
        ann.says("live again")
        bob.reads("[1001 10:00] ann: live again")

    def test_a16_who_reads_nothing_for_a_minute_is_sent_away_and_loses_nothing(self) -> None:
        ann, bob = self.people("ann", "bob")
        bob.stops_reading()
        ann.says("hello")
        self.hall.wait(70)
        self.assertTrue(bob.closed)
        bob.hears("You read too slowly; what you missed is kept for your next login.")
        self.logs_in("bob").hears("Your offline messages:\n[#lobby/1 10:00] ann: hello\n")

    def test_c5_what_was_said_after_a_kick_never_comes(self) -> None:
        ann, bob = self.people("ann", "bob")
        ann.types("create #den")
        bob.types("join #den")
        self.forget(ann, bob)
        bob.stops_reading()
        ann.types("say #den before", "kick #den bob", "say #den after")
        bob.reads_again()
        self.assertNotIn("after", bob.takes())

    def test_who_does_not_read_is_not_read(self) -> None:
        ann, bob = self.people("ann", "bob")
        bob.stops_reading()
        bob.says("hello")
        ann.hears_nothing()
        bob.reads_again()
        ann.reads("[1 10:00] bob: hello")


class LimitTests(HallTestCase):
    def test_a1_a_line_without_end(self) -> None:
        ann = self.hall.person("ann")
        ann.sends(b"x" * 9000)
        ann.reads("(A line may have at most 8192 bytes.)")
        ann.sends(b"x" * 60_000)
        ann.hears("That line does not end: goodbye.\nDisconnected\n")
        self.assertTrue(ann.closed)

    def test_a1_a_long_line_is_refused_once_and_the_next_is_read(self) -> None:
        ann, bob = self.people("ann", "bob")
        ann.sends(b"BM " + b"x" * 20_000 + b"\nBM hello\n")
        ann.reads("(A line may have at most 8192 bytes.)", "(Message 1 sent: 1 now, 0 later)")
        bob.reads("[1 10:00] ann: hello")

    def test_a11_a_flood_is_slowed_and_then_cut(self) -> None:
        hall = self.open_hall(flood_limit=10)
        ann, bob = hall.person("ann"), hall.person("bob")
        hall.wait(10)
        ann.takes()
        ann.sends(b"BM x\n" * 21)
        self.assertEqual(ann.takes().count("sent"), 20)
        hall.wait(1)
        self.assertIn("Message 21 sent", ann.takes())
        for _ in range(150):
            ann.sends(b"BM x\n" * 3)
            hall.wait(0.1)
        ann.hears("You are sending too fast for too long: goodbye.\nDisconnected\n")
        self.assertFalse(bob.closed)

    def test_a12_a20_what_waits_is_not_split_before_its_turn(self) -> None:
        hall = self.open_hall(flood_limit=10)
        ann = hall.person("ann")
        packet = b"away\n" * 10_000
        tracemalloc.start()
        self.addCleanup(tracemalloc.stop)
        ann.protocol.dataReceived(packet)
        _, most = tracemalloc.get_traced_memory()
        self.assertFalse(ann.transport.reading)
        self.assertLess(most, 6 * len(packet))

    def test_a2_empty_lines_are_ignored_and_cost_something(self) -> None:
        ann = self.hall.person("ann")
        ann.sends(b"\n  \n\t\n\r\n" * 50)
        ann.hears_nothing()
        hall = self.open_hall(flood_limit=10)
        bob = hall.person("bob")
        for _ in range(600):
            bob.sends(b"\n" * 4)
            hall.wait(0.02)
        self.assertTrue(bob.closed)
