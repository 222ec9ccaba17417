"""Lines in and lines out: what is typed through a pipe is stored when the client ends."""

from __future__ import annotations

import os
import shlex
import signal
import socket
import subprocess

from tests import often
from tests.support.server_process import PATIENCE
from tests.system.pipe.case import CLIENT, NEW_SERVER, ClientCase, line_with, sentences


class PipeTest(ClientCase):
    def test_a_line_from_cron_is_heard_and_stored(self) -> None:
        edison = self.friend()
        cron = {key: value for key, value in self.env().items() if key in ("PATH", "PYTHONPATH")}
        env = {**cron, "HOME": str(self.home), "LANG": "C", "PYTHONUTF8": "0"}
        done = self.run_client(*self.words("backup"), typed="BM backup done ✓\n", env=env)
        self.assertEqual(
            self.well(done).splitlines(),
            ["Login successful, Welcome to twisted-chat!", "(Message 1 sent: 1 now, 0 later)"],
        )
        self.serve_again()  # killed without a chance to write anything more
        self.assertEqual(self.friend().texts(), ["backup done ✓"])
        self.assertEqual(edison.hears(event="message")["from"], "backup")

    def test_what_others_said_is_shown_as_netcat_shows_it(self) -> None:
        self.well(self.run_client(*self.words("tesla")))
        edison = self.friend()
        edison.say("#lobby", "naïve ✓")
        edison.say("tesla", "psst")
        heard = self.well(self.run_client(*self.words("tesla"), env=self.env(LC_ALL="C")))
        self.assertRegex(heard, r"(?m)^\[1 \d\d:\d\d\] edison: naïve ✓$")
        self.assertRegex(heard, r"(?m)^\[edison/1 \d\d:\d\d private\] edison: psst")
        again = self.well(self.run_client(*self.words("tesla")))
        self.assertNotIn("edison", again)

    def test_commands_and_what_is_said_keep_their_order(self) -> None:
        self.friend()
        typed = "one\ncreate #coil\ntwo\n/switch #lobby\nthree\nPM edison four\nwhoelse\nhelp BM\n"
        heard = self.well(self.run_client(*self.words("tesla"), typed=typed)).splitlines()
        self.assertEqual(heard[1], "(Message 1 sent: 1 now, 0 later)")
        edison = self.friend()
        self.assertEqual(edison.texts(), ["one", "three"])
        self.assertEqual(edison.texts("tesla"), ["four"])
        edison.ask("join", room="#coil")
        self.assertIn("two", edison.texts("#coil"))
        self.assertTrue(heard[7].startswith("edison"), heard)

    def test_questions_are_answered_by_the_next_line(self) -> None:
        self.friend()
        typed = "BM\nguided\nPM\nedison\nin private\n"
        typed += "create #coil\ndelete #coil\nyes\n/switch #lobby\nlast"
        heard = self.well(self.run_client(*self.words("tesla"), typed=typed))
        self.assertIn("Message:\n(Message 1 sent", heard)
        self.assertEqual(self.friend().texts(), ["guided", "last"])
        self.assertEqual(self.friend().texts("tesla"), ["in private"])
        self.assertNotIn("#coil", str(self.friend().ask("rooms")["rooms"]))

    def test_the_input_ends_in_a_question(self) -> None:
        done = self.run_client(*self.words("tesla"), typed="BM")
        self.assertIn("The input ended before this was answered", self.badly(done))

    def test_b14_passwords_are_not_read_from_the_input(self) -> None:
        done = self.run_client(*self.words("tesla"), typed="password\none\ntwo\ntwo\n")
        self.assertIn("never read from a pipe", self.badly(done))
        # What was meant as passwords was said to everybody; a terminal is the place for that.
        self.assertEqual(self.friend().texts(), ["one", "two", "two"])

    def test_refusals_are_told_and_counted(self) -> None:
        typed = b"fine\nPM nobody.here hello\n" + b"x" * 5000 + b"\nnot \xff utf-8\n\nfine too\n"
        done = self.run_client(*self.words("tesla"), typed=typed)
        self.assertEqual(done.returncode, 1)
        one, two, three = sorted(sentences(done.stderr))
        self.assertIn("That is 5,000 bytes long and the most is 4,096", one)
        self.assertIn("That line is not UTF-8", two)
        self.assertIn("nobody.here", three)
        self.assertEqual(self.friend().texts(), ["fine", "fine too"])

    def test_a1_a_line_that_is_far_too_long(self) -> None:
        typed = b"before\n" + b"x" * 3_000_000 + b"\nafter\n"
        done = self.run_client(*self.words("tesla"), typed=typed)
        self.assertIn("far too long", self.badly(done))
        self.assertEqual(self.friend().texts(), ["before", "after"])

    def test_goodbye_ends_it(self) -> None:
        heard = self.well(self.run_client(*self.words("tesla"), typed="one\ntata\ntwo\n"))
        self.assertTrue(heard.endswith("Logging off\nDISCONNECTED!!\n"), heard)
        self.assertEqual(self.friend().texts(), ["one"])

    def test_streams_that_are_closed_from_the_beginning(self) -> None:
        words = " ".join(self.words("tesla"))
        for closed in ("<&-", "<&- >&-", "<&- >&- 2>&-", "</dev/null >/dev/null"):
            command = f"exec {shlex.join(CLIENT)} {words} {closed}"
            done = subprocess.run(
                ["/bin/sh", "-c", command],
                env=self.env(),
                capture_output=True,
                timeout=PATIENCE,
                check=False,
            )
            self.assertEqual((done.returncode, sentences(done.stderr)), (0, []), closed)
            self.assertNotIn(b"error", done.stdout.lower())


