"""The IRC servers that ours is compared with, configured to be at their best: Debian's packages."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from servers import Trouble

PACKAGES = {"inspircd": "inspircd", "ngircd": "ngircd"}

# Every limit off, large queues, no look-ups of names; one process in the foreground.
INSPIRCD = """
<server name="irc.bench" description="bench" id="1AB" network="bench">
<admin name="bench" nick="bench" email="bench@localhost">
<bind address="127.0.0.1" port="{port}" type="clients">
<connect name="all" allow="*" timeout="60" pingfreq="3600" hardsendq="512M" softsendq="256M"
  recvq="16M" threshold="1000000" commandrate="100000000" fakelag="no" localmax="100000"
  globalmax="100000" maxconnwarn="no" resolvehostnames="no" useident="no" limit="100000"
  modes="">
<class name="none" commands="">
<performance netbuffersize="65534" somaxconn="1024" softlimit="100000" quietbursts="yes"
  nouserdns="yes" clonesonconnect="no" timeskipwarn="0">
<options prefixquit="" announceinvites="none" defaultmodes="n" moronbanner="">
<limits maxnick="30" maxchan="64" maxmodes="20" maxline="512">
<security maxtargets="20">
<log method="file" type="* -USERINPUT -USEROUTPUT" level="default" target="{folder}/inspircd.log">
<files motd="{folder}/motd">
<channels users="1000" opers="1000">
<pid file="{folder}/inspircd.pid">
"""

NGIRCD = """
[Global]
Name = irc.bench
Info = bench
Listen = 127.0.0.1
Ports = {port}
MotdPhrase = bench
PidFile =
[Limits]
ConnectRetry = 60
MaxConnections = 0
MaxConnectionsIP = 0
MaxJoins = 0
MaxPenaltyTime = 0
PingTimeout = 3600
[Options]
DNS = no
Ident = no
PAM = no
SyslogFacility = local1
"""


def install() -> None:
    """Install what is missing, where that is possible."""
    missing = [package for name, package in PACKAGES.items() if find(name) is None]
    if missing and os.getuid() == 0 and shutil.which("apt-get"):
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "check": False}
        environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        subprocess.run(["apt-get", "-qq", "update"], env=environment, **quiet)  # type: ignore[call-overload]
        subprocess.run(
            ["apt-get", "-qq", "install", "--no-install-recommends", *missing],
            env=environment,
            **quiet,  # type: ignore[call-overload]
        )


def find(name: str) -> str | None:
    """Where a server is installed; Debian keeps them where only the administrator looks."""
    return shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")


def _program(name: str) -> str:
    found = find(name)
    if found is None:
        raise Trouble(f"{name} is not installed: apt-get install {PACKAGES[name]}.")
    return found


def inspircd_command(port: int, data: Path) -> list[str]:
    """InspIRCd on that port."""
    (data / "motd").write_text("bench\n")
    config = data / "inspircd.conf"
    config.write_text(INSPIRCD.format(port=port, folder=data))
    root = ["--runasroot"] if os.getuid() == 0 else []
    return [_program("inspircd"), "--nofork", *root, "--config", str(config)]


def ngircd_command(port: int, data: Path) -> list[str]:
    """ngIRCd on that port."""
    config = data / "ngircd.conf"
    config.write_text(NGIRCD.format(port=port))
    return [_program("ngircd"), "--nodaemon", "--config", str(config)]
