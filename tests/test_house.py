"""The shape of the house: what may know of what."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

import twisted_chat

HOUSE = Path(twisted_chat.__file__).parent

# What each floor may import, from the bottom up; a floor may always import itself.
FLOORS: dict[str, set[str]] = {
    "core": set(),
    "e2e": {"core"},
    "private_file": set(),
    "console": {"core"},
    "settings": {"core"},
    "store": {"core"},
    "interface": {"core"},
    "chat": {"core", "store", "settings", "interface"},
    "connection": {"core", "settings", "interface", "chat", "private_file"},
    "doors": {"core", "console", "settings", "interface", "chat", "connection"},
    "server": {"core", "store", "settings", "chat", "connection", "doors"},
    "clients": {"core", "console", "private_file", "e2e"},
}
# The doors are one floor with what the connections at them are made of and counted by.
PLACES = {
    "doors.interface": "interface",
    "protocol": "doors",
    "factory": "doors",
    "bot": "clients",
    "remote": "clients",
    "client": "clients",
    "gui": "clients",
    "tap": "server",
    "testing": "server",
    "__main__": "server",
    "": "core",
}


def floor_of(name: str) -> str:
    """The floor a module of the package is on."""
    inside = name.partition(".")[2]
    first = inside.partition(".")[0]
    return PLACES.get(inside) or PLACES.get(first) or first


def modules() -> Iterator[tuple[str, Path]]:
    for path in sorted(HOUSE.rglob("*.py")):
        parts = path.relative_to(HOUSE.parent).with_suffix("").parts
        yield ".".join(part for part in parts if part != "__init__"), path


def imported(name: str, path: Path) -> Iterator[str]:
    """The modules that a file imports, for its types too."""
    for module, names in imports(name, path):
        yield module
        yield from (f"{module}.{one}" for one in names)


def imports(name: str, path: Path) -> Iterator[tuple[str, list[str]]]:
    """The modules that a file imports, for its types too, each with the names out of it."""
    package = name.split(".") if path.name == "__init__.py" else name.split(".")[:-1]
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from ((alias.name, []) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            start = package[: len(package) + 1 - node.level] if node.level else []
            module = ".".join([*start, *([node.module] if node.module else [])])
            yield module, [alias.name for alias in node.names]


class HouseTests(SynchronousTestCase):
    """Imports point down only."""

    def test_the_core_knows_neither_twisted_nor_a_backend(self) -> None:
        for name, path in modules():
            if floor_of(name) == "core":
                foreign = {found.split(".")[0] for found in imported(name, path)}
                self.assertFalse(foreign & {"twisted", "sqlalchemy", "sqlite3"}, name)

    def test_the_words_of_both_ends_need_no_server(self) -> None:
        for name, path in modules():
            if floor_of(name) == "console":
                foreign = {found.split(".")[0] for found in imported(name, path)}
                self.assertFalse(foreign & {"twisted", "sqlalchemy", "sqlite3"}, name)
        # They are imported together with their folder.
        self.assertEqual(list(imported("twisted_chat.console", HOUSE / "console/__init__.py")), [])

    def test_cryptography_knows_neither_twisted_nor_a_disk_nor_a_clock(self) -> None:
        for name, path in modules():
            if floor_of(name) == "e2e":
                foreign = {found.split(".")[0] for found in imported(name, path)}
                self.assertFalse(foreign & {"twisted", "sqlite3", "socket", "pathlib"}, name)
                self.assertFalse(foreign & {"time", "datetime"}, name)
        # What it stands on is loaded when it is used, and not before.
        self.assertEqual(list(imported("twisted_chat.e2e", HOUSE / "e2e" / "__init__.py")), [])

    def test_the_store_does_not_know_twisted(self) -> None:
        for name, path in modules():
            if floor_of(name) == "store":
                self.assertNotIn("twisted", {found.split(".")[0] for found in imported(name, path)})

    def test_only_one_package_speaks_sqlite_s_own_sql(self) -> None:
        own = r"\b(PRAGMA|INDEXED BY|json_\w+|fts5|MATCH|OR (REPLACE|IGNORE)|IMMEDIATE|sqlite3)\b"
        for name, path in modules():
            inside = name.removeprefix("twisted_chat.store")
            if inside != name and not inside.startswith((".sqlite", ".migrations.versions")):
                self.assertIsNone(re.search(own, path.read_text()), name)

    def test_imports_point_down(self) -> None:
        known = {name for name, _ in modules()}
        for name, path in modules():
            floor = floor_of(name)
            for found in imported(name, path):
                if found in known and found.startswith("twisted_chat."):
                    self.assertIn(floor_of(found), FLOORS[floor] | {floor}, f"{name}: {found}")

    def test_no_modules_import_each_other_in_a_circle(self) -> None:
        known = dict(modules())
        graph: dict[str, set[str]] = {}
        for name, path in known.items():
            found = graph[name] = set()
            for module, names in imports(name, path):
                inner = {f"{module}.{one}" for one in names} & known.keys()
                found |= inner or {module} & known.keys()
        try:
            TopologicalSorter(graph).prepare()
        except CycleError as error:
            self.fail(f"a circle: {error.args[1]}")

    def test_no_part_of_the_chat_knows_the_whole(self) -> None:
        for name, path in modules():
            if floor_of(name) == "chat" and ".commands" not in name:
                self.assertNotIn("twisted_chat.chat.chat", imported(name, path), name)

    def test_no_fact_in_the_log_is_called_as_twisted_calls_its_own(self) -> None:
        # Twisted's older observers, trial's among them, would take it for that and fail.
        taken = {"time", "message", "system", "format", "isError", "failure", "why", "printed"}
        levels = {"debug", "info", "warn", "error", "failure", "critical", "emit"}
        for name, path in modules():
            text = path.read_text()
            if "Logger" not in text and "log." not in text:
                continue
            for node in ast.walk(ast.parse(text)):
                if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
                    continue
                facts = {keyword.arg for keyword in node.keywords}
                if node.func.attr in levels and facts & taken:
                    self.fail(f"{name}, line {node.lineno}: {facts & taken}")

    def test_the_plugin_lies_in_twisteds_own_folder(self) -> None:
        plugins = HOUSE.parent / "twisted"
        if plugins.exists():
            self.assertEqual(list(plugins.rglob("__init__.py")), [])
