"""Publishing keys, asking for them, and who is told of changes."""

from __future__ import annotations

from typing import Any, ClassVar
from unittest import mock

from twisted_chat.testing import PASSWORD

from .case import SealedCase, code, identity, key, publishes, to_begin_with, told_of


class PublishingTests(SealedCase):
    def test_what_is_published_is_what_others_are_told(self) -> None:
        self.encrypts(self.tesla, "edison")
        answer = self.edison.asks("keys", room="TESLA")
        self.assertEqual(set(answer), {"version", "people", "seq"})
        self.assertEqual(
            answer["people"],
            {
                "edison": [{"device": "phone", **identity("edison phone")}],
                "tesla": [{"device": "laptop", **identity("tesla laptop")}],
            },
        )
        self.assertEqual(self.tesla.asks("keys", room="edison"), answer)

    def test_all_devices_of_all_people_in_a_room(self) -> None:
        self.comes("tesla", "tablet")
        self.makes(self.tesla, "#coil", self.edison, self.bell)
        people = self.bell.asks("keys", room="#coil")["people"]
        found = {who: [line["device"] for line in lines] for who, lines in people.items()}
        self.assertEqual(found, {"tesla": ["laptop", "tablet"], "edison": ["phone"], "bell": []})

    def test_the_keys_of_a_room_are_read_once_for_all_who_ask(self) -> None:
        self.makes(self.tesla, "#coil", self.edison)
        with mock.patch.object(
            self.hall.chat.store, "read", wraps=self.hall.chat.store.read
        ) as read:
            first = self.tesla.asks("keys", room="#coil")
            self.assertEqual(self.edison.asks("keys", room="#coil"), first)
        self.assertEqual(read.call_count, 1)
        publishes(self.edison, "edison anew")
        found = self.tesla.asks("keys", room="#coil")["people"]["edison"]
        self.assertEqual([line["curve25519"] for line in found], [key("edison anew")])

    def test_how_many_are_waiting(self) -> None:
        self.assertEqual(publishes(self.tesla, "tesla laptop")["one_time"], 2)
        self.assertEqual(publishes(self.tesla, "tesla laptop", "t2", "t3")["one_time"], 3)
        self.encrypts(self.tesla, "edison")
        self.edison.asks("claim", room="tesla", devices=[key("tesla laptop")])
        self.assertEqual(publishes(self.tesla, "tesla laptop")["one_time"], 2)
        many = publishes(self.tesla, "tesla laptop", *(f"n{n}" for n in range(99)))
        self.assertEqual(code(many), "too_many")
        self.assertEqual(publishes(self.tesla, "tesla laptop")["one_time"], 2)

    def test_a9_what_does_not_look_like_keys_is_refused(self) -> None:
        good, one = identity("x"), to_begin_with("x")
        wrong = (
            *("", "x", good["signature"], good["ed25519"] + "=", good["ed25519"][:-1] + "-"),
            *(good["ed25519"][:-1] + "é", good["ed25519"][:-1] + " ", "\ud7ff" * 43),
            good["ed25519"][:-1] + "B",  # the same key, written in another way
        )
        for text in wrong:
            for name in ("ed25519", "curve25519", "signature"):
                if (name, text) != ("signature", good["signature"]):
                    answer = self.bell.asks("publish", device_keys={**good, name: text})
                    self.assertEqual(code(answer), "args", (name, text))
            for name in ("key", "signature"):
                spoilt = {"id": {"key": key("x"), "signature": key("x", 64), name: text}}
                if (name, text) == ("signature", good["signature"]):
                    continue
                for part in ("one_time", "fallback"):
                    answer = self.bell.asks("publish", device_keys=good, **{part: spoilt})
                    self.assertEqual(code(answer), "args", (part, name, text))
        for id in ("", "x" * 33, "a b", "é", "a\n"):
            answer = self.bell.asks("publish", device_keys=good, one_time={id: one["id-x"]})
            self.assertEqual(code(answer), "args", id)
        wrong_requests: tuple[dict[str, Any], ...] = (
            {},
            {"device_keys": {}},
            {"device_keys": {**good, "more": "x"}},
            {"device_keys": good, "one_time": [1]},
            {"device_keys": good, "one_time": to_begin_with(*map(str, range(101)))},
            {"device_keys": good, "fallback": to_begin_with("a", "b")},
        )
        for asked in wrong_requests:
            self.assertEqual(code(self.bell.asks("publish", **asked)), "args", asked)
        self.assertEqual(self.hall.chat.roster.names.find("bell").devices, "")  # type: ignore[union-attr]

    def test_nobody_publishes_the_key_of_somebody_else(self) -> None:
        self.assertEqual(code(publishes(self.bell, "tesla laptop")), "conflict")
        self.assertEqual(code(publishes(self.bell, "bell")), "")

    def test_a_guest_has_no_keys(self) -> None:
        guest = self.hall.program()
        guest.asks("guest", name="gast")
        self.assertEqual(code(publishes(guest, "gast")), "guest")
        self.assertEqual(code(guest.asks("encrypt", place="tesla")), "guest")
        requests: dict[str, dict[str, Any]] = {
            "keys": {},
            "claim": {"devices": []},
            "share": {"sealed": "x", "cid": "1"},
        }
        for do, arguments in requests.items():
            self.assertEqual(code(guest.asks(do, room="tesla", **arguments)), "guest", do)

    def test_a_restart_changes_nothing(self) -> None:
        self.encrypts(self.tesla, "edison")
        self.makes(self.tesla, "#coil", self.edison)
        before = [self.tesla.asks("keys", room=room) for room in ("edison", "#coil")]
        self.hall.restart()
        program, answer = self.resumes("tesla", "laptop")
        after = [program.asks("keys", room=room) for room in ("edison", "#coil")]
        self.assertEqual(after, before)
        told = [answer["rooms"][room]["version"] for room in ("edison", "#coil")]
        self.assertEqual(told, [keys["version"] for keys in before])