class RoomTest(ClientCase):
    def address(self, room: str) -> list[str]:
        return [
            f"chat://tesla@localhost:{self.server.port}/{room}",
            *("--register", "--password-file", str(self.password_file)),
        ]

    def test_an_address_with_a_room(self) -> None:
        edison = self.friend()
        edison.ask("create", room="#coil")
        for text in ("first", "second"):
            self.well(self.run_client(*self.address("#coil"), typed=text))
        self.assertEqual(edison.texts("#coil"), ["first", "second"])
        self.assertEqual(edison.texts(), [])

    def test_an_address_with_a_person(self) -> None:
        edison = self.friend()
        self.well(self.run_client(*self.address("edison"), typed="psst"))
        self.assertEqual(edison.texts("tesla"), ["psst"])

    def test_what_was_meant_for_a_room_is_said_nowhere_else(self) -> None:
        done = self.run_client(*self.address("#coil"), typed="secret")
        self.assertEqual(done.returncode, 1)
        self.assertIn("it was meant for #coil", done.stderr.decode())
        self.assertEqual(self.friend().texts(), [])

    def test_put_out_of_the_room(self) -> None:
        edison = self.friend()
        edison.ask("create", room="#coil")
        client = self.start_client(*self.address("#coil"))
        assert client.stdin is not None
        client.stdin.write(b"first\n")
        client.stdin.flush()
        line_with(client, "(Message #coil/3 sent")
        edison.ask("kick", room="#coil", user="tesla")
        line_with(client, "You are not in #coil any more")
        _, errors = client.communicate(b"second\n", PATIENCE)
        self.assertEqual(client.returncode, 1)
        self.assertIn("#coil", errors.decode())
        self.assertEqual(edison.texts(), [])


