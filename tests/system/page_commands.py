"""What pages tell an operator to type, for a machine on which it may be done."""

from pathlib import Path
from typing import Final

from tests.pages import blocks
from tests.system.wheel import ROOT

PAGE: Final = ROOT / "docs/how-to/run-a-station.md"
UPGRADE: Final = ROOT / "docs/how-to/upgrade.md"


def page_lines(beginning: str, page: Path = PAGE) -> list[str]:
    """Return the commands of the page's block that has a word in its first line.

    Args:
        beginning: The word.
        page: Marks the block as one that `tests/system` runs.
    """
    text = next(
        block.text
        for block in blocks(page.read_text())
        if "tests/system" in block.mark and beginning in block.text.partition("\n")[0]
    )
    return [line[2:] for line in text.splitlines()]
