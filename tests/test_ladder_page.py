"""docs/ladder.md, its pictures and README's ladder are made from the daemon's own tables."""

import runpy
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"


@pytest.fixture
def drawing(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What docs/draw_ladder.py has."""
    monkeypatch.setattr(sys, "path", [str(DOCS), *sys.path])
    return runpy.run_path(str(DOCS / "draw_ladder.py"))


def test_the_page_is_what_the_tables_make(drawing: dict[str, Any]) -> None:
    page: str = drawing["page"]()
    assert (DOCS / "ladder.md").read_text(encoding="utf-8") == page, "run `make diagram`"


def test_the_pictures_are_what_the_tables_make(drawing: dict[str, Any]) -> None:
    pictures: dict[str, str] = drawing["pictures"]()
    assert {file.name for file in DOCS.glob("ladder-*.svg")} == set(pictures)
    for file, drawn in pictures.items():
        assert (DOCS / file).read_text(encoding="utf-8") == drawn, "run `make diagram`"
        assert f"]({file})" in (DOCS / "ladder.md").read_text(encoding="utf-8")


def test_the_ladder_in_readme_is_what_the_tables_make(drawing: dict[str, Any]) -> None:
    readme: Callable[[str], str] = drawing["readme"]
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert readme(text) == text, "run `make diagram`"


def test_a_picture_has_a_box_for_each_status_and_an_arrow_for_each_way(
    drawing: dict[str, Any],
) -> None:
    arrow, picture = drawing["Arrow"], drawing["Picture"]
    arrows = [
        arrow("A", "B", "begun"),
        arrow("A", "A", "waits & sees"),
        arrow("A", "END", "failed"),
        arrow("B", "END", "done"),
    ]
    root = ET.fromstring(picture(["A", "B", "END"], ["END"], arrows).svg())
    space = "{http://www.w3.org/2000/svg}"
    words = [one.text for one in root.iter(f"{space}text")]
    assert words.count("A") == words.count("B") == words.count("END") == 1
    assert {"begun", "done", "stays: waits & sees; END: failed"} <= set(words)
    # Two steps and a way beside the column; one more makes the head.
    assert len(list(root.iter(f"{space}path"))) == 4
