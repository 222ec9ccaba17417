"""What operators set: who may rule over IRC, the message of the day, lengths, free addresses."""

from __future__ import annotations

import subprocess
from ipaddress import ip_network
from pathlib import Path
from typing import Any

from twisted.logger import ILogObserver, LogEvent, Logger, formatEvent
from twisted.trial.unittest import SynchronousTestCase
from zope.interface import implementer

from tests.connection.case import version_1
from twisted_chat.chat.chat import Chat
from twisted_chat.chat.motd import LARGEST
from twisted_chat.core.errors import ChatError, StartError
from twisted_chat.core.names import LONGEST, SYSTEM, Names
from twisted_chat.doors.text.door import FIRST_STEPS
from twisted_chat.server.preflight import check
from twisted_chat.settings import Settings, settle
from twisted_chat.tap import Options
from twisted_chat.testing import PASSWORD, Client, Hall

SHA512 = "$6$saltstring$" + "x" * 86
FREE = "192.0.2.7"  # the address without limits
OTHER = "192.0.2.8"


class TestCase(SynchronousTestCase):
    def hall(self, **settings: Any) -> Hall:
        hall = Hall(**settings)
        hall.__enter__()
        self.addCleanup(hall.__exit__, None, None, None)
        return hall

    def file(self, content: str | bytes) -> Path:
        path = Path(self.mktemp())
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    def parsed(self, *typed: str) -> Settings:
        options = Options()
        options.parseOptions(list(typed))
        return options.settings

    def refused(self, *typed: str) -> str:
        """The one sentence that a command line is refused with."""
        sentence = str(self.assertRaises(SystemExit, self.parsed, *typed).code)
        self.assertEqual(len(sentence.splitlines()), 1)
        return sentence


class OperTests(TestCase):
    def test_names_and_hashes(self) -> None:
        chosen = self.parsed("--oper", f"tesla:{SHA512}", f"--oper=edison:{SHA512}")
        self.assertEqual([oper.name for oper in chosen.opers], ["tesla", "edison"])
        self.assertEqual({oper.hash for oper in chosen.opers}, {SHA512})
        file = self.file(f'oper = ["tesla:{SHA512}"]\nirc-password = "open sesame"\n')
        chosen = self.parsed("--config", str(file))
        self.assertEqual((chosen.opers[0].name, chosen.irc_password), ("tesla", "open sesame"))

    def test_every_kind_that_opens_an_account_opens_this(self) -> None:
        hall = self.hall()
        made = subprocess.run(
            ["openssl", "passwd", "-6", "coil"], capture_output=True, text=True, check=True
        ).stdout.strip()
        from passlib.hash import argon2, ldap_salted_sha1, pbkdf2_sha256, sha256_crypt

        hashes = [
            made,
            argon2.using(memory_cost=8, rounds=1, parallelism=1).hash("coil"),
            pbkdf2_sha256.using(rounds=1).hash("coil"),
            sha256_crypt.using(rounds=1000).hash("coil"),
            ldap_salted_sha1.hash("coil"),
        ]
        for kept in hashes:
            [oper] = settle({"oper": f"tesla:{kept}"}).opers
            for password, right in (("coil", True), ("coils", False)):
                verdict = hall.chat.signin.passwords.verify(password, oper.hash)
                self.assertEqual(self.successResultOf(verdict).ok, right, kept)

    def test_b14_neither_a_hash_nor_a_password_is_shown(self) -> None:
        for typed in ("tesla:CANARY", "CANARY", "tesla:{plain}CANARY", "te sla:CANARY", "tesla:"):
            sentence = self.refused("--oper", typed)
            self.assertNotIn("CANARY", sentence)
            file = self.file(f'\noper = ["{typed}"]')
            self.assertNotIn("CANARY", self.refused("--config", str(file)))
        file = self.file('\noper = "tesla:CANARY"')
        told = self.refused("--config", str(file))
        self.assertIn("line 2: oper: behind tesla: there must be the hash", told)
        self.assertNotIn("CANARY", self.refused("--irc-password", "CANARY\x07"))
        settings = settle({"oper": f"tesla:{SHA512}", "irc-password": "CANARY"})
        self.assertNotIn("CANARY", repr(settings))
        self.assertNotIn(SHA512, repr(settings))

    def test_k2_a_password_as_it_is_says_how_to_make_a_hash(self) -> None:
        self.assertIn("openssl passwd -6", self.refused("--oper", "tesla:coil"))
        self.assertIn("a name of at most 32 characters", self.refused("--oper", SHA512))
        self.assertIn("a list of such texts", self.refused("-c", str(self.file("oper = 7"))))
        self.assertIn(
            "There are two of --oper tesla",
            self.refused("--oper", f"tesla:{SHA512}", "--oper", f"tesla:{SHA512}"),
        )

    def test_b6_a_hash_that_costs_too_much_is_refused_at_the_start(self) -> None:
        dear = "tesla:$argon2id$v=19$m=9999999,t=1,p=1$c2FsdHNhbHQ$aGFzaGhhc2hoYXNo"
        self.assertIn("the hash of tesla costs too much", self.refused("--oper", dear))
        dear = f"tesla:$6$rounds=9999999$salt${'x' * 86}"
        self.assertIn("the hash of tesla costs too much", self.refused("--oper", dear))

    def test_a_password_for_everybody_fits_on_a_line(self) -> None:
        self.assertEqual(self.parsed("--irc-password", " a:b ").irc_password, " a:b ")
        for typed in ("", "x" * 257, "a\nb"):
            self.assertIn("at most 256 bytes", self.refused("--irc-password", typed))


