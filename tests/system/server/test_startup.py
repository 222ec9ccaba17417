"""Real processes: how the chat starts, refuses to start, and stops."""

from __future__ import annotations

import os
import re
import select
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.server_process import PATIENCE, ROOT, TWISTD, Server, environment, run_twistd
from tests.system.world import World

CANARY = "correct-horse-battery"


class Servers(World):
    def server(self, *options: str, files: int | None = None) -> Server:
        server = Server(self.folder, *options, files=files)
        self.after(server.kill)
        return server

    def refused(self, *options: str) -> str:
        """The sentence, and nothing else, that a start is refused with."""
        done = run_twistd(self.folder, "-n", "chat", *options)
        assert (done.returncode, done.stdout) == (1, ""), done.stderr
        assert len(done.stderr.splitlines()) == 1, done.stderr
        assert done.stderr.endswith(".\n"), done.stderr
        return done.stderr.rstrip("\n")

    def heard(self, connection: socket.socket, until: bytes = b"") -> bytes:
        """What comes until the connection ends, or until these bytes."""
        data = b""
        while piece := connection.recv(4096):
            data += piece
            if until and until in data:
                break
        return data


@pytest.fixture
def servers(tmp_path: Path) -> Iterator[Servers]:
    with Servers(tmp_path) as servers:
        yield servers


def test_says_where_it_listens_and_where_the_data_is(servers: Servers) -> None:
    server = servers.server()
    second = server.line_with("The data is in")
    assert server.lines[0] == f"[INFO] Waiting for connection on port {server.port}..."
    assert second == f"[INFO] The data is in {servers.folder}/chat-data/chat.db"
    server.stop()
    assert server.errors == ""


def test_its_start_and_its_end_have_their_times_in_the_log(servers: Servers) -> None:
    server = servers.server()
    with server.connect() as client:
        assert servers.heard(client, b" ")
    server.stop()
    [started] = [line for line in server.lines if "has started" in line]
    time = r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d "
    process = server.process.pid
    assert re.search(f"^{time}twisted-chat [0-9.]+ has started, as process {process}$", started)
    assert re.search(f"^{time}The server is stopping$", server.lines[-2])
    assert re.search(f"^{time}The server has stopped$", server.lines[-1])


def test_is_ready_when_it_says_so(servers: Servers) -> None:
    server = servers.server()
    with server.connect() as client:
        assert servers.heard(client, b" ")


def test_listens_on_ipv6_and_ipv4_at_once(servers: Servers) -> None:
    if not socket.has_ipv6:
        return
    server = servers.server()
    for host in ("127.0.0.1", "::1"):
        with server.connect(host) as client:
            assert servers.heard(client, b" ")


def test_endpoints(servers: Servers) -> None:
    server = servers.server("--port", "tcp:0:interface=127.0.0.1")
    with server.connect() as client:
        assert servers.heard(client, b" ")


def test_unix_socket_that_a_killed_server_left(servers: Servers) -> None:
    # Relative, since the path of a socket may have only 107 bytes.
    for _ in range(2):
        server = servers.server("--port", "unix:s")
        assert (servers.folder / "s").is_socket()
        server.kill()


def test_waits_again_when_the_last_client_is_gone(servers: Servers) -> None:
    server = servers.server()
    waiting = server.lines[0]
    with server.connect() as tesla, server.connect() as edison:
        for client, name in ((tesla, b"tesla"), (edison, b"edison")):
            client.sendall(name + b"\nalternating\nalternating\n")
            servers.heard(client, b"Welcome")
        tesla.sendall(b"logout\n")
        servers.heard(tesla)
        edison.sendall(b"logout\n")
        servers.heard(edison)
    server.line_with("is offline  [ edison ]")
    assert server.line_with("Waiting for connection") == waiting
    assert server.lines.count(waiting) == 2


def test_without_the_word_twistd(servers: Servers) -> None:
    with Server(servers.folder, "0", program=(sys.executable, "-m", "twisted_chat")) as server:
        assert server.port
        assert server.stop(signal.SIGINT) == -signal.SIGINT
        assert server.errors == ""


def test_works_without_a_home_or_a_terminal(servers: Servers) -> None:
    done = run_twistd(servers.folder, "-n", "chat", "--check", env={"HOME": "/nonexistent"})
    assert (done.returncode, done.stderr) == (0, "")


def test_help(servers: Servers) -> None:
    done = run_twistd(servers.folder, "chat", "--help")
    assert (done.returncode, done.stderr) == (0, "")
    assert "--login-attempts" in done.stdout


