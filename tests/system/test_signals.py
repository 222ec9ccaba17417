"""SIGHUP: to a service a request, to a program in a terminal the end of that terminal."""

from __future__ import annotations

import contextlib
import os
import re
import shlex
import signal
import socket

from tests.support.programs import until
from tests.support.server_process import PATIENCE, TWISTD, environment
from tests.support.tmux import Terminal
from tests.system.world import World


def end(process: int) -> None:
    """A test that fails leaves nothing running."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(process, signal.SIGKILL)


def test_k1_in_a_terminal_it_is_a_request_until_the_terminal_is_gone(world: World) -> None:
    terminal = Terminal("/bin/sh", size=(150, 40), env=environment())
    world.after(terminal.close)
    motd = terminal.home / "motd.txt"
    motd.write_text("Be kind.\n")
    data = world.folder / "data"  # the terminal's home goes with the terminal
    (terminal.home / "serve.sh").write_text(
        f"echo $$ > pid; exec {shlex.join(TWISTD)} -n chat --port 0 --motd-file {motd}"
        f" --data {data}\n"
    )
    terminal.types("sh serve.sh")
    shown = terminal.shows("Waiting for connection on port", "The data is in")
    server = int((terminal.home / "pid").read_text())
    world.after(end, server)
    port = re.search(r"connection on port (\d+)", shown)
    assert port is not None

    motd.write_text("Be brief.\n")
    os.kill(server, signal.SIGHUP)
    terminal.shows("The message of the day was read anew")
    with socket.create_connection(("127.0.0.1", int(port[1])), PATIENCE) as tesla:
        tesla.sendall(b"tesla\nalternating\nalternating\n")
        heard = b""
        while b"Be brief." not in heard:
            heard += tesla.recv(4096)
        terminal.close()
        while more := tesla.recv(4096):  # until the server has closed it
            heard += more
    assert b"The server is stopping" in heard
    until(lambda: not os.path.exists(f"/proc/{server}"), lambda: "it still runs")
