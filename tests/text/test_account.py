"""One's own account: its password, its sessions, its end."""

from __future__ import annotations

from .case import WELCOME, HallTestCase


class PasswordTests(HallTestCase):
    def test_b9_a_new_password_ends_the_other_sessions(self) -> None:
        ann, other, program = self.hall.person("ann"), self.hall.person("ann"), self.hall.bot("ann")
        ann.types("password")
        self.assertEqual(ann.takes(), "Enter your password: ")
        ann.types("correct horse", "battery staple", "battery staple")
        ann.reads(
            "Enter new password: Enter new password again: "
            "(Your password is changed, and your other sessions have ended.)"
        )
        other.hears("Your password was changed: log in again.\nDisconnected\n")
        self.assertTrue(other.closed)
        self.assertTrue(program.closed)
        ann.types("whoelse")
        ann.hears("(Not found)")
        self.logs_in("ann").hears("(Wrong username or password.")
        self.logs_in("ann", "battery staple").hears(WELCOME)

    def test_the_old_one_has_to_be_right(self) -> None:
        ann = self.hall.person("ann")
        ann.types("password", "wrong", "x", "x")
        ann.hears("(That is not your password. You have 2 tries left.)")
        ann.types("password", "correct horse", "x", "y", "x", "z", "x", "X")
        ann.hears("(The two passwords are not the same: choose again.)")
        ann.hears("(The two were never the same: your password is what it was.)")
        ann.types("password", "correct horse", "", "")
        ann.hears("(A password cannot be empty.)")
        self.logs_in("ann").hears(WELCOME)

    def test_b1_guessing_it_from_inside_is_blocked_too(self) -> None:
        ann = self.hall.person("ann")
        for _ in range(3):
            ann.types("password", "wrong", "x", "x")
        ann.hears("blocked for you for 1 minute.)")


class DeviceTests(HallTestCase):
    def test_open_sessions_ended_one_by_one(self) -> None:
        ann, other = self.people("ann", "ann")
        self.hall.bot("ann", device="laptop")
        self.hall.wait(120)
        ann.takes()
        ann.types("devices")
        lines = ann.takes().splitlines()
        self.assertEqual(lines[0], "Your open sessions are:")
        self.assertRegex(lines[1], r"^1  text from \(127.0.0.1, \d+\), for 2 minutes, this one$")
        self.assertRegex(lines[2], r"^2  text from \(127.0.0.1, \d+\), for 2 minutes$")
        self.assertRegex(lines[3], r"^3  json \(laptop\) from \(127.0.0.1, \d+\), for 2 minutes$")
        self.assertEqual(lines[4], "(devices end <number> ends one of them)")
        ann.types("devices end 2", "devices end 9", "devices end 0")
        ann.reads(
            "(Session 2 has ended.)", *["(You have sessions 1 to 2: type devices to see them.)"] * 2
        )
        other.hears("This session was ended from another one of yours.\nDisconnected\n")
        self.assertTrue(other.closed)
        ann.types("devices end 1")
        ann.hears("Logging off\nDisconnected\n")
        self.assertTrue(ann.closed)


class DeleteAccountTests(HallTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.ann, self.bob = self.people("ann", "bob")
        self.bob.types("create #den")
        self.ann.types("join #den", "BM my words", "PM bob psst", "personalintro me")
        self.forget(self.ann, self.bob)

    def delete(self) -> None:
        self.ann.types("delete-account", "yes")

    def test_k12_it_says_what_goes_and_what_stays_and_is_confirmed(self) -> None:
        self.ann.types("delete-account")
        self.assertEqual(
            self.ann.takes(),
            "At once erased: your password, introduction, memberships, sessions and settings. "
            "What stays: what you said, under your name, which nobody else can take.\n"
            "Type yes to go on: ",
        )
        self.ann.types("")
        self.ann.reads("(Nothing was done)")
        self.delete()
        self.ann.hears("Your account is erased. Goodbye.\nDisconnected\n")
        self.assertTrue(self.ann.closed)

    def test_k12_what_goes(self) -> None:
        self.delete()
        self.bob.reads("[#den/3 10:00] ann left #den", "ann left the conversation")
        self.bob.types("whois ann", "PM ann hi", "members #den", "wholast 60")
        self.bob.reads(
            *["(There is no user called ann.)"] * 2,
            "The members of #den are:",
            "bob (owner)",
            "The users that are online in the last 60 minutes are:",
            "(Not found)",
        )

    def test_k12_the_name_stays_taken(self) -> None:
        self.delete()
        for again in range(2):
            for name in ("ann", "ANN"):
                client = self.hall.connects()
                client.types(name)
                client.hears(f"({name} is taken, or looks like a name that is: try another.)")
            if not again:
                self.hall.restart()

    def test_k12_what_was_said_stays(self) -> None:
        self.delete()
        self.forget(self.bob)
        self.bob.types("history", "history ann", "search words")
        self.bob.reads(
            "[#lobby/1 10:00] ann: my words",
            "[ann/1 10:00 private] ann: psst <private message>",
            "[ann/1 10:00 private] ann: psst <private message>",
            "[#lobby/1 10:00] ann: my words",
        )
        self.bob.types("talk ann", "history zoe")
        self.bob.reads("(There is no user called ann.)", "(There is no user called zoe.)")

    def test_b9_the_other_sessions_end_too(self) -> None:
        other = self.hall.person("ann")
        self.delete()
        self.assertTrue(other.closed)
        self.hall.wait(10)
        rows: list[object] = []
        self.hall.store.read(
            lambda db: db.exec_driver_sql(
                "SELECT account FROM cursor WHERE account = 1 UNION ALL "
                "SELECT id FROM account WHERE id = 1 AND last_seen <> 0"
            ).all(),
            rows.append,
        )
        self.assertEqual(rows, [[]])

    def test_who_owns_a_room_sees_to_it_first(self) -> None:
        self.bob.types("create #attic", "delete-account")
        self.bob.hears("(You own #den, #attic: leave or delete that first, then your account.)")
