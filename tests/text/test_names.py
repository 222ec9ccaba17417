"""What people may be called, as they find out at the prompt."""

from __future__ import annotations

from typing import ClassVar

from twisted_chat.core.command_table import TABLE, Logout

from .case import WELCOME, HallTestCase


class NameTests(HallTestCase):
    settings: ClassVar = {"admins": ("root", "Boss")}

    def assert_refused(self, name: str, why: str, host: str = "127.0.0.1") -> None:
        client = self.hall.connects(host)
        client.types(name)
        self.assertIn(why, client.takes(), name)

    def test_b10_one_name_in_many_writings(self) -> None:
        self.people("Kevin", "zoë", "Ελενη")
        for name, shown in (
            ("kevin", "Kevin"),
            ("\u212aevin", "Kevin"),
            ("ＫＥＶＩＮ", "Kevin"),
            ("ZOE\u0308", "zoë"),
            ("ΕΛΕΝΗ", "Ελενη"),
        ):
            self.logs_in(name).hears(WELCOME)
            self.assertIn(shown, {person.name for person in self.hall.chat.roster.online.values()})
        self.assertEqual(len(self.hall.chat.roster.online), 3)

    def test_b10_look_alikes_are_refused(self) -> None:
        self.people("scope", "root")
        taken = "taken, or looks like a name that is: try another."
        self.assert_refused("ѕсоре", taken)  # all Cyrillic
        for name in ("r00t", "ro-ot", "ROOT.", "b0ss", "bo.ss", "Bоss"):
            client = self.hall.connects()
            client.types(name)
            self.assertNotIn("choose a password", client.takes(), name)

    def test_b10_mixed_scripts_and_invisible_letters_are_refused(self) -> None:
        self.assert_refused("аdmin", "That name mixes Cyrillic and Latin letters")
        for name in ("an\u200bn", "an\u202en", "an\u00adn", "a\u2066nn", "ann\ufeff"):
            self.assert_refused(name, "a name is 1 to 32 letters, digits and _ - .")

    def test_b10_two_plain_names_collide_only_by_case(self) -> None:
        self.people("barn", "bam", "Ali", "A1i", "al1", "modern", "rnodern")
        self.hall.restart()
        self.people("barn", "bam", "rnodern")

    def test_b11_commands_and_names_of_the_server_are_refused(self) -> None:
        leaving = TABLE.of(Logout)
        leave = {leaving.name, *map(str.lower, leaving.aliases)}
        for word in set(TABLE.words()) - leave - {"help"}:  # which explains the prompt
            self.assert_refused(word, "That name is reserved: choose another name.")
        for name in ("server", "SYSTEM", "admin", "adm1n", "sys_tem", "twisted-chat", "everybody"):
            self.assert_refused(name, "(That ")
        for name in (
            "*",
            ":x",
            "#a",
            "..",
            "-a",
            ".a",
            "a b",
            "a/b",
            "a@b",
            "1",
            "a" * 33,
            "[17",
            "<bob>",
            "a,b",
            "(a)",
            "a:",
        ):
            self.assert_refused(name, "a name is 1 to 32 letters, digits and _ - .")

    def test_b11_what_is_allowed(self) -> None:
        for name in (
            "a",
            "a" * 32,
            "x_y-z.9",
            "_x",
            "7up",
            "Иван",
            "李雷",
            "たろう",
            "علي",
            "José",
        ):
            client = self.hall.connects()
            client.types(name, "x", "x")
            client.hears(WELCOME)

    def test_b11_an_administrators_account_is_made_on_the_servers_machine(self) -> None:
        why = "An administrator's account can only be made on the server's own machine."
        for name in ("root", "ROOT", "boss"):
            self.assert_refused(name, why, host="10.0.0.1")
        root = self.hall.person("root")
        root.types("stats")
        root.hears("people online: 1")
        self.hall.person("root", host="10.0.0.1")
