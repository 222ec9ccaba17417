"""Whether the desktop is dark, as the program that knows it says."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from pytest_twisted import ensureDeferred
from twisted.internet import reactor
from twisted.internet.defer import Deferred

from twisted_chat.clients.window.style import DARK, LIGHT, Palette, desktop_palette


@pytest.fixture
def desktop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only folder in which programs are found."""
    monkeypatch.setattr(os, "environ", {"PATH": str(tmp_path)})
    monkeypatch.setattr(sys, "platform", "linux")
    return tmp_path


def look(desktop: Path, script: str) -> Deferred[Palette]:
    """The look of a desktop whose settings are told by this script."""
    program = desktop / "gsettings"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    return desktop_palette(reactor)


@ensureDeferred
async def test_dark(desktop: Path) -> None:
    assert await look(desktop, "echo \"'prefer-dark'\"") is DARK


@ensureDeferred
async def test_light(desktop: Path) -> None:
    assert await look(desktop, "echo \"'default'\"") is LIGHT


@ensureDeferred
async def test_a_desktop_without_settings(desktop: Path) -> None:
    assert await desktop_palette(reactor) is LIGHT
    assert await look(desktop, "echo 'No schemas installed' >&2; exit 1") is LIGHT
