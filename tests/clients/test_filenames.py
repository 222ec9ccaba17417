"""Whatever somebody calls a file, it becomes one harmless name in one folder."""

from __future__ import annotations

import os
from pathlib import PurePosixPath, PureWindowsPath
from unicodedata import category

from hypothesis import example, given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from twisted_chat.clients.files.filenames import LONGEST, numbered, safe_name, shortened, told_name

OTHERWISE = "file-5"
NASTY = st.text(st.sampled_from("./\\-~:*a \0\n\u202e\u200d\ud800\u3000é日\U0001f469CONpng12"))


class SafeNameTests(SynchronousTestCase):
    def test_e1_a_list_of_wicked_names(self) -> None:
        for name, safe in (
            ("../../.ssh/authorized_keys", "authorized_keys"),
            ("/etc/passwd", "passwd"),
            ("C:\\Windows\\system32\\cmd.exe", "cmd.exe"),
            ("C:autorun.inf", "C_autorun.inf"),
            ("%2e%2e%2fpasswd", "%2e%2e%2fpasswd"),
            ("coil\0.png", "coil_.png"),
            ("a\r\nb", "a__b"),
            ("\x1b]0;title\x07.txt", "_]0;title_.txt"),
            ("exe\u202egpj.exe", "exe_gpj.exe"),
            ("CON", "_CON"),
            ("nul.txt", "_nul.txt"),
            ("com1 .tar.gz", "_com1 .tar.gz"),
            ("lpt¹", "_lpt¹"),
            ("console.txt", "console.txt"),
            ("coil.png. . .", "coil.png"),
            ("-rf", "_rf"),
            ("--help", "_help"),
            (".bashrc", "_bashrc"),
            ("....", OTHERWISE),
            ("..", OTHERWISE),
            (".", OTHERWISE),
            ("", OTHERWISE),
            (" ", OTHERWISE),
            ("folder/", OTHERWISE),
            ("\0", OTHERWISE),
            ("\ud800.png", "_.png"),
            ('a|b<c>d?e*f"g', "a_b_c_d_e_f_g"),
            ("~", "~"),
            ("two  words", "two  words"),
            ("日本\u3000語.png", "日本 語.png"),
            ("می\u200cخواهم.pdf", "می\u200cخواهم.pdf"),
        ):
            self.assertEqual(safe_name(name, OTHERWISE), safe, repr(name))

    def test_e1_three_hundred_characters(self) -> None:
        for name in ("x" * 300 + ".png", "日" * 300 + ".png", "x." + "y" * 300, "." + "z" * 300):
            safe = safe_name(name, OTHERWISE)
            self.assertLessEqual(len(safe.encode()), LONGEST)
            self.assertEqual(safe.endswith(".png"), name.endswith(".png"))

    @given(st.one_of(NASTY, st.text()))
    @example("\u202e.")
    @example("_.")
    def test_e1_no_name_is_a_path_or_hidden_or_an_option(self, name: str) -> None:
        safe = safe_name(name, OTHERWISE)
        self.assertEqual(PurePosixPath(safe).parts, (safe,))
        self.assertEqual(PureWindowsPath(safe).parts, (safe,))
        self.assertFalse(PureWindowsPath(safe).is_reserved())
        self.assertNotIn(safe[0], ".-")
        self.assertEqual(safe, safe.rstrip(". ").lstrip(" "))
        self.assertLessEqual(len(os.fsencode(safe)), LONGEST)
        joiners = {"\u200c", "\u200d"}
        self.assertTrue(all(c in joiners or category(c)[0] not in "C" for c in safe), safe)
        self.assertEqual(safe_name(safe, OTHERWISE), safe)

    @given(NASTY, st.integers(1, 10_000))
    def test_e1_numbers_keep_it_harmless_and_short(self, name: str, number: int) -> None:
        told = numbered(safe_name(name, OTHERWISE), number)
        self.assertEqual(PurePosixPath(told).parts, (told,))
        self.assertLessEqual(len(told.encode()), 255)

    def test_what_others_are_told(self) -> None:
        for name, told in (
            (".bashrc", ".bashrc"),
            ("C:\\a", "C:_a"),
            ("a\tb\n", "a_b_"),
            ("caf\udce9.png", "caf_.png"),
            ("日本 👩\u200d💻.png", "日本 👩\u200d💻.png"),
        ):
            self.assertEqual(told_name(name), told)

    def test_what_tells_the_kind_stays_at_the_end(self) -> None:
        for name, second in (
            ("coil.png", "coil (2).png"),
            ("coil", "coil (2)"),
            ("coil.tar.gz", "coil (2).tar.gz"),
            ("v1.2 of the coil", "v1.2 of the coil (2)"),
        ):
            self.assertEqual(numbered(name, 1), name)
            self.assertEqual(numbered(name, 2), second)
        self.assertEqual(shortened("abcdef.png", 8), "abcd.png")
        self.assertEqual(shortened("日本語.png", 8), "日.png")
