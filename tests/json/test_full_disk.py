"""What still goes on while nothing can be stored."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn
from unittest import mock

from twisted_chat.chat.accounts.sign_in import SCHEME
from twisted_chat.testing import PASSWORD

from .receiver import resumes
from .test_requests import InHall


class FullDiskTests(InHall):
    @contextmanager
    def full_disk(self) -> Iterator[None]:
        """Meanwhile the writer has no room for anything."""

        def full(*_: object) -> NoReturn:
            error = sqlite3.OperationalError("database or disk is full")
            error.sqlite_errorcode = sqlite3.SQLITE_FULL
            raise error

        committer = self.hall.store.writer._committer
        with (
            mock.patch.object(committer, "_write", full),
            mock.patch.object(committer._ledger.log, "follow_with_index", full),
        ):
            yield

    def test_d3_one_logs_in_with_a_password_and_has_no_token(self) -> None:
        self.hall.bot("ann").vanishes()
        with self.full_disk():
            ann = self.hall.program()
            answer = ann.asks("login", name="ann", password=PASSWORD)
            self.assertEqual((answer["name"], answer["token"]), ("ann", ""))
            refused = ann.asks("send", room="#lobby", text="hi", cid="1")["error"]
            self.assertEqual(refused["code"], "store_full")
            # It is no other's session that ends with it.
            again = self.hall.program().asks("login", name="ann", password=PASSWORD)
            self.assertEqual(again["name"], "ann")
            self.assertFalse(ann.closed)
        self.assertEqual(ann.asks("send", room="#lobby", text="hi", cid="1")["seq"], 1)
        _, refused = resumes(self.hall, "")
        self.assertEqual(refused["error"]["code"], "bad_token")

    def test_d3_b8_an_older_hash_opens_the_account_still(self) -> None:
        self.hall.bot("ann").vanishes()
        person = self.hall.chat.signin.find("ann")
        assert person is not None
        number = person.id
        self.hall.chat.store.change(
            lambda ledger: ledger.accounts.set_credential(number, SCHEME, "{plain}older words")
        )
        self.hall.settle()
        for _ in range(2):
            with self.full_disk():
                login = self.hall.program().asks("login", name="ann", password="older words")
                self.assertEqual(login["name"], "ann")

    def test_d3_what_was_said_is_still_found(self) -> None:
        ann = self.hall.bot("ann")
        ann.asks("send", room="#lobby", text="an ant", cid="2")
        self.assertEqual(len(ann.asks("search", words="ant")["lines"]), 1)
        ann.asks("send", room="#lobby", text="a bee", cid="3")
        with self.full_disk():
            self.assertEqual(len(ann.asks("search", words="ant")["lines"]), 1)
        self.assertEqual(len(ann.asks("search", words="bee")["lines"]), 1)
