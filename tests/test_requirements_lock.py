"""What `make serve` installs is one release of each thing, with its hashes, and nothing else."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from twisted.trial.unittest import SynchronousTestCase

ROOT = Path(__file__).parent.parent
LOCK = ROOT / "requirements.lock"
_RELEASE = re.compile(
    r"([a-z0-9-]+)==([0-9][^ ]*)(?: ; [^\\]+)?((?: \\\n    --hash=sha256:[0-9a-f]{64})+)"
)


class RequirementsLockTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.text = "".join(
            line for line in LOCK.read_text().splitlines(True) if not line.startswith("#")
        )
        self.releases = {found[1]: found[2] for found in _RELEASE.finditer(self.text)}

    def test_k13_every_line_is_a_release_with_hashes_and_names_no_place(self) -> None:
        self.assertEqual(_RELEASE.sub("", self.text).strip(), "")
        self.assertNotIn("://", LOCK.read_text())

    def test_k13_all_that_is_needed_is_in_it_and_fits(self) -> None:
        project = tomllib.loads((ROOT / "pyproject.toml").read_text())
        needed = [*project["project"]["dependencies"], *project["dependency-groups"]["build"]]
        for requirement in map(Requirement, needed):
            release = self.releases.get(canonicalize_name(requirement.name), "none")
            fits = release != "none" and requirement.specifier.contains(release)
            self.assertTrue(fits, f"{requirement} is locked to {release}: run make upgrade")

    def test_k13_what_the_tests_need_is_not_in_it(self) -> None:
        self.assertTrue({"pytest", "hypothesis", "mypy", "ruff"}.isdisjoint(self.releases))
