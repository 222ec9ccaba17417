"""TLS on the one port: the same decisions and the same rooms, with nobody reading along."""

from __future__ import annotations

import json
from unittest import mock

from twisted_chat import factory
from twisted_chat.core.addresses import Network
from twisted_chat.doors.text.door import FIRST_STEPS
from twisted_chat.testing import PASSWORD, Hall

from .case import FAR, Secure, TransportTestCase

WELCOME = f"Login successful, Welcome to twisted-chat!\n{FIRST_STEPS}\n"


class TestCase(TransportTestCase):
    def signs_up(self, hall: Hall, name: str, host: str = FAR) -> Secure:
        client = self.secure(hall, host)
        client.types(name, PASSWORD, PASSWORD)
        client.hears(WELCOME)
        return client


class TalkTests(TestCase):
    def test_people_programs_and_plain_netcat_are_in_the_same_room(self) -> None:
        hall = self.hall()
        tesla = self.signs_up(hall, "tesla")
        edison = hall.person("edison")
        bot = self.secure_program(hall)
        bot.asks("register", name="bell", password=PASSWORD)
        tesla.says("hello")
        edison.hears("[1 10:00] tesla: hello\n")
        edison.says("hi")
        tesla.hears("[2 10:00] edison: hi\n")
        bot.asks("send", room="#lobby", text="watson", cid="1")
        edison.hears("[3 10:00] bell: watson\n")
        tesla.hears("[3 10:00] bell: watson\n")
        texts = [event["text"] for event in bot.takes_events("message")]
        self.assertEqual(texts, ["hello", "hi", "watson"])

    def test_who_is_silent_after_the_handshake_is_greeted(self) -> None:
        hall = self.hall()
        client = self.secure(hall)
        hall.settle()
        self.assertTrue(client.shaken)
        hall.wait(0.29)
        client.hears_nothing()
        hall.wait(0.02)
        client.hears("Username: ")
        client.sends(b'{"id": 1, "do": "ping"}\n')
        greeting, answer = client.takes().strip().splitlines()
        self.assertEqual(json.loads(greeting)["event"], "hello")
        self.assertEqual(json.loads(answer), {"re": 1, "ok": {}})

    def test_nothing_is_said_while_hands_are_shaken(self) -> None:
        hall = self.hall()
        client = self.secure(hall)
        hello, client._pending = client._pending, b""
        for byte in hello[:-1]:
            client._pending = bytes([byte])
            hall.settle()
        hall.wait(5)
        self.assertEqual(client.transport.value(), b"")
        client._pending = hello[-1:]
        hall.settle()
        hall.wait(0.31)
        client.hears("Username: ")

    def test_a13_a_handshake_that_does_not_end(self) -> None:
        hall = self.hall()
        client = self.secure(hall)
        client._pending = client._pending[:40]
        hall.settle()
        hall.wait(19)
        self.assertFalse(client.closed)
        hall.wait(8)
        self.assertTrue(client.closed)
        self.assertEqual(hall.factory.connections, {})

    def test_a13_one_that_ends_late(self) -> None:
        hall = self.hall()
        client = self.secure(hall)
        client._pending, rest = client._pending[:40], client._pending[40:]
        hall.settle()
        hall.wait(21)
        client._pending = rest
        client.hears("Nothing was heard for 20 seconds: goodbye.")
        self.assertTrue(client.told_to_close)

    def test_bytes_that_were_there_when_the_time_was_up_are_read_first(self) -> None:
        hall = self.hall()
        client = hall.connects(FAR)
        # A reactor that was busy for so long calls what is due before it reads.
        silence = hall.settings.greet_after
        hall.clock.callLater(silence, client.protocol.dataReceived, b'{"id": 1, "do": "ping"}\n')
        hall.wait(silence)
        self.assertTrue(client.takes().startswith('{"event":'))

    def test_garbage_instead_of_a_handshake(self) -> None:
        hall = self.hall()
        client = hall.connects(FAR)
        client.transport.value = lambda: b""  # type: ignore[method-assign]
        client.sends(b"\x16\x03" + b"tesla\n" * 10)
        self.assertTrue(client.closed)
        self.assertEqual(hall.factory.not_signed_in, {})

    def test_tls_off(self) -> None:
        hall = Hall(plaintext="always")
        self.addCleanup(hall.close)
        client = hall.connects()
        client.sends(b"\x16\x03\x01\x02\x00\x01")
        client.hears("\x15\x03\x01\x00\x02\x02(")  # in TLS: no handshake can succeed
        self.assertTrue(client.closed)

    def test_tls_after_a_greeting_is_too_late(self) -> None:
        hall = self.hall()
        client = hall.connects()
        hall.wait(0.31)
        client.hears("Username: ")
        client.sends(b"\x16\x03\x01\x02\x00\x01")
        client.hears("\x15\x03\x01\x00\x02\x02\x0a")  # in TLS: this message is unexpected
        self.assertTrue(client.closed)

    def test_i1_tls_may_begin_late_where_nobody_logs_in_without_it(self) -> None:
        for settings, host in (
            ({}, FAR),
            ({"greet_after": 0.0}, FAR),
            ({"plaintext": "never"}, "127.0.0.1"),
        ):
            hall = self.hall(**settings)
            client = self.secure(hall, host)
            hello, client._pending = client._pending, b""
            hall.wait(2.9, step=0.1)
            client._pending = hello
            hall.settle()
            hall.wait(0.4, step=0.1)
            client.hears("Username: ")  # inside of it nobody is waited for any longer

    def test_what_is_asked_at_once_with_the_handshake_is_answered(self) -> None:
        hall = self.hall()
        program = self.secure_program(hall)
        number = program.queues("ping")
        hall.settle()
        self.assertEqual(program.answer_to(number), {})

    def test_it_is_known_that_nobody_reads_along(self) -> None:
        hall = self.hall()
        tesla = self.signs_up(hall, "tesla")
        self.assertTrue(tesla.protocol.secure)
        self.assertFalse(hall.connects(FAR).protocol.secure)


