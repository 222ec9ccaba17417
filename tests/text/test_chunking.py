"""However the bytes of a conversation are cut into packets, it is the same conversation."""

from __future__ import annotations

from functools import cache

from hypothesis import given
from hypothesis import strategies as st

from twisted_chat.testing import Client, Hall

from .case import HallTestCase

LINES = (
    "",
    "ann",
    "p\u00e4ss",
    "p\u00e4ss",
    "BM hello \U0001f600",
    "BM",
    "wie geht's, \u00dcbel?",
    "PM",
    "bob",
    "psst",
    "create #den",
    "say #den hi",
    "talk #den",
    "one",
    "two",
    "/history",
    "/talk",
    "edit 1 hallo",
    "nonsense",
    "BM a\x1bb",
    "search hallo",
    "delete 1",
    "delete #den",
    "no",
    "whoelse",
    "tata",
)
TRANSCRIPTS = {
    "lf": "\n".join((*LINES, "")).encode(),
    "crlf": "\r\n".join((*LINES, "")).encode(),
    "no end": "\n".join(LINES).encode(),
    "not utf-8": "ann\nx\nx\nBM \u00e9\n".encode() + b"BM \xff\xfe\nBM " + b"x" * 9000 + b"\nEX\n",
}


def listen(transcript: bytes, cuts: list[int]) -> tuple[str, str]:
    """What the one who types and somebody else are sent."""
    with Hall() as hall:
        bob = hall.person("bob")
        ann = hall.connects()
        ends = sorted({cut % (len(transcript) + 1) for cut in cuts} | {len(transcript)})
        start = 0
        for end in ends:
            ann.sends(transcript[start:end])
            start = end
        _finish(ann)
        return ann.received, bob.received


def _finish(client: Client) -> None:
    if not client.closed:
        client.ends_input()
    client.hall.wait(2)


@cache
def whole(name: str) -> tuple[str, str]:
    return listen(TRANSCRIPTS[name], [])


class ChunkingTests(HallTestCase):
    @given(st.sampled_from(sorted(TRANSCRIPTS)), st.lists(st.integers(0, 10_000), max_size=12))
    def test_a3_any_chunks(self, name: str, cuts: list[int]) -> None:
        self.assertEqual(listen(TRANSCRIPTS[name], cuts), whole(name))

    def test_a3_one_byte_at_a_time(self) -> None:
        for name in ("lf", "crlf", "no end"):
            cuts = list(range(len(TRANSCRIPTS[name])))
            self.assertEqual(listen(TRANSCRIPTS[name], cuts), whole(name))

    def test_a3_the_conversation_is_what_it_should_be(self) -> None:
        typed, heard = whole("lf")
        self.assertEqual(whole("crlf")[0].replace("\r\n", "\n"), typed)
        self.assertIn("(Message 1 sent: 1 now, 0 later)", typed)
        self.assertTrue(typed.endswith("Logging off\nDISCONNECTED!!\n"))
        self.assertIn("ann: wie geht's, \u00dcbel?\n", heard)
