"""Lines in and lines out: what is typed through a pipe is stored when the client ends."""

from __future__ import annotations

import os
import re
import shlex
import signal
import socket
import subprocess

from tests import often
from tests.support.server_process import PATIENCE
from tests.system.pipe.pipes import CLIENT, NEW_SERVER, Pipes, line_with, sentences


def test_a_line_from_cron_is_heard_and_stored(pipes: Pipes) -> None:
    edison = pipes.friend()
    cron = {key: value for key, value in pipes.env().items() if key in ("PATH", "PYTHONPATH")}
    env = {**cron, "HOME": str(pipes.home), "LANG": "C", "PYTHONUTF8": "0"}
    done = pipes.run_client(*pipes.words("backup"), typed="BM backup done ✓\n", env=env)
    assert pipes.well(done).splitlines() == [
        "Login successful, Welcome to twisted-chat!",
        "(Message 1 sent: 1 now, 0 later)",
    ]
    pipes.serve_again()  # killed without a chance to write anything more
    assert pipes.friend().texts() == ["backup done ✓"]
    assert edison.hears(event="message")["from"] == "backup"


def test_what_others_said_is_shown_as_netcat_shows_it(pipes: Pipes) -> None:
    pipes.well(pipes.run_client(*pipes.words("tesla")))
    edison = pipes.friend()
    edison.say("#lobby", "naïve ✓")
    edison.say("tesla", "psst")
    heard = pipes.well(pipes.run_client(*pipes.words("tesla"), env=pipes.env(LC_ALL="C")))
    assert re.search(r"(?m)^\[1 \d\d:\d\d\] edison: naïve ✓$", heard)
    assert re.search(r"(?m)^\[edison/1 \d\d:\d\d private\] edison: psst", heard)
    again = pipes.well(pipes.run_client(*pipes.words("tesla")))
    assert "edison" not in again


def test_commands_and_what_is_said_keep_their_order(pipes: Pipes) -> None:
    pipes.friend()
    typed = "one\ncreate #coil\ntwo\n/switch #lobby\nthree\nPM edison four\nwhoelse\nhelp BM\n"
    heard = pipes.well(pipes.run_client(*pipes.words("tesla"), typed=typed)).splitlines()
    assert heard[1] == "(Message 1 sent: 1 now, 0 later)"
    edison = pipes.friend()
    assert edison.texts() == ["one", "three"]
    assert edison.texts("tesla") == ["four"]
    edison.ask("join", room="#coil")
    assert "two" in edison.texts("#coil")
    assert heard[7].startswith("edison"), heard


def test_questions_are_answered_by_the_next_line(pipes: Pipes) -> None:
    pipes.friend()
    typed = "BM\nguided\nPM\nedison\nin private\n"
    typed += "create #coil\ndelete #coil\nyes\n/switch #lobby\nlast"
    heard = pipes.well(pipes.run_client(*pipes.words("tesla"), typed=typed))
    assert "Message:\n(Message 1 sent" in heard
    assert pipes.friend().texts() == ["guided", "last"]
    assert pipes.friend().texts("tesla") == ["in private"]
    assert "#coil" not in str(pipes.friend().ask("rooms")["rooms"])


def test_the_input_ends_in_a_question(pipes: Pipes) -> None:
    done = pipes.run_client(*pipes.words("tesla"), typed="BM")
    assert "The input ended before this was answered" in pipes.badly(done)


def test_b14_passwords_are_not_read_from_the_input(pipes: Pipes) -> None:
    done = pipes.run_client(*pipes.words("tesla"), typed="password\none\ntwo\ntwo\n")
    assert "never read from a pipe" in pipes.badly(done)
    # What was meant as passwords was said to everybody; a terminal is the place for that.
    assert pipes.friend().texts() == ["one", "two", "two"]


def test_refusals_are_told_and_counted(pipes: Pipes) -> None:
    typed = b"fine\nPM nobody.here hello\n" + b"x" * 5000 + b"\nnot \xff utf-8\n\nfine too\n"
    done = pipes.run_client(*pipes.words("tesla"), typed=typed)
    assert done.returncode == 1
    one, two, three = sorted(sentences(done.stderr))
    assert "That is 5,000 bytes long and the most is 4,096" in one
    assert "That line is not UTF-8" in two
    assert "nobody.here" in three
    assert pipes.friend().texts() == ["fine", "fine too"]


