"""Encrypted files: whole, in parts, and tampered with."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from twisted_chat.core.errors import ChatError
from twisted_chat.e2e.chunks import (
    CHUNK,
    SEALED_CHUNK,
    TAG,
    FileCipher,
    chunks_of,
    new_key,
    plain_size,
    sealed_size,
    start_at,
)

KEY = bytes(range(32))
SIZES = (0, 1, 5, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK, 2 * CHUNK + 7)


def content(size: int) -> bytes:
    return (b"abcdefg" * (size // 7 + 1))[:size]


def sealed_file(size: int, key: bytes = KEY) -> list[bytes]:
    cipher = FileCipher(key, size)
    plain = content(size)
    return [cipher.seal(i, plain[i * CHUNK : (i + 1) * CHUNK]) for i in range(cipher.count)]


class ChunkTests(SynchronousTestCase):
    """Files of any size, encrypted chunk by chunk."""

    def opened(self, size: int, parts: list[bytes]) -> bytes:
        cipher = FileCipher(KEY, size)
        return b"".join(cipher.open(i, parts[i]) for i in range(cipher.count))

    def refused(self, size: int, number: int, part: bytes) -> None:
        with self.assertRaises(ChatError) as caught:
            FileCipher(KEY, size).open(number, part)
        self.assertEqual(caught.exception.code, "damaged")

    def test_a_file_comes_back_as_it_was(self) -> None:
        for size in SIZES:
            parts = sealed_file(size)
            self.assertEqual(sum(map(len, parts)), sealed_size(size))
            self.assertEqual(self.opened(size, parts), content(size))

    @settings(deadline=None)
    @given(st.integers(0, 1 << 40))
    def test_sizes_tell_each_other(self, size: int) -> None:
        self.assertEqual(plain_size(sealed_size(size)), size)
        self.assertGreater(sealed_size(size + 1), sealed_size(size))
        self.assertEqual(
            FileCipher(KEY, size).length(chunks_of(size) - 1), size - CHUNK * (chunks_of(size) - 1)
        )

    def test_no_file_has_an_impossible_size(self) -> None:
        for size in (0, TAG - 1, SEALED_CHUNK + 1, SEALED_CHUNK + TAG - 1):
            with self.assertRaises(ChatError):
                plain_size(size)

    def test_one_goes_on_where_it_stopped(self) -> None:
        parts = sealed_file(2 * CHUNK + 7)
        whole = b"".join(parts)
        for offset in (0, 5, SEALED_CHUNK, SEALED_CHUNK + 9, len(whole) - 1):
            start = start_at(offset)
            again = parts[start.chunk]
            self.assertEqual(again[start.skip :], whole[offset : offset - start.skip + len(again)])

    def test_i7_a_flipped_bit_is_noticed(self) -> None:
        (part,) = sealed_file(5)
        for bit in range(8 * len(part)):
            damaged = bytearray(part)
            damaged[bit // 8] ^= 1 << bit % 8
            self.refused(5, 0, bytes(damaged))

    def test_i4_chunks_have_their_places(self) -> None:
        size = 3 * CHUNK
        parts = sealed_file(size)
        for at in range(3):
            for other in range(3):
                if at != other:
                    self.refused(size, at, parts[other])
        others = sealed_file(size, new_key())
        self.refused(size, 0, others[0])

    def test_i7_a_file_that_was_cut_short_is_noticed(self) -> None:
        parts = sealed_file(2 * CHUNK)
        self.refused(CHUNK, 0, parts[0])  # as if it ended there
        self.refused(2 * CHUNK, 1, parts[1][:-1])
        self.refused(2 * CHUNK, 1, b"")
        self.refused(3 * CHUNK, 1, parts[1])  # as if it went on

    def test_a_file_that_changes_while_it_is_sent_is_noticed(self) -> None:
        with self.assertRaises(ChatError) as caught:
            FileCipher(KEY, 10).seal(0, b"short")
        self.assertEqual(caught.exception.code, "changed")

    def test_there_is_no_chunk_after_the_last(self) -> None:
        for number in (-1, 1):
            with self.assertRaises(ValueError):
                FileCipher(KEY, 5).open(number, b"")
