"""A file that is fetched, on disk: what is in its way, what is left of it, what it is called."""

from __future__ import annotations

import os
from hashlib import sha256
from pathlib import Path
from unittest import mock

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from tests import often
from twisted_chat.clients.files.codec import Codec, Damaged, PlainCodec, plain_size, stored_size
from twisted_chat.clients.files.downloads import Expected, Part, Wanted, wanted_at, wanted_in
from twisted_chat.clients.files.uploads import Source
from twisted_chat.core.errors import ChatError

MARK = "0123456789ab"
PLAIN = PlainCodec()


class Doubled:
    """A coding for tests: blocks of seven bytes, turned around, with their number before them."""

    plain, stored = 7, 9

    def outward(self, first: int, data: bytes, ends: bool) -> bytes:
        blocks = [data[at : at + 7] for at in range(0, len(data), 7)] or [b""]
        last = len(blocks) - 1
        return b"".join(
            bytes((255 * (ends and at == last), (first + at) % 251)) + block[::-1]
            for at, block in enumerate(blocks)
        )

    def inward(self, first: int, data: bytes, ends: bool) -> bytes:
        blocks = [data[at : at + 9] for at in range(0, len(data), 9)]
        plain = b"".join(block[2:][::-1] for block in blocks)
        if self.outward(first, plain, ends) != data:
            raise Damaged("a block is not what it was")
        return plain


CODECS: list[Codec] = [PLAIN, Doubled()]


def stored(codec: Codec, content: bytes) -> bytes:
    return codec.outward(0, content, True)


class PartTest(SynchronousTestCase):
    def setUp(self) -> None:
        self.folder = Path(self.mktemp()).absolute()
        self.folder.mkdir()

    def part(
        self, content: bytes, name: str = "coil.png", chosen: bool = False, codec: Codec = PLAIN
    ) -> Part:
        """The part of a file with this content."""
        bytes_ = stored(codec, content)
        facts = Expected(MARK, len(bytes_), sha256(bytes_).hexdigest(), codec)
        part = Part(Wanted(self.folder, name, chosen), facts)
        while part.hash_on():
            pass
        return part

    def files(self) -> dict[str, bytes]:
        return {path.name: path.read_bytes() for path in self.folder.iterdir()}

    def fetch(self, content: bytes, name: str = "coil.png", chosen: bool = False) -> Path:
        part = self.part(content, name, chosen)
        self.addCleanup(part.close)
        if content:
            part.take(content)
        return part.finish()


class NamesTests(PartTest):
    def test_e1_nothing_is_overwritten(self) -> None:
        for number, name in enumerate(("coil.png", "coil (2).png", "coil (3).png")):
            self.assertEqual(self.fetch(b"%d" % number).name, name)
        self.assertEqual(
            self.files(), {"coil.png": b"0", "coil (2).png": b"1", "coil (3).png": b"2"}
        )

    def test_e1_a_name_that_was_chosen_must_be_free(self) -> None:
        self.fetch(b"one", "chosen", chosen=True)
        with self.assertRaisesRegex(ChatError, "chosen is there already"):
            self.fetch(b"two", "chosen", chosen=True)
        # What came in its way meanwhile is not overwritten either.
        part = self.part(b"three", "another", chosen=True)
        self.addCleanup(part.close)
        (self.folder / "another").write_bytes(b"somebody else's")
        part.take(b"three")
        self.assertEqual(part.finish().name, "another (2)")
        self.assertEqual(self.files()["another"], b"somebody else's")

    def test_e1_where_there_are_no_second_names(self) -> None:
        (self.folder / "coil.png").write_bytes(b"kept")
        with mock.patch("os.link", side_effect=PermissionError(1, "no links here")):
            self.assertEqual(self.fetch(b"new").name, "coil (2).png")
        self.assertEqual(self.files(), {"coil.png": b"kept", "coil (2).png": b"new"})

    def test_e1_it_is_for_its_owner_and_no_program(self) -> None:
        before = os.umask(0)
        self.addCleanup(os.umask, before)
        self.assertEqual(self.fetch(b"#!/bin/sh").stat().st_mode & 0o777, 0o600)

    def test_e2_links_in_the_way_are_not_followed(self) -> None:
        outside = Path(self.mktemp()).absolute()
        outside.write_bytes(b"not to be touched")
        for put in (os.symlink, os.link):
            put(outside, self.folder / f"coil.png.{MARK}.part")
            os.symlink(outside, self.folder / "coil.png")
            self.assertEqual(self.fetch(b"new").name, "coil (2).png")
            self.assertEqual(outside.read_bytes(), b"not to be touched")
            for path in self.folder.iterdir():
                path.unlink()

    def test_e2_a_folder_that_is_changed_for_a_link_meanwhile(self) -> None:
        elsewhere = Path(self.mktemp()).absolute()
        elsewhere.mkdir()
        part = self.part(b"new")
        self.addCleanup(part.close)
        moved = self.folder.rename(self.folder.with_name("moved"))
        os.symlink(elsewhere, self.folder)
        part.take(b"new")
        part.finish()
        self.assertEqual([path.name for path in moved.iterdir()], ["coil.png"])
        self.assertEqual(list(elsewhere.iterdir()), [])

    def test_e2_what_is_no_file_in_its_place_is_said(self) -> None:
        (self.folder / f"coil.png.{MARK}.part").mkdir()
        with self.assertRaisesRegex(ChatError, "cannot be written: "):
            self.part(b"new")

    def test_where_it_is_to_be(self) -> None:
        self.assertEqual(wanted_at(self.folder, "a"), Wanted(self.folder, "a"))
        self.assertEqual(wanted_at(self.folder / "b", "a"), Wanted(self.folder, "b", True))
        with self.assertRaisesRegex(ChatError, "There is no folder "):
            wanted_at(self.folder / "none" / "b", "a")
        made = self.folder / "made" / "for it"
        self.assertEqual(wanted_in(made, "a"), Wanted(made, "a"))
        (self.folder / "file").touch()
        with self.assertRaisesRegex(ChatError, "There can be no folder "):
            wanted_in(self.folder / "file", "a")


