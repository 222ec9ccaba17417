"""AUTHENTICATE: logging in with SASL."""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Iterator

from tests.core.test_scram import proof
from tests.irc.case import IrcCase, IrcClient
from twisted_chat.testing import PASSWORD

GIVEN_UP = ":twisted-chat.chat 906 * :The login was given up"


def plain(name: str, password: str, wanted: str = "") -> str:
    """What a client sends with PLAIN."""
    return b64encode(f"{wanted}\0{name}\0{password}".encode()).decode()


def numbers(lines: list[str]) -> list[str]:
    return [line.split(" ")[1] for line in lines]


class SaslCase(IrcCase):
    def setUp(self) -> None:
        super().setUp()
        self.hall.bot("tesla").vanishes()
        self.peer = self.client()

    def logs_in(self, peer: IrcClient, name: str, password: str, wanted: str = "") -> list[str]:
        """Log in with PLAIN; what came, but for the invitation to go on."""
        self.assertEqual(peer.answers("AUTHENTICATE PLAIN"), ["AUTHENTICATE +"])
        return peer.answers(f"AUTHENTICATE {plain(name, password, wanted)}")


class PlainTests(SaslCase):
    def test_h9_a_login_before_registration_decides_who_one_is(self) -> None:
        self.peer.answers("CAP LS 302", "CAP REQ :sasl", "NICK someone", "USER t 0 * :T")
        self.assertEqual(
            self.logs_in(self.peer, "tesla", PASSWORD),
            [
                ":twisted-chat.chat 900 someone tesla!t@tesla.account tesla"
                " :You are now logged in as tesla",
                ":twisted-chat.chat 903 someone :SASL authentication successful",
            ],
        )
        self.peer.sends_lines("CAP END")
        self.peer.hears(":someone!t@tesla.account NICK :tesla\r\n:twisted-chat.chat 001 tesla :")

    def test_h6_it_works_without_the_capability_and_without_negotiation(self) -> None:
        self.assertEqual(numbers(self.logs_in(self.peer, "tesla", PASSWORD)), ["900", "903"])
        self.peer.sends_lines("USER t 0 * :T", "NICK tesla")
        self.peer.hears(" 001 tesla :")

    def test_h9_who_acts_as_somebody_else_is_refused(self) -> None:
        self.assertEqual(numbers(self.logs_in(self.peer, "tesla", PASSWORD, "Tesla"))[:1], ["900"])
        other = self.client()
        self.assertEqual(
            self.logs_in(other, "tesla", PASSWORD, "edison"),
            [":twisted-chat.chat 904 * :With tesla's password you can only be tesla."],
        )

    def test_b1_wrong_passwords_are_counted_and_the_block_is_explained(self) -> None:
        came = self.logs_in(self.peer, "tesla", "edison")
        wrong = "Wrong username or password. You have 2 tries left."
        self.assertEqual(came, [f":twisted-chat.chat 904 * :{wrong}"])
        self.logs_in(self.peer, "tesla", "westinghouse")
        came = self.logs_in(self.peer, "tesla", "marconi")
        self.assertEqual(numbers(came), ["904", "NOTICE"])
        self.assertIn("this name is blocked for you", came[0])
        self.peer.answers("CAP REQ :standard-replies")
        came = self.logs_in(self.peer, "tesla", PASSWORD)
        self.assertIn("FAIL AUTHENTICATE BLOCKED :Too many wrong passwords", came[1])

    def test_h6_who_has_no_account_yet_is_told_how_to_get_one(self) -> None:
        self.peer.answers("CAP LS 302", "NICK iris", "USER i 0 * :I")
        [refusal] = self.logs_in(self.peer, "iris", PASSWORD)
        self.assertTrue(
            refusal.endswith("iris is new here: connect without SASL to make it yours."), refusal
        )
        [refusal] = self.logs_in(self.peer, "tesla", "edison")
        self.assertNotIn("is new here", refusal)

    def test_b1_who_guesses_for_many_names_is_closed(self) -> None:
        for number in range(9):
            self.logs_in(self.peer, f"somebody{number}", "guess")
        self.peer.sends_lines("AUTHENTICATE PLAIN", f"AUTHENTICATE {plain('tesla', 'guess')}")
        self.peer.hears(" 904 ", "ERROR :That was tried too often: goodbye.")
        self.assertTrue(self.peer.closed)

    def test_who_is_banned_from_the_server_is_told_so(self) -> None:
        person = self.hall.chat.signin.find("tesla")
        assert person is not None
        person.suspended_until = self.hall.wall() + 1000
        came = self.logs_in(self.peer, "tesla", PASSWORD)
        self.assertEqual(came[0], ":twisted-chat.chat 902 * :tesla is banned from this server.")

    def test_h3_long_passwords_come_in_several_pieces(self) -> None:
        for password in ("p" * 300, "p" * 291, "é" * 500):
            name = f"long{len(password)}"
            bot = self.hall.program()
            bot.asks("register", name=name, password=password, device="x")
            bot.vanishes()
            written = plain(name, password)
            pieces = [written[start : start + 400] for start in range(0, len(written), 400)]
            pieces += ["+"] if len(pieces[-1]) == 400 else []
            peer = self.client()
            peer.answers("AUTHENTICATE PLAIN")
            came = peer.answers(*[f"AUTHENTICATE {piece}" for piece in pieces])
            self.assertEqual(numbers(came), ["900", "903"], len(written))
        self.assertEqual(len(plain("long291", "p" * 291)), 400)

    def test_a9_what_is_too_long_is_refused(self) -> None:
        self.peer.answers("AUTHENTICATE PLAIN")
        self.assertEqual(numbers(self.peer.answers(f"AUTHENTICATE {'A' * 404}")), ["905"])
        self.peer.answers("AUTHENTICATE PLAIN")
        came = self.peer.answers(*["AUTHENTICATE " + "A" * 400] * 22)
        self.assertEqual(numbers(came)[0], "904")

    def test_a9_nonsense_is_refused(self) -> None:
        for nonsense in ("%%%", "+", "YQ==", b64encode(b"\0\xff\0x").decode(), "é"):
            self.peer.answers("AUTHENTICATE PLAIN")
            came = self.peer.answers(f"AUTHENTICATE {nonsense}")
            self.assertEqual(numbers(came), ["904"], nonsense)

    def test_h9_a_login_is_given_up_with_a_star(self) -> None:
        self.peer.answers("AUTHENTICATE PLAIN")
        self.assertEqual(self.peer.answers("AUTHENTICATE *"), [GIVEN_UP])
        self.assertEqual(numbers(self.logs_in(self.peer, "tesla", PASSWORD)), ["900", "903"])

    def test_h9_registration_gives_an_unfinished_login_up(self) -> None:
        self.peer.answers("CAP REQ :sasl", "NICK visitor", "USER v 0 * :V", "AUTHENTICATE PLAIN")
        self.peer.sends_lines("CAP END")
        self.peer.hears(" 906 visitor :The login was given up\r\n:twisted-chat.chat 001 visitor ")

    def test_h9_an_unknown_mechanism_names_those_there_are(self) -> None:
        self.assertEqual(
            self.peer.answers("AUTHENTICATE EXTERNAL"),
            [
                ":twisted-chat.chat 908 * PLAIN,SCRAM-SHA-256 :are the ways to log in",
                ":twisted-chat.chat 904 * :There is no client certificate on this connection:"
                " connect over TLS with one",
            ],
        )
        came = self.peer.answers("AUTHENTICATE GSSAPI")
        self.assertEqual(came[1], ":twisted-chat.chat 904 * :There is no such way to log in")

    def test_b14_no_password_comes_back_or_is_logged(self) -> None:
        for line in ("AUTHENTICATE canary", "AUTHENTICATE " + plain("tesla", "canary")):
            self.peer.sends_lines("AUTHENTICATE PLAIN", line)
        self.peer.sends_lines(f"AUTHENTICATE {'canary' * 90}")
        said = self.peer.takes()
        self.assertNotIn("canary", said)
        self.assertNotIn(plain("tesla", "canary"), said)


