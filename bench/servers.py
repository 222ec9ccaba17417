"""Starts and ends the servers that are measured, and the generator that measures them."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
BUILD = HERE / "build"
LOAD = BUILD / "load"

CORES = sorted(os.sched_getaffinity(0))
SERVER_CORE, LOAD_CORE = CORES[0], CORES[-1]

START_SECONDS = 20.0
STOP_SECONDS = 10.0


class Trouble(Exception):
    """Why there is no figure, in a plain sentence."""


@dataclass(frozen=True)
class Running:
    """A server that listens."""

    port: int
    process: subprocess.Popen[bytes]
    start_seconds: float
    log: Path


def compile_generator() -> None:
    BUILD.mkdir(exist_ok=True)
    (BUILD / ".gitignore").write_text("*\n")
    sources = sorted(str(path) for path in HERE.glob("*.c"))
    command = ["cc", "-O2", "-Wall", "-std=gnu11", "-o", str(LOAD), *sources]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    except FileNotFoundError:
        raise Trouble("The load generator is written in C and there is no compiler `cc`.") from None
    if done.returncode != 0:
        raise Trouble(f"The load generator does not compile:\n{done.stderr.strip()}")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextlib.contextmanager
def data_folder() -> Iterator[Path]:
    """A folder on the disk of the project, so that its fsync is a real one."""
    folder = Path(tempfile.mkdtemp(prefix="data-", dir=BUILD))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def chat_command(port: int, data: Path) -> list[str]:
    twistd = Path(sys.executable).parent / "twistd"
    if not twistd.exists():
        raise Trouble(f"There is no {twistd}: run this with the Python the server is installed in.")
    limits = ["--guests", "--flood-limit", "0", "--connection-limit", "0"]
    return [str(twistd), "-n", "--pidfile=", "chat", "--port", str(port), "--data", str(data),
            *limits]  # fmt: skip


def naive_command(port: int, data: Path) -> list[str]:
    return [sys.executable, str(HERE / "naive.py"), str(port)]


def sink_command(port: int, data: Path, dialect: str = "text") -> list[str]:
    chosen = [] if dialect == "text" else [f"--{dialect}", "1"]
    return [str(LOAD), "sink", "--port", str(port), *chosen]


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _last_words(log: Path) -> str:
    lines = log.read_text(errors="replace").strip().splitlines()[-12:]
    return "\n".join(f"    {line}" for line in lines) or "    (nothing)"


def _await_listening(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    end = time.monotonic() + START_SECONDS
    while not _listens(port):
        if process.poll() is not None:
            raise Trouble(
                f"The server ended at once, with code {process.returncode}. "
                f"It wrote:\n{_last_words(log)}"
            )
        if time.monotonic() > end:
            raise Trouble(
                f"The server did not listen on port {port} within {START_SECONDS:.0f} seconds. "
                f"It wrote:\n{_last_words(log)}"
            )
        time.sleep(0.001)


def await_words(server: Running, words: str, limit: float) -> None:
    """Until the server has written these words to its log."""
    end = time.monotonic() + limit
    while words not in server.log.read_text(errors="replace"):
        if time.monotonic() > end or server.process.poll() is not None:
            raise Trouble(f"The server did not write {words}, but:\n{_last_words(server.log)}")
        time.sleep(0.05)


def _stop(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        process.terminate()
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


@contextlib.contextmanager
def running(command: list[str], port: int, pinned: bool) -> Iterator[Running]:
    """The server of this command from its start to its end."""
    log = BUILD / "server.log"
    where = {SERVER_CORE} if pinned else set(CORES)
    with log.open("wb") as output:
        begin = time.monotonic()
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            preexec_fn=lambda: os.sched_setaffinity(0, where),
        )
        try:
            _await_listening(process, port, log)
            yield Running(port, process, time.monotonic() - begin, log)
        finally:
            _stop(process)


def generate(mode: str, server: Running, limit: float, **options: object) -> dict[str, Any]:
    """One run of the generator; what it printed."""
    command = [str(LOAD), mode, "--port", str(server.port), "--pid", str(server.process.pid)]
    command += ["--core", str(LOAD_CORE)]
    for name, value in options.items():
        command += [f"--{name.replace('_', '-')}", str(value)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=limit, check=False)
    except subprocess.TimeoutExpired:
        raise Trouble(f"The generator did not end within {limit:.0f} seconds.") from None
    if done.returncode != 0:
        said = done.stderr.strip() or f"The generator ended with code {done.returncode}."
        raise Trouble(f"{said}\nThe server wrote:\n{_last_words(server.log)}")
    figures: dict[str, Any] = json.loads(done.stdout)
    return figures
