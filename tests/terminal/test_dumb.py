"""A terminal that can do nothing but print is told so in one sentence."""

from __future__ import annotations

import io
import os
import sys

from twisted.trial.unittest import SynchronousTestCase

from twisted_chat.clients.desk.command_line import Arguments
from twisted_chat.clients.terminal import run


class DumbTests(SynchronousTestCase):
    def test_a_terminal_without_a_cursor(self) -> None:
        for term in ("dumb", "unknown", ""):
            errors = io.StringIO()
            self.patch(os, "environ", {**os.environ, "TERM": term})
            self.patch(sys, "stderr", errors)
            ended = self.assertRaises(SystemExit, run, Arguments())
            self.assertEqual(ended.code, 1)
            self.assertEqual(errors.getvalue().count("\n"), 1)
            self.assertIn(f"(TERM={term}) cannot move its cursor: set TERM", errors.getvalue())
