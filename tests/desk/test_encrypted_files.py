"""Files that go into encrypted conversations."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.support.encrypted import Encrypted
from tests.support.office import Seat
from twisted_chat.testing import PASSWORD

CANARY = b"CANARY in a file. "


class Secret(Encrypted):
    """A file that nobody else is to see."""

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


class SecretFileTests(Secret):
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


class LyingTests(Secret):
    """A server that says of files what is not so."""

    def setUp(self) -> None:
        super().setUp()
        self.tesla.types(f"send edison {self.coil}")
        self.forget()

    def says_of_tickets(self, **facts: object) -> None:
        """Whatever edison wants to fetch, the server says this of it."""

        def lie(said: dict[str, Any]) -> list[dict[str, Any]]:
            if "ticket" in (said.get("ok") or {}):
                said["ok"].update(facts)
            return [said]

        self.edison.lies[:] = [lie]

    def test_i4_e1_a_sealed_file_is_no_other_whatever_the_server_says(self) -> None:
        lies: list[dict[str, object]] = [
            {"name": "evil.sh"},
            {"name": "evil.sh", "room": "#lobby", "seq": 1},
            {"name": "../../evil.sh", "room": "tesla", "seq": 1},
        ]
        for facts in lies:
            self.says_of_tickets(**facts)
            self.assertEqual(self.fetched(self.edison), self.content)
        self.edison.crashes()
        self.edison.start()
        self.assertEqual(self.fetched(self.edison), self.content)

    def test_i4_a_file_in_clear_is_none_of_an_encrypted_conversation(self) -> None:
        self.says_of_tickets(file=7, name="evil.sh", seq=3)
        self.edison.types("get 1")
        self.edison.finds("this device has no key for it")
        self.assertFalse(self.edison.downloads.exists() and list(self.edison.downloads.iterdir()))

    def test_e5_i7_a_size_that_is_a_lie_is_found_out(self) -> None:
        for size in (0, 15, 16, 65_552, 360_095, 360_097, 1 << 40):
            self.says_of_tickets(size=size)
            self.edison.types("get 1")
            self.office.wait(300)
            for number in list(self.edison.user.transfers.running):
                self.edison.types(f"cancel {number}")
        self.assertEqual(
            [path for path in self.edison.downloads.iterdir() if path.suffix != ".part"], []
        )
        self.edison.lies.clear()
        for path in self.edison.downloads.iterdir():
            path.unlink()
        self.assertEqual(self.fetched(self.edison), self.content)

    def test_i4_a_list_of_files_has_no_names_of_the_servers(self) -> None:
        def lie(said: dict[str, Any]) -> list[dict[str, Any]]:
            for line in (said.get("ok") or {}).get("files", ()):
                line["name"] = "evil.sh"
            return [said]

        self.edison.lies[:] = [lie]
        self.edison.types("files")
        shown = "\n".join(line.text for line in self.edison.lines)
        self.assertIn("CANARY.png", shown)
        self.assertNotIn("evil.sh", shown)

    def test_a_file_that_went_in_clear_before_is_not_said_sealed(self) -> None:
        albert = self.office.desk("albert")
        self.tesla.user.say_file("albert", "x.png", 99)
        self.office.settle()
        self.forget()
        albert.types("/encrypt tesla", "yes")
        sent = self.tesla.user.say_file("albert", "coil.png", 99)
        self.office.settle()
        assert sent.error is not None
        self.assertIn("encrypted while the file was on its way", sent.error.sentence)
        self.assertNotIn("coil.png", "".join(line.text for line in albert.lines))