class EndTests(TestCase):
    def test_end_of_input(self) -> None:
        """Without TLS's own goodbye whole lines count, and what may have been cut does not."""
        hall = self.hall()
        tesla, edison = self.signs_up(hall, "tesla"), hall.person("edison")
        tesla.sends_later(b"BM whole\nBM ha")
        tesla.deliver()
        tesla.transport.protocol.readConnectionLost()
        hall.wait(6)
        tesla.hears("(Message 1 sent")
        self.assertTrue(tesla.closed)
        edison.hears("tesla: whole\n")
        edison.says("bye")
        edison.reads("tesla left the conversation", "(Message 2 sent: 0 now, 1 later)")

    def test_goodbye(self) -> None:
        hall = self.hall()
        tesla = self.signs_up(hall, "tesla")
        tesla.says_goodbye()
        self.assertTrue(tesla.closed)
        self.assertEqual(hall.factory.connections, {})

    def test_half_a_handshake_and_the_end(self) -> None:
        hall = self.hall()
        client = self.secure(hall)
        client._pending = client._pending[:40]
        client.ends_input()
        self.assertTrue(client.closed)

    def test_the_last_words_arrive(self) -> None:
        hall = self.hall()
        tesla = self.signs_up(hall, "tesla")
        tesla.types("logout")
        tesla.hears("Logging off\nDisconnected\n")
        self.assertTrue(tesla.told_to_close)
        tesla.says_goodbye()
        self.assertTrue(tesla.closed)

    def test_one_that_does_not_say_goodbye_is_cut_off(self) -> None:
        hall = self.hall()
        tesla = self.signs_up(hall, "tesla")
        tesla.types("logout")
        self.assertFalse(tesla.closed)
        hall.wait(6)
        self.assertTrue(tesla.closed)


class PressureTests(TestCase):
    def test_a16_who_does_not_read_is_written_no_more_and_loses_nothing(self) -> None:
        hall = self.hall()
        tesla, edison = self.signs_up(hall, "tesla"), hall.person("edison")
        tesla.stops_reading()
        for number in range(50):
            edison.says(f"spark {number}")
        hall.settle()
        tesla.hears_nothing()
        tesla.sends(b"BM not read before\n")
        tesla.reads_again()
        tesla.hears(*(f"edison: spark {number}\n" for number in range(50)))
        tesla.hears("(Message 51 sent")

    def test_one_write_for_a_batch(self) -> None:
        hall = self.hall()
        tesla, edison = self.signs_up(hall, "tesla"), hall.person("edison")
        with mock.patch.object(tesla.transport, "write", wraps=tesla.transport.write) as write:
            edison.sends(b"".join(b"BM spark %d\n" % number for number in range(20)))
        self.assertEqual(write.call_count, 1)
        tesla.hears("spark 0\n", "spark 19\n")


class FloodTests(TransportTestCase):
    def test_b15_a_class_comes_in_at_once_and_a_flood_does_not(self) -> None:
        hall = self.hall(connection_limit=100_000)
        for _ in range(300):
            client = self.secure(hall)
            hall.settle()
            self.assertTrue(client.shaken)
            client.vanishes()
            hall.clients.remove(client)
        for _ in range(factory.HANDSHAKES_PER_NETWORK - 300):
            hall.factory._handshakes.take(Network(FAR), hall.clock.seconds())
        refused = self.secure(hall)
        hall.settle()
        self.assertEqual((refused.shaken, refused.closed), (False, True))
        self.assertTrue(self.shaken(hall, "192.0.2.8"))
        hall.wait(factory.HANDSHAKE_SPAN)
        self.assertTrue(self.shaken(hall, FAR))

    def shaken(self, hall: Hall, host: str) -> bool:
        client = self.secure(hall, host)
        hall.settle()
        return client.shaken

    def test_b15_handshakes_count_as_not_logged_in(self) -> None:
        hall = self.hall(connection_limit=100_000)
        for _ in range(factory.BEFORE_LOGIN_PER_NETWORK):
            self.secure(hall)
        one_more = hall.connects(FAR)
        one_more.hears("Too many are logging in at once")