class PiecesTests(PartTest):
    @settings(max_examples=often(25), deadline=None)
    @given(st.data())
    def test_e5_any_cuts_and_any_pieces_give_the_same_file(self, data: st.DataObject) -> None:
        codec: Codec = data.draw(st.sampled_from(CODECS))
        content = data.draw(st.binary(max_size=64))
        whole = stored(codec, content)
        self.assertEqual(stored_size(codec, len(content)), len(whole))
        self.assertEqual(plain_size(codec, len(whole)), len(content))
        for left in self.folder.iterdir():  # by an example that was given up
            left.unlink()
        self.parts = [self.part(content, codec=codec)]
        try:
            path = self.received(data, content, codec)
        finally:
            self.parts.pop().close()
        self.assertEqual(path.read_bytes(), content)
        self.assertEqual(list(self.files()), [path.name])
        path.unlink()

    def received(self, data: st.DataObject, content: bytes, codec: Codec) -> Path:
        whole = stored(codec, content)
        while (position := self.parts[0].position) < len(whole):
            upto = data.draw(st.integers(position, len(whole)))
            while position < upto:
                size = data.draw(st.integers(1, upto - position))
                self.parts[0].take(whole[position : position + size])
                position += size
            if data.draw(st.booleans()):
                self.parts[0].interrupted()
            else:  # by the end of the program
                self.parts.pop().close()
                self.parts.append(self.part(content, codec=codec))
        return self.parts[0].finish()

    def test_e5_what_is_beyond_a_whole_block_is_fetched_again(self) -> None:
        content = bytes(range(20))
        part = self.part(content, codec=Doubled())
        part.take(stored(Doubled(), content)[:13])
        self.assertEqual(part.position, 9)
        part.close()
        self.assertEqual(list(self.files().values()), [content[:7]])

    def test_e5_a_part_that_is_not_the_beginning_of_it_is_found_out(self) -> None:
        (self.folder / f"coil.png.{MARK}.part").write_bytes(b"xxxx")
        part = self.part(b"yyyyyy")
        self.addCleanup(part.close)
        self.assertEqual(part.position, 4)
        part.take(b"yy")
        with self.assertRaises(Damaged):
            part.finish()
        part.begin_again()
        part.take(b"yyyyyy")
        self.assertEqual(part.finish().read_bytes(), b"yyyyyy")

    def test_e5_a_part_that_is_longer_than_the_file_is_no_part_of_it(self) -> None:
        for content, left in ((b"abc", b"abcd"), (b"", b"x")):
            (self.folder / f"coil.png.{MARK}.part").write_bytes(left)
            part = self.part(content)
            self.assertEqual(part.position, 0)
            part.close()

    def test_e4_more_than_was_announced_is_never_written(self) -> None:
        part = self.part(b"abc")
        self.addCleanup(part.close)
        with self.assertRaises(Damaged):
            part.take(b"abcd")
        self.assertEqual(set(self.files().values()), {b""})

    def test_two_do_not_fetch_the_same_to_the_same_place(self) -> None:
        part = self.part(b"abc")
        with self.assertRaisesRegex(ChatError, "is being fetched to there already"):
            self.part(b"abc")
        part.close()
        self.part(b"abc").close()

    def test_e5_a_crash_between_the_name_and_the_end_is_gone_over(self) -> None:
        with (
            mock.patch("os.unlink", side_effect=KeyboardInterrupt),
            self.assertRaises(KeyboardInterrupt),
        ):
            self.fetch(b"abc")
        self.doCleanups()
        self.assertEqual(len(self.files()), 2)
        self.assertEqual(self.fetch(b"abc").name, "coil (2).png")
        self.assertEqual(self.files(), {"coil.png": b"abc", "coil (2).png": b"abc"})

    def test_no_room_is_said_before_anything_comes(self) -> None:
        part = self.part(b"abc")
        self.addCleanup(part.close)
        full = os.statvfs_result([4096, 4096, 0, 0, 0, 0, 0, 0, 0, 255])
        with (
            mock.patch("os.fstatvfs", return_value=full),
            self.assertRaisesRegex(ChatError, "there is no room for it"),
        ):
            part.check_room()
        part.take(b"abc")
        with mock.patch("os.fstatvfs", return_value=full):
            part.check_room()  # nothing more is wanted

    def test_a_size_that_no_file_has(self) -> None:
        with self.assertRaisesRegex(ChatError, "cannot be what was sent"):
            Part(Wanted(self.folder, "a"), Expected(MARK, 1, "", Doubled()))


