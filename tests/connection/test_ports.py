"""Doors that are switched off, ports of their own, and who comes to the wrong one."""

from __future__ import annotations

from unittest import mock

from twisted.trial.unittest import SynchronousTestCase

from twisted_chat.core.doors import ALL, DoorKind, OpenDoors, hint
from twisted_chat.core.errors import StartError
from twisted_chat.protocol import FIRST_LINE
from twisted_chat.settings import Settings, settle
from twisted_chat.testing import Client, Hall

from .case import Secure
from .test_front import SPOKEN, FrontTestCase

IRC_ONLY = OpenDoors(
    frozenset({DoorKind.IRC}),
    elsewhere={DoorKind.WEB: 8080, DoorKind.JSON: 9999, DoorKind.TEXT: 9999},
)
WEB_ONLY = OpenDoors(
    frozenset({DoorKind.WEB}),
    elsewhere={DoorKind.IRC: 6667, DoorKind.JSON: 9999, DoorKind.TEXT: 9999},
)
TLS_ONLY = OpenDoors(plain=False)


class HintTests(SynchronousTestCase):
    def test_a8_it_names_what_is_spoken_and_where_the_rest_is(self) -> None:
        for open_doors, wanted, page, sentence in (
            (OpenDoors(), DoorKind.FOREIGN, "http://h:1/",
             "This port speaks IRC, JSON and text; the web page is at http://h:1/."),
            (IRC_ONLY, DoorKind.JSON, "http://h:8080/",
             "This port speaks IRC; port 9999 speaks JSON; the web page is at http://h:8080/."),
            (IRC_ONLY, DoorKind.WEB, "http://h:8080/",
             "This port speaks IRC; the web page is at http://h:8080/."),
            (WEB_ONLY, DoorKind.IRC, "http://h:1/",
             "This port speaks HTTP; port 6667 speaks IRC; the web page is at http://h:1/."),
            (TLS_ONLY.without({DoorKind.IRC, DoorKind.WEB}), DoorKind.WEB, "",
             "This port speaks JSON and text over TLS only."),
        ):  # fmt: skip
            self.assertEqual(hint(open_doors, wanted, page), sentence)


class PortTestCase(FrontTestCase):
    def at(self, hall: Hall, open_doors: OpenDoors, secure: bool = False) -> Client:
        """A client at a port of its own."""
        client = self.client(hall, secure)
        client.protocol.open_doors = open_doors
        return client

    def assert_closing(self, client: Client) -> None:
        """The connection is closed, or the other end has been told so and has a second for it."""
        if not client.closed:
            assert isinstance(client, Secure)
            self.assertTrue(client.told_to_close)
            client.hall.wait(1)
            self.assertTrue(client.closed)


