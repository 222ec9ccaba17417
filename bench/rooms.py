"""Measures rooms: each run has a server and a database of its own."""

from __future__ import annotations

import statistics
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from peers import NotInstalled
from servers import Running, Trouble, data_folder, free_port, generate, running

Figures = dict[str, Any]
Command = Callable[[int, Path], list[str]]

# What must not happen even once is added up, not averaged.
SUMMED = ("early_acks", "early_acks_probed", "overtaken", "refused", "wrong", "checked")


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


@dataclass(frozen=True)
class Room:
    """Who is measured, in which dialect (text, json or irc), with so many messages under way."""

    command: Command
    window: int
    dialect: str = "text"
    quick_acks: bool = False


def in_turn(plan: Plan, rooms: dict[str, Room]) -> dict[str, Figures]:
    """The median of some runs of each; those that are compared take turns.

    So whatever else the machine does meanwhile meets all of them alike.
    """
    runs: dict[str, list[Figures]] = {name: [] for name in rooms}
    failed: dict[str, Figures] = {}
    for _ in range(plan.runs):
        for name in [name for name in rooms if name not in failed]:
            try:
                runs[name].append(_one_run(plan, rooms[name]))
            except NotInstalled as missing:
                failed[name] = {"missing": str(missing)}
            except Trouble as trouble:
                failed[name] = {"problem": str(trouble)}
    return {name: failed.get(name) or _middle(runs[name]) for name in rooms}


def _one_run(plan: Plan, room: Room) -> Figures:
    port = free_port()
    with (
        data_folder() as data,
        running(room.command(port, data), port, plan.pinned) as server,
    ):
        return run_room(plan, server, room)


def run_room(plan: Plan, server: Running, room: Room) -> Figures:
    return generate(
        "room",
        server,
        limit=plan.warmup + plan.seconds + 60,
        json=int(room.dialect == "json"),
        irc=int(room.dialect == "irc"),
        quick_acks=int(room.quick_acks),
        # InspIRCd and ngIRCd let in whoever is waiting once a second.
        concurrent=plan.members if room.dialect == "irc" else 32,
        window=room.window,
        members=plan.members,
        senders=plan.senders,
        size=plan.size,
        warmup=plan.warmup,
        seconds=plan.seconds,
        nap=int(plan.nap),
    )


def _middle(runs: list[Figures]) -> Figures:
    middle: Figures = {}
    for name, value in runs[0].items():
        if isinstance(value, int | float):
            middle[name] = statistics.median(run[name] for run in runs)
    for name in SUMMED:
        middle[name] = sum(run[name] for run in runs)
    middle["problem"] = next((run["problem"] for run in runs if run["problem"]), "")
    middle["all_deliveries_per_s"] = [run["deliveries_per_s"] for run in runs]
    return middle
