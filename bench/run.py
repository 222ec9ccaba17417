"""Measures the chat server and prints one table; `--help` says what can be chosen."""

from __future__ import annotations

import argparse
import json
import os
import signal
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import peers
import transfers
from servers import (
    BUILD,
    CORES,
    Running,
    Trouble,
    await_words,
    chat_command,
    compile_generator,
    data_folder,
    free_port,
    generate,
    naive_command,
    running,
    sink_command,
)
from table import irc_table, room_table, show_others

PASSWORD = "correct-horse-7"

IRC_SERVERS: dict[str, Callable[[int, Path], list[str]]] = {
    "irc": chat_command,
    "inspircd": peers.inspircd_command,
    "ngircd": peers.ngircd_command,
}

Figures = dict[str, Any]
Command = Callable[[int, Path], list[str]]


@dataclass(frozen=True)
class Plan:
    """How long and how often."""

    warmup: float = 1.0
    seconds: float = 5.0
    runs: int = 3
    starts: int = 5
    guests: int = 1000
    accounts: int = 64
    idle: int = 10_000
    senders: int = 4
    members: int = 200
    size: int = 64
    pinned: bool = True
    nap: bool = False


QUICK = Plan(warmup=0.2, seconds=0.7, runs=1, starts=1, guests=200, accounts=8, idle=500)
QUICK_NAMES = ("text64", "text1", "json64", "naive64", "guests", "start")


def room(plan: Plan, command: Command, dialect: str, window: int) -> Figures:
    """The median of some runs, each with a server and a database of its own."""
    return middle_of([fresh_room(plan, command, dialect, window) for _ in range(plan.runs)])


def fresh_room(plan: Plan, command: Command, dialect: str, window: int) -> Figures:
    """One run, with a server and a database of its own."""
    port = free_port()
    with data_folder() as data, running(command(port, data), port, plan.pinned) as server:
        return one_room(plan, server, dialect, window)


def irc_rooms(plan: Plan, window: int) -> dict[str, Figures]:
    """The same room on three IRC servers, one after the other and all over again."""
    runs: dict[str, list[Figures]] = {name: [] for name in IRC_SERVERS}
    problems: dict[str, str] = {}
    for _ in range(plan.runs):
        for name, command in IRC_SERVERS.items():
            try:
                runs[name].append(fresh_room(plan, command, "irc", window))
            except Trouble as trouble:
                problems[name] = str(trouble)
    found = {f"{name}{window}": middle_of(some) for name, some in runs.items() if some}
    for name, problem in problems.items():
        found[f"{name}{window}"] = {"problem": problem}
    return found


def middle_of(runs: list[Figures]) -> Figures:
    """The median of each figure."""
    middle: Figures = {}
    for name, value in runs[0].items():
        if isinstance(value, int | float):
            middle[name] = statistics.median(run[name] for run in runs)
    # What must not happen even once is added up or told, not averaged.
    for name in ("early_acks", "early_acks_probed", "overtaken", "refused", "wrong", "checked"):
        middle[name] = sum(run[name] for run in runs)
    middle["problem"] = next((run["problem"] for run in runs if run["problem"]), "")
    middle["all_deliveries_per_s"] = [run["deliveries_per_s"] for run in runs]
    return middle


def one_room(plan: Plan, server: Running, dialect: str, window: int) -> Figures:
    return generate(
        "room",
        server,
        limit=plan.warmup + plan.seconds + 60,
        json=int(dialect == "json"),
        irc=int(dialect == "irc"),
        window=window,
        members=plan.members,
        senders=plan.senders,
        size=plan.size,
        warmup=plan.warmup,
        seconds=plan.seconds,
        nap=int(plan.nap),
    )


def logins(plan: Plan, command: Command, count: int, settle: float) -> Figures:
    port = free_port()
    with data_folder() as data, running(command(port, data), port, plan.pinned) as server:
        return generate("login", server, limit=180 + settle, count=count, warmup=settle)


def account_logins(plan: Plan) -> Figures:
    port = free_port()
    with data_folder() as data:
        users = data / "users-of-the-bench.txt"
        names = (f"acct{number:05d}" for number in range(plan.accounts))
        users.write_text("".join(f"{name} {PASSWORD}\n" for name in names))
        command = [*chat_command(port, data / "chat"), "--users", str(users)]
        with running(command, port, plan.pinned) as server:
            # The server names the file when it has taken in all of it.
            await_words(server, users.name, limit=60)
            return generate(
                "login", server, limit=120, count=plan.accounts, concurrent=8, warmup=0.2,
                prefix="acct", password=PASSWORD,
            )  # fmt: skip


def starts(plan: Plan) -> Figures:
    """From the start of the process until it takes a connection."""
    fresh, existing = [], []
    for _ in range(plan.starts):
        with data_folder() as data:
            fresh.append(one_start(plan, data))
    with data_folder() as data:
        port = free_port()
        with running(chat_command(port, data), port, plan.pinned) as server:
            filled = one_room(plan, server, "text", 64)
        for _ in range(plan.starts):
            existing.append(one_start(plan, data))
    return {
        "fresh_s": statistics.median(fresh),
        "existing_s": statistics.median(existing),
        "existing_messages": filled["checked"],
    }


def one_start(plan: Plan, data: Path) -> float:
    port = free_port()
    with running(chat_command(port, data), port, plan.pinned) as server:
        return server.start_seconds


