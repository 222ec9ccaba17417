"""The client: at a terminal a screen of its own, in a pipe lines in and lines out.

python -m twisted_chat.client --help
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

INTERRUPTED = 130  # as a shell counts it


def main(words: Sequence[str]) -> int:
    """Read the command line and begin; the exit code."""
    from .clients.desk.command_line import read_arguments

    arguments = read_arguments("twisted-chat", words)
    if not arguments.json and _is_terminal(sys.stdin) and _is_terminal(sys.stdout):
        from .clients.terminal import run as run_terminal

        return run_terminal(arguments)
    from .clients.pipe import run as run_pipe

    return run_pipe(arguments)


def _is_terminal(stream: object) -> bool:
    """Whether a stream is a terminal; a program that was started without it has None there."""
    isatty = getattr(stream, "isatty", None)
    return isatty is not None and bool(isatty())


def _open_streams() -> None:
    """Open the streams that this was started without, so that no other file takes their numbers."""
    for number in (0, 1, 2):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)


def run() -> None:
    """The program `twisted-chat`."""
    try:
        _open_streams()
        code = main(sys.argv[1:])
    except KeyboardInterrupt:
        print("Interrupted: this client ends.", file=sys.stderr)
        code = INTERRUPTED
    raise SystemExit(code)


if __name__ == "__main__":
    run()
