"""docs/threats.md says of every row which tests hold against it, or why none does yet."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from tests.threats_document import DOCUMENT, files_by_row, rows, written

HOW_MANY = dict(zip("ABCDEFGHIJK", (20, 18, 13, 18, 12, 9, 6, 13, 13, 11, 13), strict=True))


class ThreatsDocumentTest(SynchronousTestCase):
    def setUp(self) -> None:
        self.document = DOCUMENT.read_text()
        self.rows = rows(self.document)

    def test_every_row_is_there(self) -> None:
        expected = [
            f"{section}{n}" for section, last in HOW_MANY.items() for n in range(1, last + 1)
        ]
        self.assertEqual(list(self.rows), expected)

    def test_every_test_that_names_a_row_names_one_that_exists(self) -> None:
        self.assertLessEqual(set(files_by_row()), set(self.rows))

    def test_the_column_of_tests_is_as_the_tests_are(self) -> None:
        if self.document != written(self.document):
            self.fail("run: python -m tests.threats_document --write")

    def test_what_no_test_holds_says_why(self) -> None:
        for row, (must, held) in self.rows.items():
            self.assertGreater(len(must.strip()), 10, row)
            self.assertGreater(len(held.strip()), 10, row)
