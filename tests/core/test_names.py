from __future__ import annotations

import json
import string
import unicodedata
from importlib.resources import files
from pathlib import Path

from hypothesis import example, given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

import twisted_chat
from twisted_chat.core.errors import ChatError
from twisted_chat.core.lookalikes import ASCII_LOOKS, look, script
from twisted_chat.core.names import LONGEST, Name, NameBook, Names, fold, room_name, rule

ROOT = Path(twisted_chat.__file__).parents[1]
PLAIN_NAMES = st.from_regex(r"[a-zA-Z_][a-zA-Z0-9_.-]{0,31}", fullmatch=True).filter(
    lambda text: any(c.isalpha() for c in text)
)


class Cases(SynchronousTestCase):
    def refused(self, text: str, why: str = "") -> None:
        error = self.assertRaises(ChatError, Names(["help", "quit"]).check, text)
        self.assertEqual("bad_name", error.code, repr(text))
        self.assertIn(why, error.sentence, repr(text))
        what_to_do = (f"; {rule(LONGEST)}.", ": choose another name.")
        self.assertTrue(error.sentence.endswith(what_to_do), error.sentence)
        self.assertTrue(error.sentence.isprintable() and error.sentence.isascii())

    def accepted(self, text: str) -> Name:
        return Names(["help", "quit"]).check(text)

    def same(self, one: str, other: str) -> bool:
        book: NameBook[int] = NameBook()
        book.register(fold(one), 1)
        back: NameBook[int] = NameBook()
        back.register(fold(other), 2)
        collides = book.collides(fold(other))
        self.assertEqual(collides, back.collides(fold(one)), (one, other))
        return collides


class RuleTests(Cases):
    def test_plain_names(self) -> None:
        for text in ("tesla", "Albert", "csee4119", "a", "x_y-z.w", "_anna", "4you", "a" * LONGEST):
            name = self.accepted(text)
            self.assertEqual((text, text.lower()), (name.shown, name.folded))

    def test_names_of_the_world(self) -> None:
        for text in [
            "José",
            "Ünal",
            "Żaneta",
            "Ægir",
            "straße",
            "Đorđe",
            "Нина",
            "Жуковский",
            "Ελένη",
            "Նարեկ",
            "שלמה",
            "محمد",
            "علي1",
            "ไพลิน",
            "नेहा",
            "தமிழ்",
            "田中",
            "たなか",
            "タナカ",
            "ターナー",
            "佐々木",
            "김철수",
            "李小龍",
            "ㄅㄆ",
            "田中Taro",
            "김kim",
            "李ㄅ",
            "မြှော်",
        ]:
            self.assertEqual(unicodedata.normalize("NFC", text), self.accepted(text).shown, text)

    def test_what_is_wrong_is_said(self) -> None:
        for text, why in (
            ("", "empty"),
            ("a" * 33, "longer than 32"),
            ("é" * 33, "longer than 32"),
            ("é" * 1000, "longer than 32"),
            ("two words", "a space"),
            ("tesla!", "contain !"),
            ("bob@home", "contain @"),
            ("12345", "at least one letter"),
            ("1-2", "at least one letter"),
            ("___", "at least one letter"),
            ("٣٣", "at least one letter"),
            ("-rf", "begin with -"),
            (".hidden", "begin with ."),
            ("\u0301a", "begin with an accent"),
            ("e\u0301\u0302\u0303\u0304\u0305\u0306", "too many accents"),
            ("ab٣", "from right to left"),
            ("क१1", "digits of different scripts"),
            ("henryⅣ", "U+2163"),
            ("\ud800", "U+D800"),
            ("a\tb", "U+0009"),
            ("ʻokina", "U+02BB"),
            ("😀", "U+1F600"),
        ):
            self.refused(text, why)

    def test_length_is_counted_as_shown(self) -> None:
        self.assertEqual("é" * 32, self.accepted("e\u0301" * 32).shown)
        self.refused("İ" * 32, "longer than 32")  # in small letters it has 64 characters

    @settings(deadline=None)
    @given(st.text(max_size=40))
    @example("\u0345")
    @example("ﬀ")
    def test_b10_any_text_is_a_name_or_refused(self, text: str) -> None:
        try:
            name = fold(text)
        except ChatError as error:
            self.assertEqual("bad_name", error.code)
            return
        for form in (name.shown, name.folded):
            self.assertTrue(0 < len(form) <= LONGEST)
            self.assertTrue(form.isprintable() and not set(form) & set(" \n#:@*!,"))
        self.assertEqual(name.folded, fold(name.folded).folded)
        self.assertEqual(name, fold(name.shown))
        self.assertTrue(self.same(text, name.folded))

    @settings(deadline=None)
    @given(PLAIN_NAMES)
    def test_plain_names_fold_as_precis_says(self, text: str) -> None:
        from precis_i18n import get_profile

        self.assertEqual(get_profile("UsernameCaseMapped").enforce(text), fold(text).folded)

    def test_rooms(self) -> None:
        room = room_name("#Lobby")
        self.assertEqual(Name("#Lobby", "#lobby", "#lobby"), room)
        self.assertEqual("#мир", room_name("#МИР").folded)
        for text in ("lobby", "#", "##a", "#a b", "#" + "a" * 33, "#12", "", "#-x", "&lobby"):
            error = self.assertRaises(ChatError, room_name, text)
            self.assertEqual("bad_name", error.code)
        room_name("#" + "a" * 32)

    def test_rooms_and_people_are_apart(self) -> None:
        book: NameBook[int] = NameBook()
        book.register(room_name("#copa"), 1)
        self.assertFalse(book.collides(fold("copa")))
        self.assertTrue(book.collides(room_name("#сора")))


