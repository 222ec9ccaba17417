"""IRC clients that people use, in a terminal: WeeChat and Irssi, logging in with SASL over TLS."""

from __future__ import annotations

from pathlib import Path

from tests.support.programs import need
from tests.support.tmux import Terminal

SIZE = (110, 40)


def weechat(folder: Path, port: int, name: str, password: str, mechanism: str) -> Terminal:
    """WeeChat, connected; it comes back by itself two seconds after a connection is lost."""
    need("weechat")
    commands = (
        "/set weechat.startup.display_logo off",
        "/set weechat.startup.display_version off",
        "/set irc.look.server_buffer independent",
        "/set irc.server_default.autoreconnect_delay 1",
        "/set irc.server_default.sasl_fail disconnect",
        f"/server add chat 127.0.0.1/{port} -ssl -ssl_verify=off -nicks={name} -username={name}"
        f" -sasl_mechanism={mechanism} -sasl_username={name} -sasl_password={password}",
        "/set irc.server.chat.autojoin_dynamic off",
        "/connect chat",
    )
    words = [word for command in commands for word in ("-r", command)]
    return Terminal("weechat", "-d", str(folder), *words, size=SIZE)


def irssi(folder: Path, port: int, name: str, password: str, mechanism: str) -> Terminal:
    """Irssi, connected; it comes back by itself a second after a connection is lost."""
    need("irssi")
    folder.mkdir()
    (folder / "config").write_text(
        f"""
servers = ({{
  address = "127.0.0.1"; port = "{port}"; chatnet = "chat"; autoconnect = "yes";
  use_tls = "yes"; tls_verify = "no";
}});
chatnets = {{ chat = {{
  type = "IRC"; nick = "{name}";
  sasl_mechanism = "{mechanism}"; sasl_username = "{name}"; sasl_password = "{password}";
}}; }};
settings = {{
  core = {{ real_name = "{name}"; user_name = "{name}"; nick = "{name}";
            server_reconnect_time = "2s"; }};
  "fe-common/core" = {{ autocreate_own_query = "yes"; activity_hide_level = ""; }};
}};
"""
    )
    return Terminal("irssi", "--home", str(folder), size=SIZE)
