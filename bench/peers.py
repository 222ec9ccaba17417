"""The IRC servers of others, set up so that nothing but their own speed holds them back."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from servers import Trouble

PACKAGES = ("inspircd", "ngircd")

# Every limit is far beyond what the generator does. InspIRCd multiplies the threshold by a
# thousand, in 32 bits.
INSPIRCD = """\
<server name="bench.local" description="bench" network="bench">
<bind address="127.0.0.1" port="{port}" type="clients">
<connect allow="*" timeout="60" pingfreq="1h" maxchans="100" limit="100000"
  localmax="100000" globalmax="100000" maxconnwarn="no" resolvehostnames="no" useident="no"
  fakelag="no" threshold="4000000" commandrate="1000000000"
  recvq="16M" softsendq="32M" hardsendq="64M">
<performance netbuffersize="65534" somaxconn="1024" softlimit="100000" clonesonconnect="no"
  quietbursts="yes">
<path configdir="{data}" datadir="{data}" logdir="{data}" runtimedir="{data}">
"""

NGIRCD = """\
[Global]
Name = bench.local
Info = bench
Listen = 127.0.0.1
Ports = {port}
MotdPhrase = bench
[Limits]
MaxConnections = 0
MaxConnectionsIP = 0
MaxJoins = 0
MaxPenaltyTime = 0
PingTimeout = 3600
[Options]
DNS = no
Ident = no
PAM = no
"""


class NotInstalled(Trouble):
    """There is nothing to measure."""


def _program(package: str) -> str | None:
    # Debian keeps them where only root looks.
    return shutil.which(package, path=f"{os.environ.get('PATH', '')}:/usr/local/sbin:/usr/sbin")


def _installed(package: str) -> str:
    program = _program(package)
    if program is None:
        raise NotInstalled(
            f"{package} is not installed, so it was not measured: "
            f"on Debian and Ubuntu `apt-get install {package}` does it."
        )
    return program


def _configuration(data: Path, name: str, text: str) -> str:
    file = data / name
    file.write_text(text)
    return str(file)


def inspircd_command(port: int, data: Path) -> list[str]:
    program = _installed("inspircd")
    file = _configuration(data, "inspircd.conf", INSPIRCD.format(port=port, data=data))
    as_root = ["--runasroot"] if os.geteuid() == 0 else []
    return [program, "--config", file, "--nofork", "--nopid", "--nolog", *as_root]


def ngircd_command(port: int, data: Path) -> list[str]:
    program = _installed("ngircd")
    return [program, "-n", "-f", _configuration(data, "ngircd.conf", NGIRCD.format(port=port))]


def install_missing() -> None:
    """On Debian, as root; otherwise what is missing is told and left out."""
    missing = [package for package in PACKAGES if _program(package) is None]
    if not missing or os.geteuid() != 0 or shutil.which("apt-get") is None:
        return
    print(f"installing {' and '.join(missing)} …", file=sys.stderr)
    # Only the programs are wanted: Debian would start a service of each at once.
    services = [f"{package}.service" for package in missing]
    systemd = Path("/run/systemd/system").is_dir()
    if systemd:
        _quietly("systemctl", "mask", "--runtime", *services)
    try:
        install = ("apt-get", "install", "--yes", "--no-install-recommends", *missing)
        if not _quietly(*install) and _quietly("apt-get", "update"):
            _quietly(*install)
    finally:
        if systemd:
            _quietly("systemctl", "unmask", "--runtime", *services)


def _quietly(*command: str) -> bool:
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive", "RUNLEVEL": "1"}
    try:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, env=environment,
            timeout=300, check=False,
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0
