"""What may stand on the command line of a client, and the help that says so."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from ..connection.address import DEFAULT_HOST, SCHEME, from_url

# Options that take a value, and the field of the arguments it is for.
OPTIONS = {
    "-hn": "host",
    "--host": "host",
    "-p": "port",
    "--port": "port",
    "-u": "name",
    "--user": "name",
    "--password-file": "password_file",
    "--downloads": "downloads",
}
# Options that stand alone, and what they make of a field.
SWITCHES = {
    "--register": ("register", True),
    "--insecure": ("insecure", True),
    "--trust-new-key": ("trust_new_key", True),
    "--json": ("json", True),
    "--no-bell": ("bell", False),
    "--no-color": ("color", False),
}

HELP = """\
{program} [options] [HOST [PORT [NAME]]]
{program} [options] chat://NAME@HOST:PORT/#ROOM

A client for twisted-chat. HOST is localhost if it is left out, PORT is 9999, and NAME is
the one that you used there last. At a terminal it has a screen of its own; where input or
output is a pipe or a file, it reads lines and writes lines.

  -hn, --host HOST        the server, instead of the first argument
  -p, --port PORT         its port, instead of the second argument
  -u, --user NAME         your name there, instead of the third argument
  --password-file FILE    the password is the first line of this file (pipes, bots)
  --downloads FOLDER      where fetched files are saved (the default is your Downloads folder)
  --register              make the account if it does not exist yet (pipes, bots)
  --json                  in a pipe: events and answers as the server sends them, as JSON;
                          where a request has no id, the answer names its line
  --insecure              connect even without TLS: others on the network can read everything
  --trust-new-key         accept and remember a new key of the server
  --no-bell               no sound when somebody speaks to you
  --no-color              no colors; the environment variable NO_COLOR does the same
  --version               show the version and exit
  -h, --help              show this help and exit

There is no option for a password: everybody on a computer can see its command lines. A
client that has logged in before does not ask again; a second client at the same time asks once.

At a terminal:
  {program}
  {program} chat.example.org 9999 tesla
  {program} chat://tesla@chat.example.org/#coil

From cron: every line is typed as it stands, a command or something to say. The program ends
when the server has stored everything.
  echo 'BM backup done' | {program} -u backup --password-file /etc/chat.secret
  df -h / | sed 's/^/say #servers /' | {program} -u backup --password-file /etc/chat.secret
  sed 's/^/BM /' notes | {program}     # said to everybody, whatever the lines begin with

Files: a line such as `send edison coil.png` sends one, `get 5` or `get 5 ~/coil.png` fetches
one; the program ends when the transfer is complete.
  echo 'send #lobby report.pdf' | {program} -u backup --password-file /etc/chat.secret

A bot, in any language (lines such as {{"do": "send", "room": "#lobby", "text": "pong"}} go in,
events come out), or in ten lines of Python: see twisted_chat.bot. Besides what the
server takes there is {{"do": "send", "room": "#lobby", "path": "report.pdf"}}, and to have a
file {{"do": "fetch", "file": 5}}, with a "path" to save it somewhere other than Downloads.
  mkfifo events; ./bot < events | {program} --json -u clerk --password-file clerk.txt > events

Environment:
  TWISTED_CHAT_PASSWORD   the password in a pipe, if there is no --password-file
  TWISTED_CHAT_PASSPHRASE the passphrase of the keys kept here, in a pipe, if they have one
  XDG_CONFIG_HOME, XDG_DATA_HOME   where the folders below are
Files:
  {config}   known servers and their keys
  {data}   sessions, and messages that are not sent yet
Exit codes:
  0  everything was done
  1  something was refused, or the server could not be reached; the messages say why
  2  the command line is wrong
"""


def help_text(program: str) -> str:
    """What --help says."""
    from platformdirs import user_config_path, user_data_path

    from ..sync.storage import NAME

    config, data = (where(NAME, appauthor=False) for where in (user_config_path, user_data_path))
    width = max(len(str(config)), len(str(data)))
    return HELP.format(
        program=program, config=str(config).ljust(width), data=str(data).ljust(width)
    )


def is_name(word: str) -> bool:
    """Whether a word that stands alone is somebody's name: hosts have a dot or a colon."""
    return bool(word) and word != DEFAULT_HOST and not re.search("[.:]", word)


def place_of(word: str) -> dict[str, str]:
    """What the first word says: a host, HOST:PORT, or an address with more in it."""
    if not word.startswith(SCHEME):
        if not re.fullmatch(r"[^:\[\]]*:[0-9]+|\[[^\[\]]*\](:[0-9]+)?", word):
            return {"host": word}
        word = SCHEME + word
    address = from_url(word)
    parts = urlsplit(word.replace("#", "%23"))
    return {
        "host": address.host if parts.hostname else "",
        "port": str(address.port) if parts.port is not None else "",
        "name": address.name,
        "room": address.room,
    }