class IrcTests(TestCase):
    def test_gateways_have_a_password_and_an_address(self) -> None:
        chosen = self.parsed("--webirc", "a@b@10.0.0.7", "--webirc=sesame@2001:db8::/32")
        self.assertEqual([one.password for one in chosen.webirc], ["a@b", "sesame"])
        self.assertEqual(str(chosen.webirc[1].network), "2001:db8::/32")
        for typed in ("CANARY", "CANARY@", "@10.0.0.7", "CA NARY@10.0.0.7", ":CANARY@10.0.0.7"):
            self.assertNotIn("CANARY", self.refused("--webirc", typed))
        self.assertIn("there must be an address", self.refused("--webirc", "CANARY@host"))
        self.assertNotIn("sesame", repr(chosen))

    def test_what_is_told_of_the_network_fits_on_a_line(self) -> None:
        chosen = self.parsed("--description", "The lab", "--icon", "https://x.example/{size}.png")
        self.assertEqual((chosen.description, chosen.icon[-10:]), ("The lab", "{size}.png"))
        for typed in ("a\nb", "x" * 201):
            self.assertIn("at most 200 bytes", self.refused("--description", typed))
        for typed in ("icon.png", "https://x.example/a b", "https://" + "x" * 300):
            self.assertIn("at most 300 letters", self.refused("--icon", typed))


class StsTests(TestCase):
    def test_only_with_a_certificate_that_clients_can_verify(self) -> None:
        self.assertEqual(self.parsed("--sts", "30d", "--tls", "chat.pem").sts, 30 * 86_400)
        self.assertEqual(self.parsed("--sts", "0").sts, 0)
        for tls in ("auto", "off"):
            sentence = self.refused("--sts", "30d", "--tls", tls)
            self.assertIn("--sts needs --tls with a certificate of your own", sentence)