def test_k3_port_in_use(servers: Servers) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        assert (
            servers.refused("--port", str(port))
            == f"Port {port} is in use by another program; choose another with --port."
        )
        sentence = servers.refused("--port", f"tcp:{port}:interface=127.0.0.1")
        assert "is in use by another program" in sentence


def test_k3_bad_endpoints(servers: Servers) -> None:
    for port in ("tcp:", "tcp:99999", "tpc:9999", "tcp:9999:intreface=x", "unix:/no/such/x"):
        assert port in servers.refused("--port", port)
    assert "not possible" in servers.refused("--port", "tcp:0:interface=192.0.2.1")


def test_k2_unknown_key(servers: Servers) -> None:
    (servers.folder / "chat.toml").write_text("\nprot = 1\n")
    assert (
        servers.refused("--config", "chat.toml")
        == "chat.toml, line 2: there is no setting prot; the nearest is port."
    )


def test_k2_unknown_option(servers: Servers) -> None:
    assert "did you mean --guests" in servers.refused("--guest", "--gusets")


def test_k2_users_file(servers: Servers) -> None:
    assert "no such file" in servers.refused("--port", "0", "--users", "nobody.txt")


def test_k3_data_folder(servers: Servers) -> None:
    (servers.folder / "file").write_text("")
    servers.refused("--port", "0", "--data", "file")
    servers.refused("--port", "0", "--database", "mysql://nowhere")
    assert "cannot be written" in servers.refused("--port", "0", "--log-json", "nowhere/log")


def test_d7_second_server_on_the_same_data(servers: Servers) -> None:
    servers.server()
    assert "Another server" in servers.refused("--port", "0")


def test_d5_damaged_database(servers: Servers) -> None:
    (servers.folder / "chat-data").mkdir()
    (servers.folder / "chat-data" / "chat.db").write_bytes(b"not a database" * 100)
    assert "is damaged" in servers.refused("--port", "0")
    assert "is damaged" in servers.refused("--check")


def test_k2_a_folder_of_files_that_is_none(servers: Servers) -> None:
    (servers.folder / "chat-data").mkdir()
    (servers.folder / "chat-data" / "files").write_text("in the way")
    for words in (("--port", "0"), ("--check",)):
        assert "chat-data/files cannot be used" in servers.refused(*words)


def test_k2_check(servers: Servers) -> None:
    done = run_twistd(servers.folder, "-n", "chat", "--check")
    assert (done.returncode, done.stderr) == (0, "")
    assert "will be made at the first start" in done.stdout
    assert list(servers.folder.iterdir()) == []
    server = servers.server()
    done = run_twistd(servers.folder, "-n", "chat", "--check")
    assert (done.returncode, done.stderr) == (0, "")
    assert "are in order" in done.stdout
    server.stop()
    assert "port is a number" in servers.refused("--check", "--port", "http")
    assert "tpc:1" in servers.refused("--check", "--port", "tpc:1")


def test_k1_clients_are_told(servers: Servers) -> None:
    server = servers.server()
    with server.connect() as client:
        servers.heard(client, b" ")
        assert server.stop() == -signal.SIGTERM
        assert b"The server is stopping" in servers.heard(client)
    assert server.errors == ""
    assert "Traceback" not in "\n".join(server.lines)


def test_k1_one_that_does_not_read_holds_nothing_up(servers: Servers) -> None:
    server = servers.server()
    with server.connect():
        assert server.stop(signal.SIGINT) == -signal.SIGINT


