"""Real processes: how the chat starts, refuses to start, and stops."""

from __future__ import annotations

import os
import select
import signal
import socket
import subprocess
import sys
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from tests.support.server_process import PATIENCE, ROOT, TWISTD, Server, environment, run_twistd

CANARY = "correct-horse-battery"


class TestCase(SynchronousTestCase):
    def setUp(self) -> None:
        self.folder = Path(self.mktemp()).absolute()
        self.folder.mkdir(parents=True)

    def server(self, *options: str, files: int | None = None) -> Server:
        server = Server(self.folder, *options, files=files)
        self.addCleanup(server.kill)
        return server

    def refused(self, *options: str) -> str:
        """The sentence, and nothing else, that a start is refused with."""
        done = run_twistd(self.folder, "-n", "chat", *options)
        self.assertEqual((done.returncode, done.stdout), (1, ""), done.stderr)
        self.assertEqual(len(done.stderr.splitlines()), 1, done.stderr)
        self.assertTrue(done.stderr.endswith(".\n"), done.stderr)
        return done.stderr.rstrip("\n")

    def heard(self, connection: socket.socket, until: bytes = b"") -> bytes:
        """What comes until the connection ends, or until these bytes."""
        data = b""
        while piece := connection.recv(4096):
            data += piece
            if until and until in data:
                break
        return data


class StartTest(TestCase):
    def test_says_where_it_listens_and_where_the_data_is(self) -> None:
        server = self.server()
        second = server.line_with("The data is in")
        self.assertEqual(server.lines[0], f"[INFO] Waiting for connection on port {server.port}...")
        self.assertEqual(second, f"[INFO] The data is in {self.folder}/chat-data/chat.db")
        server.stop()
        self.assertEqual(server.errors, "")

    def test_its_start_and_its_end_have_their_times_in_the_log(self) -> None:
        server = self.server()
        with server.connect() as client:
            self.assertTrue(self.heard(client, b" "))
        server.stop()
        [started] = [line for line in server.lines if "has started" in line]
        time = r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d "
        process = server.process.pid
        self.assertRegex(started, f"^{time}twisted-chat [0-9.]+ has started, as process {process}$")
        self.assertRegex(server.lines[-2], f"^{time}The server is stopping$")
        self.assertRegex(server.lines[-1], f"^{time}The server has stopped$")

    def test_is_ready_when_it_says_so(self) -> None:
        server = self.server()
        with server.connect() as client:
            self.assertTrue(self.heard(client, b" "))

    def test_listens_on_ipv6_and_ipv4_at_once(self) -> None:
        if not socket.has_ipv6:
            return
        server = self.server()
        for host in ("127.0.0.1", "::1"):
            with server.connect(host) as client:
                self.assertTrue(self.heard(client, b" "))

    def test_endpoints(self) -> None:
        server = self.server("--port", "tcp:0:interface=127.0.0.1")
        with server.connect() as client:
            self.assertTrue(self.heard(client, b" "))

    def test_unix_socket_that_a_killed_server_left(self) -> None:
        # Relative, since the path of a socket may have only 107 bytes.
        for _ in range(2):
            server = self.server("--port", "unix:s")
            self.assertTrue((self.folder / "s").is_socket())
            server.kill()

    def test_waits_again_when_the_last_client_is_gone(self) -> None:
        server = self.server()
        waiting = server.lines[0]
        with server.connect() as tesla, server.connect() as edison:
            for client, name in ((tesla, b"tesla"), (edison, b"edison")):
                client.sendall(name + b"\nalternating\nalternating\n")
                self.heard(client, b"Welcome")
            tesla.sendall(b"logout\n")
            self.heard(tesla)
            edison.sendall(b"logout\n")
            self.heard(edison)
        server.line_with("is offline  [ edison ]")
        self.assertEqual(server.line_with("Waiting for connection"), waiting)
        self.assertEqual(server.lines.count(waiting), 2)

    def test_without_the_word_twistd(self) -> None:
        with Server(self.folder, "0", program=(sys.executable, "-m", "twisted_chat")) as server:
            self.assertTrue(server.port)
            self.assertEqual(server.stop(signal.SIGINT), -signal.SIGINT)
            self.assertEqual(server.errors, "")

    def test_works_without_a_home_or_a_terminal(self) -> None:
        done = run_twistd(self.folder, "-n", "chat", "--check", env={"HOME": "/nonexistent"})
        self.assertEqual((done.returncode, done.stderr), (0, ""))

    def test_help(self) -> None:
        done = run_twistd(self.folder, "chat", "--help")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertIn("--login-attempts", done.stdout)