class MessageOfTheDayTests(TestCase):
    def hears(self, hall: Hall, name: str) -> str:
        client = hall.connects()
        client.types(name, PASSWORD, PASSWORD)
        client.hears(f"Welcome to twisted-chat!\n{FIRST_STEPS}\n")
        return client.takes()

    def test_its_lines_are_shown_at_every_door(self) -> None:
        for content, lines in {
            "Be kind.\nBe brief.\n": ["Be kind.", "Be brief."],
            "\ufeffeins\r\n\r\nzwei": ["eins", "", "zwei"],
            "a\tb\n\n": ["a       b", ""],
            "": [],
        }.items():
            hall = self.hall(motd_file=self.file(content))
            self.assertEqual(hall.chat.motd, tuple(lines))
            self.assertEqual(self.hears(hall, "ann").splitlines(), lines)
            program = hall.program()
            program.begins("ping")
            [hello] = program.takes_events("hello")
            self.assertEqual(hello["motd"], "\n".join(lines))

    def test_what_turns_a_terminal_around_is_made_visible(self) -> None:
        hall = self.hall(motd_file=self.file("a\u202eb\u2028c\n"))
        self.assertEqual(self.hears(hall, "ann"), "a\ufffdb\u2424c\n")

    def test_it_is_read_again_when_that_is_asked_for(self) -> None:
        file = self.file("one\n")
        hall = self.hall(motd_file=file)
        file.write_text("two\n")
        self.assertEqual(self.hears(hall, "ann"), "one\n")
        hall.chat.reload_motd()
        self.assertEqual(self.hears(hall, "bob"), "two\n")

    def test_k2_what_is_no_good_leaves_it_as_it_was(self) -> None:
        file = self.file("one\n")
        hall = self.hall(motd_file=file)
        warned: list[str] = []

        @implementer(ILogObserver)
        def note(event: LogEvent) -> None:
            warned.append(formatEvent(event))

        self.patch(Chat, "log", Logger("test", observer=note))
        for content in (b"\xff", b"a\x1b[2J", b"x" * (LARGEST + 1)):
            file.write_bytes(content)
            hall.chat.reload_motd()
        file.unlink()
        hall.chat.reload_motd()
        self.assertEqual(hall.chat.motd, ("one",))
        for sentence, said in zip(
            ("is not text in UTF-8", "in line 1: remove it", "too long", "no such file"),
            warned,
            strict=True,
        ):
            self.assertIn(sentence, said)

    def test_k3_a_start_without_its_file_is_refused(self) -> None:
        error = self.assertRaises(StartError, Hall, motd_file=Path("nowhere"))
        self.assertEqual(
            str(error), "The message of the day nowhere cannot be read: no such file or directory."
        )
        error = self.assertRaises(StartError, Hall, motd_file=Path("/dev/zero"))
        self.assertIn("it is not a file", str(error))
        settings = settle({"motd-file": "nowhere", "data": self.mktemp(), "tls": "off"})
        self.assertIn("no such file", str(self.assertRaises(StartError, check, settings)))

    def test_k2_not_both(self) -> None:
        sentence = self.refused("--motd", "hi", "--motd-file", "motd.txt")
        self.assertEqual(sentence, "There are both --motd and --motd-file: leave one of them out.")


class LengthTests(TestCase):
    def test_new_names_are_bounded_and_old_ones_stay(self) -> None:
        hall = self.hall()
        hall.person("tesla-the-elder").types("create #alternating-current")
        hall.settings = Settings(
            **{**_fields(hall.settings), "nick_length": 5, "room_length": 6, "topic_length": 16}
        )
        hall.restart()
        client = hall.connects()
        client.types("edison")
        client.hears("That name is longer than 5 characters; a name is 1 to 5 letters")
        client.types("é" * 6)
        client.hears("That name is longer than 5 characters; a name is 1 to 5 letters")
        client.types("éléon", PASSWORD, PASSWORD)
        client.hears("Login successful")
        client.types("create #coils2")
        client.hears("That name is longer than 5 characters")
        client.types("create coils")
        client.hears("1 to 5 letters")
        client.types("create #coils", "topic #coils seventeen bytes..")
        client.hears("You have made #coils", "17 bytes long and the most is 16")
        client.types("topic #coils sixteen bytes ok")
        elder = hall.person("tesla-the-elder")
        elder.types("topic #alternating-current hum")
        elder.hears("hum")

    def test_programs_and_guests_and_the_users_file_have_the_same_bounds(self) -> None:
        hall = self.hall(nick_length=5, guests=True)
        program = hall.program()
        for do, more in (("register", {"password": PASSWORD}), ("guest", {})):
            answer = program.asks(do, name="edison", **more)
            self.assertEqual(answer["error"]["code"], "bad_name")
            self.assertIn("longer than 5 characters", answer["error"]["message"])
        self.assertRaises(ChatError, hall.chat.signin.new_name, "edison", True)

    def test_k2_what_can_be_set(self) -> None:
        for typed in (("--nick-length", "3"), ("--nick-length", "33"), ("--room-length", "34"),
                      ("--topic-length", "15"), ("--topic-length", "2001")):  # fmt: skip
            self.assertIn("it must be from", self.refused(*typed))
        self.assertEqual(Settings().nick_length, LONGEST)