class ScramTests(SaslCase):
    def exchange(self, password: str) -> Iterator[list[str]]:
        """The answers to each step of the client."""
        first = "n=tesla,r=abcdefgh"
        yield self.peer.answers("AUTHENTICATE SCRAM-SHA-256")
        [line] = self.peer.answers(f"AUTHENTICATE {b64encode(b'n,,' + first.encode()).decode()}")
        yield [line]
        challenge = b64decode(line.split(" ")[-1])
        final = proof(password, first, challenge)
        yield self.peer.answers(f"AUTHENTICATE {b64encode(final).decode()}")
        yield self.peer.answers("AUTHENTICATE +")

    def test_h9_the_password_is_proved_without_being_sent(self) -> None:
        *_, last, done = self.exchange(PASSWORD)
        self.assertTrue(b64decode(last[0].split(" ")[-1]).startswith(b"v="))
        self.assertEqual(numbers(done), ["900", "903"])
        self.peer.sends_lines("NICK x", "USER t 0 * :T")
        self.peer.hears(" 001 tesla :")

    def test_b1_a_wrong_proof_is_a_try(self) -> None:
        *_, last, _ = self.exchange("edison")
        self.assertIn("904 * :Wrong username or password. You have 2 tries left.", last[0])

    def test_a9_nonsense_is_refused(self) -> None:
        self.peer.answers("AUTHENTICATE SCRAM-SHA-256")
        self.assertEqual(numbers(self.peer.answers("AUTHENTICATE YQ==")), ["904"])
        self.peer.answers("AUTHENTICATE SCRAM-SHA-256")
        self.assertEqual(numbers(self.peer.answers("AUTHENTICATE +")), ["904"])


