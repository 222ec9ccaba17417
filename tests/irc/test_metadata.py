"""METADATA: what people and channels say of themselves."""

from __future__ import annotations

from typing import Any, ClassVar

from tests.irc.case import IrcCase, IrcClient
from twisted_chat.store import metadata
from twisted_chat.testing import PASSWORD

CAPS = ("draft/metadata-3", "batch")
SERVER = ":twisted-chat.chat"


def plain(lines: list[str]) -> list[str]:
    """Lines without the server's name, and without the batches that are about them."""
    told = []
    for line in lines:
        text = line.partition(" ")[2] if line.startswith("@batch=") else line
        if " BATCH " not in text:
            told.append(text.removeprefix(f"{SERVER} "))
    return told


class MetadataCase(IrcCase):
    def knowing(self, nick: str, *keys: str) -> IrcClient:
        """Somebody whose client is told of these keys."""
        client = self.account(nick, *CAPS)
        if keys:
            client.answers(f"METADATA * SUB {' '.join(keys)}")
        return client


class ValueTests(MetadataCase):
    def test_h9_values_are_set_asked_for_and_removed(self) -> None:
        tesla = self.knowing("tesla")
        self.assertEqual(
            tesla.answers("METADATA * SET url :http://tesla.example/a b"),
            [f"{SERVER} 761 tesla tesla url * :http://tesla.example/a b"],
        )
        tesla.answers("METADATA Tesla SET pronouns they/them")
        came = tesla.answers("METADATA * LIST")
        self.assertRegex(came[0], r"^:twisted-chat.chat BATCH \+\w+ metadata tesla$")
        self.assertRegex(came[-1], r"^:twisted-chat.chat BATCH -\w+$")
        self.assertEqual(
            plain(came),
            [
                "761 tesla tesla pronouns * :they/them",
                "761 tesla tesla url * :http://tesla.example/a b",
            ],
        )
        edison = self.knowing("edison")
        self.assertEqual(
            plain(edison.answers("METADATA tesla GET url mood Url")),
            [
                "761 edison tesla url * :http://tesla.example/a b",
                "766 edison tesla mood :That key is not set",
                "WARN METADATA INVALID_KEY Url :That cannot be a key",
            ],
        )
        gone = ["766 tesla tesla url :That key is not set"]
        self.assertEqual(plain(tesla.answers("METADATA * SET url")), gone)
        self.assertEqual(plain(tesla.answers("METADATA * SET url :")), gone)
        self.assertEqual(
            plain(tesla.answers("METADATA * CLEAR")),
            ["766 tesla tesla pronouns :That key is not set"],
        )
        self.assertEqual(plain(tesla.answers("METADATA * LIST")), [])

    def test_h9_what_an_account_says_outlasts_its_client_and_the_server(self) -> None:
        self.knowing("tesla").answers("METADATA * SET url :x")
        self.hall.restart()
        tesla = self.client()
        tesla.answers("CAP LS 302", f"CAP REQ :{' '.join(CAPS)}", f"PASS :tesla:{PASSWORD}")
        came = tesla.answers("NICK tesla", "USER t 0 * :T", "CAP END")
        own = next(line for line in plain(came) if line.startswith("761"))
        self.assertEqual(own, "761 tesla tesla url * :x")
        motd = next(index for index, line in enumerate(plain(came)) if line.startswith("422"))
        self.assertLess(plain(came).index(own), motd)

    def test_h9_a_guest_says_something_while_they_are_here_and_takes_it_along(self) -> None:
        iris = self.guest("iris", *CAPS)
        iris.answers("METADATA * SET mood :fine")
        tesla = self.knowing("tesla")
        self.assertEqual(
            plain(tesla.answers("METADATA iris GET mood")), ["761 tesla iris mood * :fine"]
        )
        iris.answers(f"REGISTER * * {PASSWORD.replace(' ', '_')}")
        iris.vanishes()
        self.assertEqual(
            plain(tesla.answers("METADATA iris GET mood")), ["761 tesla iris mood * :fine"]
        )
        visitor = self.guest("visitor")
        visitor.answers("METADATA * SET mood :fine")
        visitor.vanishes()
        again = self.guest("visitor")
        self.assertEqual(plain(again.answers("METADATA * GET mood"))[0][:3], "766")

    def test_h9_it_may_be_said_before_registration(self) -> None:
        self.hall.bot("tesla").vanishes()
        watcher = self.knowing("edison", "mood")
        watcher.answers("JOIN #coil")
        tesla = self.client()
        said = tesla.answers("CAP LS 302")
        self.assertIn("draft/metadata-3=before-connect,max-subs=50,max-keys=25,", " ".join(said))
        tesla.answers(f"CAP REQ :{' '.join(CAPS)}", "NICK tesla")
        came = tesla.answers("METADATA * SET mood :fine", "METADATA * SUB mood")
        self.assertEqual(came, [f"{SERVER} 761 tesla * mood * :fine", f"{SERVER} 770 tesla mood"])
        self.assertEqual(
            plain(tesla.answers("METADATA * LIST", "METADATA * SUBS")),
            ["761 tesla * mood * :fine", "772 tesla mood"],
        )
        [refused] = tesla.answers("METADATA edison LIST")
        self.assertIn("FAIL METADATA INVALID_TARGET edison :", refused)
        tesla.answers(f"PASS :tesla:{PASSWORD}", "USER t 0 * :T")
        tesla.sends_lines("CAP END")
        tesla.hears(" 001 tesla", f"{SERVER} 761 tesla tesla mood * :fine")

    def test_h9_channels_say_something_at_the_word_of_their_operators(self) -> None:
        tesla, edison = self.knowing("tesla"), self.knowing("edison")
        tesla.answers("JOIN #coil")
        [refused] = edison.answers("METADATA #coil SET url :x")
        self.assertIn("FAIL METADATA KEY_NO_PERMISSION #coil url :", refused)
        [refused] = edison.answers("METADATA #coil CLEAR")
        self.assertIn("FAIL METADATA KEY_NO_PERMISSION #coil * :", refused)
        [refused] = edison.answers("METADATA tesla SET url :x")
        self.assertIn("FAIL METADATA KEY_NO_PERMISSION tesla url :", refused)
        tesla.answers("METADATA #coil SET url :x")
        listed = ["761 edison #coil url * :x"]
        self.assertEqual(plain(edison.answers("METADATA #coil LIST")), listed)
        self.hall.restart()
        edison = self.knowing("edison")
        self.assertEqual(plain(edison.answers("METADATA #coil LIST")), listed)
        tesla = self.knowing("tesla")
        tesla.answers("MODE #coil +s")
        [refused] = edison.answers("METADATA #coil LIST")
        [unknown] = edison.answers("METADATA #void LIST")
        self.assertEqual(refused.replace("#coil", "#void"), unknown)
        self.assertIn("FAIL METADATA INVALID_TARGET #void :", unknown)

    def test_a9_nonsense_is_refused(self) -> None:
        tesla = self.knowing("tesla")
        for asked, answer in (
            ("METADATA", "INVALID_PARAMS * :"),
            ("METADATA *", "INVALID_PARAMS * :"),
            ("METADATA * SNEEZE", "INVALID_PARAMS SNEEZE :"),
            ("METADATA * :: hi!", "INVALID_PARAMS * :"),
            ("METADATA * GET", "INVALID_PARAMS GET :"),
            ("METADATA * LIST x", "INVALID_PARAMS LIST :"),
            ("METADATA * SET a b c", "INVALID_PARAMS SET :"),
            ("METADATA nobody LIST", "INVALID_TARGET nobody :"),
            ("METADATA :no body LIST", "INVALID_PARAMS"),
            ("METADATA * SET ::x y", "INVALID_KEY * :"),
            ("METADATA * SET Big x", "INVALID_KEY Big :"),
            (f"METADATA * SET {'k' * 49} x", f"INVALID_KEY {'k' * 49} :"),
            (f"METADATA * SET k :{'v' * 301}", "INVALID_VALUE k :"),
            ("METADATA * SET k :\x07", "INVALID_VALUE k :"),
            ("METADATA tesla2 SUB k", "INVALID_TARGET tesla2 :"),
        ):
            [refused] = tesla.answers(asked)
            self.assertIn(f"FAIL METADATA {answer}", refused, asked)

    def test_h12_keys_and_bytes_are_limited(self) -> None:
        for client in (self.knowing("tesla"), self.guest("iris"), self.client()):
            if not client.nick:
                client.answers("CAP LS 302")
            lines = [f"METADATA * SET k{number} :{'v' * 300}" for number in range(25)]
            self.assertTrue(all(" 761 " in line for line in client.answers(*lines)))
            [refused] = client.answers("METADATA * SET k25 :v")
            self.assertIn("FAIL METADATA LIMIT_REACHED * 25 :", refused)
            self.assertIn(" 761 ", client.answers("METADATA * SET k24 :w")[0])

    def test_h12_every_line_with_a_value_fits(self) -> None:
        tesla = self.knowing("tesla")
        room = "#" + "𠀀" * 32
        tesla.answers(f"JOIN {room}")
        [refused] = tesla.answers(f"METADATA {room} SET {'k' * 48} :{'v' * 300}")
        self.assertIn("FAIL METADATA INVALID_VALUE", refused)

    def test_k12_an_erased_account_and_an_erased_room_say_nothing(self) -> None:
        tesla = self.knowing("tesla")
        tesla.answers("METADATA * SET url :x", "JOIN #coil", "METADATA #coil SET url :x")
        chat = self.hall.chat
        person, room = chat.signin.find("tesla"), chat.rooms.find("#coil")
        assert person is not None and room is not None
        tesla.answers("PART #coil")
        chat.store.change(lambda ledger: ledger.rooms.erase(room.id))
        self.hall.bot("tesla").asks("delete-account", sure=True)
        found: list[dict[str, str]] = []
        chat.store.read(lambda db: metadata.of_account(db, person.id)).addCallback(found.append)
        chat.store.read(lambda db: metadata.of_room(db, room.id)).addCallback(found.append)
        self.hall.settle()
        self.assertEqual(found, [{}, {}])