class UnlimitedTests(TestCase):
    def free_hall(self, **settings: Any) -> Hall:
        return self.hall(**{"unlimited": (ip_network(FREE), ip_network("2001:db8::7")), **settings})

    def flood(self, client: Client) -> None:
        client.sends_later(b"whoelse\n" * 60)
        client.hall.settle()

    def test_no_limit_of_rate(self) -> None:
        hall = self.free_hall(flood_limit=10)
        free, other = hall.person("ann", host=FREE), hall.person("bob", host=OTHER)
        for client in (free, other):
            client.takes()
            self.flood(client)
        self.assertEqual(free.takes().count("online"), 60)
        self.assertLess(other.takes().count("online"), 30)

    def test_no_caps_of_connections(self) -> None:
        hall = self.free_hall(connection_limit=20)
        free = [hall.connects(FREE) for _ in range(40)]
        self.assertFalse(any(client.closed for client in free))
        other = hall.connects(OTHER)
        other.hears("The server is full")
        free[0].types("ann")
        free[0].hears("ann is a new name here")

    def test_the_process_still_has_only_so_many_files(self) -> None:
        hall = self.free_hall()
        hall.factory._possible = 3
        several = [hall.connects(FREE) for _ in range(4)]
        several[3].hears("The server is full")

    def test_no_limit_of_new_accounts_or_wrong_passwords(self) -> None:
        hall = self.free_hall(flood_limit=10)
        hall.chat.signin._sign_ups._limit = 1  # type: ignore[union-attr]
        for number in range(3):
            hall.person(f"ann{number}", host=FREE)
        hall.person("bob", host=OTHER)
        refused = hall.connects(OTHER)
        refused.types("eve", PASSWORD, PASSWORD)
        refused.hears("Too many new accounts from your network")
        program = hall.program(FREE)
        for _ in range(10):
            answer = program.asks("login", name="ann1", password="wrong")
            self.assertEqual(answer["error"]["code"], "wrong_password")
            self.assertNotIn("tries", answer["error"])
        self.assertIn("token", program.asks("login", name="ann1", password=PASSWORD))

    def test_many_may_try_at_once(self) -> None:
        hall = self.free_hall(login_attempts=1)
        hall.person("ann").types("logout")
        programs = [hall.program(FREE) for _ in range(5)]
        numbers = [one.queues("login", name="ann", password=PASSWORD) for one in programs]
        for program, number in zip(programs, numbers, strict=True):
            self.assertIn("token", program.answer_to(number))

    def test_behind_a_proxy_the_real_address_counts(self) -> None:
        proxy = "10.0.0.1"
        hall = self.free_hall(
            flood_limit=10,
            connection_limit=20,
            trusted_proxies=(ip_network(proxy),),
            unlimited=(ip_network(FREE), ip_network("2001:db8::7")),
        )
        for number, address in enumerate((FREE, "2001:db8::7")):
            clients = []
            for _ in range(15):
                clients.append(hall.connects(proxy))
                clients[-1].sends(version_1(address))
            clients[0].types(f"ann{number}", PASSWORD, PASSWORD)
            clients[0].hears("Login successful")
            self.flood(clients[0])
            self.assertEqual(clients[0].takes().count("online"), 60)
        hall = self.free_hall(
            flood_limit=10, trusted_proxies=(ip_network(FREE),), unlimited=(ip_network(FREE),)
        )
        other = hall.connects(FREE)
        other.sends(version_1(OTHER))
        other.types("bob", PASSWORD, PASSWORD)
        other.hears("Login successful")
        self.flood(other)
        self.assertLess(other.takes().count("online"), 30)


class ReservedNameTests(TestCase):
    SERVICES = ("nickserv", "chanserv", "operserv", "hostserv", "memoserv", "services")

    def test_b11_nobody_can_be_a_service(self) -> None:
        hall = self.hall(guests=True)
        self.assertLessEqual(set(self.SERVICES), SYSTEM)
        for name in (*self.SERVICES, "NickServ", "Nick-Serv", "nick5erv", "chаnserv", "ChanServ_"):
            self.assertRaises(ChatError, Names().check, name)
            program = hall.program()
            for do in ("register", "guest"):
                more = {"password": PASSWORD} if do == "register" else {}
                answer = program.asks(do, name=name, **more)
                self.assertEqual(answer["error"]["code"], "bad_name", (do, name))
            client = hall.connects()
            client.types(name)
            client.hears("(That name ", "Username: ")

    def test_who_has_such_a_name_already_keeps_it(self) -> None:
        hall = self.hall()
        hall.chat.names._words -= SYSTEM
        hall.chat.names._system.clear()
        hall.person("NickServ").types("logout")
        hall.restart()
        hall.person("NickServ").types("BM still here")
        self.assertEqual([person.name for person in hall.chat.roster.online.values()], ["NickServ"])


def _fields(settings: Settings) -> dict[str, Any]:
    return {name: getattr(settings, name) for name in settings.__slots__}
