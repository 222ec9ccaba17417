"""By which names the server lets itself be called, and what is refused to pages at any other."""

from __future__ import annotations

from base64 import b64encode
from pathlib import Path
from socket import gethostname
from tempfile import TemporaryDirectory
from typing import Any, ClassVar

from cryptography import x509

from tests.connection.case import Secure, TransportTestCase
from tests.irc.test_websocket import Browser
from tests.support.pem import certificate_pem, key_pem, new_key
from twisted_chat.connection.tls import CertificateFiles, Identity, TlsFactory
from twisted_chat.testing import PASSWORD, Client, Hall

from .browsing import HERE, HOST, HostCase, basic, head

REBOUND = "evil.example:9999"  # a name that was pointed here after its page was loaded
UPGRADE = {
    "Upgrade": "websocket",
    "Connection": "Upgrade",
    "Sec_WebSocket_Key": b64encode(bytes(16)).decode(),
    "Sec_WebSocket_Version": "13",
}


def status(client: Client, method: str, path: str, /, **fields: str) -> int:
    """What is answered to a request: the number alone."""
    client.received = ""
    client.sends(head(method, path, 0, **fields))
    return int(client.takes().split(" ")[1])


class NameTests(HostCase):
    def status(self, method: str, path: str, /, **fields: str) -> int:
        return status(self.hall.connects(HERE), method, path, **fields)

    def test_f1_a_name_that_was_pointed_here_is_refused_everywhere(self) -> None:
        page = {"Host": REBOUND, "Origin": f"http://{REBOUND}"}
        self.assertEqual(self.status("GET", "/", Host=REBOUND), 421)
        self.assertEqual(self.status("GET", "/", **page, **UPGRADE), 421)
        self.assertEqual(self.status("GET", "/", Host=REBOUND, **UPGRADE), 421)
        for method in ("POST", "OPTIONS"):
            answer = self.asks(method, "/files", **page, Authorization=basic("tesla"))
            self.assert_refused(answer, 421, "evil.example", "--web-address http://evil.example")
            self.assertNotIn("Access-Control-Allow-Origin", answer.fields)
        link = self.sent()
        answer = self.asks("DELETE", link, **page, Authorization=basic("tesla"))
        self.assertEqual((answer.status, len(self.files())), (421, 1))

    def test_addresses_and_names_of_this_machine_are_its_own(self) -> None:
        short = gethostname().partition(".")[0]
        for host in (
            *("127.0.0.1:9999", "[::1]:9999", "192.0.2.1", "localhost", "LOCALHOST.:9999"),
            *(gethostname(), f"{short}.local:9999"),
        ):
            self.assertEqual(self.status("GET", "/", Host=host), 200, host)
            page = {"Host": host, "Origin": f"http://{host.lower()}"}
            self.assertEqual(self.status("GET", "/", **page, **UPGRADE), 101, host)

    def test_what_only_looks_like_one_is_not(self) -> None:
        for host in ("localhost.evil.example", "127.0.0.1.evil.example", "127.1", "2130706433"):
            self.assertEqual(self.status("GET", "/", Host=host), 421, host)

    def test_f1_a_page_at_an_address_speaks_only_for_itself(self) -> None:
        for origin in ("http://203.0.113.5:9999", "http://localhost:3000", "http://127.0.0.1:9999"):
            self.assertEqual(self.status("GET", "/", Origin=origin, **UPGRADE), 403, origin)

    def test_a_link_leads_to_its_file_under_any_name(self) -> None:
        self.assertEqual(self.asks("GET", self.sent(), Host="files.example").status, 200)


class ToldNameTests(HostCase):
    settings: ClassVar[dict[str, Any]] = {
        "web_address": "https://chat.example.org",
        "web_origins": ("https://irc.example.org",),
    }

    def test_the_operator_names_what_a_proxy_is_called(self) -> None:
        for host in ("chat.example.org", "irc.example.org:8080"):
            client = self.hall.connects(HERE)
            self.assertEqual(status(client, "GET", "/", Host=host), 200)
        for origin, answer in (
            ("https://chat.example.org", 101),
            ("https://irc.example.org", 101),
            ("https://evil.example", 403),
        ):
            fields = {"Host": "chat.example.org", "Origin": origin, **UPGRADE}
            self.assertEqual(status(self.hall.connects(HERE), "GET", "/", **fields), answer)


class CertifiedNameTests(TransportTestCase):
    def hall_for(self, *names: str) -> Hall:
        """A server whose certificate is for these names."""
        with TemporaryDirectory() as folder:
            path, key = Path(folder) / "chat.pem", new_key()
            alternatives = x509.SubjectAlternativeName([x509.DNSName(name) for name in names])
            path.write_bytes(key_pem(key) + certificate_pem(key, extension=alternatives))
            made = Identity(CertificateFiles(str(path), Path(folder)))
            made.open()
        hall = self.hall()
        hall.tls = TlsFactory(made)
        hall.restart()
        return hall

    def test_the_certificate_s_names_are_its_own(self) -> None:
        hall = self.hall_for("Chat.example", "*.lab.example")
        for host, answer in (
            ("chat.example:9999", 200),
            ("old.lab.example", 200),
            ("lab.example", 421),
            ("very.old.lab.example", 421),
            ("x.chat.example", 421),
        ):
            self.assertEqual(status(hall.connects(HERE), "GET", "/", Host=host), answer, host)

    def test_who_has_named_it_in_tls_and_is_no_page_may_call_it_so(self) -> None:
        class Named(Secure):
            name = "chat.example.org"

        def named(**fields: str) -> int:
            client = Named(hall, HERE)
            hall.clients.append(client)
            return status(client, "GET", "/", **fields)

        hall = self.hall()
        self.assertEqual(named(Host="chat.example.org"), 200)
        self.assertEqual(named(Host="other.example.org"), 421)
        page = {"Origin": "https://chat.example.org", **UPGRADE}
        self.assertEqual(named(Host="chat.example.org", **page), 421)


class AdministratorTests(HostCase):
    settings: ClassVar[dict[str, Any]] = {"admins": ("root",)}

    def test_b11_f1_a_page_makes_no_administrator(self) -> None:
        browser = Browser(self.hall, f"http://{HOST}", "text.ircv3.net")
        browser.says_lines("NICK root", "USER root 0 * :R", f"REGISTER * * :{PASSWORD}")
        came = "".join(browser.lines())
        self.assertIn("only be made on the server's own machine", came)
        self.assertIsNone(self.hall.chat.signin.find("root"))
        root = self.hall.person("root")
        root.types("announce hello")
        root.hears("hello")
