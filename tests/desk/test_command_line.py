"""What may stand on the command line, and what is said about what may not."""

from __future__ import annotations

import io
import sys
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from twisted_chat.clients.desk.command_line import (
    HELP,
    OPTIONS,
    SWITCHES,
    Arguments,
    help_text,
    make_user,
    parsed,
)
from twisted_chat.clients.sync import assembly
from twisted_chat.core.errors import StartError

TESLA = Arguments("chat.example.org", 8888, "tesla")


class ParsedTest(SynchronousTestCase):
    def parsed(self, line: str) -> Arguments:
        return parsed(line.split())

    def wrong(self, line: str) -> str:
        with self.assertRaises(StartError, msg=line) as raised:
            self.parsed(line)
        return str(raised.exception)

    def test_where_to_and_as_whom(self) -> None:
        for line in (
            "chat.example.org 8888 tesla",
            "-hn chat.example.org -p 8888 -u tesla",
            "--host=chat.example.org --port=8888 --user=tesla",
            "-u tesla -p8888 chat.example.org",
            "chat.example.org -p 8888 -u tesla",
            "chat.example.org:8888 -u tesla",
            "chat://tesla@chat.example.org:8888",
            "chat://tesla@chat.example.org/ -p 8888",
            "chat://tesla@chat.example.org:8888/ 8888 tesla",
            "chat.example.org 8888 tesla -hn chat.example.org",
            "-- chat.example.org 8888 tesla",
        ):
            self.assertEqual(self.parsed(line), TESLA, line)

    def test_what_is_left_out(self) -> None:
        self.assertEqual(self.parsed(""), Arguments("localhost", 9999))
        self.assertEqual(self.parsed("-p 8888"), Arguments("localhost", 8888))
        self.assertEqual(self.parsed("chat://bell@"), Arguments(name="bell"))
        self.assertEqual(self.parsed("chat:///#coil"), Arguments(room="#coil"))
        self.assertEqual(self.parsed("::1 8888"), Arguments("::1", 8888))
        self.assertEqual(self.parsed("[::1]:8888"), Arguments("::1", 8888))

    def test_a_name_alone(self) -> None:
        for line, expected in {
            "tesla": Arguments(name="tesla"),
            "tesla -p 8888": Arguments(port=8888, name="tesla"),
            "-hn coil tesla": Arguments("coil", name="tesla"),
            "coil -u tesla": Arguments("coil", name="tesla"),
            "coil 9999": Arguments("coil"),
            "localhost": Arguments(),
            "chat.example.org": Arguments("chat.example.org"),
            "::1": Arguments("::1"),
            "coil:8888": Arguments("coil", 8888),
        }.items():
            self.assertEqual(parsed(line.split(), name_alone=True), expected, line)
        self.assertEqual(self.parsed("tesla"), Arguments("tesla"))

    def test_a_room(self) -> None:
        inside = self.parsed("chat://tesla@chat.example.org:8888/#coil")
        self.assertEqual(inside, TESLA._replace(room="#coil"))

    def test_the_other_options(self) -> None:
        every = "--register --insecure --trust-new-key --json --no-bell --no-color"
        expected = Arguments("localhost", 9999, "", "", "a/file", True, True, True, True, False)
        self.assertEqual(
            self.parsed(f"--password-file a/file {every}"), expected._replace(color=False)
        )

    def test_a_folder_for_what_is_fetched(self) -> None:
        for line in ("--downloads a/folder", "--downloads=a/folder"):
            self.assertEqual(self.parsed(line), Arguments(downloads="a/folder"))
        self.assertEqual(self.wrong("--downloads"), "--downloads needs something after it.")

    def test_both_given_and_different(self) -> None:
        self.assertEqual(
            self.wrong("chat.example.org 8888 tesla -u edison"),
            "Two names were given: edison and tesla.",
        )
        self.assertEqual(self.wrong("-hn a b"), "Two hosts were given: a and b.")
        self.assertEqual(self.wrong("chat://a:1/ -p 2"), "Two ports were given: 2 and 1.")

    def test_what_makes_no_sense(self) -> None:
        for line, sentence in (
            ("--color", "--color is not an option: did you mean --no-color?"),
            ("--passwordfile x", "--passwordfile is not an option: did you mean --password-file?"),
            ("-x", "-x is not an option."),
            ("--json=3", "--json takes nothing after it."),
            ("-p", "-p needs something after it."),
            ("-p -u tesla", "-p needs something after it."),
            ("-u=", "-u needs something after it."),
            ("a 1 tesla more", "more is one word too many after HOST, PORT and NAME."),
            ("a b", "A port is a number from 1 to 65535, and b is not."),
            ("-p 0", "A port is a number from 1 to 65535, and 0 is not."),
            ("-p 65536", "A port is a number from 1 to 65535, and 65536 is not."),
            ("-p ٣", "A port is a number from 1 to 65535, and ٣ is not."),
            ("a/b", "a/b is not the name of a host."),
            ("chat://a:x", "chat://a:x has no port in it that is a number to 65535."),
        ):
            self.assertEqual(self.wrong(line), sentence)

    def test_an_empty_word_is_no_host(self) -> None:
        self.assertEqual(str(self.assertRaises(StartError, parsed, [""])), "HOST is empty.")

    def test_b14_no_password_on_the_command_line(self) -> None:
        for line in ("--password hunter2", "--password=hunter2", "chat://tesla:hunter2@localhost"):
            self.assertNotIn("hunter2", self.wrong(line))
            self.assertIn("--password-file", self.wrong(line))

    def test_g1_what_was_typed_is_made_harmless(self) -> None:
        for word in ("--\x1b[2J", "\x1b[2J:1", "chat://\x1b]0;x"):
            with self.assertRaises(StartError) as raised:
                parsed([word, "2", "3", "\x1b[2J"])
            self.assertTrue(str(raised.exception).isprintable())

    def test_help_has_everything(self) -> None:
        text = help_text("twisted-chat")
        for option in (*OPTIONS, *SWITCHES, "--help", "--version", "TWISTED_CHAT_PASSWORD"):
            self.assertIn(option, text)
        for part in ("chat://", "cron", "bot", "Exit codes", "twisted-chat", "Files"):
            self.assertIn(part, text)
        self.assertLessEqual(max(map(len, HELP.splitlines())), 96)


class MakingTest(SynchronousTestCase):
    def test_a_file_that_cannot_be_read_is_one_sentence(self) -> None:
        def broken(*arguments: object) -> None:
            raise StartError("The file servers.json cannot be read.")

        errors = io.StringIO()
        self.patch(assembly, "user_at", broken)
        self.patch(sys, "stderr", errors)
        nobody: Any = None
        ended = self.assertRaises(SystemExit, make_user, nobody, TESLA, nobody)
        self.assertEqual(
            (ended.code, errors.getvalue()), (1, "The file servers.json cannot be read.\n")
        )