class RefusalTest(TestCase):
    def test_k3_port_in_use(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as other:
            port = other.getsockname()[1]
            self.assertEqual(
                self.refused("--port", str(port)),
                f"Port {port} is in use by another program; choose another with --port.",
            )
            sentence = self.refused("--port", f"tcp:{port}:interface=127.0.0.1")
            self.assertIn("is in use by another program", sentence)

    def test_k3_bad_endpoints(self) -> None:
        for port in ("tcp:", "tcp:99999", "tpc:9999", "tcp:9999:intreface=x", "unix:/no/such/x"):
            self.assertIn(port, self.refused("--port", port))
        self.assertIn("not possible", self.refused("--port", "tcp:0:interface=192.0.2.1"))

    def test_k2_unknown_key(self) -> None:
        (self.folder / "chat.toml").write_text("\nprot = 1\n")
        self.assertEqual(
            self.refused("--config", "chat.toml"),
            "chat.toml, line 2: there is no setting prot; the nearest is port.",
        )

    def test_k2_unknown_option(self) -> None:
        self.assertIn("did you mean --guests", self.refused("--guest", "--gusets"))

    def test_k2_users_file(self) -> None:
        self.assertIn("no such file", self.refused("--port", "0", "--users", "nobody.txt"))

    def test_k3_data_folder(self) -> None:
        (self.folder / "file").write_text("")
        self.refused("--port", "0", "--data", "file")
        self.refused("--port", "0", "--database", "mysql://nowhere")
        self.assertIn("cannot be written", self.refused("--port", "0", "--log-json", "nowhere/log"))

    def test_d7_second_server_on_the_same_data(self) -> None:
        self.server()
        self.assertIn("Another server", self.refused("--port", "0"))

    def test_d5_damaged_database(self) -> None:
        (self.folder / "chat-data").mkdir()
        (self.folder / "chat-data" / "chat.db").write_bytes(b"not a database" * 100)
        self.assertIn("is damaged", self.refused("--port", "0"))
        self.assertIn("is damaged", self.refused("--check"))

    def test_k2_a_folder_of_files_that_is_none(self) -> None:
        (self.folder / "chat-data").mkdir()
        (self.folder / "chat-data" / "files").write_text("in the way")
        for words in (("--port", "0"), ("--check",)):
            self.assertIn("chat-data/files cannot be used", self.refused(*words))

    def test_k2_check(self) -> None:
        done = run_twistd(self.folder, "-n", "chat", "--check")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertIn("will be made at the first start", done.stdout)
        self.assertEqual(list(self.folder.iterdir()), [])
        server = self.server()
        done = run_twistd(self.folder, "-n", "chat", "--check")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertIn("are in order", done.stdout)
        server.stop()
        self.assertIn("port is a number", self.refused("--check", "--port", "http"))
        self.assertIn("tpc:1", self.refused("--check", "--port", "tpc:1"))


class StopTest(TestCase):
    def test_k1_clients_are_told(self) -> None:
        server = self.server()
        with server.connect() as client:
            self.heard(client, b" ")
            self.assertEqual(server.stop(), -signal.SIGTERM)
            self.assertIn(b"The server is stopping", self.heard(client))
        self.assertEqual(server.errors, "")
        self.assertNotIn("Traceback", "\n".join(server.lines))

    def test_k1_one_that_does_not_read_holds_nothing_up(self) -> None:
        server = self.server()
        with server.connect():
            self.assertEqual(server.stop(signal.SIGINT), -signal.SIGINT)

    def test_k1_interrupted_while_it_starts(self) -> None:
        os.mkfifo(self.folder / "users")
        for command in ((*TWISTD, "-n", "chat"), (sys.executable, "-m", "twisted_chat")):
            starting = subprocess.Popen(
                [*command, "--port", "0", "--users", "users"],
                cwd=self.folder,
                env=environment(),
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
            )
            self.addCleanup(starting.kill)
            with (self.folder / "users").open("wb"):  # now the server has opened it, too
                starting.send_signal(signal.SIGINT)
                said, _ = starting.communicate(timeout=PATIENCE)
            self.assertEqual((said, starting.returncode), (b"", -signal.SIGINT))

    def test_d1_starts_again_after_kill(self) -> None:
        server = self.server()
        port = server.port
        server.kill()
        again = self.server("--port", str(port))
        self.assertEqual(again.port, port)

    def test_pid_file_of_another_process_is_in_nobodys_way(self) -> None:
        (self.folder / "twistd.pid").write_text(str(os.getpid()))
        self.server()


class BackgroundTest(TestCase):
    if not hasattr(os, "pidfd_open"):
        skip = "only Linux can wait for a process that is not a child"

    def background(self, *options: str) -> subprocess.CompletedProcess[str]:
        # Nothing is captured: the server in the background would keep the pipes open.
        with (self.folder / "out").open("wb") as out:
            return subprocess.run(
                [*TWISTD, "chat", *options],
                cwd=self.folder,
                env=environment(),
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                text=True,
                timeout=PATIENCE,
                check=False,
            )

    def test_stale_pid_file(self) -> None:
        pidfile = self.folder / "twistd.pid"
        pidfile.write_text(str(os.getpid()))
        self.assertEqual(self.background("--port", "unix:s").returncode, 0)
        pid = int(pidfile.read_text())
        try:
            self.assertNotEqual(pid, os.getpid())
            self.assertIn("Waiting for connection", (self.folder / "twistd.log").read_text())
            running = run_twistd(self.folder, "chat", "--port", "0", "--data", "other")
            self.assertEqual(running.returncode, 1)
            self.assertIn("Another twistd server is running", running.stderr)
            with socket.socket(socket.AF_UNIX) as client:
                _connect_unix(client, self.folder / "s")
                os.kill(pid, signal.SIGTERM)
                self.heard(client)  # until the server closes it
        finally:
            _wait_for_end(pid)
        self.assertFalse(pidfile.exists())

    def test_k3_refusal(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as other:
            port = other.getsockname()[1]
            self.assertEqual(self.background("--port", str(port)).returncode, 1)
        said = (self.folder / "out").read_text()
        self.assertTrue(said.startswith(f"Port {port} is in use by another program"), said)
        self.assertNotIn("Traceback", said + (self.folder / "twistd.log").read_text())
        self.assertFalse((self.folder / "twistd.pid").exists())


def _connect_unix(client: socket.socket, path: Path) -> None:
    client.settimeout(PATIENCE)
    client.connect(os.path.relpath(path))


def _wait_for_end(pid: int) -> None:
    """Wait for a process that is not a child of this one."""
    try:
        process = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    select.select([process], [], [], PATIENCE)
    os.close(process)


class LimitsTest(TestCase):
    def test_k4_files_run_out(self) -> None:
        server = self.server("--connection-limit", "0", files=200)
        clients = [server.connect() for _ in range(137)]
        try:
            self.assertIn(b"full", self.heard(clients[-1]))
            self.assertTrue(self.heard(clients[0], b" "))
        finally:
            for client in clients:
                client.close()

    def test_k7_logs_are_opened_anew_when_that_is_asked_for(self) -> None:
        server = self.server("--log-json", "log.json")
        log = self.folder / "log.json"
        log.rename(self.folder / "log.json.1")
        server.process.send_signal(signal.SIGUSR1)
        server.line_with("The log files were opened anew")
        with server.connect() as client:
            self.assertTrue(self.heard(client, b" "))
        server.stop()
        self.assertIn("The log files were opened anew", log.read_text())

    def test_k7_log_disk_full(self) -> None:
        if not os.path.exists("/dev/full"):
            return
        server = self.server("--log-json", "/dev/full")
        with server.connect() as client:
            self.assertTrue(self.heard(client, b" "))
        self.assertEqual(server.stop(), -signal.SIGTERM)
        self.assertEqual(server.errors, "")


class UsersTest(TestCase):
    def test_b14_users_are_taken_in_and_no_password_is_logged(self) -> None:
        users = self.folder / "users.txt"
        users.write_text(
            f"tesla {CANARY}\nedison {CANARY} with spaces\n\n{CANARY}\nbell direct\n# {CANARY}\n"
        )
        server = self.server("--users", "users.txt", "--log-json", "log.json")
        line = server.line_with("New accounts from")
        self.assertIn("New accounts from users.txt: 3; there already: 0; left out: 2", line)
        weak = server.line_with("easy to guess")
        self.assertIn("New accounts with a password of fewer than 8 characters", weak)
        self.assertTrue(weak.endswith(": 1"), weak)
        told = [line for line in server.lines if "is left out:" in line]
        self.assertEqual([line.split("Line ")[1][0] for line in told], ["4", "6"])
        server.stop()
        again = self.server("--users", "users.txt", "--log-json", "log.json")
        self.assertIn("users.txt: 0; there already: 3", again.line_with("New accounts from"))
        again.stop()
        self.assertNotIn(CANARY, "\n".join(server.lines + again.lines))
        for file in self.folder.rglob("*"):
            if file.is_file() and file != users:
                self.assertNotIn(CANARY.encode(), file.read_bytes(), str(file))


class PackagingTest(TestCase):
    def test_plugin_needs_no_package_of_its_own(self) -> None:
        self.assertEqual(list(ROOT.glob("twisted/**/__init__.py")), [])

    def test_the_domain_imports_neither_twisted_nor_a_backend(self) -> None:
        code = (
            "import sys, pkgutil, importlib, twisted_chat.core as core\n"
            "for m in pkgutil.iter_modules(core.__path__, core.__name__ + '.'):\n"
            "    importlib.import_module(m.name)\n"
            "print([m for m in ('twisted', 'sqlalchemy', 'sqlite3') if m in sys.modules])"
        )
        done = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, env=environment()
        )
        self.assertEqual((done.stdout, done.stderr), ("[]\n", ""))