class SourceTests(PartTest):
    def source(self, content: bytes, codec: Codec) -> Source:
        path = self.folder / "sent"
        path.write_bytes(content)
        source = Source(path, 10**6)
        self.addCleanup(source.close)
        source.take(codec)
        while source.hash_on():
            pass
        return source

    def test_it_reads_from_any_place_what_is_stored(self) -> None:
        for codec in (PlainCodec(), Doubled()):
            content = bytes(range(50))
            whole = stored(codec, content)
            source = self.source(content, codec)
            self.assertEqual(source.sha256, sha256(whole).hexdigest())
            for position in range(len(whole)):
                self.assertTrue(whole[position:].startswith(source.read(position)))
                self.assertTrue(source.read(position))

    def test_an_empty_file(self) -> None:
        self.assertEqual(self.source(b"", PlainCodec()).stored, 0)
        coded = self.source(b"", Doubled())
        self.assertEqual((coded.stored, coded.read(0)), (2, b"\xff\0"))

    def test_e5_a_file_that_changes_is_not_sent_as_if_it_had_not(self) -> None:
        for change in (b"longer than before", b"short"):
            source = self.source(b"as it was", PlainCodec())
            source.path.write_bytes(change)
            with self.assertRaisesRegex(ChatError, "sent was changed while it was sent"):
                source.read(0)

    def test_what_cannot_be_sent_is_one_sentence(self) -> None:
        fifo = self.folder / "fifo"
        os.mkfifo(fifo)
        big = self.folder / "big"
        big.write_bytes(b"x" * 2_000)
        for path, sentence in (
            (self.folder / "none", "There is no file "),
            (self.folder / "none" / "none", "There is no file "),
            (Path("\0"), "There is no file "),
            (self.folder, " is a folder: pack it into one file"),
            (fifo, " is not an ordinary file."),
            (Path("/dev/null"), " is not an ordinary file."),
            (self.folder / ("x" * 300), "cannot be read: file name too long."),
            (big, "big has 2.0 kB, and 1.0 kB is the most that this server takes."),
        ):
            with self.assertRaises(ChatError) as raised:
                Source(path, 1_000)
            self.assertIn(sentence, raised.exception.sentence)
        with self.assertRaisesRegex(ChatError, "This server takes no files."):
            Source(big, 0)
