"""Any text is found by any of its own words, in every script."""

from __future__ import annotations

import random
import sqlite3
import unicodedata

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from twisted_chat.core.formatting import unformatted
from twisted_chat.store.sqlite.full_text import folded, indexed, phrase

SCRIPTS = {
    "Latin": "abcXYZéÀßøđŁñžṩẞſİı",
    "Chinese": "今日天气很好我们去公园吧漢字𠮷",
    "Japanese": "日本語のカタカナーがぎゞ々〆ｶﾞｷﾞ",
    "Korean": "한국어는띄어쓰기가있다ᄒᆞᆫ",
    "Thai": "ภาษาไทยไม่มีช่องว่าง๑๒๓",
    "Lao": "ພາສາລາວ໑",
    "Khmer": "ភាសាខ្មែរ១",
    "Burmese": "မြန်မာဘာသာ",
    "Arabic": "مرحبا بالعالَمِ كــتاب لا ﷲ".replace(" ", ""),
    "Hebrew": "שָׁלוֹם",
    "Persian": "می\u200cخواهم",
    "Hindi": "नमस्ते दुनिया".replace(" ", ""),
    "Greek": "καλημέραΣς",
    "Russian": "приветЁлка",
    "Vietnamese": "tiếngViệt",
    "emoji": "👍🏽❤️👨‍👩‍👧🇩🇪☕🫠1️⃣™",
    "width": "ＡＢＣ１２３",
}
word = st.one_of(
    *(st.text(letters, min_size=1, max_size=6) for letters in SCRIPTS.values()),
    st.text("".join(SCRIPTS.values()) + "-_'.!?(),:*\"+^{}~", min_size=1, max_size=8),
    st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=5),
)


class Index:
    """A full-text index as the store has it, in memory."""

    def __init__(self) -> None:
        self.connection = sqlite3.connect(":memory:", isolation_level=None)
        self.connection.execute(
            "CREATE VIRTUAL TABLE words USING fts5(text, tags, content='', columnsize=0, "
            "tokenize=\"unicode61 remove_diacritics 2 categories 'L* N* M* Co So Sk'\")"
        )
        self.connection.execute("SAVEPOINT empty")

    def finds(self, text: str, term: str) -> bool | None:
        """Whether a text is found by a term; None if nothing in the term is ever indexed."""
        quoted = phrase(term)
        if quoted is None:
            return None
        run = self.connection.execute
        run(
            "INSERT INTO words (rowid, text, tags) VALUES (1, ?, 'r1')",
            (indexed(unformatted(text)),),
        )
        found = run("SELECT rowid FROM words WHERE words MATCH ?", (f"text : {quoted}",)).fetchall()
        run("ROLLBACK TO empty")
        return found == [(1,)]


class WordTests(SynchronousTestCase):
    """Cutting text into words."""

    def setUp(self) -> None:
        self.index = Index()
        self.addCleanup(self.index.connection.close)

    @given(st.lists(word, min_size=1, max_size=5), st.data())
    def test_a_text_is_found_by_each_of_its_words(
        self, parts: list[str], data: st.DataObject
    ) -> None:
        text = " ".join(parts)
        mine = data.draw(st.sampled_from(text.split() or [text]))
        self.assertIn(self.index.finds(text, mine), (True, None), (text, mine))

    @given(st.lists(word, min_size=1, max_size=5))
    def test_a_text_is_found_by_itself(self, parts: list[str]) -> None:
        text = " ".join(parts)
        self.assertIn(self.index.finds(text, text), (True, None), text)

    def test_scripts_without_spaces_are_found_by_any_part(self) -> None:
        chance = random.Random(1)
        for name in ("Chinese", "Japanese", "Korean", "Thai", "Lao", "Khmer", "Burmese"):
            text = unicodedata.normalize("NFKC", SCRIPTS[name])
            for _ in range(30):
                start = chance.randrange(len(text))
                part = text[start : start + chance.randrange(1, 6)]
                self.assertTrue(self.index.finds(f"ab {text}cd, ef", part), (name, part))
            self.assertFalse(self.index.finds(text, text[:2] + text[4:6]), name)

    def test_what_a_search_overlooks(self) -> None:
        for text, term in (
            ("Crème BRÛLÉE", "creme"),
            ("creme", "CRÈME"),
            ("Straße", "strasse"),
            ("ΟΔΟΣ", "οδος"),
            ("Ёлка", "елка"),
            ("كِتَابٌ", "كتاب"),
            ("كــتاب", "كتاب"),
            ("שָׁלוֹם", "שלום"),
            ("ＡＢＣ", "abc"),
            ("ｶﾞｷﾞ", "ガギ"),
            ("한국", "한국"),
            ("ok👍 then", "ok"),
            ("ok👍🏽", "👍"),
            ("I ❤️ it", "❤"),
            ("don't", "don't"),
            ("a-b", "a b"),
            ("日本語abc", "abc"),
            ("今日abc", "日abc"),
            ("abc今日", "abc今"),
        ):
            self.assertTrue(self.index.finds(text, term), (text, term))
        for text, term in (("brown", "brow"), ("東京都", "京東"), ("a b", "b a"), ("日本", "本日")):
            self.assertFalse(self.index.finds(text, term), (text, term))

    def test_terms_without_a_word(self) -> None:
        for term in ("", "++", '"', "…", "\0", "€"):
            self.assertIsNone(phrase(term))

    def test_ascii_is_left_as_it_is(self) -> None:
        self.assertEqual(indexed("Hello, (World)"), "Hello, (World)")
        self.assertEqual(folded("Hello"), "Hello")

    @given(st.text())
    def test_d16_a_term_stays_inside_its_quotes(self, term: str) -> None:
        self.index.finds("x", term)
        self.index.finds("x", term + "\ud800")
