"""The service without the word twistd: python -m twisted_chat [options] [PORT]."""

from __future__ import annotations

import sys

from .server.signals import interrupt_at_once


def main() -> None:
    """Run `twistd --nodaemon chat` with the words of this command line."""
    interrupt_at_once()  # importing takes a moment
    from twisted.scripts.twistd import run

    sys.argv[1:1] = ["--nodaemon", "chat"]
    run()


if __name__ == "__main__":
    main()
