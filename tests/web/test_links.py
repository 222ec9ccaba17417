"""Fetching a file over HTTP, by its link, and what pages of other places may do."""

from __future__ import annotations

from typing import Any, ClassVar
from urllib.parse import quote

from twisted_chat.testing import PASSWORD, Hall

from .browsing import COIL, HostCase, Requesting, basic, head, path_of


class FetchingTests(HostCase):
    def test_e8_f2_f4_nothing_in_a_file_runs(self) -> None:
        """Few kinds are shown, and those that can have a script in them are not among them."""
        for name, kind, way in (
            ("coil.png", "image/png", "inline"),
            ("NOTES.TXT", "text/plain; charset=utf-8", "inline"),
            ("page.html", "application/octet-stream", "attachment"),
            ("page.svg", "application/octet-stream", "attachment"),
            ("page.xml", "application/octet-stream", "attachment"),
            ("script.js", "application/octet-stream", "attachment"),
            ("paper.pdf", "application/octet-stream", "attachment"),
            ("png", "application/octet-stream", "attachment"),
        ):
            told = f'attachment; filename="{name}"'
            link = self.sent(b"<script>", Content_Disposition=told, Content_Type="text/html")
            fields = self.asks("GET", link).fields
            self.assertEqual(fields["Content-Type"], kind)
            self.assertEqual(fields["Content-Disposition"], f"{way}; filename*=UTF-8''{name}")
            self.assertEqual(fields["X-Content-Type-Options"], "nosniff")
            self.assertEqual(fields["Referrer-Policy"], "no-referrer")
            policy = fields["Content-Security-Policy"]
            for part in ("default-src 'none'", "sandbox", "frame-ancestors 'none'"):
                self.assertIn(part, policy)
            self.assertNotIn("script", policy)
            self.assertEqual(fields["Cache-Control"], "private, no-cache")
            self.assertNotIn("Set-Cookie", fields)

    def test_e1_h1_a_name_breaks_no_field_and_no_line(self) -> None:
        for name, quoted, ending in (
            ('a"b;c.png', "a%22b%3Bc.png", "a-b-c.png"),
            ("Spule 1 ü.png", "Spule%201%20%C3%BC.png", "Spule-1.png"),
            ("コイル.png", "%E3%82%B3%E3%82%A4%E3%83%AB.png", "upload.png"),
            ("x" * 200 + ".png", "x" * 200 + ".png", "x" * 56 + ".png"),
        ):
            told = f"attachment; filename*=UTF-8''{quote(name, safe='')}"
            link = self.sent(b"x", Content_Disposition=told)
            self.assertEqual(link.rpartition("/")[2], ending)
            fields = self.asks("GET", link).fields
            self.assertEqual(fields["Content-Disposition"], f"inline; filename*=UTF-8''{quoted}")

    def test_one_without_a_name_gets_one_of_its_kind(self) -> None:
        for told, kind, ending in (
            ("", "image/jpeg", "upload.jpg"),
            ("", "text/plain; charset=utf-8", "upload.txt"),
            ("", "", "upload"),
            ("attachment; filename=notes", "text/plain", "notes.txt"),
            ("attachment; filename=no\xc3\xbcn.txt", "", "no-n.txt"),
        ):
            one = Requesting(self.hall)
            fields = {"Content_Disposition": told, "Content_Type": kind}
            request = head("POST", "/files", 1, Authorization=basic("tesla"), **fields)
            one.sends(request.decode().encode("latin-1") + b"x")
            self.assertTrue(one.answer().fields["Location"].endswith("/" + ending))

    def test_head_tells_the_same_without_the_file(self) -> None:
        link = self.sent()
        whole, only = self.asks("GET", link), self.asks("HEAD", link)
        self.assertEqual((only.status, only.fields, only.body), (200, whole.fields, b""))
        self.assertEqual(only.fields["Content-Length"], str(len(COIL)))

    def test_a_part_of_it(self) -> None:
        link = self.sent()
        size = len(COIL)
        for asked, start, end in (
            ("bytes=0-0", 0, 1),
            ("bytes=100000-", 100_000, size),
            ("bytes=-5", size - 5, size),
            ("bytes=70000-99999999", 70_000, size),
            ("BYTES=3-70000", 3, 70_001),
        ):
            answer = self.asks("GET", link, Range=asked)
            self.assertEqual((answer.status, answer.body), (206, COIL[start:end]))
            self.assertEqual(answer.fields["Content-Range"], f"bytes {start}-{end - 1}/{size}")
        for asked in ("bytes=0-1,5-6", "bytes=5-3", "bytes=-", "lines=1-2"):
            self.assertEqual(self.asks("GET", link, Range=asked).status, 200)
        self.assertEqual(self.asks("GET", link, Range=f"bytes={size}-").status, 416)
        tag = self.asks("HEAD", link).fields["ETag"]
        for known, status in ((tag, 206), ('"other"', 200)):
            answer = self.asks("GET", link, Range="bytes=0-1", If_Range=known)
            self.assertEqual(answer.status, status)
        self.assertEqual(self.asks("GET", link, If_None_Match=tag).status, 304)

    def test_e9_a_link_that_is_guessed_opens_nothing(self) -> None:
        """And a file of a room has none: its row is as good as not there."""
        link = self.sent()
        number, key = link.split("/")[2:4]
        for path in (
            f"/files/{number}/{'0' * 32}/coil.png",
            f"/files/{number}/{key[:-1]}{'0' if key[-1] != '0' else '1'}/coil.png",
            f"/files/{int(number) + 1}/{key}/coil.png",
            f"/files/{number}",
            f"/files/{number}/{key}/../coil.png",
        ):
            answer = self.asks("GET", path)
            self.assertEqual(answer.status, 404)
            self.assertEqual(answer.sentence, "There is no file here, or not any more.")
        self.assertEqual(self.asks("GET", f"/files/{number}/{key}").status, 200)

    def test_e9_a_link_ends_and_its_owner_has_the_file_still(self) -> None:
        link = self.sent()
        self.hall.wall_offset += 364 * 24 * 60 * 60 * 1000
        self.assertEqual(self.asks("GET", link).status, 200)
        self.hall.wall_offset += 24 * 60 * 60 * 1000
        self.assertEqual(self.asks("GET", link).status, 404)
        self.assertEqual(self.tesla.asks("get", file=1)["size"], len(COIL))
        with Hall(link_time=0) as hall:
            hall.bot("tesla")
            one = Requesting(hall)
            one.asks("POST", "/files", b"x", Authorization=basic("tesla"))
            hall.wall_offset += 50 * 365 * 24 * 60 * 60 * 1000
            again = Requesting(hall)
            again.asks("GET", path_of(one.answer().fields["Location"]))
            self.assertEqual(again.answer().status, 200)

    def test_whoever_has_the_link_has_the_file(self) -> None:
        link = self.sent()
        stranger = Requesting(self.hall, "192.0.2.9")
        stranger.asks("GET", link)
        self.assertEqual(stranger.answer().body, COIL)

    def test_a_change_of_the_password_cuts_nobody_who_fetches(self) -> None:
        one = Requesting(self.hall)
        one.reads_at_most(1000)
        one.asks("GET", self.sent())
        self.tesla.asks("password", old=PASSWORD, new="another horse")
        one.reads_again()
        self.assertEqual(one.answer().body, COIL)

    def test_what_is_deleted_while_it_is_fetched_ends_short(self) -> None:
        one = Requesting(self.hall)
        one.reads_at_most(1000)
        one.asks("GET", self.sent())
        self.tesla.asks("delete", what="files/1")
        self.assertLess(len(one.answer().body), len(COIL))

    def test_an_administrator_deletes_what_must_not_be_there(self) -> None:
        with Hall(admins=("root",)) as hall:
            hall.bot("tesla")
            one = Requesting(hall)
            one.asks("POST", "/files", b"x", Authorization=basic("tesla"))
            link = path_of(one.answer().fields["Location"])
            self.assertNotIn("error", hall.bot("root").asks("delete", what="files/1"))
            gone = Requesting(hall)
            gone.asks("GET", link)
            self.assertEqual(gone.answer().status, 404)

    def test_e6_e10_so_many_fetch_from_one_network(self) -> None:
        """And all that fetch with links leave room for the files of the rooms."""
        link = self.sent()

        def begins(host: str) -> Requesting:
            one = Requesting(self.hall, host)
            one.reads_at_most(1000)
            one.asks("GET", link)
            return one

        going = [begins("192.0.2.1") for _ in range(20)]
        self.assertEqual(begins("192.0.2.1").answer().status, 503)
        self.assertFalse(begins("192.0.2.2").closed)
        self.assertEqual(self.sends(b"x").status, 201)  # they are not their owner's to answer for
        self.hall.chat.files.most = 42
        self.assertEqual(begins("192.0.2.3").answer().status, 503)
        for one in going:
            one.vanishes()
        self.assertFalse(begins("192.0.2.1").closed)


