"""Real processes with TLS, and what other programs make of them."""

from __future__ import annotations

import json
import signal
import socket
import ssl
from base64 import b64encode
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from OpenSSL import SSL

from tests.connection.case import trusting
from tests.support.pem import certificate_pem, key_pem, new_key, replace
from tests.support.server_process import PATIENCE, Server, run_twistd
from tests.system.world import World


class Servers(World):
    def server(self, *options: str) -> Server:
        server = Server(self.folder, *options)
        self.after(server.kill)
        return server

    def secure(self, server: Server, context: ssl.SSLContext | None = None) -> ssl.SSLSocket:
        client = (context or trusting()).wrap_socket(server.connect())
        self.after(client.close)
        return client

    def heard(self, client: socket.socket, until: bytes = b"") -> bytes:
        data = b""
        while piece := client.recv(65536):
            data += piece
            if until and until in data:
                break
        return data

    def logged_in(self, client: socket.socket, name: str) -> socket.socket:
        """Somebody who has come in, be it for the first time."""
        client.sendall(f"{name}\n".encode())
        if b"is a new name" in self.heard(client, b"assword: "):
            client.sendall(b"alternating\n")
            self.heard(client, b"again: ")
        client.sendall(b"alternating\n")
        client.sendall(b"whoelse\n")
        self.heard(client, b"online users are:")
        return client

    def given(self) -> tuple[Path, Path]:
        key = new_key()
        certificate, key_file = self.folder / "chat.pem", self.folder / "chat.key"
        certificate.write_bytes(certificate_pem(key))
        key_file.write_bytes(key_pem(key))
        return certificate, key_file


@pytest.fixture
def servers(tmp_path: Path) -> Iterator[Servers]:
    with Servers(tmp_path) as servers:
        yield servers


def fingerprint(client: ssl.SSLSocket) -> str:
    encoded = client.getpeercert(binary_form=True)
    assert encoded is not None
    key = x509.load_der_x509_certificate(encoded).public_key()
    spki = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return "SHA256:" + b64encode(sha256(spki).digest()).decode().rstrip("=")


def test_one_port_for_all(servers: Servers) -> None:
    server = servers.server()
    told = server.line_with("The fingerprint of this server's key is SHA256:")
    secure = servers.secure(server)
    assert told.split()[-1] == fingerprint(secure)
    certificate = secure.getpeercert(binary_form=True)
    assert certificate is not None
    shown = sha256(certificate).hexdigest().upper()
    told = server.line_with("IRC clients know its certificate by ")
    assert told.split()[-1].replace(":", "") == shown
    servers.heard(secure, b"Username: ")  # nothing was said, so it is greeted
    tesla = servers.logged_in(secure, "tesla")
    with server.connect() as plain:
        servers.logged_in(plain, "edison")
        tesla.sendall(b"BM over TLS\n")
        servers.heard(plain, b"tesla: over TLS\n")
        plain.sendall(b"BM in clear\n")
        servers.heard(tesla, b"edison: in clear\n")
        program = servers.secure(server)
        request = {"id": 1, "do": "register", "name": "bell", "password": "watson, come"}
        program.sendall(json.dumps(request).encode() + b"\n")
        assert b'"hello"' in servers.heard(program, b'"ok"')
        program.sendall(b'{"id": 2, "do": "send", "room": "#lobby", "text": "x", "cid": "1"}\n')
        servers.heard(plain, b"bell: x\n")
        servers.heard(tesla, b"bell: x\n")
        tesla.sendall(b"tata\n")
        assert servers.heard(tesla).endswith(b"DISCONNECTED!!\n")
    server.stop()
    assert server.errors == ""


def test_the_key_stays_from_start_to_start(servers: Servers) -> None:
    told = []
    for _ in range(2):
        server = servers.server()
        told.append(server.line_with("fingerprint").split()[-1])
        server.stop()
    assert told[0] == told[1]


