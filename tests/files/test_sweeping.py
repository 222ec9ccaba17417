"""What nobody sends is forgotten; the folder of contents and the rows are kept in step."""

from __future__ import annotations

from unittest import mock

from twisted.internet.defer import fail
from twisted.logger import capturedLogs, formatEvent

from twisted_chat.core.errors import ChatError
from twisted_chat.doors import file_transfer

from .case import COIL, FilesTestCase

HOUR = 3600


class SweepingTests(FilesTestCase):
    def wait(self, seconds: float) -> None:
        self.hall.wait(seconds, step=30)

    def test_e11_what_is_offered_and_not_uploaded_is_forgotten_after_an_hour(self) -> None:
        self.offers(self.tesla, "#lobby")
        self.assertEqual(len(self.contents()), 1)
        self.wait(HOUR - 60)
        self.assertEqual(len(self.contents()), 1)
        self.wait(180)
        self.assertEqual(self.contents(), [])

    def test_e5_an_hour_is_counted_from_the_last_byte(self) -> None:
        courier = self.begins_upload(self.tesla, "#lobby")
        courier.sends(COIL[:1000])
        courier.vanishes()
        self.wait(HOUR - 120)
        self.assertEqual(self.offers(self.tesla, "#lobby")["from"], 1000)
        self.wait(HOUR - 120)
        self.assertEqual(self.offers(self.tesla, "#lobby")["from"], 1000)
        self.wait(HOUR + 180)
        self.assertEqual(self.contents(), [])
        self.assertEqual(self.offers(self.tesla, "#lobby")["from"], 0)

    def test_e11_what_is_uploaded_and_not_sent_is_forgotten_after_an_hour(self) -> None:
        file = self.uploads(self.tesla, "#lobby")
        sent = self.sends(self.tesla, "#lobby", b"sent", "sent")
        self.wait(HOUR + 180)
        self.assertEqual(len(self.contents()), 1)
        self.assert_refused(self.says_file(self.tesla, "#lobby", file), "no_such_file")
        self.assertEqual(self.fetches(self.edison, sent), b"sent")

    def test_an_upload_that_goes_on_is_not_swept_however_long_it_takes(self) -> None:
        self.patch(file_transfer, "LEAST_MOVED", 1)
        courier = self.begins_upload(self.tesla, "#lobby")
        for at in range(100):
            courier.sends(COIL[at : at + 1])
            self.wait(50)
        courier.sends(COIL[100:])
        self.assertEqual(courier.ending()["event"], "stored")

    def test_e11_contents_without_a_row_are_removed_at_the_start_and_hourly(self) -> None:
        file = self.sends(self.tesla, "#lobby")
        folder = self.hall.directory / "files"
        (folder / ("0" * 32)).write_bytes(b"left by a crash")
        (folder / "README").write_text("not the server's")
        self.hall.restart()
        self.wait(30)
        self.assertEqual(len(self.contents()), 2)
        (folder / ("0" * 32)).write_bytes(b"left by another one")
        self.wait(HOUR + 60)
        self.assertEqual(len(self.contents()), 2)
        self.assertTrue((folder / "README").exists())
        self.come_in()
        self.assertEqual(self.fetches(self.edison, file), COIL)

    def test_e11_a_content_whose_row_is_on_its_way_is_left_alone(self) -> None:
        self.wait(HOUR - 20)
        with mock.patch.object(self.hall.store, "run_once", lambda: False):
            self.tesla.begins("offer", room="#lobby", name="x", size=1, sha256="0" * 64)
            self.wait(60)
            self.assertEqual(len(self.contents()), 1)
        self.hall.settle()
        self.assertEqual(len(self.contents()), 1)

    def test_e11_a_row_that_could_not_be_made_leaves_no_content(self) -> None:
        full = ChatError("store_full", "The server's disk is full; try again later.")
        with mock.patch.object(self.hall.store, "change", side_effect=full):
            self.assert_refused(self.offers(self.tesla, "#lobby"), "store_full")
        self.assertEqual(self.contents(), [])

    def test_e11_a_row_without_its_content_is_told_of_and_shown_as_lost(self) -> None:
        file = self.sends(self.tesla, "#lobby")
        damaged = self.sends(self.tesla, "#lobby", b"another", "another")
        for name in self.contents():
            path = self.hall.directory / "files" / name
            if path.stat().st_size == len(COIL):
                path.unlink()
            else:
                path.write_bytes(b"other")
        with capturedLogs() as logged:
            self.wait(HOUR + 60)
        told = [text for event in logged if "contents" in (text := formatEvent(event))]
        self.assertEqual(told, ["The contents of 2 files are missing or damaged: 1, 2"])
        self.assertEqual([line["gone"] for line in self.edison.asks("files")["files"]], [True] * 2)
        self.assert_refused(self.edison.asks("get", file=file), "no_such_file")
        self.assert_refused(self.edison.asks("get", file=damaged), "no_such_file")
        bell = self.hall.person("bell")
        bell.types("files")
        bell.hears("coil.png (179.2 kB, lost by the server) from tesla")

    def test_e11_an_unsent_file_that_lost_its_content_is_forgotten_at_the_start(self) -> None:
        file = self.uploads(self.tesla, "#lobby")
        (name,) = self.contents()
        (self.hall.directory / "files" / name).unlink()
        self.hall.restart()
        self.wait(30)
        self.come_in()
        self.assert_refused(self.says_file(self.tesla, "#lobby", file), "no_such_file")

    def test_e11_a_content_that_cannot_be_removed_is_removed_later(self) -> None:
        self.sends(self.tesla, "#lobby")
        with mock.patch("os.unlink", side_effect=OSError(16, "Device or resource busy")):
            self.tesla.asks("delete", what="1")
            self.assertEqual(len(self.contents()), 1)
        self.wait(HOUR + 60)
        self.assertEqual(self.contents(), [])

    def test_a_sweep_that_fails_is_told_of_and_tried_again(self) -> None:
        self.offers(self.tesla, "#lobby")
        self.wait(HOUR - 60)
        with (
            mock.patch("os.scandir", side_effect=OSError(5, "Input/output error")),
            capturedLogs() as logs,
        ):
            self.wait(120)
        told = {str(formatEvent(event)) for event in logs}
        self.assertIn(
            "Files were not swept, which is tried again in a minute: input/output error.", told
        )
        self.wait(180)
        self.assertEqual(self.contents(), [])

    def test_k1_a_server_that_stops_meanwhile_says_nothing_of_it(self) -> None:
        stopping = fail(ChatError("restart", "The server is stopping."))
        with (
            mock.patch.object(self.hall.chat.files.cleanup, "run", return_value=stopping),
            capturedLogs() as logs,
        ):
            self.wait(2 * HOUR)
        self.assertEqual([str(formatEvent(event)) for event in logs], [])
