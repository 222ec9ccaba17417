"""The table of settings, and the command line and the file that are made from it."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from twisted_chat.core.errors import StartError
from twisted_chat.settings import OPTIONS, Settings, markdown, settle
from twisted_chat.tap import Options


class TestCase(SynchronousTestCase):
    def file(self, text: str | bytes) -> Path:
        path = Path(self.mktemp() + ".toml")
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    def parsed(self, *typed: str) -> Settings:
        options = Options()
        options.parseOptions(list(typed))
        return options.settings

    def refused(self, *typed: str) -> str:
        """The one sentence that a command line is refused with."""
        sentence = self.assertRaises(SystemExit, self.parsed, *typed).code
        assert isinstance(sentence, str)
        self.assertEqual(len(sentence.splitlines()), 1)
        return sentence


class DefaultsTest(TestCase):
    def test_nothing_given(self) -> None:
        self.assertEqual(self.parsed(), Settings())
        self.assertEqual(settle({}), Settings())

    def test_defaults_can_be_typed(self) -> None:
        """What the documentation shows as a default is what typing it gives."""
        for row in OPTIONS:
            if row.value and row.shown_default:
                chosen = settle({row.key: row.shown_default})
                self.assertEqual(chosen, Settings(), row.key)

    def test_every_setting_is_documented(self) -> None:
        table = markdown()
        for row in OPTIONS:
            self.assertIn(f"`--{row.key}", table)
            self.assertTrue(row.help)


class CommandLineTest(TestCase):
    def test_all_kinds(self) -> None:
        chosen = self.parsed(
            "--port=0", "--data", "/d", "--registration", "closed", "--guests", "--admin", "tesla",
            "--admin=edison", "--block-time", "10m", "--idle-timeout", "2h", "--motd", "hi ✓",
        )  # fmt: skip
        self.assertEqual(chosen.port, "0")
        self.assertEqual(chosen.data, Path("/d"))
        self.assertFalse(chosen.registration_open)
        self.assertTrue(chosen.guests)
        self.assertEqual(chosen.admins, ("tesla", "edison"))
        self.assertEqual((chosen.block_time, chosen.idle_timeout), (600, 7200))
        self.assertEqual(chosen.motd, "hi ✓")

    def test_transport(self) -> None:
        chosen = self.parsed(
            "--tls", "Off", "--plaintext=NEVER", "--trusted-proxy", "10.0.0.7",
            "--trusted-proxy", "10.1.2.3/8", "--trusted-proxy", "2001:db8::/32",
        )  # fmt: skip
        self.assertEqual((chosen.tls, chosen.plaintext), ("off", "never"))
        networks = [str(one) for one in chosen.trusted_proxies]
        self.assertEqual(networks, ["10.0.0.7/32", "10.0.0.0/8", "2001:db8::/32"])
        self.assertEqual(self.parsed("--tls", "a:B.pem").tls, "a:B.pem")
        self.assertEqual(
            self.refused("--tls", "off", "--plaintext", "never"),
            "With --tls off and --plaintext never nobody could log in: leave one of them out.",
        )

    def test_a_switch_that_says_no_can_be_taken_back(self) -> None:
        file = str(self.file("no-scram = true"))
        self.assertFalse(self.parsed("--config", file).scram)
        self.assertTrue(self.parsed("--config", file, "--scram").scram)
        self.assertFalse(self.parsed("--no-scram").scram)
        self.assertNotIn("--no-no-", str(Options()))

    def test_options_do_not_share_what_was_typed(self) -> None:
        self.assertEqual(self.parsed("--admin", "tesla").admins, ("tesla",))
        self.assertEqual(self.parsed("--admin", "edison").admins, ("edison",))

    def test_sizes_are_thousands_of_thousands(self) -> None:
        for typed, size in {
            "0": 0,
            "1": 1,
            "500k": 500_000,
            "100M": 100_000_000,
            "2G": 2_000_000_000,
            "1t": 1_000_000_000_000,
            "10MB": 10_000_000,
        }.items():
            self.assertEqual(self.parsed("--max-file", typed).max_file, size)
        self.assertEqual(self.parsed().max_file, 100_000_000)

    def test_k2_wrong_values(self) -> None:
        for typed, expected in {
            ("--login-attempts", "three"): "--login-attempts three: it must be a whole number",
            ("--login-attempts", "-1"): "--login-attempts -1: it must be from 0 to",
            ("--login-attempts", "٣"): "it must be a whole number",
            ("--port", "65536"): "a port is a number from 0 to 65535",
            ("--port", "-1"): "a port is a number from 0 to 65535",
            ("--port", "9" * 5000): "a port is a number from 0 to 65535",
            ("--port", "http"): "a port is a number from 0 to 65535",
            ("--block-time", "soon"): "--block-time soon: a length of time is a number",
            ("--registration", "maybe"): "it must be open or closed",
            ("--motd", "a\x1b[2Jb"): "it has a control character in it",
            ("--name", ""): "it must be a name",
            ("--max-message", "1e308"): "it must be a whole number",
            ("--tls", " "): "it must be auto, off or the name of",
            ("--max-file", "big"): "a size is a number of bytes, or one such as 500k",
            ("--quota", "-1G"): "a size is a number of bytes",
            ("--keep-free", "1.5G"): "a size is a number of bytes",
            ("--plaintext", "yes"): "it must be loopback, always or never",
            ("--trusted-proxy", "proxy.example"): "proxy proxy.example: it must be an address,",
            ("--web-origin", "foo"): "it must be an address such as https://",
            ("--trusted-proxy", "10.0.0.0/40"): "it must be an address, such as",
        }.items():
            self.assertIn(expected, self.refused(*typed))

    def test_a_port_may_stand_alone(self) -> None:
        for words in (["8888"], ["-p", "8888"], ["-p8888"], ["--port", "8888", "8888"]):
            self.assertEqual(self.parsed(*words).port, "8888")
        self.assertIn("Two ports were given: 1 and 2", self.refused("-p", "1", "2"))
        self.assertIn("3 is not an option", self.refused("-p", "8888", "8888", "3"))
        chosen = self.parsed("8888", "--login-attempts", "5")
        self.assertEqual((chosen.port, chosen.login_attempts), ("8888", 5))
        self.assertIn("Two ports were given: 2 and 1", self.refused("1", "-p", "2"))

    def test_k2_unknown_option(self) -> None:
        self.assertIn("did you mean --login-attempts", self.refused("--login-attemts", "3"))
        self.assertIn("--help", self.refused("--zzz"))
        self.assertIn("surplus is not an option", self.refused("surplus"))
        self.assertIn("requires argument", self.refused("--port"))

    def test_help_is_worth_reading(self) -> None:
        shown = str(Options())
        for row in OPTIONS:
            self.assertIn(f"--{row.key}", shown)
        self.assertIn("[default: 9999]", shown)
        self.assertIn("--check", shown)

    @given(st.sampled_from([row.key for row in OPTIONS]), st.text())
    def test_any_value_is_taken_or_refused_in_one_sentence(self, key: str, value: str) -> None:
        try:
            settle({key: value})
        except StartError as error:
            self.assertEqual(len(str(error).splitlines()), 1)
            self.assertTrue(str(error).isprintable())


class FileTest(TestCase):
    def test_same_words_as_the_options(self) -> None:
        file = self.file(
            'port = 7777\nlogin-attempts = 5\nblock-time = "1h"\nidle-timeout = 90\n'
            'registration = "closed"\nguests = true\nadmin = ["tesla", "edison"]\n'
            'data = "/d"\nmotd = """two\nlines"""\n'
        )
        chosen = self.parsed("--config", str(file))
        self.assertEqual((chosen.port, chosen.login_attempts), ("7777", 5))
        self.assertEqual((chosen.block_time, chosen.idle_timeout), (3600, 90))
        self.assertEqual(chosen.admins, ("tesla", "edison"))
        self.assertEqual((chosen.registration_open, chosen.guests), (False, True))
        self.assertEqual(chosen.motd, "two\nlines")

    def test_command_line_beats_file(self) -> None:
        file = str(self.file("port = 7777\nguests = true\nlogin-attempts = 5"))
        chosen = self.parsed("--config", file, "--port", "9999", "--no-guests")
        self.assertEqual((chosen.port, chosen.guests, chosen.login_attempts), ("9999", False, 5))

    def test_k2_unknown_key_names_line_and_nearest(self) -> None:
        file = self.file("# ours\nport = 7777\n\nlogin_attemts = 5\n")
        sentence = self.refused("--config", str(file))
        self.assertEqual(
            sentence,
            f"{file}, line 4: there is no setting login_attemts; the nearest is login-attempts.",
        )

    def test_k2_unknown_table(self) -> None:
        file = self.file("port = 7777\n[server]\nname = 'x'\n")
        self.assertIn(f"{file}, line 2: there is no setting server", self.refused("-c", str(file)))

    def test_k2_wrong_value_names_line(self) -> None:
        for text, expected in {
            "\nlogin-attempts = -3": "line 2: login-attempts = -3: it must be from 0",
            "login-attempts = true": "line 1: login-attempts = True: it must be a whole number",
            "login-attempts = 3.0": "it must be a whole number",
            "guests = 1": "guests = 1: it must be true or false",
            "motd = 7": "it must be a text",
            "admin = [1]": "it must be a text",
            "admin = 3": "it must be a name or a list of names",
            "port = [9999]": "it must be a text",
        }.items():
            self.assertIn(expected, self.refused("--config", str(self.file(text))))

    def test_k2_not_toml(self) -> None:
        file = self.file("port = 7777\nname = twisted\n")
        self.assertIn(f"{file}, line 2: this is not TOML:", self.refused("--config", str(file)))
        file = self.file('name = "x')
        self.assertIn(f"{file}, line 1: this is not TOML:", self.refused("--config", str(file)))
        file = self.file(b"name = '\xff'")
        self.assertIn("is not text in UTF-8", self.refused("--config", str(file)))

    def test_k2_unreadable(self) -> None:
        self.assertEqual(
            self.refused("--config", "nowhere.toml"),
            "The settings file nowhere.toml cannot be read: no such file or directory.",
        )
        folder = self.mktemp()
        Path(folder).mkdir()
        self.assertIn("is a directory", self.refused("--config", folder))

    @given(st.binary(max_size=60) | st.text(max_size=60).map(str.encode))
    def test_any_file_is_taken_or_refused_in_one_sentence(self, content: bytes) -> None:
        path = Path("any.toml")
        path.write_bytes(content)
        try:
            settle({}, path)
        except StartError as error:
            self.assertEqual(len(str(error).splitlines()), 1)