def test_a17_a_slow_reader_loses_nothing(servers: Servers) -> None:
    server = servers.server("--flood-limit", "0")
    with socket.socket() as raw:
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8192)
        raw.settimeout(PATIENCE)
        raw.connect(("127.0.0.1", server.port))
        slow = trusting().wrap_socket(raw)
        servers.logged_in(slow, "tesla")
        quick = servers.logged_in(servers.secure(server), "edison")
        text = b"x" * 500
        for start in range(0, 3000, 100):
            quick.sendall(b"".join(b"BM %d %s\n" % (n, text) for n in range(start, start + 100)))
            servers.heard(quick, b"(Message %d sent" % (start + 100))
        came = servers.heard(slow, b"edison: 2999 ").split(b"\n")
        numbers = [int(line.split(b" ")[3]) for line in came if b"edison: " in line]
        assert numbers == list(range(3000))
        slow.close()


def test_what_has_arrived_is_not_shown_again(servers: Servers) -> None:
    server = servers.server()
    tesla = servers.logged_in(servers.secure(server), "tesla")
    edison = servers.logged_in(servers.secure(server), "edison")
    edison.sendall(b"BM hello\n")
    servers.heard(tesla, b"edison: hello\n")
    tesla.close()
    servers.heard(edison, b"tesla left the conversation")
    again = servers.secure(server)
    again.sendall(b"tesla\nalternating\nwhoelse\n")
    assert b"offline messages" not in servers.heard(again, b"users are:")


def test_an_end_of_input_is_the_end_of_what_is_asked(servers: Servers) -> None:
    server = servers.server()
    client = servers.logged_in(servers.secure(server), "tesla")
    client.sendall(b"BM the last\n")
    socket.socket.shutdown(client, socket.SHUT_WR)  # beneath TLS
    assert b"(Message 1 sent" in servers.heard(client)


def test_k1_a_stop_is_told(servers: Servers) -> None:
    server = servers.server()
    client = servers.logged_in(servers.secure(server), "tesla")
    assert server.stop() == -signal.SIGTERM
    assert b"The server is stopping" in servers.heard(client)
    assert server.errors == ""


def test_i2_only_modern_tls(servers: Servers) -> None:
    server = servers.server()
    for version in (ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1):
        with server.connect() as raw, pytest.raises(ssl.SSLError):
            trusting(version).wrap_socket(raw)
    for version, name in (
        (ssl.TLSVersion.TLSv1_2, "TLSv1.2"),
        (ssl.TLSVersion.TLSv1_3, "TLSv1.3"),
    ):
        client = servers.secure(server, trusting(version))
        assert client.version() == name
        cipher = client.cipher()
        assert cipher is not None
        assert "GCM" in cipher[0] or "CHACHA20" in cipher[0], cipher
    for ciphers in ("AES128-SHA", "ECDHE-ECDSA-AES128-SHA256", "aNULL", "3DES"):
        context = trusting(ssl.TLSVersion.TLSv1_2)
        try:
            context.set_ciphers(f"{ciphers}:@SECLEVEL=0")
        except ssl.SSLError:
            continue  # not even the client has it
        with server.connect() as raw, pytest.raises(ssl.SSLError):
            context.wrap_socket(raw)


def test_b15_no_renegotiation(servers: Servers) -> None:
    server = servers.server()
    context = SSL.Context(SSL.TLS_METHOD)
    context.set_max_proto_version(SSL.TLS1_2_VERSION)
    with server.connect() as raw:
        raw.setblocking(True)
        client = SSL.Connection(context, raw)
        client.set_connect_state()
        client.do_handshake()
        assert client.renegotiate()
        with pytest.raises(SSL.Error) as caught:
            client.do_handshake()
        assert "no renegotiation" in str(caught.value)


