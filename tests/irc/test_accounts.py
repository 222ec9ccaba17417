"""Coming in: NICK, USER and PASS in every order, guests, NickServ and REGISTER."""

from __future__ import annotations

from base64 import b64encode
from dataclasses import replace
from typing import Any, ClassVar

from tests.irc.case import IrcCase
from twisted_chat.testing import PASSWORD

SERVER = ":twisted-chat.chat"


def numbers(lines: list[str]) -> list[str]:
    return [line.split(" ")[1] for line in lines]


class GuestTests(IrcCase):
    def test_h6_nick_and_user_come_in_any_order_and_again(self) -> None:
        for lines in (
            ("NICK iris", "USER i 0 * :Iris"),
            ("USER i 0 * :Iris", "NICK iris"),
            ("NICK rose", "NICK iris", "USER i 0 * :Iris"),
            ("USER x 0 * :X", "USER i 0 * :Iris", "NICK iris"),
            ("CAP LS", "NICK iris", "USER i 0 * :Iris", "CAP END"),
            ("CAP END", "NICK iris", "USER i 0 * :Iris"),
            ("NICK iris", "USER i 0 * :Iris", "CAP LS", "CAP REQ :batch", "CAP END"),
            ("PASS whatever", "NICK iris", "USER i 0 * :Iris"),
        ):
            peer = self.client()
            peer.sends_lines(*lines)
            peer.hears(f"{SERVER} 001 iris :Welcome to twisted-chat, iris!i@guest-")
            peer.vanishes()

    def test_h6_without_an_end_of_negotiation_nobody_comes_in(self) -> None:
        peer = self.client()
        self.assertEqual(numbers(peer.answers("CAP LS", "NICK iris", "USER i 0 * :I")), ["CAP"])
        self.hall.wait(181)
        peer.hears("ERROR :Nobody logged in for three minutes: goodbye.")
        self.assertTrue(peer.closed)

    def test_h6_a_nick_that_is_taken_is_refused_and_another_is_taken(self) -> None:
        self.guest("iris")
        self.hall.bot("tesla").vanishes()
        peer = self.client()
        came = peer.answers("NICK Iris", "USER i 0 * :I", "NICK tesla")
        self.assertEqual(next(line.split(" ")[1:4] for line in came), ["433", "*", "Iris"])
        self.assertIn("433 * tesla :That nickname is an account: log in to it with SASL", came[1])
        peer.sends_lines("NICK rose")
        peer.hears(" 001 rose ")

    def test_b11_a_nick_that_cannot_be_a_name_is_refused(self) -> None:
        peer = self.client()
        for nick in ("no!sign", "#room", "1234", "x" * 40):
            self.assertEqual(numbers(peer.answers(f"NICK {nick}")), ["432"], nick)
        came = peer.answers("NICK NickServ", "USER u 0 * :U")
        self.assertEqual(came[0].split(" ")[1:4], ["432", "*", "NickServ"])
        self.assertEqual(numbers(peer.answers("NICK", "NICK :")), ["431", "431"])

    def test_h6_registration_is_once(self) -> None:
        iris = self.guest("iris")
        self.assertEqual(numbers(iris.answers("USER a 0 * :A", "PASS x")), ["462", "462"])
        self.assertEqual(numbers(self.client().answers("USER a 0 *", "USER a 0 * :")), ["461"] * 2)

    def test_h6_names_that_are_tried_on_and_on(self) -> None:
        self.guest("iris")
        peer = self.client()
        peer.sends_lines("USER i 0 * :I", *["NICK iris"] * 11)
        self.assertTrue(peer.closed)

    def test_a_guest_may_be_called_otherwise_and_an_account_may_not(self) -> None:
        self.hall.bot("tesla").vanishes()
        iris = self.guest("iris")
        mask = self.hall.factory.irc.clients.people.mask("iris")
        self.assertEqual(iris.answers("NICK rose"), [f":{mask} NICK :rose"])
        self.assertEqual(numbers(iris.answers("NICK tesla", "NICK root")), ["433", "432"])
        tesla = self.account("tesla")
        self.assertEqual(numbers(tesla.answers("NICK nikola", "NICK TESLA")), ["447", "432"])


