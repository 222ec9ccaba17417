"""Every command of the table can be asked for with named arguments."""

from __future__ import annotations

from hashlib import sha256
from typing import Any

from twisted.trial.unittest import TestCase

from tests.device_keys.case import identity
from tests.files.couriers import new_courier
from twisted_chat.core.command_table import TABLE
from twisted_chat.testing import PASSWORD, Hall

EMPTY = sha256(b"").hexdigest()
# In this order each of them succeeds, for an administrator with a bob in the house.
SCRIPT: tuple[tuple[str, dict[str, Any], tuple[str, ...]], ...] = (
    ("help", {}, ("rows", "one")),
    ("help", {"about": "kick"}, ("rows", "one")),
    ("broadcast message", {"text": "hello"}, ("room", "seq", "time", "now", "later", "again")),
    ("broadcast user", {"users": ["bob"], "text": "psst"}, ("now", "later")),
    ("message", {"user": "bob", "text": "hi", "cid": "1"}, ("room", "seq")),
    ("create", {"room": "#den", "private": True}, ("room", "seq", "topic", "created")),
    ("say", {"room": "#den", "text": "echo"}, ("room", "seq")),
    ("me", {"text": "waves", "place": "#den"}, ("room", "seq")),
    ("talk", {}, ("text",)),
    ("talk", {"place": "#den"}, ("text",)),
    ("edit", {"message": "1", "text": "hallo"}, ("text",)),
    ("delete", {"what": "1"}, ("text",)),
    ("publish", {"device_keys": identity("root")}, ("one_time", "version")),
    ("encrypt", {"place": "#den", "sure": True}, ("text",)),
    ("history", {"place": "bob", "count": 5, "before": 100}, ("lines", "older", "place")),
    ("history", {}, ("lines", "older")),
    ("search", {"words": "echo in:#den"}, ("lines", "older")),
    ("whoelse", {}, ("heading", "people")),
    ("wholast", {"minutes": 5}, ("heading", "people")),
    ("whois", {"user": "bob"}, ("face", "last_seen", "rooms", "admin")),
    ("personalintro", {"text": "I am I"}, ("text",)),
    ("away", {"text": "out"}, ("text",)),
    ("back", {}, ("text",)),
    ("ignore", {"user": "bob"}, ("text",)),
    ("unignore", {"user": "bob"}, ("text",)),
    ("offer", {"room": "bob", "name": "x", "size": 0, "sha256": EMPTY}, ("file", "ticket")),
    ("it is sent", {}, ()),
    ("files", {"place": "bob"}, ("files", "older")),
    ("get", {"file": 1}, ("file", "name", "size", "sha256", "ticket")),
    ("create", {"room": "#hall"}, ("room",)),
    ("bob joins", {"room": "#hall"}, ()),
    ("leave", {"room": "#hall"}, ("text",)),
    ("join", {"room": "#hall"}, ("room", "seq")),
    ("rooms", {}, ("rooms",)),
    ("members", {"room": "#den"}, ("heading", "people")),
    ("invite", {"room": "#den", "user": "bob"}, ("text",)),
    ("topic", {"room": "#den"}, ("room", "topic")),
    ("topic", {"room": "#den", "text": "bears"}, ("text",)),
    ("create", {"room": "#lair"}, ("room", "seq", "topic", "created")),
    ("rename", {"room": "#lair", "name": "#cave", "reason": "it is large"}, ("text",)),
    ("delete", {"what": "#cave", "sure": True}, ("text",)),
    ("bob joins", {"room": "#den"}, ()),
    ("op", {"room": "#den", "user": "bob"}, ("text",)),
    ("deop", {"room": "#den", "user": "bob"}, ("text",)),
    ("voice", {"room": "#den", "user": "bob"}, ("text",)),
    ("devoice", {"room": "#den", "user": "bob"}, ("text",)),
    ("mode", {"room": "#den"}, ("room", "modes", "meaning")),
    ("mode", {"room": "#den", "changes": "+m"}, ("text",)),
    ("mute", {"room": "#den", "user": "bob", "duration": "10m"}, ("text",)),
    ("unmute", {"room": "#den", "user": "bob"}, ("text",)),
    ("kick", {"room": "#den", "user": "bob", "reason": "noise"}, ("text",)),
    ("ban", {"room": "#den", "user": "bob", "duration": "2h"}, ("text",)),
    ("unban", {"room": "#den", "user": "bob"}, ("text",)),
    ("delete", {"what": "#den", "sure": True}, ("text",)),
    ("undelete", {"room": "#den"}, ("text",)),
    ("delete", {"what": "#den", "sure": True}, ("text",)),
    ("password", {"new": "other", "old": PASSWORD}, ("text",)),
    ("devices", {}, ("devices",)),
    ("announce", {"text": "soon"}, ("text",)),
    ("stats", {}, ("facts",)),
    ("ban-user", {"user": "bob", "duration": "1h", "reason": "x"}, ("text",)),
    ("unban-user", {"user": "bob"}, ("text",)),
    ("reset-password", {"user": "bob"}, ("name", "password")),
    ("shutdown", {"sure": True}, ("text",)),
)


