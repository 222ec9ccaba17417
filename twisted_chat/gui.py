"""The client as a window: python -m twisted_chat.gui [HOST [PORT [NAME]]]."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib import import_module

PROGRAM = "python -m twisted_chat.gui"

HELP = f"""\
{PROGRAM} [options] [HOST [PORT [NAME]]]
{PROGRAM} [options] NAME
{PROGRAM} [options] chat://NAME@HOST:PORT/#ROOM

A window for twisted-chat. HOST is localhost if it is left out, PORT is 9999, and NAME is your
last name there. One word alone is your name, unless it is localhost or has a dot or a colon in
it as hosts do; a host that has neither is given with --host.

  -hn, --host HOST        the server, instead of the first argument
  -p, --port PORT         its port, instead of the second argument
  -u, --user NAME         your name there, instead of the third argument
  --downloads FOLDER      where fetched files are saved (the default is your Downloads folder)
  --dark, --light         the colors; the default is those of the desktop
  --insecure              connect even without TLS: others on the network can read everything
  --trust-new-key         accept and remember a new key of the server
  --no-bell               no sound and no notice when somebody speaks to you
  --version               show the version and exit
  -h, --help              show this help and exit

Every command of the terminal client works in the window too: /help lists them.
  Enter sends, Tab completes, Up brings back what was typed before, F9 hides the side panels,
  Ctrl+Tab and Ctrl+Page Down go to the next conversation, Ctrl+O sends a file, Ctrl+Q leaves

Environment:
  TWISTED_CHAT_THEME      dark or light
"""

LOOKS = {"--dark": "dark", "--light": "light"}

NO_TK = (
    "This Python has no Tk, which the window is made with: install it (python3-tk on Debian and"
    " Ubuntu, python-tk with brew), or use python -m twisted_chat.client.\n"
)


def main(words: Sequence[str]) -> int:
    """Show the window; the exit code."""
    if {"-h", "--help"} & set(words):
        sys.stdout.write(HELP)
        return 0
    from .clients.desk.command_line import NOT_POSSIBLE, WRONG_USAGE, read_arguments, stop

    looks = [LOOKS[word] for word in words if word in LOOKS]
    others = [word for word in words if word not in LOOKS]
    arguments = read_arguments(PROGRAM, others, name_alone=True)
    if len(set(looks)) > 1:
        stop("It is either --dark or --light.", WRONG_USAGE)
    if arguments.json or arguments.register or arguments.password_file:
        stop("--json, --register and --password-file are not for the window.", WRONG_USAGE)
    try:
        import_module("tkinter")
    except ImportError:
        stop(NO_TK.rstrip(), NOT_POSSIBLE)
    from .clients import window

    return window.run(arguments, looks[0] if looks else "")


def run() -> None:
    """The program `twisted-chat-window`."""
    raise SystemExit(main(sys.argv[1:]))


if __name__ == "__main__":
    run()