def test_a1_a_line_that_is_far_too_long(pipes: Pipes) -> None:
    typed = b"before\n" + b"x" * 3_000_000 + b"\nafter\n"
    done = pipes.run_client(*pipes.words("tesla"), typed=typed)
    assert "far too long" in pipes.badly(done)
    assert pipes.friend().texts() == ["before", "after"]


def test_goodbye_ends_it(pipes: Pipes) -> None:
    heard = pipes.well(pipes.run_client(*pipes.words("tesla"), typed="one\ntata\ntwo\n"))
    assert heard.endswith("Logging off\nDISCONNECTED!!\n"), heard
    assert pipes.friend().texts() == ["one"]


def test_streams_that_are_closed_from_the_beginning(pipes: Pipes) -> None:
    words = " ".join(pipes.words("tesla"))
    for closed in ("<&-", "<&- >&-", "<&- >&- 2>&-", "</dev/null >/dev/null"):
        command = f"exec {shlex.join(CLIENT)} {words} {closed}"
        done = subprocess.run(
            ["/bin/sh", "-c", command],
            env=pipes.env(),
            capture_output=True,
            timeout=PATIENCE,
            check=False,
        )
        assert (done.returncode, sentences(done.stderr)) == (0, []), closed
        assert b"error" not in done.stdout.lower()


def address(pipes: Pipes, room: str) -> list[str]:
    return [
        f"chat://tesla@localhost:{pipes.server.port}/{room}",
        *("--register", "--password-file", str(pipes.password_file)),
    ]


def test_an_address_with_a_room(pipes: Pipes) -> None:
    edison = pipes.friend()
    edison.ask("create", room="#coil")
    for text in ("first", "second"):
        pipes.well(pipes.run_client(*address(pipes, "#coil"), typed=text))
    assert edison.texts("#coil") == ["first", "second"]
    assert edison.texts() == []


def test_an_address_with_a_person(pipes: Pipes) -> None:
    edison = pipes.friend()
    pipes.well(pipes.run_client(*address(pipes, "edison"), typed="psst"))
    assert edison.texts("tesla") == ["psst"]


def test_what_was_meant_for_a_room_is_said_nowhere_else(pipes: Pipes) -> None:
    done = pipes.run_client(*address(pipes, "#coil"), typed="secret")
    assert done.returncode == 1
    assert "it was meant for #coil" in done.stderr.decode()
    assert pipes.friend().texts() == []


def test_put_out_of_the_room(pipes: Pipes) -> None:
    edison = pipes.friend()
    edison.ask("create", room="#coil")
    client = pipes.start_client(*address(pipes, "#coil"))
    assert client.stdin is not None
    client.stdin.write(b"first\n")
    client.stdin.flush()
    line_with(client, "(Message #coil/3 sent")
    edison.ask("kick", room="#coil", user="tesla")
    line_with(client, "You are not in #coil any more")
    _, errors = client.communicate(b"second\n", PATIENCE)
    assert client.returncode == 1
    assert "#coil" in errors.decode()
    assert edison.texts() == []


def words_of(pipes: Pipes, name: str, *more: str) -> list[str]:
    return ["localhost", str(pipes.server.port), name, *more]


def test_the_token_is_enough_the_second_time(pipes: Pipes) -> None:
    pipes.well(pipes.run_client(*pipes.words("tesla"), typed="one"))
    pipes.well(pipes.run_client(*words_of(pipes, "tesla"), typed="two"))
    pipes.well(pipes.run_client("-p", str(pipes.server.port), typed="three"))
    assert pipes.friend().texts() == ["one", "two", "three"]
    data = pipes.home / ".local" / "share" / "twisted-chat"
    for path in (data, *(one for one in data.rglob("*") if one.is_file())):
        assert path.stat().st_mode & 63 == 0, path


def test_a_wrong_password(pipes: Pipes) -> None:
    pipes.well(pipes.run_client(*pipes.words("tesla")))
    pipes.home = pipes.folder / "another"
    pipes.password_file.write_text("direct\n")
    sentence = pipes.badly(pipes.run_client(*pipes.words("tesla"), typed="secret"))
    assert "password" in sentence.lower()
    assert pipes.friend().texts() == []


