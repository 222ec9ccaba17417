"""Whether the desktop is dark."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Mapping
from typing import Any

from twisted.internet.defer import Deferred, succeed
from twisted.internet.utils import getProcessOutput

from .style import DARK, LIGHT, Palette

VARIABLE = "TWISTED_CHAT_THEME"
_PALETTES = {"dark": DARK, "light": LIGHT}


def wanted(option: str, environment: Mapping[str, str]) -> Palette | None:
    """The look that somebody asked for; None leaves it to the desktop."""
    return _PALETTES.get(option or environment.get(VARIABLE, "").lower())


def of_desktop(reactor: Any) -> Deferred[Palette]:
    """The look that the desktop has."""
    if sys.platform == "win32":
        return succeed(DARK if _windows_is_dark() else LIGHT)
    if sys.platform == "darwin":
        command = ("defaults", "read", "-g", "AppleInterfaceStyle")
    else:
        command = ("gsettings", "get", "org.gnome.desktop.interface", "color-scheme")
    program = shutil.which(command[0])
    if program is None:
        return succeed(LIGHT)
    asked: Deferred[bytes] = getProcessOutput(
        program, command[1:], env=dict(os.environ), reactor=reactor, errortoo=True
    )
    said: Deferred[Palette] = asked.addCallbacks(_said, lambda failure: LIGHT)
    return said


def _said(output: bytes) -> Palette:
    last = output.decode(errors="replace").strip().splitlines()[-1:]
    return DARK if last and "dark" in last[0].lower() else LIGHT


def _windows_is_dark() -> bool:
    if sys.platform != "win32":
        return False
    import winreg

    path = r"Software\Microsoft\Windows\CurrentVersion\Themes\Personalize"
    try:
        with winreg.OpenKey(winreg.HKEY_CURRENT_USER, path) as key:
            return bool(winreg.QueryValueEx(key, "AppsUseLightTheme")[0] == 0)
    except OSError:
        return False