class CommandTests(TestCase):
    def test_every_command_is_reachable(self) -> None:
        with Hall(admins=("root",)) as hall:
            bob, root = hall.bot("bob"), hall.bot("root")
            answer: dict[str, Any] = {}
            for do, arguments, expected in SCRIPT:
                if do == "bob joins":
                    self.assertEqual(bob.asks("join", **arguments)["room"], arguments["room"])
                    continue
                if do == "it is sent":
                    new_courier(hall).uploads(answer["ticket"], b"")
                    root.asks("send", room="bob", text="", file=answer["file"], cid="file")
                    continue
                answer = root.asks(do, **arguments)
                self.assertNotIn("error", answer, (do, answer))
                for name in expected:
                    self.assertIn(name, answer, do)
            root.begins("delete-account", sure=True)
            self.assertEqual(root.takes_events("closed")[0]["code"], "account_deleted")
            self.assertTrue(root.closed)
        not_commands = {"bob joins", "publish", "it is sent"}
        done = {do for do, *_ in SCRIPT} - not_commands | {"logout", "delete-account"}
        self.assertEqual(done, {row.name for row in TABLE.rows})

    def test_logout_is_answered_and_closes(self) -> None:
        with Hall() as hall:
            bot = hall.bot("bot")
            self.assertEqual(bot.asks("logout"), {})
            self.assertTrue(bot.closed)
            self.assertEqual(list(hall.chat.sessions), [])

    def test_what_needs_to_be_sure_is_refused_without(self) -> None:
        with Hall(admins=("root",)) as hall:
            root = hall.bot("root")
            self.assertEqual(root.asks("delete-account")["error"]["code"], "confirm")
            self.assertEqual(root.asks("shutdown")["error"]["code"], "confirm")

    def test_c5_roles_are_checked(self) -> None:
        with Hall(guests=True) as hall:
            bot, guest = hall.bot("bot"), hall.program()
            guest.asks("guest", name="gast")
            self.assertEqual(bot.asks("stats")["error"]["code"], "not_allowed")
            self.assertEqual(guest.asks("search", words="x")["error"]["code"], "guest")
            self.assertEqual(guest.asks("entries", room="bot", after=0)["entries"], [])
            self.assertEqual(guest.asks("say", room="#lobby", text="hi", cid="1")["seq"], 1)

    def test_a_guest_becomes_an_account(self) -> None:
        with Hall(guests=True) as hall:
            guest = hall.program()
            self.assertTrue(guest.asks("guest", name="gast")["guest"])
            self.assertNotIn("error", guest.asks("password", new=PASSWORD))
            self.assertEqual(guest.asks("delivered", positions={"#lobby": 0}), {})
            guest.vanishes()
            self.assertFalse(hall.program().asks("login", name="gast", password=PASSWORD)["guest"])