class ChangeTests(SealedCase):
    """Who is told when somebody's devices are others."""

    def setUp(self) -> None:
        super().setUp()
        self.encrypts(self.tesla, "edison")
        self.makes(self.tesla, "#coil", self.edison, self.bell)
        self.stranger = self.hall.bot("stranger")
        self.looks_away()

    def test_everybody_who_encrypts_for_them_once_and_their_other_sessions(self) -> None:
        tablet, _ = self.resumes("tesla", "tablet")
        phone, _ = self.resumes("edison", "watch")
        versions = [self.version(self.tesla, room) for room in ("edison", "#coil")]
        self.assertEqual(code(publishes(tablet, "tesla tablet")), "")
        for program in (self.tesla, self.edison, phone, self.bell):
            self.assertEqual(told_of(program), ["tesla"])
        for program in (tablet, self.stranger):
            self.assertEqual(told_of(program), [])
        now = [self.version(self.tesla, room) for room in ("edison", "#coil")]
        self.assertEqual(len({*versions, *now}), 4)

    def test_nobody_of_the_same_keys_or_more_to_begin_with(self) -> None:
        version = self.version(self.bell, "#coil")
        publishes(self.tesla, "tesla laptop", "t3", fallback="newer")
        self.assertEqual((told_of(self.edison), told_of(self.bell)), ([], []))
        self.assertEqual(self.version(self.bell, "#coil"), version)

    def test_whoever_does_not_read_is_told_all_the_same(self) -> None:
        self.bell.stops_reading()
        publishes(self.tesla, "tesla anew")
        self.bell.reads_again()
        self.assertEqual(told_of(self.bell), ["tesla"])

    def test_netcat_is_told_nothing(self) -> None:
        edison = self.hall.person("edison")
        publishes(self.tesla, "tesla anew")
        edison.hears_nothing()

    def test_a_logout_or_a_lost_connection_takes_nothing(self) -> None:
        version = self.version(self.bell, "#coil")
        self.tesla.asks("logout")
        self.edison.vanishes()
        self.assertEqual(told_of(self.bell), [])
        self.assertEqual(self.version(self.bell, "#coil"), version)

    def test_b7_a_session_that_is_ended_takes_its_keys_along(self) -> None:
        other, _ = self.resumes("tesla", "other")
        other.asks("devices", end=1)
        self.assertTrue(self.tesla.closed)
        for program in (self.edison, self.bell, other):
            self.assertEqual(told_of(program), ["tesla"])
        self.assertEqual(self.bell.asks("keys", room="#coil")["people"]["tesla"], [])

    def test_b7_what_a_session_publishes_while_it_is_ended_is_not_kept(self) -> None:
        other, _ = self.resumes("tesla", "other")
        other.queues("devices", end=1)
        number = self.tesla.queues("publish", device_keys=identity("tesla anew"))
        other.deliver()
        self.tesla.deliver()
        self.hall.settle()
        self.assertTrue(self.tesla.closed)
        self.assertFalse([e for e in self.tesla.sort_out() if e.get("re") == number and "ok" in e])
        self.assertEqual(self.bell.asks("keys", room="#coil")["people"]["tesla"], [])

    def test_b9_a_new_password_takes_those_of_all_other_devices(self) -> None:
        tablet = self.comes("tesla", "tablet")
        self.comes("tesla", "old").vanishes()
        self.looks_away()
        tablet.asks("password", old=PASSWORD, new="another one")
        self.assertTrue(self.tesla.closed)
        self.assertEqual(told_of(self.edison), ["tesla"])
        found = self.bell.asks("keys", room="#coil")["people"]["tesla"]
        self.assertEqual([line["device"] for line in found], ["tablet"])
        self.assertEqual(code(publishes(tablet, "tesla tablet", "more")), "bad_token")
        back = self.hall.program()
        back.asks("login", name="tesla", password="another one", device="tablet")
        self.assertEqual(publishes(back, "tesla tablet", "more")["one_time"], 1)
        self.assertEqual(told_of(self.edison), [])

    def test_an_erased_account_has_no_devices_and_keeps_its_conversations(self) -> None:
        self.edison.begins("delete-account", sure=True)
        self.assertEqual(told_of(self.tesla), ["edison"])
        self.assertEqual(self.tesla.asks("keys", room="edison")["people"]["edison"], [])
        self.assertNotIn("edison", self.tesla.asks("keys", room="#coil")["people"])
        self.assertEqual(code(self.seals(self.tesla, "edison", "x")), "no_such_user")

    def test_who_joins_and_who_goes_makes_another_version_and_back(self) -> None:
        version = self.version(self.tesla, "#coil")
        self.stranger.asks("join", room="#coil")
        more = self.version(self.tesla, "#coil")
        self.assertNotEqual(more, version)
        self.assertEqual(self.version(self.stranger, "#coil"), more)
        self.stranger.asks("leave", room="#coil")
        self.assertEqual(self.version(self.tesla, "#coil"), version)
        self.assertEqual(told_of(self.tesla), [])

    def test_changes_while_a_room_was_deleted_count(self) -> None:
        version = self.version(self.tesla, "#coil")
        self.tesla.asks("delete", what="#coil", sure=True)
        publishes(self.bell, "bell")
        self.tesla.asks("undelete", room="#coil")
        self.assertNotEqual(self.version(self.tesla, "#coil"), version)