class NotificationTests(MetadataCase):
    def setUp(self) -> None:
        super().setUp()
        self.tesla = self.knowing("tesla", "mood")
        self.edison = self.knowing("edison", "mood", "url")
        for client in (self.tesla, self.edison):
            client.answers("JOIN #coil")
            client.lines()
        self.tesla.lines()

    def test_h9_who_wants_to_know_is_told_at_once(self) -> None:
        second = self.knowing("tesla", "mood")
        stranger = self.knowing("iris", "mood")
        stranger.lines()
        self.tesla.answers("METADATA * SET mood :fine", "METADATA * SET url :x")
        self.assertEqual(
            self.edison.lines(),
            [f"{SERVER} 761 edison tesla mood * :fine", f"{SERVER} 761 edison tesla url * :x"],
        )
        self.assertEqual(second.lines(), [f"{SERVER} 761 tesla tesla mood * :fine"])
        self.assertEqual(stranger.lines(), [])
        self.tesla.answers("METADATA * SET mood :fine")
        self.assertEqual(self.edison.lines(), [])  # nothing has changed
        self.tesla.answers("METADATA * CLEAR")
        self.assertEqual(
            self.edison.lines(),
            [
                f"{SERVER} 766 edison tesla mood :That key is not set",
                f"{SERVER} 766 edison tesla url :That key is not set",
            ],
        )
        self.tesla.answers("METADATA #coil SET mood :busy")
        self.assertEqual(self.edison.lines(), [f"{SERVER} 761 edison #coil mood * :busy"])

    def test_h9_so_is_who_monitors_somebody(self) -> None:
        iris = self.knowing("iris", "mood")
        self.assertIn(f"{SERVER} 774 iris tesla 0 :", iris.answers("MONITOR + tesla")[-1])
        self.tesla.answers("METADATA * SET mood :fine")
        self.assertEqual(iris.lines(), [f"{SERVER} 761 iris tesla mood * :fine"])
        self.tesla.vanishes()
        iris.lines()
        self.knowing("tesla")
        came = iris.lines()
        self.assertIn(" 730 ", came[0])
        self.assertIn(f"{SERVER} 774 iris tesla 0 :", came[1])

    def test_h9_subscriptions_are_kept_for_the_connection(self) -> None:
        self.assertEqual(plain(self.edison.answers("METADATA * SUBS")), ["772 edison mood url"])
        self.assertEqual(
            plain(self.edison.answers("METADATA edison UNSUB url nothing Bad")),
            [
                "WARN METADATA INVALID_KEY Bad :That cannot be a key",
                "771 edison url nothing",
            ],
        )
        self.tesla.answers("METADATA * SET url :x")
        self.assertEqual(self.edison.lines(), [])
        self.edison.answers("CAP REQ -draft/metadata-3", "CAP REQ draft/metadata-3")
        self.assertEqual(plain(self.edison.answers("METADATA * SUBS")), [])

    def test_h12_there_is_a_limit_to_subscriptions(self) -> None:
        names = [f"k{number}" for number in range(60)]
        for start in range(0, 60, 10):
            came = plain(
                self.edison.answers(f"METADATA * SUB {' '.join(names[start : start + 10])}")
            )
        self.assertIn("FAIL METADATA LIMIT_REACHED k50 50 :", came[0])
        subscribed = plain(self.edison.answers("METADATA * SUBS"))
        self.assertEqual(len(" ".join(line.split(" ", 2)[2] for line in subscribed).split()), 50)

    def test_h9_what_there_was_before_is_synchronized(self) -> None:
        self.tesla.answers("METADATA * SET mood :fine", "METADATA #coil SET mood :busy")
        self.edison.lines()
        values = ["761 edison #coil mood * :busy", "761 edison tesla mood * :fine"]
        for asked in ("METADATA #coil SYNC", "METADATA *ALL SYNC"):
            self.assertEqual(plain(self.edison.answers(asked)), values)
        self.assertEqual(plain(self.edison.answers("METADATA tesla SYNC")), values[1:])
        iris = self.knowing("iris")
        came = iris.answers("JOIN #coil")
        self.assertRegex(came[-2], r"BATCH \+\w+ metadata #coil$")
        came = iris.answers("METADATA * SUB mood")
        self.assertEqual(came[0], f"{SERVER} 770 iris mood")
        self.assertRegex(came[1], r"BATCH \+\w+ metadata \*ALL$")
        self.assertEqual(plain(came)[1:], [value.replace("edison", "iris") for value in values])
        iris.answers("PART #coil")
        self.assertIn(f"{SERVER} 774 iris #coil 0 :", iris.answers("JOIN #coil")[-1])

    def test_h12_who_does_not_read_is_told_afterwards_to_ask(self) -> None:
        self.edison.stops_reading()
        self.tesla.answers(*[f"METADATA * SET mood :{number}" for number in range(100)])
        self.edison.collect()
        self.assertEqual(self.edison.received, "")
        self.edison.reads_again()
        self.hall.wait(6)
        told = [line for line in self.edison.lines() if "PING" not in line]
        self.assertEqual(told, [f"{SERVER} 774 edison *ALL 0 :Ask for it with METADATA *ALL SYNC"])

    def test_h9_a_client_without_the_capability_is_told_nothing(self) -> None:
        iris = self.account("iris")
        iris.answers("JOIN #coil", "METADATA * SUB mood")
        self.tesla.answers("METADATA * SET mood :fine")
        self.assertEqual([line for line in iris.lines() if " 761 " in line], [])


class RateTests(MetadataCase):
    settings: ClassVar[dict[str, Any]] = {"guests": True, "flood_limit": 1000}

    def test_h12_changes_and_synchronizations_have_a_rate(self) -> None:
        tesla = self.knowing("tesla", "mood")
        for number in range(30):
            tesla.answers(f"METADATA * SET mood :{number}")
        [refused] = tesla.answers("METADATA * SET mood :31")
        self.assertIn("FAIL METADATA RATE_LIMITED * mood 60 :", refused)
        for _ in range(20):
            came = tesla.answers("METADATA * SYNC")
        self.assertIn(f"{SERVER} 774 tesla tesla 10 :", came[0])
        self.hall.wait(61, step=61)
        self.assertIn(" 761 ", tesla.answers("METADATA * SET mood :32")[0])
