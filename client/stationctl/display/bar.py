"""Bars made of characters, a cell each."""

from __future__ import annotations

from typing import Final

from rich.text import Text

_DONE: Final = "━"
_HALF: Final = "╸"
_REST: Final = "─"


def bar(share: float, width: int, style: str = "cyan") -> Text:
    """Return a bar that is done up to a share.

    >>> bar(0.5, 5).plain
    '━━╸──'

    Args:
        share: 0 to 1.
        width: Cells.
        style: Of the part that is done.
    """
    halves = round(min(max(share, 0.0), 1.0) * width * 2)
    done, half = divmod(halves, 2)
    rest = width - done - half
    return Text.assemble((_DONE * done + _HALF * half, style), (_REST * rest, "bright_black"))
