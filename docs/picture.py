"""Draws statuses and what leads from one to another, as SVG: no program and no network needed."""

from __future__ import annotations

from dataclasses import dataclass, field
from html import escape
from itertools import pairwise
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

ROW: Final = 46
"""Pixels from one box to the next."""
BOX: Final = (270, 26)
MARGIN: Final = 24
LANE: Final = 18
"""Pixels between two lanes, in which arrows go past boxes."""
LETTER: Final = 6.7
"""Pixels that a letter of a label is wide, roughly."""

STYLE: Final = """\
text { font: 12px sans-serif; fill: #1f2933 }
.label { fill: #52606d; font-size: 11px }
rect.box { fill: #e3f0fa; stroke: #2b6cb0; rx: 5 }
rect.end { fill: #fdf3e1; stroke: #b7791f }
path { fill: none; stroke: #52606d; marker-end: url(#head) }
"""
SVG: Final = 'xmlns="http://www.w3.org/2000/svg"'
HEAD: Final = (
    '<defs><marker id="head" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7"'
    ' orient="auto"><path d="M0,0 L8,4 L0,8 z" style="fill:#52606d;stroke:none;marker-end:none"/>'
    "</marker></defs>"
)


@dataclass(frozen=True)
class Arrow:
    """What leads from one status to another, or to itself."""

    start: str
    end: str
    label: str


@dataclass
class Picture:
    """Boxes in a column, from the top; arrows to the next one, and beside them to all others.

    Args:
        boxes: Names, in their order.
        ends: Those of them that are ends.
        arrows: Between them.
    """

    boxes: Sequence[str]
    ends: Iterable[str]
    arrows: Sequence[Arrow]
    _parts: list[str] = field(default_factory=list, init=False)

    def svg(self) -> str:
        """Return the picture as a file's text."""
        beside = self._beside()
        lanes = list(dict.fromkeys(end for _, end in beside))
        labels = {start: self._label(start, beside) for start in self.boxes}
        widest = max((len(label) for label in labels.values()), default=0)
        first_lane = MARGIN + BOX[0] + 16 + LETTER * widest + LANE
        for name in self.boxes:
            self._draw_box(name)
        for start, end in pairwise(self.boxes):
            self._draw_step(start, end)
        for place, end in enumerate(lanes):
            self._draw_lane(
                end, [one for one, to in beside if to == end], first_lane + LANE * place
            )
        for name, label in labels.items():
            self._text(MARGIN + BOX[0] + 12, self._middle(name) - 4, label, "label")
        width = round(first_lane + LANE * max(len(lanes), 1) + MARGIN)
        height = ROW * (len(self.boxes) - 1) + BOX[1] + 2 * MARGIN
        return "\n".join(
            [
                f'<svg {SVG} viewBox="0 0 {width} {height}" width="{width}" height="{height}">',
                f"<style>\n{STYLE}</style>",
                HEAD,
                f'<rect width="{width}" height="{height}" fill="white"/>',
                *self._parts,
                "</svg>\n",
            ]
        )

    def _beside(self) -> list[tuple[str, str]]:
        """Return from where to where arrows go beside the column, each once."""
        steps = set(pairwise(self.boxes))
        ways = [(one.start, one.end) for one in self.arrows if one.start != one.end]
        return list(dict.fromkeys(way for way in ways if way not in steps))

    def _label(self, start: str, beside: Iterable[tuple[str, str]]) -> str:
        """Say what leads out of a box beside the column, and what leaves it where it is."""
        ends = dict.fromkeys([start, *(end for one, end in beside if one == start)])
        said = [
            f"{'stays: ' if end == start else f'{end}: '}{', '.join(self._words(start, end))}"
            for end in ends
            if self._words(start, end)
        ]
        return "; ".join(said)

    def _words(self, start: str, end: str) -> list[str]:
        said = [one.label for one in self.arrows if (one.start, one.end) == (start, end)]
        return list(dict.fromkeys(said))

    def _draw_box(self, name: str) -> None:
        top = self._middle(name) - BOX[1] / 2
        kind = "box end" if name in set(self.ends) else "box"
        self._parts.append(
            f'<rect class="{kind}" x="{MARGIN}" y="{top:g}" width="{BOX[0]}" height="{BOX[1]}"/>'
        )
        self._text(MARGIN + 10, self._middle(name) + 4, name)

    def _draw_step(self, start: str, end: str) -> None:
        said = self._words(start, end)
        if not said:
            return
        middle = MARGIN + 20
        top, bottom = (
            self._middle(name) + side * BOX[1] / 2 for name, side in ((start, 1), (end, -1))
        )
        self._parts.append(f'<path d="M{middle},{top:g} V{bottom:g}"/>')
        self._text(middle + 8, (top + bottom) / 2 + 4, ", ".join(said), "label")

    def _draw_lane(self, end: str, starts: Iterable[str], x: float) -> None:
        right = MARGIN + BOX[0]
        goal = self._middle(end) + 5
        for start in starts:
            self._parts.append(
                f'<path d="M{right},{self._middle(start) + 5:g} H{x:g} V{goal:g} H{right + 1}"/>'
            )

    def _text(self, x: float, y: float, words: str, kind: str = "") -> None:
        if words:
            named = f' class="{kind}"' if kind else ""
            self._parts.append(f'<text x="{x:g}" y="{y:g}"{named}>{escape(words)}</text>')

    def _middle(self, name: str) -> float:
        return MARGIN + BOX[1] / 2 + ROW * list(self.boxes).index(name)
