"""Servers with and without TLS, where nobody can be asked whether to trust them."""

from __future__ import annotations

import re
import subprocess

from tests.system.pipe.case import NEW_SERVER, ClientCase


class TrustingTest(ClientCase):
    def say(self, text: str, *more: str) -> subprocess.CompletedProcess[bytes]:
        return self.run_client(*self.words("tesla", *more), typed=text)

    def another_key(self) -> None:
        """The server is set up anew, with what it knew before."""
        self.server.kill()
        (self.folder / "chat-data" / "tls.pem").unlink()
        self.server = self.serve(self.server.port)

    def test_i1_a_new_server_is_trusted_and_its_key_said_once(self) -> None:
        done = self.say("one")
        self.assertEqual(done.returncode, 0)
        (line,) = done.stderr.decode().splitlines()
        self.assertRegex(line, rf"^localhost:{self.server.port}{NEW_SERVER}[\w+/]{{43}}$")
        self.assertEqual(self.say("two").stderr, b"")
        self.assertEqual(self.friend().texts(), ["one", "two"])

    def test_i1_another_key_is_refused_until_somebody_says_so(self) -> None:
        self.well(self.say("one"))
        self.another_key()
        sentence = self.badly(self.say("two"))
        self.assertTrue(sentence.startswith(f"THE KEY OF localhost:{self.server.port} HAS CHANGED"))
        before, now = re.findall(r"SHA256:[\w+/]{43}", sentence)
        self.assertNotEqual(before, now)
        self.assertIn(now, self.badly(self.say("three", "--trust-new-key"), code=0))
        self.assertEqual(self.say("four").stderr, b"")
        self.assertEqual(self.friend().texts(), ["one", "three", "four"])

    def test_i1_encryption_that_is_gone_is_noticed(self) -> None:
        self.well(self.say("one"))
        self.server.kill()
        self.options = (*self.options, "--tls", "off")
        self.server = self.serve(self.server.port)
        self.assertIn("was encrypted before and is not now", self.badly(self.say("two")))
        self.well(self.say("three", "--insecure"))
        self.assertEqual(self.friend().texts(), ["one", "three"])


class PlainTest(ClientCase):
    options = ("--flood-limit", "0", "--tls", "off")

    def test_on_one_computer_no_encryption_is_needed(self) -> None:
        done = self.run_client(*self.words("tesla"), typed="one")
        self.assertEqual((done.returncode, done.stderr), (0, b""))
        self.assertEqual(self.friend().texts(), ["one"])