class LookAlikeTests(Cases):
    def test_b10_case_and_width(self) -> None:
        for one, other in (
            ("kevin", "KEVIN"),
            ("kevin", "\u212aevin"),  # the Kelvin sign
            ("kevin", "ｋｅｖｉｎ"),
            ("José", "jose\u0301"),
            ("σας", "ΣΑΣ"),
            ("straße", "STRASSE"),
            ("カタカナ", "ｶﾀｶﾅ"),
        ):
            self.assertTrue(self.same(one, other), (one, other))
        self.assertEqual("kevin", fold("\u212aevin").folded)

    def test_b10_one_script_that_looks_like_another(self) -> None:
        for one, other in (
            ("copa", "сора"),
            ("BEHA", "ВЕНА"),  # alike in capitals only, and in capitals they are shown
            ("sys", "ѕуѕ"),
            ("alice", "ɑlice"),
            ("istanbul", "i\u0307stanbul"),
            ("oao", "οαο"),
            ("marn", "mɑrn"),
        ):
            self.assertTrue(self.same(one, other), (one, other))
        self.assertFalse(self.same("Нина", "Hnha"))
        self.assertFalse(self.same("José", "jose"))

    def test_b10_plain_names_differ_by_more_than_case(self) -> None:
        for one, other in (("barn", "bam"), ("l1", "ll"), ("O0", "OO"), ("Il", "ll")):
            self.assertFalse(self.same(one, other), (one, other))

    @settings(deadline=None)
    @given(PLAIN_NAMES, PLAIN_NAMES)
    def test_b10_plain_names_collide_only_by_case(self, one: str, other: str) -> None:
        self.assertEqual(one.lower() == other.lower(), self.same(one, other))

    def test_b10_mixed_scripts(self) -> None:
        for text in (
            "Kеvin",
            "аdmin",
            "lobbу",
            "pαul",
            "Աnna",
            "한カ",
            "ㄅか",
            "ㄅ한",
            "мирa",
        ):
            self.refused(text, "mixes")
        self.refused("аlice", "Cyrillic and Latin")

    def test_b10_invisible_and_direction(self) -> None:
        for hidden in "\u200b\u200c\u200d\u200e\u200f\u2060\ufeff\u00ad\u034f\u202e\u2066\ufe0f":
            for text in (f"a{hidden}b", f"{hidden}ab", f"ab{hidden}"):
                self.refused(text)
        for filler in "\u115f\u1160\u3164\uffa0\u2800\u180e\u17b4\U000e0061\U00016fe4":
            self.refused(f"가{filler}")

    def test_b10_every_look_alike_of_a_plain_letter(self) -> None:
        # The whole table: one letter of a name exchanged is refused or collides.
        pairs = json.loads(files("confusable_homoglyphs").joinpath("confusables.json").read_text())
        tried = 0
        for letter in string.ascii_lowercase:
            name = f"x{letter}x"
            for other in pairs[letter]:
                character = other["c"].replace("\u200e", "")
                if character.isascii() or (character != letter and len(character) > 1):
                    continue
                if unicodedata.normalize("NFKC", character).isascii():
                    continue  # only another width: a plain name once it is folded
                tried += 1
                try:
                    self.assertTrue(self.same(name, f"x{character}x"), (letter, character))
                except ChatError as error:
                    self.assertEqual("bad_name", error.code)
        self.assertGreater(tried, 200)

    def test_ascii_looks_are_the_tables(self) -> None:
        for character in string.ascii_letters + string.digits + "_-.":
            beyond = look(character + "é").removesuffix(look("é"))
            self.assertEqual(beyond, look(character), character)
        self.assertEqual(4, len(ASCII_LOOKS))

    @settings(deadline=None)
    @given(st.text(max_size=20))
    def test_looks_are_stable(self, text: str) -> None:
        self.assertEqual(look(text), look(unicodedata.normalize("NFD", text)))

    def test_scripts(self) -> None:
        for character, expected in (
            ("a", "LATIN"),
            ("ж", "CYRILLIC"),
            ("田", "HAN"),
            ("1", "COMMON"),
            ("\U0010ffff", "UNKNOWN"),
            ("\u0378", "UNKNOWN"),
        ):
            self.assertEqual(expected, script(character))


