"""Ports of their own for doors, with real processes."""

from __future__ import annotations

import json
import socket

from tests.connection.case import trusting
from tests.support.server_process import Server, run_twistd
from tests.system.world import World


# The only ones with a real process, and with real ports.
def said_before_the_end(connection: socket.socket, data: bytes) -> str:
    """What comes before the server closes the connection."""
    with connection:
        connection.sendall(data)
        said = b""
        while piece := connection.recv(65536):
            said += piece
    return said.decode()


def test_each_port_has_its_doors_and_knows_of_the_others(world: World) -> None:
    server = Server(
        world.folder,
        *("--irc-port", "0", "--web-port", "0", "--tls-port", "0", "--no-text", "--guests"),
    )
    world.after(server.kill)
    ports = {}
    for word in ("IRC", "HTTP", "TLS"):
        [line] = [line for line in server.lines if f"{word} alone is spoken on port" in line]
        assert line.startswith("[INFO] "), line
        ports[word] = int(line.rpartition(" ")[2])

    def to(port: int) -> socket.socket:
        return socket.create_connection(("127.0.0.1", port), timeout=20)

    main = server.port
    said = said_before_the_end(to(ports["IRC"]), b"NICK bob\r\nUSER bob 0 * :B\r\nQUIT\r\n")
    assert " 001 bob " in said
    told = json.loads(said_before_the_end(to(ports["IRC"]), b"{}\n"))
    assert f"port {main} speaks JSON; the web page is at http://127.0.0.1:{main}/" in told["text"]
    page = said_before_the_end(to(ports["HTTP"]), b"GET / HTTP/1.1\r\nHost: localhost:1\r\n\r\n")
    assert f"twisted_chat.client localhost {main}\n" in page
    assert f"/server add chat localhost/{main} -tls\n" in page
    assert "ncat" not in page
    secure = trusting().wrap_socket(to(ports["TLS"]), server_hostname="lab")
    page = said_before_the_end(secure, b"GET / HTTP/1.1\r\nHost: lab:1\r\n\r\n")
    assert "twisted_chat.client lab 1\n" in page
    assert "over TLS only" in said_before_the_end(to(ports["TLS"]), b"tesla\n")
    assert "This port speaks IRC and JSON;" in said_before_the_end(to(main), b"tesla\n")
    server.stop()
    assert server.errors == ""


def test_k3_a_port_that_cannot_be_had_is_named_with_its_option(world: World) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        taken = str(other.getsockname()[1])
        for option, place in (
            ("--irc-port", taken),
            ("--web-port", f"tcp:{taken}:interface=127.0.0.1"),
            ("--tls-port", "tpc:1"),
        ):
            done = run_twistd(world.folder, "-n", "chat", "--port", "0", option, place)
            assert (done.returncode, done.stdout) == (1, ""), done.stderr
            assert len(done.stderr.splitlines()) == 1, done.stderr
            assert option in done.stderr
