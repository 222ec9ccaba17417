"""docs/threats.md says of every row which tests hold against it, or why none does yet."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from tests.threats_document import DOCUMENT, files_by_row, rows, written


class ThreatsDocumentTest(SynchronousTestCase):
    def setUp(self) -> None:
        self.document = DOCUMENT.read_text()
        self.rows = rows(self.document)

    def test_no_row_is_lost(self) -> None:
        sections: dict[str, list[int]] = {}
        for row in self.rows:
            sections.setdefault(row[0], []).append(int(row[1:]))
        self.assertEqual("".join(sections), "ABCDEFGHIJK")
        for section, numbers in sections.items():
            self.assertEqual(numbers, [*range(1, len(numbers) + 1)], section)

    def test_every_test_that_names_a_row_names_one_that_exists(self) -> None:
        self.assertLessEqual(set(files_by_row()), set(self.rows))

    def test_the_column_of_tests_is_as_the_tests_are(self) -> None:
        if self.document != written(self.document):
            self.fail("run: python -m tests.threats_document --write")

    def test_what_no_test_holds_says_why(self) -> None:
        for row, (must, held) in self.rows.items():
            self.assertGreater(len(must.strip()), 10, row)
            self.assertGreater(len(held.strip()), 10, row)