def test_k1_interrupted_while_it_starts(servers: Servers) -> None:
    os.mkfifo(servers.folder / "users")
    for command in ((*TWISTD, "-n", "chat"), (sys.executable, "-m", "twisted_chat")):
        starting = subprocess.Popen(
            [*command, "--port", "0", "--users", "users"],
            cwd=servers.folder,
            env=environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        servers.after(starting.kill)
        with (servers.folder / "users").open("wb"):  # now the server has opened it, too
            starting.send_signal(signal.SIGINT)
            said, _ = starting.communicate(timeout=PATIENCE)
        assert (said, starting.returncode) == (b"", -signal.SIGINT)


def test_d1_starts_again_after_kill(servers: Servers) -> None:
    server = servers.server()
    port = server.port
    server.kill()
    again = servers.server("--port", str(port))
    assert again.port == port


def test_pid_file_of_another_process_is_in_nobodys_way(servers: Servers) -> None:
    (servers.folder / "twistd.pid").write_text(str(os.getpid()))
    servers.server()


waits_for_strangers = pytest.mark.skipif(
    not hasattr(os, "pidfd_open"), reason="only Linux can wait for a process that is not a child"
)


def background(servers: Servers, *options: str) -> subprocess.CompletedProcess[str]:
    # Nothing is captured: the server in the background would keep the pipes open.
    with (servers.folder / "out").open("wb") as out:
        return subprocess.run(
            [*TWISTD, "chat", *options],
            cwd=servers.folder,
            env=environment(),
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            text=True,
            timeout=PATIENCE,
            check=False,
        )


@waits_for_strangers
def test_stale_pid_file(servers: Servers) -> None:
    pidfile = servers.folder / "twistd.pid"
    pidfile.write_text(str(os.getpid()))
    assert background(servers, "--port", "unix:s").returncode == 0
    pid = int(pidfile.read_text())
    try:
        assert pid != os.getpid()
        assert "Waiting for connection" in (servers.folder / "twistd.log").read_text()
        running = run_twistd(servers.folder, "chat", "--port", "0", "--data", "other")
        assert running.returncode == 1
        assert "Another twistd server is running" in running.stderr
        with socket.socket(socket.AF_UNIX) as client:
            _connect_unix(client, servers.folder / "s")
            os.kill(pid, signal.SIGTERM)
            servers.heard(client)  # until the server closes it
    finally:
        _wait_for_end(pid)
    assert not pidfile.exists()


@waits_for_strangers
def test_k3_refusal(servers: Servers) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        assert background(servers, "--port", str(port)).returncode == 1
    said = (servers.folder / "out").read_text()
    assert said.startswith(f"Port {port} is in use by another program"), said
    assert "Traceback" not in said + (servers.folder / "twistd.log").read_text()
    assert not (servers.folder / "twistd.pid").exists()


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


def test_k4_files_run_out(servers: Servers) -> None:
    server = servers.server("--connection-limit", "0", files=200)
    clients = [server.connect() for _ in range(137)]
    try:
        assert b"full" in servers.heard(clients[-1])
        assert servers.heard(clients[0], b" ")
    finally:
        for client in clients:
            client.close()


def test_k7_logs_are_opened_anew_when_that_is_asked_for(servers: Servers) -> None:
    server = servers.server("--log-json", "log.json")
    log = servers.folder / "log.json"
    log.rename(servers.folder / "log.json.1")
    server.process.send_signal(signal.SIGUSR1)
    server.line_with("The log files were opened anew")
    with server.connect() as client:
        assert servers.heard(client, b" ")
    server.stop()
    assert "The log files were opened anew" in log.read_text()


def test_k7_log_disk_full(servers: Servers) -> None:
    if not os.path.exists("/dev/full"):
        return
    server = servers.server("--log-json", "/dev/full")
    with server.connect() as client:
        assert servers.heard(client, b" ")
    assert server.stop() == -signal.SIGTERM
    assert server.errors == ""


def test_b14_users_are_taken_in_and_no_password_is_logged(servers: Servers) -> None:
    users = servers.folder / "users.txt"
    users.write_text(
        f"tesla {CANARY}\nedison {CANARY} with spaces\n\n{CANARY}\nbell direct\n# {CANARY}\n"
    )
    server = servers.server("--users", "users.txt", "--log-json", "log.json")
    line = server.line_with("New accounts from")
    assert "New accounts from users.txt: 3; there already: 0; left out: 2" in line
    weak = server.line_with("easy to guess")
    assert "New accounts with a password of fewer than 8 characters" in weak
    assert weak.endswith(": 1"), weak
    told = [line for line in server.lines if "is left out:" in line]
    assert [line.split("Line ")[1][0] for line in told] == ["4", "6"]
    server.stop()
    again = servers.server("--users", "users.txt", "--log-json", "log.json")
    assert "users.txt: 0; there already: 3" in again.line_with("New accounts from")
    again.stop()
    assert CANARY not in "\n".join(server.lines + again.lines)
    for file in servers.folder.rglob("*"):
        if file.is_file() and file != users:
            assert CANARY.encode() not in file.read_bytes(), str(file)


def test_plugin_needs_no_package_of_its_own(servers: Servers) -> None:
    assert list(ROOT.glob("twisted/**/__init__.py")) == []


def test_the_domain_imports_neither_twisted_nor_a_backend(servers: Servers) -> None:
    code = (
        "import sys, pkgutil, importlib, twisted_chat.core as core\n"
        "for m in pkgutil.iter_modules(core.__path__, core.__name__ + '.'):\n"
        "    importlib.import_module(m.name)\n"
        "print([m for m in ('twisted', 'sqlalchemy', 'sqlite3') if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=environment()
    )
    assert (done.stdout, done.stderr) == ("[]\n", "")
