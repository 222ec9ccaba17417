"""The contents of files on the disk."""

from __future__ import annotations

import errno
import os
from hashlib import sha256
from pathlib import Path
from unittest import mock

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from twisted_chat.store.blobs import FLUSH_EVERY, Blobs, NoRoom, contents_of


class BlobTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.folder = Path(self.mktemp())
        self.folder.mkdir()
        self.blobs = Blobs(self.folder / "files")
        self.addCleanup(self.blobs.close)

    def written(self, *pieces: bytes) -> str:
        name = self.blobs.create()
        appending = self.blobs.append_to(name)
        for piece in pieces:
            appending.write(piece)
        self.assertEqual(appending.finish(), sha256(b"".join(pieces)).hexdigest())
        appending.close()
        return name

    def read(self, name: str, at: int = 0) -> bytes:
        reading = self.blobs.read_from(name)
        data = reading.read(at, 1 << 30)
        reading.close()
        return data

    def test_what_is_written_is_read(self) -> None:
        name = self.written(b"one", b"two", bytes(3 * FLUSH_EVERY), b"three")
        self.assertEqual(self.read(name), b"onetwo" + bytes(3 * FLUSH_EVERY) + b"three")
        self.assertEqual(self.read(name, 3 * FLUSH_EVERY + 6), b"three")

    def test_they_are_for_their_owner_only(self) -> None:
        name = self.written(b"x")
        self.assertEqual(self.blobs.folder.stat().st_mode & 0o777, 0o700)
        self.assertEqual((self.blobs.folder / name).stat().st_mode & 0o777, 0o600)

    def test_one_goes_on_where_it_was(self) -> None:
        name = self.written(b"one")
        for known in (True, False):
            first = self.blobs.append_to(name)
            while first.hash_more(2):
                pass
            first.write(b"two")
            first.close()
            second = self.blobs.append_to(name, first.hashed if known else None)
            with mock.patch("os.pread", wraps=os.pread) as read:
                while second.hash_more(2):
                    pass
            self.assertEqual(any(call.args[1] for call in read.call_args_list), not known)
            self.assertEqual(second.finish(), sha256(self.read(name)).hexdigest())
            second.close()

    def test_hashing_goes_on_where_it_was_left(self) -> None:
        name = self.written(b"one two three")
        first = self.blobs.append_to(name)
        self.assertTrue(first.hash_more(4))
        first.close()
        second = self.blobs.append_to(name, first.hashed)
        with mock.patch("os.pread", wraps=os.pread) as read:
            self.assertFalse(second.hash_more(100))
        self.assertEqual([call.args[1:] for call in read.call_args_list], [(9, 4)])
        self.assertEqual(second.finish(), sha256(b"one two three").hexdigest())
        second.close()

    def test_a_content_that_is_shorter_than_what_was_hashed_is_hashed_anew(self) -> None:
        name = self.written(b"one")
        first = self.blobs.append_to(name)
        first.hash_more(100)
        first.close()
        (self.blobs.folder / name).write_bytes(b"ot")
        second = self.blobs.append_to(name, first.hashed)
        second.hash_more(100)
        self.assertEqual(second.finish(), sha256(b"ot").hexdigest())
        second.close()

    def test_e2_a_link_is_not_followed(self) -> None:
        secret = self.folder / "secret"
        secret.write_bytes(b"secret")
        for link in (os.symlink, os.link):
            name = "0" * 32
            link(secret.absolute(), self.blobs.folder / name)
            for open_it in (self.blobs.read_from, self.blobs.append_to):
                error = self.assertRaises(OSError, open_it, name)
                self.assertEqual(error.errno, errno.ELOOP)
            self.blobs.remove(name)
        self.assertEqual(secret.read_bytes(), b"secret")

    def test_e2_a_new_content_never_takes_the_place_of_something(self) -> None:
        name = "1" * 32
        os.symlink(self.folder / "elsewhere", self.blobs.folder / name)
        with mock.patch("twisted_chat.store.blobs.token_hex", return_value=name):
            self.assertRaises(FileExistsError, self.blobs.create)
        self.assertFalse((self.folder / "elsewhere").exists())

    def test_e2_the_folder_may_be_renamed_while_it_is_in_use(self) -> None:
        name = self.written(b"x")
        self.blobs.folder.rename(self.folder / "moved")
        self.blobs.folder.symlink_to("/etc")
        self.assertEqual(self.read(name), b"x")

    @given(
        st.text(max_size=40) | st.sampled_from(["../chat.db", "/etc/passwd", "0" * 31, "G" * 32])
    )
    def test_e1_a_name_from_elsewhere_is_never_a_path(self, name: str) -> None:
        for do in (self.blobs.read_from, self.blobs.append_to, self.blobs.remove):
            self.assertRaises(OSError, do, name)

    def test_e2_only_files_can_be_contents(self) -> None:
        name = "2" * 32
        os.mkfifo(self.blobs.folder / name)
        self.assertRaises(OSError, self.blobs.read_from, name)
        self.assertRaises(OSError, self.blobs.append_to, name)

    def test_the_list_is_of_contents_only(self) -> None:
        name = self.written(b"12345")
        (self.blobs.folder / "README").write_text("x")
        listed = self.blobs.listed()
        self.assertEqual({name: 5}, {name: content.size for name, content in listed.items()})

    def test_removing_twice_is_no_fault(self) -> None:
        name = self.written(b"x")
        self.blobs.remove(name)
        self.blobs.remove(name)
        self.assertEqual(self.blobs.listed(), {})

    def test_e3_so_much_stays_free(self) -> None:
        name = self.blobs.create()
        appending = self.blobs.append_to(name)
        self.addCleanup(appending.close)
        self.blobs.keep_free = os.statvfs(self.folder).f_bavail * 4096 * 2
        self.assertLess(self.blobs.free(), 0)
        self.assertRaises(NoRoom, appending.write, b"x")
        self.assertEqual(appending.size, 0)
        self.blobs.keep_free = 0
        appending.write(b"x")

    def test_e3_what_others_are_writing_counts(self) -> None:
        with (
            mock.patch.object(type(self.blobs), "free", lambda _: 100_000),
            self.blobs.taking(60_000),
        ):
            self.assertRaises(NoRoom, self.blobs.taking(60_000).__enter__)

    def test_e11_a_write_that_fails_half_way_leaves_what_was_there(self) -> None:
        name = self.blobs.create()
        appending = self.blobs.append_to(name)
        appending.write(b"kept")
        write = os.write

        def half(descriptor: int, data: bytes) -> int:
            if len(data) == 10:
                return write(descriptor, bytes(data[:5]))
            raise OSError(errno.ENOSPC, "No space left on device")

        with mock.patch("os.write", half):
            self.assertRaises(OSError, appending.write, b"0123456789")
        self.assertEqual(self.read(name), b"kept")
        appending.write(b" and more")
        self.assertEqual(appending.finish(), sha256(b"kept and more").hexdigest())
        appending.close()

    def test_two_databases_in_one_folder_have_two_folders(self) -> None:
        self.assertEqual(contents_of(Path("/srv/chat.db")), Path("/srv/files"))
        self.assertEqual(contents_of(Path("/srv/other.db")), Path("/srv/other.db-files"))
