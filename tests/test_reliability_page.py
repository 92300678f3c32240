"""docs/reliability.md names tests that there are, and as many mutants."""

import re
from pathlib import Path, PurePosixPath

from tests.simulation.mutants import MUTANTS

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs" / "reliability.md").read_text()


def named() -> list[str]:
    """Return the paths that are named; a name alone stands in the folder named before it."""
    found: list[str] = []
    for line in PAGE.splitlines():
        folder = PurePosixPath()
        for name in re.findall(r"`([\w/]+\.py)`", line):
            path = PurePosixPath(name)
            folder = path.parent if "/" in name else folder
            found.append(str(folder / path.name))
    return found


def test_every_test_that_the_page_names_is_there() -> None:
    paths = named()
    assert len(paths) > 50
    assert [path for path in paths if not (ROOT / path).is_file()] == []


def test_the_page_counts_the_mutants() -> None:
    assert f"All {len(MUTANTS)} are caught" in PAGE
