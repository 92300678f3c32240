"""The page about performance is written from rows, and so is its picture."""

from pathlib import Path

import pytest
from benchmarks.row import Point, as_json, rows

from benchmarks import page

ROWS = [
    row
    for backend, value in (("asyncio", 4.0), ("trio", 6.0))
    for row in rows(
        backend,
        [
            [
                Point("latency, p50", value, "ms", 2.0, at_most=5.0),
                Point("lost", 0.0, "", at_most=0.0),
                Point("size", 12.0, "KiB"),
            ]
        ],
    )
]


def test_the_event_loops_stand_side_by_side() -> None:
    lines = page.written(ROWS).splitlines()
    assert "| latency, p50 | 4 | 6 | ms | 2 | 2 / 3 | at most 5 | partly |" in lines
    assert "| lost | 0 | 0 |  |  |  | at most 0 | yes |" in lines
    assert "| size | 12 | 12 | KiB |  |  |" in lines


def test_what_is_outside_the_marks_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("matplotlib")
    there = tmp_path / "performance.md"
    there.write_text("before\n<!-- figures -->\nold\n<!-- /figures -->\nafter\n")
    monkeypatch.setattr(page, "PAGE", there)
    (tmp_path / "rows.json").write_bytes(as_json(ROWS))
    page.main(tmp_path / "rows.json")
    text = there.read_text()
    assert text.startswith("before\n<!-- figures -->\nMeasured on ")
    assert text.endswith("\n<!-- /figures -->\nafter\n")
    assert "old" not in text
    picture = there.with_suffix(".svg").read_text()
    assert "latency, p50" in picture
    page.main(tmp_path / "rows.json")
    assert there.with_suffix(".svg").read_text() == picture


def test_the_page_has_room_for_its_figures() -> None:
    text = page.PAGE.read_text()
    assert text.count(page.BEGIN) == text.count(page.END) == 1
    assert "performance.svg" in text
