"""The tests of twisted_chat; they run under trial and under pytest."""

import os
import signal

from hypothesis import settings

PROOF = os.environ.get("PROOF") == "1"
"""Whether everything is tried as often as for a proof, which takes hours (`make proof`)."""


def often(ordinarily: int, for_a_proof: int = 1000) -> int:
    """How often a test tries something."""
    return for_a_proof if PROOF else ordinarily


# Here, because trial and pytest both begin with this file.
settings.register_profile("ours", deadline=None, derandomize=True, max_examples=often(50))
settings.load_profile("ours")

# A shell's background job ignores the interrupt, and so would every program that a test starts
# and interrupts: it would go on for ever.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
