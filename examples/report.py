"""What an example ends with: a picture, and what was put in beside what was fitted."""

from __future__ import annotations

import math
import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import matplotlib as mpl
from fitting import Fitted
from matplotlib.axes import Axes
from PIL import Image

# Pictures go to files: no window is opened, and no display is needed.
mpl.use("agg")
mpl.rcParams["figure.figsize"] = (7, 4)

PLACE = Path(__file__).parents[1] / "build" / "examples"
"""Where pictures go if nobody says where."""
FARTHEST = 4.0
"""Standard deviations that a fit may be off before the example fails."""
DOTS_PER_INCH = 130
COLOURS = 256
PREFIXES = {9: "G", 6: "M", 3: "k", 0: "", -3: "m", -6: "µ", -9: "n"}
TABLE = re.compile(r"(?<=<!-- table -->\n).*?(?=<!-- /table -->)", re.DOTALL)
"""Where a page has it."""


@dataclass(frozen=True)
class Comparison:
    """A number that the simulation was given, and what the measurement made of it."""

    what: str
    put_in: float
    fitted: Fitted
    unit: str = ""
    known_to: float = 0.1
    """How large the uncertainty may be, as a part of the number; more is no measurement."""

    @property
    def off_by(self) -> float:
        """Standard deviations between the two."""
        distance = abs(self.fitted.value - self.put_in)
        return distance / self.fitted.sigma if self.fitted.sigma else math.inf

    @property
    def holds(self) -> bool:
        """Whether the fit is right, and says something."""
        precise = 0 < self.fitted.sigma <= self.known_to * abs(self.put_in)
        return precise and self.off_by <= FARTHEST

    def row(self) -> str:
        """Return a row of the table."""
        scale, unit = scaled(self.put_in, self.unit)
        known = self.fitted.sigma / scale
        digits = max(0, 1 - math.floor(math.log10(known))) if 0 < known < math.inf else 6
        value, sigma = (
            f"{one / scale:.{digits}f}" for one in (self.fitted.value, self.fitted.sigma)
        )
        put_in = f"{self.put_in / scale:.10g}"
        return (
            f"| {self.what} | {put_in}{unit} | {value} ± {sigma}{unit} | {self.off_by:.1f} sigma |"
        )


def finish(name: str, axes: Axes, comparisons: Sequence[Comparison]) -> int:
    """Save an example's picture, show its table, and return its exit code: 1 if a fit is off.

    The picture goes into the folder that the command line names; the table too, if the example's
    page is there.
    """
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else PLACE
    folder.mkdir(parents=True, exist_ok=True)
    picture = folder / f"{name}.png"
    axes.get_figure(root=True).savefig(picture, dpi=DOTS_PER_INCH)
    with Image.open(picture) as drawn:
        # A quarter of the size; nobody sees the difference.
        drawn.convert("RGB").quantize(COLOURS, Image.Quantize.MAXCOVERAGE).save(
            picture, optimize=True
        )
    table = table_of(comparisons)
    page = folder / f"{name}.md"
    if page.exists():
        page.write_text(TABLE.sub(f"\n{table}\n\n", page.read_text()))
    print(f"{name}: {picture}\n\n{table}\n")
    wrong = [one.what for one in comparisons if not one.holds]
    if wrong:
        print(f"Off by more than {FARTHEST:g} sigma, or not known well enough: {', '.join(wrong)}")
    return 1 if wrong else 0


def table_of(comparisons: Sequence[Comparison]) -> str:
    """Return the comparisons as a table in Markdown."""
    head = ["| | put in | fitted | off by |", "|---|---|---|---|"]
    return "\n".join([*head, *(one.row() for one in comparisons)])


def scaled(value: float, unit: str) -> tuple[float, str]:
    """Return what to divide by, and the unit to write then.

    >>> scaled(5e-5, "s")
    (1e-06, ' µs')
    >>> scaled(0.02, "%")
    (0.01, ' %')
    """
    if unit == "%":
        return 0.01, " %"
    if not unit or value == 0:
        return 1.0, f" {unit}".rstrip()
    exponent = 3 * math.floor(math.log10(abs(value)) / 3)
    return 10.0**exponent, f" {PREFIXES[exponent]}{unit}"