class AdministratorTests(SealedCase):
    settings: ClassVar = {"admins": ("root",)}

    def setUp(self) -> None:
        super().setUp()
        self.encrypts(self.tesla, "edison")
        self.root = self.hall.bot("root")

    def left(self) -> list[str]:
        people = self.tesla.asks("keys", room="edison")["people"]
        return [line["device"] for line in people["edison"]]

    def test_b9_a_reset_password_takes_all_keys(self) -> None:
        self.root.asks("reset-password", user="edison")
        self.assertEqual((told_of(self.tesla), self.left()), (["edison"], []))

    def test_b9_a_ban_from_the_server_takes_all_keys(self) -> None:
        self.root.asks("ban-user", user="edison")
        self.assertEqual((told_of(self.tesla), self.left()), (["edison"], []))
        self.root.asks("unban-user", user="edison")
        self.assertEqual((told_of(self.tesla), self.left()), ([], []))


class LimitTests(SealedCase):
    settings: ClassVar = {"flood_limit": 1000}

    def setUp(self) -> None:
        super().setUp()
        self.encrypts(self.tesla, "edison")

    def test_i6_one_account_takes_ten_of_a_device_in_an_hour(self) -> None:
        publishes(self.edison, "edison phone", *(f"more {n}".replace(" ", "") for n in range(30)))
        device, another = key("edison phone"), key("tesla laptop")
        found = []
        for _ in range(12):
            taken = self.tesla.asks("claim", room="edison", devices=[device])["one_time"][device]
            found.append(taken["fallback"])
        self.assertEqual(found, [False] * 10 + [True] * 2)
        self.assertEqual(publishes(self.edison, "edison phone")["one_time"], 22)
        # From another session it is the same account; another device and person are others.
        tablet, _ = self.resumes("tesla", "tablet")
        taken = tablet.asks("claim", room="edison", devices=[device, another])["one_time"]
        self.assertEqual([taken[device]["fallback"], taken[another]["fallback"]], [True, False])
        taken = self.edison.asks("claim", room="tesla", devices=[device])["one_time"]
        self.assertFalse(taken[device]["fallback"])
        self.hall.wait(3600, step=600)
        taken = self.tesla.asks("claim", room="edison", devices=[device])["one_time"]
        self.assertFalse(taken[device]["fallback"])

    def test_i6_what_is_asked_in_vain_costs_nobody_anything(self) -> None:
        for n in range(200):
            devices = [key(f"nobody {n} {m}") for m in range(100)]
            self.tesla.asks("claim", room="edison", devices=devices)
        claims = self.hall.chat.devices._claims
        self.assertEqual(len(claims) if claims is not None else None, 0)

    def test_i6_the_keys_of_one_account_change_thirty_times_an_hour(self) -> None:
        answers = [code(publishes(self.edison, f"n{n}")) for n in range(31)]
        self.assertEqual(answers, [""] * 29 + ["busy"] * 2)  # the first came before
        self.assertEqual(code(publishes(self.edison, "n28", "more")), "")
        self.assertEqual(code(publishes(self.tesla, "tesla anew")), "")
        self.hall.wait(3600, step=600)
        self.assertEqual(code(publishes(self.edison, "n30")), "")