def test_i2_a_new_certificate_is_taken_up_and_nobody_is_cut_off(servers: Servers) -> None:
    certificate, key_file = servers.given()
    motd = servers.folder / "motd.txt"
    motd.write_text("Be kind.\n")
    server = servers.server("--tls", f"{certificate}:{key_file}", "--motd-file", str(motd))
    old = servers.secure(server)
    tesla = servers.logged_in(old, "tesla")
    key = new_key()
    replace(certificate, certificate_pem(key))
    server.process.send_signal(signal.SIGHUP)
    assert "goes on with the certificate it had" in server.line_with("does not belong")
    assert fingerprint(servers.secure(server)) == fingerprint(old)
    replace(key_file, key_pem(key))
    server.process.send_signal(signal.SIGHUP)
    told = server.line_with("was read anew").split()[-1]
    new = servers.secure(server)
    assert fingerprint(new) == told
    assert fingerprint(new) != fingerprint(old)
    motd.write_text("Be brief.\n")
    server.process.send_signal(signal.SIGHUP)
    server.line_with("The message of the day was read anew")
    new.sendall(b"edison\nalternating\nalternating\nwhoelse\n")
    edison = new
    assert b"Be brief.\n" in servers.heard(edison, b"online users are:")
    tesla.sendall(b"BM still here\n")
    servers.heard(edison, b"tesla: still here\n")


def test_i2_without_a_signal_too(servers: Servers) -> None:
    certificate, key_file = servers.given()
    server = servers.server("--tls", f"{certificate}:{key_file}")
    key = new_key()
    replace(key_file, key_pem(key))
    replace(certificate, certificate_pem(key))
    server.line_with("was read anew")


def refused(servers: Servers, *options: str) -> str:
    sentences = set()
    for more in ((), ("--check",)):
        done = run_twistd(servers.folder, "-n", "chat", "--port", "0", *options, *more)
        assert (done.returncode, done.stdout) == (1, ""), done.stderr
        assert len(done.stderr.splitlines()) == 1, done.stderr
        sentences.add(done.stderr)
    assert len(sentences) == 1, sentences
    return sentences.pop()


def test_k3_a_certificate_that_cannot_be_used(servers: Servers) -> None:
    certificate, key_file = servers.given()
    assert "no such file" in refused(servers, "--tls", "nowhere.pem")
    key_file.write_bytes(key_pem(new_key()))
    sentence = refused(servers, "--tls", f"{certificate}:{key_file}")
    assert "does not belong to the certificate" in sentence
    key_file.write_bytes(key_pem(new_key(), b"secret"))
    assert "passphrase" in refused(servers, "--tls", "chat.pem:chat.key")
    (servers.folder / "chat-data").mkdir(exist_ok=True)
    (servers.folder / "chat-data" / "tls.pem").write_text("nonsense")
    assert "remove it to have another made" in refused(servers)


def test_k2_nobody_could_log_in(servers: Servers) -> None:
    assert "nobody could log in" in refused(servers, "--tls", "off", "--plaintext", "never")


def test_without_tls_it_is_said_who_is_left(servers: Servers) -> None:
    server = servers.server("--tls", "off")
    server.line_with("Without TLS nobody can log in but on this machine")
    with server.connect() as client:
        servers.heard(client, b"Username: ")
    with server.connect() as client, pytest.raises(OSError):
        trusting().wrap_socket(client)


def test_the_address_behind_a_proxy_is_logged(servers: Servers) -> None:
    server = servers.server("--trusted-proxy", "127.0.0.1")
    with server.connect() as raw:
        raw.sendall(b"PROXY TCP4 192.0.2.7 192.0.2.1 5000 9999\r\n")
        servers.logged_in(trusting().wrap_socket(raw), "tesla")
        server.line_with("Client (192.0.2.7, 5000) connected")
    with server.connect() as raw:
        raw.sendall(b"PROXY TCP4 192.0.2.7 192.0.2.1 5000 9999\r\n")
        assert b"ncat --ssl 192.0.2.1 9999" in servers.heard(raw)
    with server.connect() as raw:
        raw.sendall(b"PROXY nonsense\r\n")
        server.line_with("sent a header that cannot be read")
