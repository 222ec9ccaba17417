"""Files that go into encrypted conversations."""

from __future__ import annotations

from pathlib import Path

from tests.desk.office import Seat
from tests.desk.test_confiding import Confidential
from twisted_chat.testing import PASSWORD

CANARY = b"CANARY in a file. "


class SecretFileTests(Confidential):
    def setUp(self) -> None:
        super().setUp()
        self.content = CANARY * 20_000
        self.coil = self.file("CANARY.png", self.content)
        self.encrypt()

    def file(self, name: str, content: bytes) -> Path:
        folder = self.office.home.parent / f"{self.office.home.name}-drawers"
        folder.mkdir(exist_ok=True)
        path = folder / name
        path.write_bytes(content)
        self.addCleanup(path.unlink)
        return path

    def fetched(self, seat: Seat, number: int = 1) -> bytes:
        """What somebody gets; then it is put away from what is searched for clues."""
        seat.types(f"get {number}")
        (path,) = seat.downloads.iterdir()
        content = path.read_bytes()
        path.unlink()
        return content

    def test_i9_a_file_is_read_by_both_and_by_nobody_between(self) -> None:
        self.tesla.types(f"send edison {self.coil}")
        told = "(file 1: CANARY.png, 360.0 kB; to have it: get 1)"
        self.tesla.reads(f"[edison/2 10:00 private encrypted] tesla: {told}")
        self.edison.reads(f"[tesla/2 10:00 private encrypted] tesla: {told}")
        self.assertEqual(self.fetched(self.edison), self.content)
        self.assertEqual(self.fetched(self.tesla), self.content)
        self.assertNotIn(b"CANARY", self.kept())

    def test_they_are_listed_by_the_names_that_no_server_knows(self) -> None:
        self.tesla.types(f"send edison {self.coil}")
        self.edison.types("files")
        self.edison.finds("1  CANARY.png (360.0 kB) from tesla, tesla/2")
        plain = self.office.connects()
        plain.types("edison", PASSWORD, "files")
        plain.hears("1  (encrypted) (360.1 kB) from tesla, tesla/2")

    def test_e5_it_goes_on_after_cuts_in_the_middle_of_a_chunk(self) -> None:
        self.tesla.cargo_breaks_after = [100_000, 150_001, 70_000]
        self.tesla.types(f"send edison {self.coil}")
        self.office.wait(60)
        self.edison.finds("file 1: CANARY.png")
        self.edison.cargo_breaks_after = [100_000, 65_551, 3]
        self.edison.types("get 1")
        self.office.wait(60)
        (path,) = self.edison.downloads.iterdir()
        self.assertEqual((path.name, path.read_bytes()), ("CANARY.png", self.content))

    def test_an_empty_one_and_one_of_whole_chunks(self) -> None:
        for number, size in ((1, 0), (2, 65_536), (3, 131_072)):
            self.tesla.types(f"send edison {self.file(f'{size}.bin', bytes(size))}")
            self.assertEqual(self.fetched(self.edison, number), bytes(size))

    def test_c3_who_was_away_has_it_on_return_and_a_newcomer_has_no_key(self) -> None:
        self.edison.crashes()
        self.tesla.types(f"send edison {self.coil}")
        self.edison.start()
        self.assertEqual(self.fetched(self.edison), self.content)
        other = self.second("edison")
        other.types("get 1")
        other.finds("File 1 is encrypted, and this device has no key for it")

    def test_d1_a_client_that_was_killed_before_it_could_name_the_file_names_it_later(self) -> None:
        self.tesla.types(f"send edison {self.coil}")
        self.tesla.crashes()
        self.tesla.start()
        self.edison.finds("CANARY.png")
        self.edison.types("/history tesla")
        shown = [line.text for line in self.edison.lines]
        self.assertEqual(sum("CANARY.png" in text for text in shown), 1)
        self.assertNotIn(b"CANARY", self.kept())

    def test_i7_a_file_that_the_server_has_changed_is_not_kept(self) -> None:
        self.tesla.types(f"send edison {self.coil}")
        contents = [path for path in (self.office.directory / "files").rglob("*") if path.is_file()]
        (content,) = contents
        data = bytearray(content.read_bytes())
        data[100_000] ^= 1
        content.write_bytes(data)
        self.edison.types("get 1")
        self.office.wait(60)
        self.edison.finds("is not what was sent, and was not kept")
        self.assertEqual(list(self.edison.downloads.iterdir()), [])

    def test_in_a_room(self) -> None:
        self.tesla.types("/create #coil", "/invite #coil edison")
        self.edison.types("/join #coil")
        self.encrypt("#coil")
        self.tesla.types(f"send #coil {self.coil}")
        self.edison.finds("encrypted] tesla: (file 1: CANARY.png")
        self.assertEqual(self.fetched(self.edison), self.content)
        self.assertNotIn(b"CANARY", self.kept())
