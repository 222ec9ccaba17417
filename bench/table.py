"""Prints the figures."""

from __future__ import annotations

import statistics
from typing import Any

Figures = dict[str, Any]

DISTURBED = 0.1  # cores used by others
IRC_WINDOWS = (64, 8, 1)
PEERS = {"inspircd": "InspIRCd", "ngircd": "ngIRCd"}

HEADS = (
    "", "deliveries/s", "messages/s", "CPU µs/dlv", "ack p50", "ack p99", "dlv p50", "dlv p99",
    "early acks", "server busy", "gen. busy", "exactly once, in order",
)  # fmt: skip


def _time(us: float) -> str:
    return f"{us:.0f} µs" if us < 1000 else f"{us / 1000:.2f} ms"


def _room_row(name: str, told: Figures) -> list[str]:
    early = told["early_acks"] + told["overtaken"]
    return [
        name,
        f"{told['deliveries_per_s']:,.0f}",
        f"{told['messages_per_s']:,.0f}",
        f"{told['cpu_us_per_delivery']:.2f}",
        *(_time(told[f"{what}_us"]) for what in ("ack_p50", "ack_p99")),
        *(_time(told[f"{what}_us"]) for what in ("delivery_p50", "delivery_p99")),
        f"{early:,} / {told['early_acks_probed']:,}" if told["early_acks_probed"] else "–",
        f"{told['server_busy']:.0%}",
        f"{told['generator_busy']:.0%}",
        "FAILED" if told["problem"] else f"{told['checked']:,} messages",
    ]


def room_table(results: dict[str, Figures]) -> str:
    """One line for each room that was measured."""
    rooms = {name: told for name, told in results.items() if "deliveries_per_s" in told}
    if not rooms:
        return ""
    rows = [list(HEADS), *(_room_row(name, told) for name, told in rooms.items())]
    return _columns(rows)


def _columns(rows: list[list[str]]) -> str:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return "\n".join(
        row[0].ljust(widths[0])
        + "".join(f"  {cell:>{w}}" for cell, w in zip(row[1:], widths[1:], strict=True))
        for row in rows
    )


def _ratio(ours: Figures, theirs: Figures) -> str:
    """The median over the turns; within one, whatever disturbed met both."""
    if "all_deliveries_per_s" not in ours or "all_deliveries_per_s" not in theirs:
        return "–"
    turns = zip(ours["all_deliveries_per_s"], theirs["all_deliveries_per_s"], strict=True)
    return f"{statistics.median(mine / other for mine, other in turns if other):.2f}"


def contest_table(results: dict[str, Figures]) -> str:
    """The servers that speak IRC side by side, one line for each window."""
    rows = [["deliveries/s on IRC", "ours", *PEERS.values(),
             *(f"ours / {peer}" for peer in PEERS.values())]]  # fmt: skip
    for window in IRC_WINDOWS:
        ours, *theirs = (results.get(f"{name}{window}", {}) for name in ("irc", *PEERS))
        if not any("deliveries_per_s" in told for told in theirs):
            continue
        speeds = (told.get("deliveries_per_s") for told in (ours, *theirs))
        rows.append([
            f"{window} under way",
            *("–" if speed is None else f"{speed:,.0f}" for speed in speeds),
            *(_ratio(ours, told) for told in theirs),
        ])  # fmt: skip
    return "\n" + _columns(rows) + "\n" if len(rows) > 1 else ""


def _fsync_line(told: Figures, results: dict[str, Figures]) -> str:
    line = (
        f"fsync: writing 8 KiB and fdatasync takes {_time(told['reused_us'])} in a log that is "
        f"written over, {_time(told['growing_us'])} in one that grows"
    )
    for name in ("text1", "json1", "irc1"):
        if ack := results.get(name, {}).get("ack_p50_us"):
            line += f"; {told['reused_us'] / ack:.0%} of a round of {name}"
    return line


def _transfers_line(name: str, told: Figures) -> str:
    parts = []
    for way, during in (("idle", "idle"), ("down", "20 downloads"), ("up", "20 uploads")):
        probe = told[way]
        speed = f" ({probe['MB_per_s']:.0f} MB/s)" if "MB_per_s" in probe else ""
        parts.append(f"{during}{speed}: p50 {probe['p50_ms']:.2f} ms, p99 {probe['p99_ms']:.2f} ms")
    return f"{name}: a message in private, {'; '.join(parts)}"


def show_others(results: dict[str, Figures]) -> str:
    """One sentence for each of the other figures."""
    lines = []
    for name, told in results.items():
        if told.get("others_busy", 0) > DISTURBED:
            lines.append(
                f"{name}: other programs used {told['others_busy']:.0%} of a core meanwhile; "
                "its figures are worse than they would be on a quiet machine"
            )
        if "missing" in told:
            lines.append(f"{name}: {told['missing']}")
        elif "logins_per_s" in told:
            lines.append(
                f"{name}: {told['logins_per_s']:,.0f} logins/s ({told['logins']:,} in "
                f"{told['seconds']:.2f} s), {told['cpu_us_per_login']:,.0f} µs of server CPU each, "
                f"p50 {_time(told['p50_us'])}, p99 {_time(told['p99_us'])}; "
                f"{told['kib_per_connection']:.1f} KiB of server memory per connection"
            )
        elif "fresh_s" in told:
            lines.append(
                f"{name}: listening after {told['fresh_s']:.2f} s with a fresh database, "
                f"{told['existing_s']:.2f} s with one of {told['existing_messages']:,} messages"
            )
        elif "idle" in told:
            lines.append(_transfers_line(name, told))
        elif "reused_us" in told:
            lines.append(_fsync_line(told, results))
    return "\n".join(lines)