def sync_times(count: int) -> Figures:
    """Median microseconds to write two pages of a log and `fdatasync` them.

    A write-ahead log grows only until its first checkpoint and is then written over again,
    which is cheaper for the file system; so both are measured.
    """
    pages = os.urandom(2 * (4096 + 24))
    figures: Figures = {}
    with data_folder() as data:
        for name in ("growing", "reused"):
            took = []
            file = os.open(data / "log", os.O_RDWR | os.O_CREAT)
            for number in range(count):
                begin = time.monotonic()
                os.pwrite(file, pages, number * len(pages))
                os.fdatasync(file)
                took.append((time.monotonic() - begin) * 1e6)
            os.close(file)
            figures[f"{name}_us"] = statistics.median(took)
    return figures


def file_transfers(plan: Plan, tls: bool) -> Figures:
    """The latency of messages while twenty files are moved, in one direction after the other."""
    port = free_port()
    with data_folder() as data:
        command = [*chat_command(port, data), "--quota", "0", "--keep-free", "0"]
        with running(command, port, plan.pinned) as server:
            try:
                return transfers.measure(server.port, tls, plan.seconds)
            except (OSError, EOFError) as error:
                raise Trouble(f"The files were not moved: {error}.") from error


def measurements(plan: Plan) -> dict[str, Callable[[], Figures]]:
    """Everything there is, by the name with which it is chosen."""
    found: dict[str, Callable[[], Figures]] = {}

    def add_rooms(name: str, command: Command, dialect: str, *windows: int) -> None:
        for window in windows:
            found[f"{name}{window}"] = partial(room, plan, command, dialect, window)

    add_rooms("text", chat_command, "text", 64, 8, 1)
    add_rooms("json", chat_command, "json", 64, 8, 1)
    for window in (64, 8, 1):
        found[f"irc{window}"] = partial(irc_rooms, plan, window)
    add_rooms("naive", naive_command, "text", 64, 8, 1)
    add_rooms("sink", sink_command, "text", 64, 1)
    add_rooms("sink-irc", lambda port, data: sink_command(port, data, "irc"), "irc", 64)
    add_rooms("sink-json", lambda port, data: sink_command(port, data, "json"), "json", 64)
    found["guests"] = partial(logins, plan, chat_command, plan.guests, 0.2)
    found["accounts"] = partial(account_logins, plan)
    found["idle"] = partial(logins, plan, chat_command, plan.idle, 3)
    found["naive-guests"] = partial(logins, plan, naive_command, plan.guests, 0.2)
    found["naive-idle"] = partial(logins, plan, naive_command, plan.idle, 3)
    found["transfers"] = partial(file_transfers, plan, False)
    found["transfers-tls"] = partial(file_transfers, plan, True)
    found["start"] = partial(starts, plan)
    found["fsync"] = partial(sync_times, 300)
    return found


def chosen(names: list[str], only: str | None, quick: bool) -> list[str]:
    if only is None:
        return [name for name in names if not quick or name in QUICK_NAMES]
    wanted = only.split(",")
    for word in wanted:
        if not any(name.startswith(word) for name in names):
            raise Trouble(f"There is no measurement {word}. There are: {', '.join(names)}.")
    return [name for name in names if any(name.startswith(word) for word in wanted)]


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Measure the chat server.")
    parser.add_argument("--quick", action="store_true", help="a smoke run of about 15 seconds")
    parser.add_argument("--only", metavar="NAMES", help="such as text64,naive or idle")
    parser.add_argument("--senders", type=int, default=4, help="members who send (default 4)")
    parser.add_argument("--runs", type=int, help="runs for each room (default 3)")
    parser.add_argument("--seconds", type=float, help="measured part of a run (default 5)")
    parser.add_argument(
        "--pin", choices=["apart", "free"], default="apart",
        help="server on one core and generator on another (default), or the server anywhere",
    )  # fmt: skip
    parser.add_argument(
        "--nap", action="store_true", help="the generator sleeps when idle instead of looking again"
    )
    return parser.parse_args()


def plan_of(args: argparse.Namespace) -> Plan:
    plan = QUICK if args.quick else Plan()
    changed = {**vars(plan), "senders": args.senders, "pinned": args.pin == "apart",
               "nap": args.nap}  # fmt: skip
    for name in ("runs", "seconds"):
        if getattr(args, name) is not None:
            changed[name] = getattr(args, name)
    return Plan(**changed)


def measure(args: argparse.Namespace) -> dict[str, Figures]:
    plan = plan_of(args)
    ways = measurements(plan)
    names = chosen(list(ways), args.only, args.quick)
    compile_generator()
    if any(name.startswith("irc") for name in names):
        peers.install()
    results: dict[str, Figures] = {}
    for name in names:
        begin = time.monotonic()
        print(f"{name} …", end=" ", file=sys.stderr, flush=True)
        try:
            told = ways[name]()
            results.update(told if name.startswith("irc") else {name: told})
        except Trouble as trouble:
            results[name] = {"problem": str(trouble)}
        print(f"{time.monotonic() - begin:.1f} s", file=sys.stderr)
        if results.get(name, {}).get("problem", "").startswith("The server ended at once"):
            break  # it would not start for the next one either
    return results


def main() -> int:
    # Ended from outside, it still ends the servers it has started.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    try:
        args = parse()
        results = measure(args)
    except Trouble as trouble:
        print(trouble, file=sys.stderr)
        return 1
    about = {"cores": len(CORES), "kernel": os.uname().release, "time": int(time.time()),
             "arguments": sys.argv[1:]}  # fmt: skip
    (BUILD / "results.json").write_text(json.dumps({"about": about, **results}, indent=1) + "\n")
    print(room_table(results))
    print(irc_table(results))
    print(show_others(results))
    problems = {name: told["problem"] for name, told in results.items() if told.get("problem")}
    for name, problem in problems.items():
        print(f"FAILED {name}: {problem}")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
