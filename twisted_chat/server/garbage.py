"""Python's search for unused cycles of objects, which a start does without.

What is made at the start stays until the end, so that looking through it finds nothing, and
takes an eighth of the time until the server listens.
"""

from __future__ import annotations

import gc

SELDOM = (25_000, 20, 50)
"""New objects between two searches, and searches of each kind between two of the next.

Messages leave no cycles behind. At Python's own 700 a fifth of a busy server's time went into
looking for some.
"""


def put_off() -> None:
    """Do not search until the service has started."""
    gc.disable()


def go_on() -> None:
    """Search again, if that was put off, but among what is made from now on."""
    if not gc.isenabled():
        # Else every full search would hold up the reactor for all modules, people and rooms.
        gc.freeze()
        gc.set_threshold(*SELDOM)
        gc.enable()