def test_a_password_in_the_environment(pipes: Pipes) -> None:
    env = pipes.env(TWISTED_CHAT_PASSWORD="alternating")
    pipes.well(pipes.run_client(*words_of(pipes, "tesla", "--register"), env=env))
    pipes.home = pipes.folder / "another"
    pipes.well(pipes.run_client(*pipes.words("tesla"), typed="the same"))


def test_b14_without_a_password(pipes: Pipes) -> None:
    typed = "alternating\nalternating\n"
    sentence = pipes.badly(pipes.run_client(*words_of(pipes, "tesla"), typed=typed))
    assert "Nobody at localhost" in sentence
    assert "--register makes the account" in sentence
    done = pipes.run_client(*words_of(pipes, "tesla", "--register"), typed=typed)
    assert "--password-file or in TWISTED_CHAT_PASSWORD" in pipes.badly(done)
    edison = pipes.friend()
    assert edison.texts() == []
    done = pipes.run_client(*words_of(pipes, "edison"), typed=typed)
    assert "edison needs a password" in pipes.badly(done)


def test_nobody_was_here_before(pipes: Pipes) -> None:
    sentence = pipes.badly(pipes.run_client("-p", str(pipes.server.port)))
    assert "say under which name to go" in sentence


def test_b14_a_password_that_others_may_read(pipes: Pipes) -> None:
    pipes.password_file.chmod(0o644)
    done = pipes.run_client(*pipes.words("tesla"), typed="one")
    sentence = pipes.badly(done, code=0)
    assert (
        sentence == f"Others on this computer may read the password in {pipes.password_file}:"
        f" chmod 600 {pipes.password_file}"
    )


def test_password_files_that_are_none(pipes: Pipes) -> None:
    empty = pipes.folder / "empty"
    empty.write_text("\n")
    for file, sentence in (("nowhere", "cannot be read"), (str(empty), "no password")):
        done = pipes.run_client(*words_of(pipes, "tesla", "--password-file", file))
        assert sentence in pipes.badly(done)


def test_nobody_answers(pipes: Pipes) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = str(free.getsockname()[1])
    done = pipes.run_client("127.0.0.1", port, "tesla", typed="one\n")
    assert (
        pipes.badly(done)
        == f"There is no answer from 127.0.0.1 on port {port}: is the server running?"
    )
    assert done.stdout == b""


def test_thousands_of_lines(pipes: Pipes) -> None:
    lines = [f"line {number}" for number in range(often(6_000, 20_000))]
    done = pipes.run_client(*pipes.words("tesla"), typed="\n".join(lines))
    assert pipes.well(done).count("\n") == len(lines) + 1
    assert pipes.friend().texts() == lines


def test_d1_a_server_that_is_killed_and_comes_back(pipes: Pipes) -> None:
    edison = pipes.friend()
    lines = [f"line {number}" for number in range(3_000)]
    (pipes.folder / "lines.txt").write_text("\n".join(lines))
    with (pipes.folder / "lines.txt").open("rb") as source:
        client = pipes.start_client(*pipes.words("tesla"), stdin=source)
    for start in (200, 1500):
        line_with(client, f"(Message {start} sent")
        pipes.serve_again()
    heard, errors = client.communicate(timeout=PATIENCE)
    assert client.returncode == 0, errors
    assert f"(Message {len(lines)} sent" in heard.decode()
    assert errors.count(b"Connected again.") == 2, errors
    edison = pipes.friend()
    assert edison.texts() == lines


