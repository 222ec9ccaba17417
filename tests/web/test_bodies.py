"""The pure parts of sending files over HTTP, whatever comes."""

from __future__ import annotations

import contextlib
import itertools
from urllib.parse import unquote

from hypothesis import assume, given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from twisted_chat.core.attachments import check_name
from twisted_chat.core.errors import ChatError
from twisted_chat.doors.web.http import (
    LINES_AT_ONCE,
    BadRequest,
    Body,
    Chunked,
    Counted,
    disposition,
    in_link,
    name_of,
)


def taken(body: Body, data: bytes, cuts: list[int]) -> bytes:
    """What a body has taken of data that is cut there."""
    places = sorted({0, len(data), *(cut % (len(data) + 1) for cut in cuts)})
    pieces = [data[start:end] for start, end in itertools.pairwise(places)]
    content = []
    for piece in pieces:
        content.append(body.take(piece))
        while body.rest:
            content.append(body.take(b""))
    return b"".join(content)


class BodyTests(SynchronousTestCase):
    @given(st.lists(st.binary(min_size=1)), st.lists(st.integers(0)), st.binary())
    def test_a3_chunks_are_the_same_however_they_are_cut(
        self, chunks: list[bytes], cuts: list[int], behind: bytes
    ) -> None:
        data = b"".join(b"%X\r\n%b\r\n" % (len(chunk), chunk) for chunk in chunks)
        body = Chunked()
        self.assertEqual(taken(body, data + b"0\r\n\r\n" + behind, cuts), b"".join(chunks))
        self.assertTrue(body.over)

    def test_a20_of_small_chunks_a_few_are_taken_at_a_time(self) -> None:
        body, sizes = Chunked(), []
        data = b"1\na\n" * 10_000 + b"0\n\n"
        while not body.over:
            sizes.append(len(body.take(data)))
            data = b""
        self.assertEqual(sum(sizes), 10_000)
        self.assertLessEqual(max(sizes), LINES_AT_ONCE)

    @given(st.binary(), st.lists(st.integers(0)), st.binary())
    def test_a3_so_is_what_told_its_length(
        self, content: bytes, cuts: list[int], behind: bytes
    ) -> None:
        body = Counted(len(content))
        self.assertEqual(taken(body, content + behind, cuts), content)
        self.assertTrue(body.over)

    @given(st.lists(st.binary()))
    def test_a7_anything_else_is_refused_or_waits_for_more(self, pieces: list[bytes]) -> None:
        body, size = Chunked(), 0
        with contextlib.suppress(BadRequest):
            for piece in pieces:
                size += len(body.take(piece))
        self.assertLessEqual(size, sum(map(len, pieces)))


class NameTests(SynchronousTestCase):
    @given(st.text(min_size=1, max_size=80))
    def test_e1_h1_a_name_comes_back_and_breaks_nothing(self, name: str) -> None:
        try:
            check_name(name)
        except ChatError:
            assume(False)
        field = disposition(name)
        self.assertRegex(field, r"\A(inline|attachment); filename\*=UTF-8''[!-~]+\Z")
        self.assertNotRegex(field.partition("''")[2], r"""["';,\\]""")
        self.assertEqual(unquote(field.partition("''")[2]), name)
        self.assertTrue(name_of(field, "").startswith(name))
        self.assertRegex(in_link(name), r"\A[A-Za-z0-9][A-Za-z0-9._-]{0,59}\Z|\A_")

    @given(st.text(st.characters(max_codepoint=255)), st.text(st.characters(max_codepoint=255)))
    def test_a7_fields_of_any_kind_are_read_or_refused(self, field: str, kind: str) -> None:
        with contextlib.suppress(BadRequest):
            self.assertIsInstance(name_of(f"attachment; filename{field}", kind), str)
