"""From one to another: offer, upload, message, fetch."""

from __future__ import annotations

from .case import COIL, FilesTestCase, digest


class SendingTests(FilesTestCase):
    def test_a_file_goes_to_a_room_and_comes_out_as_it_went_in(self) -> None:
        file = self.sends(self.tesla, "#lobby")
        (heard,) = self.edison.takes_events("message")
        self.assertEqual(heard["text"], "")
        self.assertEqual(
            heard["file"],
            {"file": file, "size": len(COIL), "sha256": digest(COIL), "name": "coil.png"},
        )
        self.assertEqual(self.fetches(self.edison, file), COIL)
        self.assertEqual(self.fetches(self.tesla, file), COIL)
