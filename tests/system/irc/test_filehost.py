"""What soju.im/FILEHOST demands, asked of a real server."""

from __future__ import annotations

from http.client import HTTPConnection, HTTPResponse

from tests.support.server_process import PATIENCE
from tests.system.irc.case import PASSWORD, RealCase
from tests.web.browsing import basic, path_of


class FilehostTests(RealCase):
    def test_h9_filehost(self) -> None:
        self.check_all()

    def url(self) -> str:
        """Where tesla is told to send files to."""
        tesla = self.registered("tesla", password=PASSWORD)
        for message in tesla.answers("VERSION"):
            for token in message.params if message.command == "005" else ():
                if token.startswith("soju.im/FILEHOST="):
                    return token.partition("=")[2]
        raise AssertionError("there is no such token")

    def asks(self, method: str, path: str, body: bytes = b"", **fields: str) -> HTTPResponse:
        """Ask over HTTP; the answer."""
        one = HTTPConnection("127.0.0.1", self.server.port, timeout=PATIENCE)
        self.addCleanup(one.close)
        told = {name.replace("_", "-"): value for name, value in fields.items()}
        one.request(method, path, body or None, told)
        return one.getresponse()

    def check_h9_its_value_is_an_address_at_the_same_port(self) -> None:
        self.assertEqual(self.url(), f"http://127.0.0.1:{self.server.port}/files")

    def check_h9_a_guest_who_could_not_use_it_is_not_told(self) -> None:
        came = self.registered().answers("VERSION")
        self.assertNotIn("FILEHOST", str(came))

    def check_h9_options_are_answered(self) -> None:
        answer = self.asks("OPTIONS", path_of(self.url()))
        self.assertEqual((answer.status, answer.headers["Accept-Post"]), (200, "*/*"))

    def check_h9_a_file_is_created_and_has_an_address(self) -> None:
        answer = self.asks(
            "POST",
            path_of(self.url()),
            b"hello",
            Authorization=basic("tesla", PASSWORD),
            Content_Type="text/plain",
            Content_Disposition='attachment; filename="hello.txt"',
        )
        self.assertEqual(answer.status, 201)
        link = answer.headers["Location"]
        self.assertTrue(link.startswith("http://") and link.endswith("/hello.txt"), link)
        whole, only = (self.asks(method, path_of(link)) for method in ("GET", "HEAD"))
        self.assertEqual((whole.status, whole.read()), (200, b"hello"))
        self.assertEqual((only.status, only.read()), (200, b""))
        self.assertEqual(only.headers["Content-Length"], "5")

    def check_h9_without_the_password_of_the_connection_nothing_is_taken(self) -> None:
        path = path_of(self.url())
        for fields in ({}, {"Authorization": basic("tesla", "guessed")}):
            answer = self.asks("POST", path, b"hello", **fields)
            self.assertEqual(answer.status, 401)
            self.assertTrue(answer.headers["WWW-Authenticate"].startswith("Basic "))
