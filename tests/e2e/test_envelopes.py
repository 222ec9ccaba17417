"""Envelopes are written in one way only."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from twisted_chat.e2e.base64 import from_base64, to_base64
from twisted_chat.e2e.envelopes import (
    MOST_SEALED,
    PADDING,
    Group,
    NotAnEnvelope,
    Pair,
    Payload,
    padded,
    plain,
    read,
    written,
)

SOUND = '{"kind":"group","v":1,"by":"B","session":"S","body":"AAAA"}'


class EnvelopeTests(SynchronousTestCase):
    """What is read is what a client writes."""

    def test_what_is_written_is_read(self) -> None:
        for envelope in (Group(1, "B", "S", "AAAA"), Pair(1, "B", {"C": (0, "AA")}, "AAAA")):
            self.assertEqual(read(written(envelope)), envelope)
        self.assertEqual(written(Group(1, "B", "S", "AAAA")), SOUND)

    def test_another_spelling_is_refused(self) -> None:
        for text in (
            "",
            "x",
            "7",
            "[]",
            "{}",
            " " + SOUND,
            SOUND + "\n",
            SOUND.replace(":1", ": 1"),
            SOUND.replace('"S"', '"\\u0053"'),
            SOUND.replace('"v"', '"w"'),
            SOUND.replace("}", ',"more":1}'),
            SOUND.replace("}", ',"by":"B"}'),
            SOUND.replace('"v":1,"by":"B"', '"by":"B","v":1'),
            SOUND.replace("group", "other"),
            SOUND.replace("S", "é"),
            SOUND.replace("S", "s" * MOST_SEALED),
            "[" * 20_000,
            SOUND.replace(":1", ":0"),
        ):
            with self.assertRaises(NotAnEnvelope) as caught:
                read(text)
            self.assertFalse(caught.exception.newer, text)

    def test_what_a_newer_client_wrote_is_told_from_damage(self) -> None:
        for text in (SOUND.replace(":1", ":2"), '{"kind":"star","v":2}'):
            with self.assertRaises(NotAnEnvelope) as caught:
                read(text)
            self.assertTrue(caught.exception.newer)

    def test_payloads_tell_little_of_their_length(self) -> None:
        lengths = {len(padded(Payload("a b", 1, "B" * 43, "x" * n))) for n in range(1, 40)}
        self.assertLessEqual(len(lengths), 2)
        self.assertTrue(all(length % PADDING == 0 for length in lengths))
        payload = Payload("a b", 1, "B", "xé\n", target=5)
        self.assertEqual(plain(padded(payload), Payload), payload)

    def test_base64_is_written_in_one_way(self) -> None:
        for data in (b"", b"a", b"ab", b"abc", bytes(range(256))):
            self.assertEqual(from_base64(to_base64(data)), data)
        for text in ("a", "YQ==", "YR", "Y Q", "YQ\n", "Y-_Q", "é"):
            with self.assertRaises(ValueError):
                from_base64(text)