UPGRADE = (
    b"GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)
SWITCHES = {
    DoorKind.IRC: ("no_irc", "ERROR :This port speaks JSON and text;"),
    DoorKind.WEB: ("no_web", "HTTP/1.1 421 Misdirected Request\r\n"),
    DoorKind.TEXT: ("no_text", "This port speaks IRC and JSON;"),
    DoorKind.JSON: ("no_json", '{"event":"closed","code":"not_here","text":"This port speaks IRC'),
}


class SwitchedOffTests(PortTestCase):
    def test_a8_who_comes_for_it_is_told_and_sent_away(self) -> None:
        for door, (switch, answer) in SWITCHES.items():
            hall = self.front(**{switch: True})
            for secure in (False, True):
                data, _ = SPOKEN[door]
                for cut in range(len(data)):
                    client = self.client(hall, secure)
                    if cut:
                        client.sends(data[:cut])
                    client.sends(data[cut:])
                    said = client.takes()
                    self.assertTrue(said.startswith(answer), (door, secure, cut, said))
                    self.assertIn("This port speaks ", said)
                    self.assert_closing(client)
            self.assertEqual(list(hall.chat.sessions), [])

    def test_the_other_doors_stay_open(self) -> None:
        for door, (switch, _) in SWITCHES.items():
            hall = self.front(**{switch: True})
            for other, (data, answer) in SPOKEN.items():
                if other not in (door, DoorKind.FOREIGN):
                    client = self.client(hall)
                    client.sends(data)
                    self.assertIn(answer, client.takes(), (switch, other))
                    self.leaves(client)

    def test_nobody_is_greeted_where_people_are_not_talked_with(self) -> None:
        hall = self.front(no_text=True)
        for data in (b"", b"ni", b"N"):
            client = self.client(hall)
            client.sends(data)
            hall.wait(5)
            client.hears_nothing()
            client.sends(b"NICK bob\r\nUSER bob 0 * :B\r\n"[len(data) :])
            client.hears(" 001 bob ")
            self.leaves(client)

    def test_a8_other_protocols_get_one_line(self) -> None:
        hall = self.front()
        for data in (
            b"EHLO x\r\n",
            b"PRI * HTTP/2.0\r\n\r\n",
            b"\x03\x00\x00",
            b"*1\r\n$4\r\nPING",
        ):
            for client in (self.client(hall), self.client(hall, secure=True)):
                client.sends(data)
                scheme = "https" if client.protocol.over_tls else "http"
                self.assertEqual(
                    client.takes(),
                    "This port speaks IRC, JSON and text; the web page is at"
                    f" {scheme}://{_here(client)}/.\r\n",
                )
                self.assert_closing(client)

    def test_a8_whoever_goes_on_sending_is_cut_off_within_a_second(self) -> None:
        hall = self.front()
        client = self.client(hall)
        # The peer does not close its end.
        with mock.patch.object(client.transport, "loseWriteConnection"):
            client.sends(b"SSH-2.0-x\r\n")
            for _ in range(7):
                client.sends(b"x" * 100)
                hall.wait(0.125, step=0.125)
        self.assertFalse(client.closed)
        hall.wait(0.125)
        self.assertTrue(client.closed)


class OwnPortTests(PortTestCase):
    def test_at_a_port_for_irc_everything_is_irc_and_nobody_is_greeted(self) -> None:
        hall = self.front()
        for before in (b"", b"HELP\r\n", b"tesla\r\n", b"ni\r\n", b"\r\n"):
            client = self.at(hall, IRC_ONLY)
            hall.wait(5)
            client.hears_nothing()
            client.sends(before + b"NICK bob\r\nUSER bob 0 * :B\r\n")
            client.hears(" 001 bob ")
            self.leaves(client)

    def test_a3_a_slow_client_in_small_letters_is_irc_there_too(self) -> None:
        hall = self.front()
        client = self.at(hall, IRC_ONLY)
        client.sends(b"ni")
        hall.wait(2)
        client.hears_nothing()
        client.sends(b"ck bob\r\nuser bob 0 * :B\r\n")
        client.hears(" 001 bob ")

    def test_a13_silence_ends_in_the_words_of_the_door(self) -> None:
        hall = self.front()
        irc, web = self.at(hall, IRC_ONLY), self.at(hall, WEB_ONLY)
        tls, stuck = self.at(hall, TLS_ONLY), self.at(hall, TLS_ONLY)
        stuck.sends(b"\x16")
        hall.wait(FIRST_LINE + 2)
        irc.hears("ERROR :")
        web.hears("HTTP/1.1 408 Request Timeout")
        tls.hears_nothing()
        for client in (irc, web, tls, stuck):
            self.assertTrue(client.closed)

    def test_a8_who_comes_to_the_wrong_port_is_told_the_right_one(self) -> None:
        hall = self.front()
        for open_doors, door, answers in (
            (IRC_ONLY, DoorKind.WEB, ("HTTP/1.1 421 ", "This port speaks IRC; the web page is at"
                                  " http://", ":8080/.")),
            (IRC_ONLY, DoorKind.JSON,
             ('{"event":"closed","code":"not_here"', "port 9999 speaks JSON")),
            (IRC_ONLY, DoorKind.FETCH, ("This port speaks IRC; the web page",)),
            (WEB_ONLY, DoorKind.IRC, ("ERROR :This port speaks HTTP; port 6667 speaks IRC;",)),
            (WEB_ONLY, DoorKind.JSON, ("This port speaks HTTP; port 9999 speaks JSON;",)),
            (WEB_ONLY, DoorKind.TEXT, ("HTTP/1.1 400 Bad Request",)),
            (IRC_ONLY, DoorKind.FOREIGN, ("This port speaks IRC;",)),
        ):  # fmt: skip
            client = self.at(hall, open_doors)
            client.sends(SPOKEN[door][0])
            client.hears(*answers)
            self.assertTrue(client.closed, (open_doors, door))

    def test_a_port_for_browsers_has_irc_over_websockets_too(self) -> None:
        for settings, answer in (({}, "101 Switching"), ({"no_irc": True}, "200 OK")):
            hall = self.front(**settings)
            client = self.client(hall)
            client.protocol.open_doors = OpenDoors(frozenset({DoorKind.WEB}))
            client.sends(UPGRADE)
            client.hears(f"HTTP/1.1 {answer}")

    def test_a_port_for_tls_takes_nothing_else_and_inside_it_everything(self) -> None:
        hall = self.front()
        for data, answer in SPOKEN.values():
            secure = self.at(hall, TLS_ONLY, secure=True)
            secure.sends(data)
            self.assertIn(answer.replace("text;", "text over TLS only;"), secure.takes())
            self.leaves(secure)
            plain = self.at(hall, TLS_ONLY)
            hall.wait(1)
            plain.hears_nothing()
            plain.sends(data)
            said = plain.takes()
            self.assertIn("This port speaks IRC, JSON and text over TLS only; the web page", said)
            self.assertIn("https://", said)
            self.assertTrue(plain.closed)

    def test_who_is_silent_behind_tls_is_greeted_there(self) -> None:
        hall = self.front()
        client = self.at(hall, TLS_ONLY, secure=True)
        hall.wait(1)
        client.hears("Username: ")


class SettingsTests(SynchronousTestCase):
    def test_k2_settings_that_contradict_each_other(self) -> None:
        for typed, sentence in (
            ({"irc-port": "1", "no-irc": True}, "--irc-port opens what --no-irc closes"),
            ({"web-port": "1", "no-web": True}, "--web-port opens what --no-web closes"),
            ({"tls-port": "1", "tls": "off"}, "--tls-port opens what --tls off closes"),
            ({"port": "7", "irc-port": "07"}, "--irc-port and --port are both 7"),
            ({"web-port": "7", "tls-port": "7"}, "--tls-port and --web-port are both 7"),
            ({"no-irc": True, "no-text": True, "no-json": True}, "nobody could talk"),
            ({"greet-after": "-1"}, "a number of seconds from 0 to 10"),
            ({"greet-after": "11"}, "a number of seconds from 0 to 10"),
        ):
            with self.assertRaises(StartError) as caught:
                settle(typed)
            self.assertIn(sentence, str(caught.exception))

    def test_any_number_of_ports_may_be_free_ones(self) -> None:
        chosen = settle({"port": "0", "irc-port": "0", "greet-after": "0"})
        self.assertEqual((chosen.irc_port, chosen.greet_after), ("0", 0.0))
        self.assertEqual(
            OpenDoors().without(Settings(no_irc=True).closed_doors).doors, ALL - {DoorKind.IRC}
        )


def _here(client: Client) -> str:
    host, port = client.protocol.destination or ("", 0)
    return f"{host}:{port}"
