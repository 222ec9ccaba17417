"""What only the server's administrators can do."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

from twisted.logger import capturedLogs, formatEvent

from twisted_chat.core.events import Closed

from .case import WELCOME, HallTestCase


class AdministratorTests(HallTestCase):
    settings: ClassVar = {"admins": ("root", "Boss")}

    def setUp(self) -> None:
        super().setUp()
        self.root, self.ann = self.people("root", "ann")

    def test_c5_others_cannot(self) -> None:
        for line, name in (
            ("ban-user root", "ban-user"),
            ("unban-user root", "unban-user"),
            ("reset-password root", "reset-password"),
            ("announce hi", "announce"),
            ("stats", "stats"),
            ("shutdown", "shutdown"),
        ):
            self.ann.types(line)
            self.ann.reads(f"(Only an administrator can use {name}.)")
        self.root.hears_nothing()

    def test_ban_user_for_a_time(self) -> None:
        self.root.types("ban-user ann 10m shouting")
        self.root.reads("ann left the conversation", "(ann is banned from this server for 10m.)")
        self.ann.hears("You are banned from this server: shouting\nDisconnected\n")
        self.assertTrue(self.ann.closed)
        ann = self.logs_in("ann")
        ann.hears("(ann is banned from this server.)\nUsername: ")
        self.hall.wall_offset += 600_001
        self.logs_in("ann").hears(WELCOME)

    def test_b9_ban_user_for_good_and_back(self) -> None:
        bot = self.hall.bot("ann")
        self.root.types("ban-user ann")
        self.assertTrue(bot.closed)
        self.hall.restart()
        self.logs_in("ann").hears("(ann is banned from this server.)")
        root = self.hall.person("root")
        root.types("unban-user ann", "unban-user ann")
        root.reads("(ann can log in again.)", "(ann is not banned.)")
        self.logs_in("ann").hears(WELCOME)

    def test_b4_a_ban_is_told_only_to_who_knows_the_password(self) -> None:
        self.root.types("ban-user ann")
        self.logs_in("ann", "wrong").hears("(Wrong username or password. You have 2 tries left.)")

    def test_administrators_are_safe_from_each_other(self) -> None:
        self.hall.person("boss")
        self.root.takes()
        for line in ("ban-user boss", "ban-user root", "reset-password boss"):
            self.root.types(line)
            self.root.reads("(Administrators cannot do that to each other or themselves.)")

    def test_b9_reset_password(self) -> None:
        self.root.types("reset-password ann")
        self.root.hears("(The new password of ann is: ")
        password = self.root.takes().partition(")")[0]
        self.assertGreaterEqual(len(password), 12)
        self.ann.hears("An administrator has reset your password.\nDisconnected\n")
        self.logs_in("ann").hears("(Wrong username")
        self.logs_in("ann", password).hears(WELCOME)

    def test_announce(self) -> None:
        self.root.types("announce tea is ready")
        for client in (self.root, self.ann):
            client.reads("[server] Announcement by root: tea is ready")
        self.root.types("announce \x1b[2J", "announce")
        self.root.hears("(The character U+001B cannot be sent;", "(Usage: announce <text>)")
        self.ann.hears_nothing()

    def test_stats(self) -> None:
        self.ann.says("hello")
        self.root.takes()
        self.root.types("stats")
        self.root.hears(
            "up: ", "people online: 2\n", "sessions: 2\n", "accounts: 2\n", "rooms: 1\n"
        )

    def test_shutdown_is_confirmed(self) -> None:
        stopped: list[bool] = []
        self.hall.chat.stop_server = lambda: stopped.append(True)
        self.root.types("shutdown")
        self.assertEqual(
            self.root.takes(),
            "This stops the server, for you and 1 other online.\nType yes to go on: ",
        )
        self.root.types("no")
        self.root.reads("(Nothing was done)")
        self.assertEqual(stopped, [])
        self.root.types("shutdown", "yes")
        self.root.hears("(The server is stopping.)")
        self.assertEqual(stopped, [True])

    def test_b18_what_an_administrator_does_is_in_the_log(self) -> None:
        with capturedLogs() as events:
            self.root.types(
                *("ban-user ann 10m shouting", "unban-user ann", "ban-user ann", "unban-user ann"),
                *("reset-password ann", "announce tea is ready", "shutdown", "yes"),
                *("ban-user nobody", "unban-user ann"),  # which come to nothing
            )
        lines = [line for event in events if "root at" in (line := formatEvent(event) or "")]
        where = self.root.transport.getPeer()
        root = f"root at ({where.host}, {where.port})"
        self.assertEqual(
            lines,
            [
                f"{root} bans ann from the server for 10m: shouting",
                f"{root} lets ann log in again",
                f"{root} bans ann from the server",
                f"{root} lets ann log in again",
                f"{root} resets the password of ann",
                f"{root} announces something to everybody",
                f"{root} shuts the server down",
            ],
        )

    def test_k1_everybody_is_told_when_the_server_stops(self) -> None:
        self.hall.factory.stop(Closed("restart", "The server restarts: come back in a moment."))
        for client in (self.root, self.ann):
            client.reads("The server restarts: come back in a moment.", "Disconnected")
            self.assertTrue(client.closed)


class OptionTests(HallTestCase):
    settings: ClassVar = {"admins": ("root", "Ünal")}

    def starts_again(self, *admins: str) -> list[str]:
        """The server is started with these administrators; what the log says of them."""
        self.hall.settings = replace(self.hall.settings, admins=admins)
        with capturedLogs() as events:
            self.hall.restart()
        lines = [formatEvent(event) or "" for event in events]
        return [line for line in lines if "administrator" in line]

    def test_b16_the_option_alone_says_who_is_an_administrator(self) -> None:
        self.people("root", "ann")
        self.assertEqual(self.starts_again("Ann"), ["Ann is an administrator of this server"])
        root, ann = self.people("root", "ann")
        root.types("stats")
        root.reads("(Only an administrator can use stats.)")
        ann.types("stats")
        ann.hears("people online")
        self.assertEqual(self.starts_again(), [])
        [ann] = self.people("ann")
        ann.types("stats")
        ann.reads("(Only an administrator can use stats.)")

    def test_b16_an_administrator_to_be_is_named_too(self) -> None:
        self.assertEqual(
            self.starts_again("bell"),
            [
                "bell is an administrator of this server, as soon as there is an account of"
                " that name"
            ],
        )
        with capturedLogs() as events:
            self.people("bell")
        lines = [formatEvent(event) or "" for event in events]
        self.assertIn("bell is an administrator of this server", lines)

    def test_b11_however_the_name_is_written_it_is_made_on_the_servers_machine_alone(self) -> None:
        for name in ("Ünal", "ünal", "U\N{COMBINING DIAERESIS}nal"):
            stranger = self.hall.connects("192.0.2.1")
            stranger.types(name)
            stranger.hears("(An administrator's account can only be made on the server's own")
