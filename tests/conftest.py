"""How pytest runs the tests of tests/system, and those of trial when it is pointed at them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from _pytest.unittest import TestCaseFunction

# Their assertions say what the values were, like those of the tests.
pytest.register_assert_rewrite("tests.support", "tests.system")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    # trial starts and stops the reactor, pytest-twisted starts it once and keeps it:
    # every TestCase has to be over before the first test function.
    items.sort(key=lambda item: not isinstance(item, TestCaseFunction))


@pytest.fixture(autouse=True)
def _folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """TestCase.mktemp makes its folders in the current one."""
    monkeypatch.chdir(tmp_path)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Where only some tests may be skipped, any other skipped one is a failure."""
    allowed_in = os.environ.get("ALLOWED_SKIPS")
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if not allowed_in or reporter is None:
        return
    lines = Path(allowed_in).read_text().splitlines()
    allowed = {line.split()[0] for line in lines if line.strip() and not line.startswith("#")}
    for report in reporter.stats.get("skipped", ()):
        if report.nodeid not in allowed:
            reporter.write_line(f"{report.nodeid} was skipped and is not in {allowed_in}", red=True)
            session.exitstatus = pytest.ExitCode.TESTS_FAILED