def test_d1_what_could_not_be_sent_is_sent_by_the_next_run(pipes: Pipes) -> None:
    lines = [f"line {number}" for number in range(50)]
    client = pipes.start_client(*pipes.words("tesla"))
    assert client.stdin is not None and client.stderr is not None
    client.stdin.write(b"first\n")
    client.stdin.flush()
    line_with(client, "(Message 1 sent")
    pipes.server.kill()
    while b"The next try is in" not in (line := client.stderr.readline()):
        assert NEW_SERVER in line.decode()
    client.stdin.write("".join(f"{line}\n" for line in lines).encode())
    client.stdin.flush()
    kept(pipes, len(lines))
    client.send_signal(signal.SIGTERM)
    errors = client.communicate(timeout=PATIENCE)[1].decode()
    assert client.returncode == 128 + signal.SIGTERM
    assert "50 messages are not acknowledged: the next run of this client" in errors
    pipes.server = pipes.serve(pipes.server.port)
    heard = pipes.well(pipes.run_client(*pipes.words("tesla"), typed="last"))
    assert heard.count("(Kept from before") == len(lines)
    assert pipes.friend().texts() == ["first", *lines, "last"]
    assert "Kept" not in pipes.well(pipes.run_client(*pipes.words("tesla")))


def kept(pipes: Pipes, count: int) -> None:
    """Wait until so many messages are on the client's disk."""
    import sqlite3

    from tests.support.programs import until

    folder = pipes.home / ".local" / "share" / "twisted-chat"
    (path,) = folder.rglob("slot-1.db")

    def enough() -> bool:
        with sqlite3.connect(path) as db:
            return bool(db.execute("SELECT count(*) >= ? FROM outbox", (count,)).fetchone()[0])

    until(enough, lambda: "the messages are not on disk")


def test_nobody_reads_the_output(pipes: Pipes) -> None:
    client = pipes.start_client(*pipes.words("tesla"))
    assert client.stdin is not None and client.stdout is not None
    client.stdout.close()
    for number in range(100):
        client.stdin.write(f"line {number}\n".encode())
    client.stdin.close()
    assert client.stderr is not None
    assert sentences(client.stderr.read()) == []
    assert client.wait(PATIENCE) in (0, 141)
    texts = pipes.friend().texts()
    assert texts == [f"line {number}" for number in range(len(texts))]


def test_nobody_reads_the_output_any_more(pipes: Pipes) -> None:
    client = pipes.start_client(*pipes.words("tesla"))
    assert client.stdout is not None and client.stderr is not None
    line_with(client, "Login successful")
    client.stdout.close()
    assert sentences(client.stderr.read()) == []
    assert client.wait(PATIENCE) == 141


def test_a16_an_output_that_is_read_later(pipes: Pipes) -> None:
    pipes.well(pipes.run_client(*pipes.words("tesla")))
    edison = pipes.friend()
    texts = [f"{number} " + "x" * 1000 for number in range(3_000)]
    client = pipes.start_client(*pipes.words("tesla"))
    line_with(client, "Login successful")
    for text in texts:
        edison.say("#lobby", text)
    assert client.stdin is not None and client.stdout is not None
    heard = [line_with(client, "edison: ").partition("edison: ")[2] for _ in texts]
    assert heard == texts
    client.stdin.close()
    assert b"edison: " not in client.stdout.read()
    assert client.wait(PATIENCE) == 0


def test_c3_everything_that_was_missed_is_shown_before_the_end(pipes: Pipes) -> None:
    pipes.well(pipes.run_client(*pipes.words("tesla")))
    edison = pipes.friend()
    texts = [f"{number} " + "x" * 500 for number in range(2_000)]
    for text in texts:
        edison.say("#lobby", text)
    heard = pipes.well(pipes.run_client(*pipes.words("tesla"))).splitlines()
    said = [line.partition("edison: ")[2] for line in heard]
    assert [text for text in said if text] == texts
    assert "edison: " not in pipes.well(pipes.run_client(*pipes.words("tesla")))


def test_interrupted(pipes: Pipes) -> None:
    client = pipes.start_client(*pipes.words("tesla"))
    line_with(client, "Login successful")
    client.send_signal(signal.SIGINT)
    assert client.stderr is not None
    said = sentences(client.stderr.read())
    assert said == ["Interrupted: this client ends."]
    assert client.wait(PATIENCE) == 130


def test_a_shared_terminal_is_left_as_it_was(pipes: Pipes) -> None:
    reading, writing = os.pipe()
    pipes.after(os.close, reading)
    pipes.after(os.close, writing)
    client = pipes.start_client(*pipes.words("tesla"), stdout=writing)
    assert client.stdin is not None
    client.stdin.close()
    assert client.wait(PATIENCE) == 0
    assert os.get_blocking(writing)