class ReservedTests(Cases):
    def test_b11_commands_and_system(self) -> None:
        for text in [
            "server",
            "SERVER",
            "*",
            "admin",
            ":x",
            "#a",
            "..",
            "help",
            "Quit",
            "all",
            "lobby",
            "guest",
            "me",
            "nobody",
            "@x",
            "!x",
        ]:
            self.refused(text)

    def test_b11_look_alikes_of_the_server(self) -> None:
        for text in [
            "adm1n",
            "ADMIN",
            "4dmin",
            "s3rver",
            "sys_tem",
            "admin_",
            "a.d.m.i.n",
            "adrnin",
            "serveг",
            "sеrver",
        ]:
            self.refused(text)
        self.refused("аdmin")  # Cyrillic а
        self.refused("ɑdmin", "looks like a reserved one")
        self.refused("ádmin", "could be mistaken")
        self.refused("ɑll", "looks like a reserved one")

    def test_b11_harmless_names_stay_possible(self) -> None:
        for text in (
            "Ali",
            "ail",
            "Hera",
            "admiral",
            "observer",
            "Helper",
            "mia",
        ):
            self.accepted(text)

    def test_b10_nobody_looks_like_an_administrator(self) -> None:
        book: NameBook[int] = NameBook()
        book.register(fold("Alice"), 1, protected=True)
        book.register(fold("bob"), 2)
        for text in ("a1ice", "AIice", "Al1ce", "a_lice", "álice", "4lice"):
            self.assertTrue(book.collides(fold(text)), text)
        for text in ("b0b", "bo_b", "alicia", "malice"):
            self.assertFalse(book.collides(fold(text)), text)
        book.register(fold("alice"), 1)  # no longer an administrator
        self.assertFalse(book.collides(fold("a1ice")))
        book.forget(fold("ALICE"))
        self.assertFalse(book.collides(fold("alice")))


class NameBookTests(Cases):
    def test_find_however_written(self) -> None:
        book: NameBook[int] = NameBook()
        book.register(fold("Kevin"), 7)
        book.register(fold("José"), 8)
        book.register(room_name("#Мир"), 9)
        for text in ("kevin", "KEVIN", "\u212aevin", "ｋevin", fold("keVin")):
            self.assertEqual(7, book.find(text))
        self.assertEqual(8, book.find("JOSE\u0301"))
        self.assertEqual(9, book.find("#мир"))
        for text in ("", "nobody", "kеvin", "\u202e", "#", "#кто", "é" * 500):
            self.assertIsNone(book.find(text))

    def test_forget(self) -> None:
        book: NameBook[int] = NameBook()
        book.forget(fold("kevin"))
        book.register(fold("сора"), 1)
        self.assertTrue(book.collides(fold("copa")))
        book.forget(fold("сора"))
        self.assertFalse(book.collides(fold("copa")))
        self.assertEqual(0, len(book))

    @settings(deadline=None)
    @given(st.lists(st.sampled_from(["copa", "сора", "Copa", "ɑnna", "anna", "Мир", "bam"])))
    def test_register_and_forget_leave_nothing_behind(self, texts: list[str]) -> None:
        book: NameBook[int] = NameBook()
        for text in texts:
            book.register(fold(text), 1, protected=text == "anna")
        for text in texts:
            self.assertEqual(1, book.find(text))
            self.assertTrue(book.collides(fold(text)))
        for text in texts:
            book.forget(fold(text))
        for text in texts:
            self.assertFalse(book.collides(fold(text)))
