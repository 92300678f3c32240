"""docs/ladder.md is made from the tables that the daemon runs on."""

import runpy
from pathlib import Path

DOCS = Path(__file__).parent.parent / "docs"


def test_the_page_is_what_the_tables_make() -> None:
    page: str = runpy.run_path(str(DOCS / "draw_ladder.py"))["page"]()
    assert (DOCS / "ladder.md").read_text(encoding="utf-8") == page, "run `make diagram`"
