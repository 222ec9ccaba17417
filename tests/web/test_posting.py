"""Sending a file over HTTP, with a name and a password."""

from __future__ import annotations

from .browsing import COIL, HOST, PNG, HostCase, Requesting, basic, head, path_of


class SendingTests(HostCase):
    def test_a_file_comes_out_as_it_went_in(self) -> None:
        answer = self.sends()
        self.assertEqual(answer.status, 201)
        link = answer.fields["Location"]
        self.assertRegex(link, rf"^http://{HOST}/files/1/[0-9a-f]{{32}}/coil.png$")
        self.assertIn(link, answer.sentence)
        fetched = self.asks("GET", path_of(link))
        self.assertEqual((fetched.status, fetched.body), (200, COIL))

    def test_an_empty_file_is_a_file(self) -> None:
        self.assertEqual(self.asks("GET", self.sent(b"")).body, b"")

    def test_it_may_come_in_chunks_however_they_are_cut(self) -> None:
        one = Requesting(self.hall)
        fields = {"Authorization": basic("tesla"), "Transfer_Encoding": "chunked", **PNG}
        body = b"".join(b"%x;note=1\r\n%b\r\n" % (len(part), part) for part in _parts(COIL, 50_001))
        for byte in _parts(head("POST", "/files", **fields) + body + b"0\r\nX: y\r\n\r\n", 20_011):
            one.sends(byte)
        answer = one.answer()
        self.assertEqual(answer.status, 201, answer.body)
        self.assertEqual(self.asks("GET", path_of(answer.fields["Location"])).body, COIL)

    def test_a20_chunks_of_a_byte_are_a_file_too(self) -> None:
        one = Requesting(self.hall)
        fields = {"Authorization": basic("tesla"), "Transfer_Encoding": "chunked", **PNG}
        body = b"".join(b"1\r\n%b\r\n" % part for part in _parts(COIL[:3000], 1))
        one.sends(head("POST", "/files", **fields) + body + b"0\r\n\r\n")
        link = path_of(one.answer().fields["Location"])
        self.assertEqual(self.asks("GET", link).body, COIL[:3000])

    def test_it_may_come_a_byte_at_a_time(self) -> None:
        one = Requesting(self.hall)
        for byte in _parts(
            head("POST", "/files", 5, Authorization=basic("tesla")) + b"\nA\r\n\n", 1
        ):
            one.sends(byte)
        self.assertEqual(
            self.asks("GET", path_of(one.answer().fields["Location"])).body, b"\nA\r\n\n"
        )

    def test_who_asks_first_is_told_to_go_on(self) -> None:
        one = Requesting(self.hall)
        fields = {"Authorization": basic("tesla"), "Expect": "100-continue"}
        one.sends(head("POST", "/files", 3, **fields))
        self.assertEqual(one.came, b"HTTP/1.1 100 Continue\r\n\r\n")
        one.came = b""
        one.sends(b"abc")
        self.assertEqual(one.answer().status, 201)
        refused = Requesting(self.hall)
        refused.sends(head("POST", "/files", 3, Expect="100-continue"))
        self.assertEqual(refused.answer().status, 401)

    def test_what_comes_behind_the_file_is_not_looked_at(self) -> None:
        one = Requesting(self.hall)
        whole = head("POST", "/files", 3, Authorization=basic("tesla")) + b"abc"
        one.sends(whole + b"GET / HTTP/1.1\r\n\r\n")
        self.assertEqual(one.answer().status, 201)
        self.assertEqual(one.came.count(b"HTTP/1.1 "), 1)

    def test_a_file_is_kept_when_the_server_starts_again(self) -> None:
        link = self.sent()
        self.hall.restart()
        self.hall.wait(120)
        self.assertEqual(self.asks("GET", link).body, COIL)

    def test_its_owner_sees_it_has_it_and_deletes_it(self) -> None:
        link = self.sent()
        (line,) = self.files()
        self.assertEqual(
            (line["file"], line["name"], line["size"], line["room"], line["seq"], line["by"]),
            (1, "coil.png", len(COIL), "files", 1, "tesla"),
        )
        self.assertEqual(self.files(place="files"), [line])
        self.assertEqual(self.tesla.asks("get", file=1)["room"], "files")
        self.assertNotIn("error", self.tesla.asks("delete", what="files/1"))
        self.assertEqual(self.asks("GET", link).status, 404)
        self.assertEqual(self.contents(), [])
        self.assertEqual(self.hall.chat.files.space.used, {})

    def test_with_netcat_too(self) -> None:
        link = self.sent()
        person = self.hall.person("tesla")
        person.types("files")
        person.hears("1  coil.png (179.2 kB) from tesla, files/1 ")
        person.hears("(delete files/<number> ends the link to one)")
        person.types("get 1")
        person.hears("fetch-file ")
        person.types("delete files/1")
        self.assertEqual(self.asks("GET", link).status, 404)

    def test_its_owner_deletes_it_over_http(self) -> None:
        link = self.sent()
        self.assertEqual(self.asks("DELETE", link).status, 401)
        self.hall.bot("edison")
        self.assertEqual(self.asks("DELETE", link, Authorization=basic("edison")).status, 404)
        self.assertEqual(self.asks("DELETE", link, Authorization=basic("tesla")).status, 200)
        self.assertEqual(self.asks("GET", link).status, 404)

    def test_it_is_nobody_elses(self) -> None:
        self.sent()
        edison = self.hall.bot("edison")
        self.assertEqual(edison.asks("files")["files"], [])
        self.assertEqual(edison.asks("get", file=1)["error"]["code"], "no_such_file")
        self.assertEqual(edison.asks("delete", what="files/1")["error"]["code"], "no_such_file")
        said = self.tesla.asks("send", room="#lobby", text="", file=1, cid="a")
        self.assertEqual(said["error"]["code"], "no_such_file")

    def test_lists_have_files_of_both_kinds_page_by_page(self) -> None:
        for number in range(25):
            self.sent(b"x", Content_Disposition=f"attachment; filename={number}.png")
        first = self.tesla.asks("files")
        self.assertEqual([line["file"] for line in first["files"]], list(range(6, 26)))
        rest = self.tesla.asks("files", before=first["older"])
        self.assertEqual([line["file"] for line in rest["files"]], list(range(1, 6)))

    def test_k12_with_its_account_it_goes(self) -> None:
        link = self.sent()
        self.tesla.asks("delete-account", sure=True)
        self.hall.settle()
        self.assertEqual(self.asks("GET", link).status, 404)
        self.assertEqual(self.contents(), [])


def _parts(data: bytes, size: int) -> list[bytes]:
    return [data[start : start + size] for start in range(0, len(data), size)]
