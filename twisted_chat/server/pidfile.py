"""What a killed server leaves behind must not keep the next one from starting."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path


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
