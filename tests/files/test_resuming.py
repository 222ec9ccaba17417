"""Uploads and downloads that are cut, and go on where they were."""

from __future__ import annotations

from .case import COIL, FilesTestCase


class ResumingTests(FilesTestCase):
    def test_e5_an_upload_goes_on_where_the_server_is(self) -> None:
        offered = self.offers(self.tesla, "edison")
        first = self.courier()
        self.assertEqual(first.asks("upload", ticket=offered["ticket"])["from"], 0)
        first.sends(COIL[:70_001])
        first.vanishes()
        again = self.offers(self.tesla, "edison")
        self.assertEqual((again["file"], again["from"]), (offered["file"], 70_001))
        ending = self.courier().uploads(again["ticket"], COIL)
        self.assertEqual(ending, {"event": "stored", "file": offered["file"]})
        self.says_file(self.tesla, "edison", offered["file"])
        self.assertEqual(self.fetches(self.edison, offered["file"]), COIL)

    def test_e5_an_upload_goes_on_after_a_restart_of_the_server(self) -> None:
        offered = self.offers(self.tesla, "edison")
        first = self.courier()
        first.asks("upload", ticket=offered["ticket"])
        first.sends(COIL[:100_000])
        self.hall.restart()
        tesla, edison = self.hall.bot("tesla"), self.hall.bot("edison")
        again = self.offers(tesla, "edison")
        self.assertEqual((again["file"], again["from"]), (offered["file"], 100_000))
        ending = self.courier().uploads(again["ticket"], COIL)
        self.assertEqual(ending, {"event": "stored", "file": offered["file"]})
        self.says_file(tesla, "edison", offered["file"])
        self.assertEqual(self.fetches(edison, offered["file"]), COIL)

    def test_e5_a_download_goes_on_where_the_client_is(self) -> None:
        file = self.sends(self.tesla, "#lobby")
        for start in (0, 1, 65_536, len(COIL) - 1, len(COIL)):
            ticket = self.edison.asks("get", file=file)["ticket"]
            self.assertEqual(self.courier().downloads(ticket, start), COIL[start:])