class PageTests(HostCase):
    settings: ClassVar[dict[str, Any]] = {"web_origins": ("https://irc.example.org",)}

    def test_a_page_that_may_is_told_what_it_can_do(self) -> None:
        answer = self.asks("OPTIONS", "/files", Origin="https://irc.example.org")
        self.assertEqual(answer.status, 200)
        for field, value in (
            ("Allow", "OPTIONS, POST"),
            ("Accept-Post", "*/*"),
            ("Access-Control-Allow-Origin", "https://irc.example.org"),
            ("Access-Control-Allow-Credentials", "true"),
            ("Access-Control-Allow-Methods", "OPTIONS, POST"),
            ("Access-Control-Allow-Headers", "Authorization, Content-Type, Content-Disposition"),
            ("Vary", "Origin"),
        ):
            self.assertEqual(answer.fields[field], value)
        sent = self.sends(b"x", Origin="https://irc.example.org")
        self.assertEqual(
            sent.fields["Access-Control-Expose-Headers"], "Location, Content-Range, ETag"
        )
        wrong = self.sends(b"x", "nobody1", Origin="https://irc.example.org")
        self.assertEqual(wrong.fields["Access-Control-Allow-Origin"], "https://irc.example.org")

    def test_f4_a_page_from_there_fetches_and_deletes_files_too(self) -> None:
        here = {"Origin": "https://irc.example.org"}
        link = self.sent(COIL)
        told = self.asks("OPTIONS", link, **here).fields
        self.assertEqual(told["Access-Control-Allow-Methods"], "OPTIONS, GET, HEAD, DELETE")
        self.assertIn("Range", told["Access-Control-Allow-Headers"])
        for method, status, more in (
            ("HEAD", 200, {}),
            ("GET", 206, {"Range": "bytes=0-9"}),
            ("GET", 416, {"Range": "bytes=999999999-"}),
            ("DELETE", 200, {"Authorization": basic("tesla")}),
            ("GET", 404, {}),
        ):
            answer = self.asks(method, link, **here, **more)
            self.assertEqual(answer.status, status)
            self.assertEqual(answer.fields["Access-Control-Allow-Origin"], here["Origin"])
            self.assertEqual(answer.fields["Vary"], "Origin")

    def test_f4_a_page_from_elsewhere_cannot_read_a_file(self) -> None:
        link = self.sent(COIL)
        for method in ("OPTIONS", "GET", "HEAD"):
            fields = self.asks(method, link, Origin="https://evil.example").fields
            self.assertNotIn("Access-Control-Allow-Origin", fields)

    def test_f1_f3_a_page_from_elsewhere_sends_nothing(self) -> None:
        """Not even with a password that the browser knows."""
        for origin in ("https://evil.example", "null", "https://irc.example.org.evil.example"):
            answer = self.sends(b"x", Origin=origin)
            self.assert_refused(answer, 403, "--web-origin")
            for told in (answer, self.asks("OPTIONS", "/files", Origin=origin)):
                self.assertNotIn("Access-Control-Allow-Origin", told.fields)

    def test_a_program_that_has_no_page_is_told_too(self) -> None:
        answer = self.asks("OPTIONS", "/files")
        self.assertEqual((answer.status, answer.fields["Accept-Post"]), (200, "*/*"))
        self.assertNotIn("Access-Control-Allow-Origin", answer.fields)


class SwitchedOffTests(HostCase):
    settings: ClassVar[dict[str, Any]] = {"max_file": 0}

    def test_without_files_there_is_one_page(self) -> None:
        self.assertEqual(self.asks("OPTIONS", "/files").status, 405)
        self.assertEqual(self.sends(b"x").status, 405)
        self.assertEqual(self.asks("GET", "/files/1/" + "0" * 32).status, 404)
