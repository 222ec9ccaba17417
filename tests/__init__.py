"""The tests of twisted_chat; they run under trial and under pytest."""

import os
import signal

from hypothesis import settings

# Here, because trial and pytest both begin with this file.
settings.register_profile("ordinary", deadline=None, derandomize=True, max_examples=50)
settings.register_profile("proof", deadline=None, derandomize=True, max_examples=1000)
settings.load_profile("proof" if os.environ.get("PROOF") == "1" else "ordinary")

# A shell's background job ignores the interrupt, and so would every program that a test starts
# and interrupts: it would go on for ever.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