class ExposedTests(IrcCase):
    settings: ClassVar[dict[str, Any]] = {"guests": True, "plaintext": "never", "tls": "auto"}

    def test_a_name_in_clear_is_refused_with_what_to_do(self) -> None:
        peer = self.client()
        peer.sends_lines("CAP LS 302")
        caps = " ".join(peer.lines())
        self.assertNotIn("sasl", caps)
        self.assertNotIn("account-registration", caps)
        peer.sends_lines("NICK iris")
        peer.hears("ERROR :This server takes names and passwords over TLS only: ")
        self.assertTrue(peer.closed)


class PasswordTests(IrcCase):
    def setUp(self) -> None:
        super().setUp()
        self.hall.bot("tesla").vanishes()

    def test_h6_pass_logs_in_with_a_name_or_as_the_nick(self) -> None:
        for given, nick in ((f"tesla:{PASSWORD}", "visitor"), (PASSWORD, "tesla")):
            peer = self.client()
            peer.sends_lines(f"PASS :{given}", f"NICK {nick}", "USER t 0 * :T")
            peer.hears(" 001 tesla ")

    def test_b1_a_wrong_one_ends_the_connection(self) -> None:
        peer = self.client()
        peer.sends_lines("PASS tesla:canary", "NICK x", "USER t 0 * :T")
        peer.hears(" 464 x :Wrong username or password.", "ERROR :Wrong username or password.")
        self.assertTrue(peer.closed)
        self.assertNotIn("canary", peer.received)

    def test_a_colon_in_a_password_is_a_part_of_it(self) -> None:
        bot = self.hall.program()
        bot.asks("register", name="bell", password="ring:ring", device="x")
        bot.vanishes()
        peer = self.client()
        peer.sends_lines("PASS ring:ring", "NICK bell", "USER b 0 * :B")
        peer.hears(" 001 bell ")


class ServerPasswordTests(IrcCase):
    settings: ClassVar[dict[str, Any]] = {"irc_password": "sesame"}

    def test_without_the_servers_password_nobody_comes_in_or_makes_an_account(self) -> None:
        for lines in ((), ("PASS wrong",)):
            peer = self.client()
            peer.sends_lines(*lines, "NICK iris", "USER i 0 * :I")
            peer.hears(" 464 iris :", "ERROR :This server takes a password: PASS <password>")
            self.assertTrue(peer.closed)
        peer = self.client()
        came = peer.answers("NICK iris", f"REGISTER * * {PASSWORD}", "NS REGISTER secret")
        self.assertEqual(numbers(came), ["464", "NOTICE"])
        self.assertIsNone(self.hall.chat.signin.find("iris"))

    def test_with_it_one_logs_in_as_everywhere(self) -> None:
        peer = self.client()
        peer.sends_lines("PASS sesame", "NICK iris", "USER i 0 * :I", "NS REGISTER secret")
        peer.hears(" 001 iris ")


