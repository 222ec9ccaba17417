"""What soju.im/FILEHOST demands, asked of a real server."""

from __future__ import annotations

from http.client import HTTPConnection, HTTPResponse

from tests.support.server_process import PATIENCE
from tests.system.irc.network import PASSWORD, Network
from tests.web.browsing import basic, path_of


def url(network: Network) -> str:
    """Where tesla is told to send files to."""
    tesla = network.registered("tesla", password=PASSWORD)
    for message in tesla.answers("VERSION"):
        for token in message.params if message.command == "005" else ():
            if token.startswith("soju.im/FILEHOST="):
                return token.partition("=")[2]
    raise AssertionError("there is no such token")


def asks(
    network: Network, method: str, path: str, body: bytes = b"", **fields: str
) -> HTTPResponse:
    """Ask over HTTP; the answer."""
    one = HTTPConnection("127.0.0.1", network.server.port, timeout=PATIENCE)
    network.after(one.close)
    told = {name.replace("_", "-"): value for name, value in fields.items()}
    one.request(method, path, body or None, told)
    return one.getresponse()


def test_h9_its_value_is_an_address_at_the_same_port(network: Network) -> None:
    assert url(network) == f"http://127.0.0.1:{network.server.port}/files"


def test_h9_a_guest_who_could_not_use_it_is_not_told(network: Network) -> None:
    came = network.registered().answers("VERSION")
    assert "FILEHOST" not in str(came)


def test_h9_options_are_answered(network: Network) -> None:
    answer = asks(network, "OPTIONS", path_of(url(network)))
    assert (answer.status, answer.headers["Accept-Post"]) == (200, "*/*")


def test_h9_a_file_is_created_and_has_an_address(network: Network) -> None:
    answer = asks(
        network,
        "POST",
        path_of(url(network)),
        b"hello",
        Authorization=basic("tesla", PASSWORD),
        Content_Type="text/plain",
        Content_Disposition='attachment; filename="hello.txt"',
    )
    assert answer.status == 201
    link = answer.headers["Location"]
    assert link.startswith("http://") and link.endswith("/hello.txt"), link
    whole, only = (asks(network, method, path_of(link)) for method in ("GET", "HEAD"))
    assert (whole.status, whole.read()) == (200, b"hello")
    assert (only.status, only.read()) == (200, b"")
    assert only.headers["Content-Length"] == "5"


def test_h9_without_the_password_of_the_connection_nothing_is_taken(network: Network) -> None:
    path = path_of(url(network))
    for fields in ({}, {"Authorization": basic("tesla", "guessed")}):
        answer = asks(network, "POST", path, b"hello", **fields)
        assert answer.status == 401
        assert answer.headers["WWW-Authenticate"].startswith("Basic ")
