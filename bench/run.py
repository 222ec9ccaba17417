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
from functools import partial
from pathlib import Path

import transfers
from peers import inspircd_command, install_missing, ngircd_command
from rooms import Command, Figures, Plan, Room, in_turn, run_room
from servers import (
    BUILD,
    CORES,
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
from table import IRC_WINDOWS, contest_table, room_table, show_others

PASSWORD = "correct-horse-7"

QUICK = Plan(warmup=0.2, seconds=0.7, runs=1, starts=1, guests=200, accounts=8, idle=500)
QUICK_NAMES = ("text64", "text1", "json64", "naive64", "guests", "start")


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
            filled = run_room(plan, server, Room(chat_command, 64))
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


def room_measurements() -> dict[str, dict[str, Room]]:
    """By the name with which it is chosen: a room, or several that are compared."""
    found = {}
    for name, command, dialect, windows in (
        ("text", chat_command, "text", (64, 8, 1)),
        ("json", chat_command, "json", (64, 8, 1)),
        ("naive", naive_command, "text", (64, 8, 1)),
        ("sink", sink_command, "text", (64, 1)),
        ("sink-irc", partial(sink_command, dialect="irc"), "irc", (64, 8, 1)),
        ("sink-json", partial(sink_command, dialect="json"), "json", (64,)),
    ):
        for window in windows:
            found[f"{name}{window}"] = {f"{name}{window}": Room(command, window, dialect)}
    for window in IRC_WINDOWS:
        found[f"irc{window}"] = {
            f"irc{window}": Room(chat_command, window, "irc"),
            f"inspircd{window}": Room(inspircd_command, window, "irc"),
            # It leaves Nagle's algorithm on, and has no setting for it.
            f"ngircd{window}": Room(ngircd_command, window, "irc", quick_acks=True),
        }
    return found


def other_measurements(plan: Plan) -> dict[str, Callable[[], Figures]]:
    return {
        "guests": partial(logins, plan, chat_command, plan.guests, 0.2),
        "accounts": partial(account_logins, plan),
        "idle": partial(logins, plan, chat_command, plan.idle, 3),
        "naive-guests": partial(logins, plan, naive_command, plan.guests, 0.2),
        "naive-idle": partial(logins, plan, naive_command, plan.idle, 3),
        "transfers": partial(file_transfers, plan, False),
        "transfers-tls": partial(file_transfers, plan, True),
        "start": partial(starts, plan),
        "fsync": partial(sync_times, 300),
    }


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
    rooms, others = room_measurements(), other_measurements(plan)
    names = chosen([*rooms, *others], args.only, args.quick)
    compile_generator()
    if any(name.startswith("irc") for name in names):
        install_missing()
    results: dict[str, Figures] = {}
    for name in names:
        begin = time.monotonic()
        print(f"{name} …", end=" ", file=sys.stderr, flush=True)
        if name in rooms:
            results |= in_turn(plan, rooms[name])
        else:
            results[name] = attempt(others[name])
        print(f"{time.monotonic() - begin:.1f} s", file=sys.stderr)
        if results[name].get("problem", "").startswith("The server ended at once"):
            break  # it would not start for the next one either
    return results


def attempt(way: Callable[[], Figures]) -> Figures:
    try:
        return way()
    except Trouble as trouble:
        return {"problem": str(trouble)}


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
    print(contest_table(results))
    print(show_others(results))
    problems = {name: told["problem"] for name, told in results.items() if told.get("problem")}
    for name, problem in problems.items():
        print(f"FAILED {name}: {problem}")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