class NickServTests(IrcCase):
    settings: ClassVar[dict[str, Any]] = {"guests": False}

    def said(self, lines: list[str]) -> list[str]:
        """What NickServ has said."""
        head = ":NickServ!services@twisted-chat.chat NOTICE "
        return [line.partition(" :")[2] for line in lines if line.startswith(head)]

    def test_h6_who_has_no_account_is_held_and_told_what_to_do(self) -> None:
        peer = self.client()
        came = peer.answers("NICK iris", "USER i 0 * :I")
        self.assertEqual(numbers(came), ["NOTICE"] * 3)
        self.assertIn("/quote NICKSERV IDENTIFY iris", came[1])
        self.assertIn("/quote REGISTER iris * A-PASSWORD", came[2])
        peer.sends_lines("PRIVMSG NickServ :REGISTER pass word iris@example.org")
        peer.hears(
            "NickServ!services@", "not kept", " 900 iris iris!i@iris.account iris :", " 001 iris "
        )
        peer.vanishes()
        peer = self.client()
        peer.sends_lines("NICK iris", "USER i 0 * :I", "NICKSERV IDENTIFY pass word")
        peer.hears("You are logged in as iris.", " 900 ", " 001 iris ")

    def test_h6_what_takes_an_account_says_so(self) -> None:
        peer = self.client()
        peer.sends_lines("NICK iris", "JOIN #lobby")
        peer.hears(" 451 iris :Register first: NICK and USER")
        peer.sends_lines("USER i 0 * :I", "JOIN #lobby")
        peer.hears(" 451 iris :Log in first, with SASL or PASS, or make your nick an account")
        peer.sends_lines("CAP LS 302", "JOIN #lobby")
        peer.hears(" 451 iris :Register first: NICK and USER, and CAP END")

    def test_h6_a_name_that_nobody_may_have_is_not_called_free(self) -> None:
        came = self.client().answers("NICK help", "USER h 0 * :H")
        self.assertIn("That name is reserved", came[-1])

    def test_b4_who_has_not_come_in_learns_of_nobody(self) -> None:
        self.hall.bot("tesla").vanishes()
        peer = self.client()
        for name in ("tesla", "nobody"):
            self.assertEqual(
                self.said(peer.answers("NICK x", f"NS INFO {name}")),
                ["Log in first: IDENTIFY <password>"],
            )

    def test_h6_identify_takes_a_name_too(self) -> None:
        self.hall.bot("tesla").vanishes()
        peer = self.client()
        peer.answers("NICK x")
        for text in (f"IDENTIFY tesla {PASSWORD}", f"login TESLA  {PASSWORD}"):
            self.assertEqual(self.said(peer.answers(f"NS {text}")), ["You are logged in as tesla."])
        came = self.said(peer.answers("NS IDENTIFY tesla canary"))
        self.assertEqual(came, ["Wrong username or password. You have 2 tries left."])

    def test_a_new_password(self) -> None:
        tesla = self.account("tesla")
        came = tesla.answers("NS PASSWD one", "NS SET PASSWORD wrong new-one")
        self.assertIn("Say the old and the new one, without spaces", self.said(came)[0])
        self.assertIn("That is not your password.", self.said(came)[1])
        signin = self.hall.chat.signin
        bell = self.client()
        bell.sends_lines("NICK bell", "USER b 0 * :B", "NS REGISTER ring-ring")
        bell.lines()
        came = self.said(bell.answers("PRIVMSG nickserv :SET PASSWORD ring-ring dong-dong"))
        self.assertEqual(came, ["Your password is changed, and your other sessions have ended."])
        self.assertIsNotNone(signin.find("bell"))
        again = self.client()
        again.sends_lines("PASS bell:dong-dong", "NICK bell", "USER b 0 * :B")
        again.hears(" 001 bell ")

    def test_it_helps_and_says_what_is_not_needed(self) -> None:
        tesla = self.account("tesla")
        self.assertIn("REGISTER <password>", "\n".join(self.said(tesla.answers("NS"))))
        [line] = self.said(tesla.answers("NS HELP identify"))
        self.assertTrue(line.startswith("IDENTIFY [<name>]"))
        [line] = self.said(tesla.answers("NS GHOST tesla"))
        self.assertTrue(line.startswith("That is not needed"))
        came = self.said(tesla.answers("NS INFO", "NS INFO nobody", "NS REGISTER x"))
        self.assertEqual(came[0], "tesla is an account and is here now.")
        self.assertEqual(
            came[1:], ["nobody is nobody's account.", "You are logged in as tesla already."]
        )

    def test_it_is_a_service_and_nobody_else(self) -> None:
        tesla = self.account("tesla", "echo-message")
        self.assertEqual(numbers(tesla.answers("WHOIS NickServ")), ["311", "312", "313", "318"])
        [line] = tesla.answers("ISON nickserv edison")
        self.assertEqual(line, f"{SERVER} 303 tesla :NickServ")
        came = tesla.answers("PRIVMSG NickServ,tesla :IDENTIFY canary")
        self.assertIn("407", numbers(came))
        self.assertEqual(
            numbers(tesla.answers("PRIVMSG NickServ@twisted-chat.chat :HELP HELP")), ["NOTICE"]
        )

    def test_b14_passwords_said_to_it_come_back_nowhere(self) -> None:
        tesla = self.account("tesla", "echo-message", "labeled-response")
        came = tesla.answers(
            "PRIVMSG NickServ :IDENTIFY canary",
            "NS canary",
            "@label=x NOTICE NickServ :REGISTER canary",
            "NS PASSWD canary canary",
        )
        self.assertNotIn("canary", "\n".join(came))
        self.hall.close()
        for file in self.hall.directory.rglob("*"):
            if file.is_file():
                self.assertNotIn(b"canary", file.read_bytes())