class SigningInTest(ClientCase):
    def words_of(self, name: str, *more: str) -> list[str]:
        return ["localhost", str(self.server.port), name, *more]

    def test_the_token_is_enough_the_second_time(self) -> None:
        self.well(self.run_client(*self.words("tesla"), typed="one"))
        self.well(self.run_client(*self.words_of("tesla"), typed="two"))
        self.well(self.run_client("-p", str(self.server.port), typed="three"))
        self.assertEqual(self.friend().texts(), ["one", "two", "three"])
        data = self.home / ".local" / "share" / "twisted-chat"
        for path in (data, *(one for one in data.rglob("*") if one.is_file())):
            self.assertEqual(path.stat().st_mode & 0o077, 0, path)

    def test_a_wrong_password(self) -> None:
        self.well(self.run_client(*self.words("tesla")))
        self.home = self.folder / "another"
        self.password_file.write_text("direct\n")
        sentence = self.badly(self.run_client(*self.words("tesla"), typed="secret"))
        self.assertIn("password", sentence.lower())
        self.assertEqual(self.friend().texts(), [])

    def test_a_password_in_the_environment(self) -> None:
        env = self.env(TWISTED_CHAT_PASSWORD="alternating")
        self.well(self.run_client(*self.words_of("tesla", "--register"), env=env))
        self.home = self.folder / "another"
        self.well(self.run_client(*self.words("tesla"), typed="the same"))

    def test_b14_without_a_password(self) -> None:
        typed = "alternating\nalternating\n"
        sentence = self.badly(self.run_client(*self.words_of("tesla"), typed=typed))
        self.assertIn("Nobody at localhost", sentence)
        self.assertIn("--register makes the account", sentence)
        done = self.run_client(*self.words_of("tesla", "--register"), typed=typed)
        self.assertIn("--password-file or in TWISTED_CHAT_PASSWORD", self.badly(done))
        edison = self.friend()
        self.assertEqual(edison.texts(), [])
        done = self.run_client(*self.words_of("edison"), typed=typed)
        self.assertIn("edison needs a password", self.badly(done))

    def test_nobody_was_here_before(self) -> None:
        sentence = self.badly(self.run_client("-p", str(self.server.port)))
        self.assertIn("say under which name to go", sentence)

    def test_b14_a_password_that_others_may_read(self) -> None:
        self.password_file.chmod(0o644)
        done = self.run_client(*self.words("tesla"), typed="one")
        sentence = self.badly(done, code=0)
        self.assertEqual(
            sentence,
            f"Others on this computer may read the password in {self.password_file}:"
            f" chmod 600 {self.password_file}",
        )

    def test_password_files_that_are_none(self) -> None:
        empty = self.folder / "empty"
        empty.write_text("\n")
        for file, sentence in (("nowhere", "cannot be read"), (str(empty), "no password")):
            done = self.run_client(*self.words_of("tesla", "--password-file", file))
            self.assertIn(sentence, self.badly(done))

    def test_nobody_answers(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = str(free.getsockname()[1])
        done = self.run_client("127.0.0.1", port, "tesla", typed="one\n")
        self.assertEqual(
            self.badly(done),
            f"There is no answer from 127.0.0.1 on port {port}: is the server running?",
        )
        self.assertEqual(done.stdout, b"")


class ManyTest(ClientCase):
    def test_thousands_of_lines(self) -> None:
        lines = [f"line {number}" for number in range(often(6_000, 20_000))]
        done = self.run_client(*self.words("tesla"), typed="\n".join(lines))
        self.assertEqual(self.well(done).count("\n"), len(lines) + 1)
        self.assertEqual(self.friend().texts(), lines)

    def test_d1_a_server_that_is_killed_and_comes_back(self) -> None:
        edison = self.friend()
        lines = [f"line {number}" for number in range(3_000)]
        (self.folder / "lines.txt").write_text("\n".join(lines))
        with (self.folder / "lines.txt").open("rb") as source:
            client = self.start_client(*self.words("tesla"), stdin=source)
        for start in (200, 1500):
            line_with(client, f"(Message {start} sent")
            self.serve_again()
        heard, errors = client.communicate(timeout=PATIENCE)
        self.assertEqual(client.returncode, 0, errors)
        self.assertIn(f"(Message {len(lines)} sent", heard.decode())
        self.assertEqual(errors.count(b"Connected again."), 2, errors)
        edison = self.friend()
        self.assertEqual(edison.texts(), lines)

    def test_d1_what_could_not_be_sent_is_sent_by_the_next_run(self) -> None:
        lines = [f"line {number}" for number in range(50)]
        client = self.start_client(*self.words("tesla"))
        assert client.stdin is not None and client.stderr is not None
        client.stdin.write(b"first\n")
        client.stdin.flush()
        line_with(client, "(Message 1 sent")
        self.server.kill()
        while b"The next try is in" not in (line := client.stderr.readline()):
            self.assertIn(NEW_SERVER, line.decode())
        client.stdin.write("".join(f"{line}\n" for line in lines).encode())
        client.stdin.flush()
        self.kept(len(lines))
        client.send_signal(signal.SIGTERM)
        errors = client.communicate(timeout=PATIENCE)[1].decode()
        self.assertEqual(client.returncode, 128 + signal.SIGTERM)
        self.assertIn("50 messages are not acknowledged: the next run of this client", errors)
        self.server = self.serve(self.server.port)
        heard = self.well(self.run_client(*self.words("tesla"), typed="last"))
        self.assertEqual(heard.count("(Kept from before"), len(lines))
        self.assertEqual(self.friend().texts(), ["first", *lines, "last"])
        self.assertNotIn("Kept", self.well(self.run_client(*self.words("tesla"))))

    def kept(self, count: int) -> None:
        """Wait until so many messages are on the client's disk."""
        import sqlite3

        from tests.support.programs import until

        folder = self.home / ".local" / "share" / "twisted-chat"
        (path,) = folder.rglob("slot-1.db")

        def enough() -> bool:
            with sqlite3.connect(path) as db:
                return bool(db.execute("SELECT count(*) >= ? FROM outbox", (count,)).fetchone()[0])

        until(enough, lambda: "the messages are not on disk")

    def test_nobody_reads_the_output(self) -> None:
        client = self.start_client(*self.words("tesla"))
        assert client.stdin is not None and client.stdout is not None
        client.stdout.close()
        for number in range(100):
            client.stdin.write(f"line {number}\n".encode())
        client.stdin.close()
        assert client.stderr is not None
        self.assertEqual(sentences(client.stderr.read()), [])
        self.assertIn(client.wait(PATIENCE), (0, 141))
        texts = self.friend().texts()
        self.assertEqual(texts, [f"line {number}" for number in range(len(texts))])

    def test_nobody_reads_the_output_any_more(self) -> None:
        client = self.start_client(*self.words("tesla"))
        assert client.stdout is not None and client.stderr is not None
        line_with(client, "Login successful")
        client.stdout.close()
        self.assertEqual(sentences(client.stderr.read()), [])
        self.assertEqual(client.wait(PATIENCE), 141)

    def test_a16_an_output_that_is_read_later(self) -> None:
        self.well(self.run_client(*self.words("tesla")))
        edison = self.friend()
        texts = [f"{number} " + "x" * 1000 for number in range(3_000)]
        client = self.start_client(*self.words("tesla"))
        line_with(client, "Login successful")
        for text in texts:
            edison.say("#lobby", text)
        assert client.stdin is not None and client.stdout is not None
        heard = [line_with(client, "edison: ").partition("edison: ")[2] for _ in texts]
        self.assertEqual(heard, texts)
        client.stdin.close()
        self.assertNotIn(b"edison: ", client.stdout.read())
        self.assertEqual(client.wait(PATIENCE), 0)

    def test_c3_everything_that_was_missed_is_shown_before_the_end(self) -> None:
        self.well(self.run_client(*self.words("tesla")))
        edison = self.friend()
        texts = [f"{number} " + "x" * 500 for number in range(2_000)]
        for text in texts:
            edison.say("#lobby", text)
        heard = self.well(self.run_client(*self.words("tesla"))).splitlines()
        said = [line.partition("edison: ")[2] for line in heard]
        self.assertEqual([text for text in said if text], texts)
        self.assertNotIn("edison: ", self.well(self.run_client(*self.words("tesla"))))

    def test_interrupted(self) -> None:
        client = self.start_client(*self.words("tesla"))
        line_with(client, "Login successful")
        client.send_signal(signal.SIGINT)
        assert client.stderr is not None
        said = sentences(client.stderr.read())
        self.assertEqual(said, ["Interrupted: this client ends."])
        self.assertEqual(client.wait(PATIENCE), 130)

    def test_a_shared_terminal_is_left_as_it_was(self) -> None:
        reading, writing = os.pipe()
        self.addCleanup(os.close, reading)
        self.addCleanup(os.close, writing)
        client = self.start_client(*self.words("tesla"), stdout=writing)
        assert client.stdin is not None
        client.stdin.close()
        self.assertEqual(client.wait(PATIENCE), 0)
        self.assertTrue(os.get_blocking(writing))