class AfterwardsTests(SaslCase):
    """Logging in after registration."""

    def test_h9_a_guest_becomes_the_account_and_goes_on_where_it_was(self) -> None:
        iris = self.guest("iris")
        iris.answers("JOIN #coil")
        guest = self.guest("visitor", "account-notify", "chghost")
        guest.answers("JOIN #coil,#lobby")
        iris.lines()
        came = self.logs_in(guest, "tesla", PASSWORD)
        self.assertEqual(numbers(came)[:2], ["900", "903"])
        shown = [" ".join(line.split(" ")[1:3]) for line in came[2:]]
        self.assertEqual(
            [line for line in shown if line[:1].isupper()],
            [
                "PART #coil",
                "PART #lobby",
                "NICK :tesla",
                "CHGHOST visitor",
                "ACCOUNT tesla",
                "JOIN #coil",
                "JOIN #lobby",
            ],
        )
        self.assertEqual(
            [line.split(" ", 1)[1] for line in iris.lines()],
            ["QUIT :Logged in as tesla", "JOIN #coil"],
        )
        self.assertIsNone(self.hall.chat.roster.names.find("visitor"))
        guest.sends_lines("PRIVMSG #coil :here again")
        iris.hears(":tesla!visitor@tesla.account PRIVMSG #coil :here again")

    def test_c9_what_the_guest_was_asked_says_nothing_of_the_account(self) -> None:
        tesla = self.hall.bot("tesla")
        tesla.asks("create", room="#coil")
        guest = self.guest("visitor")
        guest.answers("JOIN #coil")
        tesla.asks("say", room="#coil", text="hello")
        self.hall.wait(6)
        token = guest.lines()[-1].removeprefix("PING :")
        self.logs_in(guest, "tesla", PASSWORD)
        moved: list[object] = []
        self.patch(self.hall.chat.cursors, "note_shown", lambda *found: moved.append(found))
        guest.answers(f"PONG :{token}")
        self.assertEqual(moved, [])

    def test_h9_who_has_logged_in_does_not_log_in_again(self) -> None:
        told = ":You are logged in as tesla already: connect again to be somebody else"
        tesla = self.account("tesla")
        for words in ("PLAIN", plain("edison", PASSWORD)):
            [refusal] = tesla.answers(f"AUTHENTICATE {words}")
            self.assertEqual(refusal, f":twisted-chat.chat 907 tesla {told}")
        early = self.client()
        early.answers("CAP LS 302", "NICK tesla")
        self.assertEqual(numbers(self.logs_in(early, "tesla", PASSWORD))[-2:], ["900", "903"])
        self.assertEqual(numbers(early.answers("AUTHENTICATE PLAIN")), ["907"])