class RegisterTests(IrcCase):
    def test_h9_before_connecting(self) -> None:
        peer = self.client()
        came = peer.answers("CAP LS 302", "NICK iris", f"REGISTER * * :{PASSWORD}")
        self.assertIn("draft/account-registration=before-connect", came[0])
        self.assertEqual(
            came[-2:],
            [
                f"{SERVER} REGISTER SUCCESS iris :iris is your account now.",
                f"{SERVER} 900 iris iris!*@iris.account iris :You are now logged in as iris",
            ],
        )
        peer.sends_lines("USER i 0 * :I", "CAP END")
        peer.hears(" 001 iris :Welcome to twisted-chat, iris!i@iris.account")

    def test_h9_a_guest_keeps_everything(self) -> None:
        rose = self.guest("rose", "account-notify", "chghost")
        plain = self.guest("lily", "extended-join")
        iris = self.guest("iris", "account-notify")
        iris.answers("JOIN #coil")
        for other in (rose, plain):
            other.answers("JOIN #coil")
        for other in (iris, rose, plain):
            other.lines()
        before = self.hall.factory.irc.clients.people.mask("iris")
        came = iris.answers(f"REGISTER iris iris@example.org :{PASSWORD}")
        self.assertEqual(
            came,
            [
                ":iris!iris@iris.account ACCOUNT iris",
                f"{SERVER} 005 iris draft/FILEHOST=http://10.0.0.1:12345/files"
                " soju.im/FILEHOST=http://10.0.0.1:12345/files :are supported by this server",
                f"{SERVER} REGISTER SUCCESS iris :iris is your account now.",
                f"{SERVER} 900 iris iris!iris@iris.account iris :You are now logged in as iris",
            ],
        )
        self.assertEqual(
            rose.lines(),
            [f":{before} CHGHOST iris iris.account", ":iris!iris@iris.account ACCOUNT iris"],
        )
        self.assertEqual(
            plain.lines(),
            [
                f":{before} QUIT :Changing host",
                ":iris!iris@iris.account JOIN #coil iris :iris of the tests",
                f"{SERVER} MODE #coil +o iris",
            ],
        )
        iris.vanishes()
        again = self.client()
        again.sends_lines(f"PASS :iris:{PASSWORD}", "NICK iris", "USER i 0 * :I")
        again.hears(" 001 iris ", ":iris!i@iris.account JOIN #coil")

    def test_h9_refusals(self) -> None:
        self.hall.bot("tesla").vanishes()
        self.guest("rose")
        peer = self.client()
        for line, code in (
            ("REGISTER * * x", "NEED_NICK *"),
            ("NICK tesla", ""),
            ("REGISTER * * x", "ACCOUNT_EXISTS tesla"),
            ("NICK rose", ""),
            ("REGISTER rose * x", "ACCOUNT_EXISTS rose"),
            ("REGISTER tesla * x", "ACCOUNT_NAME_MUST_BE_NICK tesla"),
            ("NICK root", ""),
            ("REGISTER * * x", "BAD_ACCOUNT_NAME root"),
            ("NICK iris", ""),
            ("REGISTER * * :", "UNACCEPTABLE_PASSWORD iris"),
            ("REGISTER * * x", "SUCCESS iris"),
            ("REGISTER * * x", "ALREADY_AUTHENTICATED iris"),
            ("VERIFY iris 123", "ALREADY_AUTHENTICATED iris"),
        ):
            came = peer.answers(line)
            self.assertEqual(len(came) > 0, bool(code), came)
            if code:
                self.assertIn(f" {code} :", came[0])
        [line] = self.client().answers("NICK x", "VERIFY iris 123")
        self.assertIn("FAIL VERIFY INVALID_CODE iris :", line)
        self.assertEqual(numbers(self.client().answers("NICK x", "REGISTER x y")), ["461"])


