"""`twistd chat`: what twistd looks for here, and the command line, made from the table of settings.

The parts of the service are imported when it is made: neither a help page nor a mistake in the
options has to wait for them.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from difflib import get_close_matches
from pathlib import Path
from typing import ClassVar

from twisted.application.service import IService
from twisted.python import usage

from . import __version__
from .core.errors import StartError
from .server import signals, startup
from .settings import OPTIONS, Option, Settings, settle

__all__ = ["Options", "makeService"]

DEFAULT_PIDFILE = "twistd.pid"  # twistd's own
SHORT = {"port": "p"}  # the options that have a letter


def _help(row: Option) -> str:
    default = f" [default: {row.shown_default}]" if row.value and row.shown_default else ""
    return row.help + default


def _opposite(row: Option) -> str:
    """The word that takes a switch back which the settings file has set."""
    return row.key.removeprefix("no-") if row.key.startswith("no-") else f"no-{row.key}"


def _undo(row: Option) -> str:
    """What the help says of the opposite of a switch."""
    return f"take back {row.key} = true of the settings file"


def _many(row: Option) -> Callable[[usage.Options, str], None]:
    """The method of an option that may be given several times."""

    def collect(options: usage.Options, value: str) -> None:
        options.setdefault(row.key, []).append(value)

    collect.__doc__ = _help(row)
    return collect


class Options(usage.Options):
    """The table of settings as a command line."""

    synopsis = "[options] [PORT]"
    longdesc = (
        "A chat for people with netcat and for programs, on one port."
        "  What is not said here is taken from the settings file, if one is given: the same words"
        " with = between them, such as login-attempts = 3 or admin = ['tesla', 'edison'] (TOML)."
        "  --check looks at the options, the settings file and the database, changes nothing, says"
        " in a sentence what it found, and ends with 0 when all is well, otherwise with 1."
        "  A start that fails says why in one sentence and ends with 1."
    )
    optParameters: ClassVar = [
        ["config", "c", None, "read settings from this file; the command line has the last word"],
        *(
            [row.key, SHORT.get(row.key), None, _help(row)]
            for row in OPTIONS
            if row.value and not row.many
        ),
    ]
    optFlags: ClassVar = [
        ["check", None, "only look whether the service could start with this"],
        *([row.key, None, _help(row)] for row in OPTIONS if not row.value),
        *([_opposite(row), None, _undo(row)] for row in OPTIONS if not row.value),
    ]

    settings: Settings

    def parseOptions(self, options: list[str] | None = None) -> None:
        """Read a command line; what is wrong with it ends the program in one sentence."""
        try:
            words = sys.argv[1:] if options is None else list(options)
            # Every word after the first that is no option would count as none either.
            first = words.pop(0) if words and words[0].isdecimal() else ""
            super().parseOptions(words)
            if first:
                self._take_port(first)
            self.settings = settle(self._typed(), Path(self["config"]) if self["config"] else None)
            self._prepare_pidfile()
        except usage.UsageError as error:
            raise SystemExit(_usage_sentence(str(error))) from None
        except StartError as error:
            raise SystemExit(str(error)) from None

    def opt_version(self) -> None:
        """show which version this is, and exit"""
        print(f"twisted-chat {__version__}")
        raise SystemExit(0)

    def parseArgs(self, *rest: str) -> None:
        if rest and rest[0].isdecimal():
            self._take_port(rest[0])
            rest = rest[1:]
        if rest:
            raise usage.UsageError(f"{rest[0]} is not an option")

    def _take_port(self, port: str) -> None:
        """Take a number that stands alone for the port."""
        if self["port"] not in (None, port):
            raise usage.UsageError(f"Two ports were given: {self['port']} and {port}")
        self["port"] = port

    def _typed(self) -> dict[str, object]:
        """What the command line sets."""
        typed: dict[str, object] = {}
        for row in OPTIONS:
            if row.value:
                if self.get(row.key) is not None:
                    typed[row.key] = self[row.key]
            elif self[row.key] or self[_opposite(row)]:
                typed[row.key] = not self[_opposite(row)]
        return typed

    def _prepare_pidfile(self) -> None:
        """See to it that the pid file of a killed server does not keep this one from starting."""
        twistd = self.parent
        if twistd is None or not twistd.get("pidfile"):
            return
        if twistd["nodaemon"] and twistd["pidfile"] == DEFAULT_PIDFILE:
            # In the foreground nobody looks for the process by a file.
            twistd["pidfile"] = ""
        else:
            remove_if_dead(Path(twistd["pidfile"]))


for _row in OPTIONS:
    if _row.many:
        setattr(Options, "opt_" + _row.key.replace("-", "_"), _many(_row))


def _usage_sentence(error: str) -> str:
    """What is wrong with a command line; twistd would print pages before it."""
    words = error.split()
    typed = next((word.lstrip("-") for word in words if word.startswith("--")), "")
    near = get_close_matches(typed, [row.key for row in OPTIONS], n=1) if typed else []
    hint = f"; did you mean --{near[0]}" if near and near[0] != typed else ""
    error = error.rstrip(".").replace("option --", "Option --", 1)
    return f"{error}{hint} (twistd chat --help shows them all)."


def remove_if_dead(file: Path) -> None:
    """Remove the file of a process id unless a running twistd has that id.

    twistd itself looks only whether there is any process of that number, which after
    a restart of the machine is somebody else's.
    """
    try:
        pid = int(file.read_bytes())
    except ValueError:
        pid = 0  # cut short by a crash
    except OSError:
        return  # none there, or twistd will say what is wrong with it
    if pid == os.getpid() or pid <= 0 or "twistd" not in _command_line(pid):
        file.unlink(missing_ok=True)


def _command_line(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().decode("utf-8", "replace")
    except OSError:
        pass
    if Path("/proc/self").exists():
        return ""
    shown = subprocess.run(
        ["ps", "-p", str(pid), "-o", "args="], capture_output=True, text=True, check=False
    )
    return shown.stdout


def makeService(options: Options) -> IService:
    """The whole service, as `assembly` puts it together."""
    signals.interrupt_at_once()
    startup.put_off_collection()
    from .server import assembly

    return assembly.service(options.settings, options["check"], options.parent or {})
