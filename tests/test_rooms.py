"""The house as a newcomer finds it: every room is on its folder's page, and none is too long."""

import re
from pathlib import Path

import pytest

from stationd.client.stationctl.cli import COMMANDS

ROOT = Path(__file__).parents[1]
HOUSE = ("proto", "actors", "runtime", "client", "benchmarks")
PAGES = sorted(page for top in HOUSE for page in (ROOT / top).rglob("README.md"))
LONGEST = 400
"""Lines of a file; what is longer has more than one idea."""
TABLES = {"actors/ladder.py"}
"""A table is as long as it is."""


def relative(path: Path) -> str:
    return str(path.relative_to(ROOT))


def rooms(folder: Path) -> set[str]:
    return {path.stem for path in folder.glob("*.py")} - {"__init__", "__main__"}


@pytest.mark.parametrize("page", PAGES, ids=relative)
def test_every_room_is_named_on_its_folders_page(page: Path) -> None:
    named = set(re.findall(r"\w+", page.read_text()))
    if page.parent.name == "stationctl":
        named |= {module for module, _ in COMMANDS.values()}  # each is named after what it is
    assert rooms(page.parent) - named == set()


def test_no_room_is_longer_than_a_newcomer_reads_at_once() -> None:
    long = {
        relative(path)
        for top in HOUSE
        for path in (ROOT / top).rglob("*.py")
        if len(path.read_text().splitlines()) > LONGEST
    }
    assert long <= TABLES