class ClosedTests(IrcCase):
    settings: ClassVar[dict[str, Any]] = {"registration_open": False, "guests": True}

    def test_where_no_accounts_are_made_nothing_is_offered(self) -> None:
        peer = self.client()
        came = peer.answers("CAP LS 302", "NICK iris", "REGISTER * * x")
        self.assertNotIn("account-registration", " ".join(came))
        self.assertIn("FAIL REGISTER TEMPORARILY_UNAVAILABLE iris :This server takes no", came[-1])


class NewPasswordTests(IrcCase):
    settings: ClassVar[dict[str, Any]] = {"password_min": 8}

    def test_b17_what_is_wrong_with_a_new_password_is_said(self) -> None:
        peer = self.client()
        why = "A password has at least 8 characters: choose a longer one."
        came = peer.answers("NICK iris", "USER i 0 * :I", "REGISTER * * short")
        self.assertIn(f"FAIL REGISTER UNACCEPTABLE_PASSWORD iris :{why}", came[-1])
        self.assertIn(why, peer.answers("NS REGISTER short")[-1])
        self.assertIn(
            "cannot be the name", peer.answers("NICK iris-flower", "NS REGISTER Iris-Flower")[-1]
        )
        peer.sends_lines("NS REGISTER long-enough")
        peer.hears(" 001 iris-flower ")
        self.assertIn(why, peer.answers("NS PASSWD long-enough short")[-1])


class SecretNamesTests(IrcCase):
    """Where nobody can make an account or be a guest, strangers learn of no name."""

    settings: ClassVar[dict[str, Any]] = {"guests": False}

    def setUp(self) -> None:
        super().setUp()
        self.hall.bot("tesla").vanishes()
        self.hall.settings = replace(self.hall.settings, registration_open=False)
        self.hall.restart()

    def answered(self, name: str, *lines: str) -> str:
        """All that strangers are told who say these lines, and what they can try afterwards."""
        host = f"192.0.2.{len(self.hall.clients) % 200}"
        peer = self.client(host)
        peer.sends_lines(*(line.format(name=name) for line in lines))
        told = peer.takes()
        peer.vanishes()
        left = []
        for account in ("tesla", "edison"):
            login = self.hall.program(host).asks("login", name=account, password="x")
            left.append((account == name, login["error"]["message"]))
        return repr((told, sorted(left))).replace(name, "NAME")

    def test_b4_all_that_is_said_before_the_login_is_answered_alike(self) -> None:
        me = ("NICK {name}", "USER u 0 * :U")
        for lines in (
            me,
            ("PASS guess", *me),
            ("PASS {name}:guess", *me),
            ("PASS other:guess", *me),
            ("PASS {name}:guess", "NICK other", "USER u 0 * :U"),
            ("PASS gue:ss", *me),
            (*me, "NS IDENTIFY guess"),
            (*me, "NS IDENTIFY gue ss"),
            (*me, "NS IDENTIFY {name} guess", "NS IDENTIFY {name} guess"),
            (*me, "NS INFO {name}", "NS INFO", "NS HELP"),
            (*me, "NS REGISTER guess-guess", "REGISTER {name} * guess-guess"),
            (*me, "NS PASSWD guess other-words", "NS CERT LIST", "VERIFY {name} 1"),
            (*me, "WHOIS {name}", "ISON {name}", "MONITOR + {name}", "USERHOST {name}"),
            (*me, "METADATA {name} LIST", "WHOWAS {name}", "PRIVMSG {name} :hi", "WHO {name}"),
            (*me, "AUTHENTICATE EXTERNAL", "AUTHENTICATE +", "CHATHISTORY LATEST {name} * 5"),
        ):
            known, unknown = (self.answered(name, *lines) for name in ("tesla", "edison"))
            self.assertEqual(known, unknown, lines)
        for name in ("tesla", "edison"):
            words = b64encode(b"\0%s\0guess" % name.encode()).decode()
            came = self.answered(name, "AUTHENTICATE PLAIN", f"AUTHENTICATE {words}")
            self.assertIn("904 * :Wrong username or password. You have 2 tries left.", came)

    def test_who_is_known_logs_in_as_before(self) -> None:
        for given in (PASSWORD, f"tesla:{PASSWORD}"):
            peer = self.client()
            peer.sends_lines(f"PASS :{given}", "NICK tesla", "USER t 0 * :T")
            peer.hears(" 001 tesla ")