class ClaimTests(SealedCase):
    def setUp(self) -> None:
        super().setUp()
        self.encrypts(self.tesla, "edison")

    def test_i6_each_is_given_once_and_then_the_fallback_key(self) -> None:
        device = key("edison phone")
        found = [
            self.tesla.asks("claim", room="edison", devices=[device, device])["one_time"][device]
            for _ in range(4)
        ]
        self.assertEqual([one["id"] for one in found], ["id-e1", "id-e2", "id-ef", "id-ef"])
        self.assertEqual([one["fallback"] for one in found], [False, False, True, True])
        self.assertEqual(found[0]["key"], key("e1"))

    def test_i6_two_at_once_get_two(self) -> None:
        tablet = self.comes("tesla", "tablet")
        device = key("edison phone")
        asked = [
            (program, program.queues("claim", room="edison", devices=[device]))
            for program in (self.tesla, tablet)
        ]
        self.hall.settle()
        given = {program.answer_to(n)["one_time"][device]["id"] for program, n in asked}
        self.assertEqual(given, {"id-e1", "id-e2"})

    def test_only_devices_of_the_conversation_are_answered(self) -> None:
        publishes(self.bell, "bell", "b1")
        devices = [key("bell"), key("nobody"), key("edison phone"), key("tesla laptop")]
        taken = self.tesla.asks("claim", room="edison", devices=devices)["one_time"]
        self.assertEqual(set(taken), {key("edison phone"), key("tesla laptop")})
        self.assertEqual(publishes(self.bell, "bell")["one_time"], 1)

    def test_a9_how_many_may_be_asked(self) -> None:
        for devices in ([], [key(str(n)) for n in range(101)], ["x"], [key("x", 64)], "x", [1]):
            answer = self.tesla.asks("claim", room="edison", devices=devices)
            self.assertEqual(code(answer), "args")

    def test_a_key_that_was_given_stays_given_after_a_restart(self) -> None:
        self.tesla.asks("claim", room="edison", devices=[key("edison phone")])
        self.hall.restart()
        tesla = self.hall.bot("tesla", device="laptop")
        taken = tesla.asks("claim", room="edison", devices=[key("edison phone")])["one_time"]
        self.assertEqual(taken[key("edison phone")]["id"], "id-e2")


class UnlimitedTests(SealedCase):
    def test_where_no_rate_is_limited_these_are_not_either(self) -> None:
        for n in range(40):
            self.assertEqual(code(publishes(self.tesla, f"tesla {n}")), "")
