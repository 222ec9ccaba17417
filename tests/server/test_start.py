"""What is put off until the server listens."""

from __future__ import annotations

import gc
import sys
from unittest import mock

from twisted.trial.unittest import SynchronousTestCase

from twisted_chat.server import startup


class StartTests(SynchronousTestCase):
    def test_the_search_for_garbage_goes_on_after_the_start(self) -> None:
        with mock.patch.object(gc, "freeze") as frozen:
            startup.go_on_collecting()
            self.assertFalse(frozen.called)
            startup.put_off_collection()
            self.addCleanup(gc.enable)
            self.assertFalse(gc.isenabled())
            startup.go_on_collecting()
            self.assertTrue(gc.isenabled())
            self.assertTrue(frozen.called)

    def test_what_the_first_needs_it_does_not_wait_for(self) -> None:
        from twisted_chat.core import lookalikes, names

        names._judged_once.cache_clear()
        names._profile.cache_clear()
        lookalikes._prototypes.cache_clear()
        lookalikes._script_ranges.cache_clear()
        startup.read_ahead()
        for table, entries in (
            (names._profile, 2),
            (lookalikes._prototypes, 1),
            (lookalikes._script_ranges, 1),
        ):
            self.assertEqual(table.cache_info().currsize, entries)
            missed = table.cache_info().misses
            names.fold("Жанна")
            self.assertEqual(table.cache_info().misses, missed)
        self.assertIn("websockets.server", sys.modules)
