"""One figure with its limit and its budget, and how figures are shown."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterable, Sequence

import msgspec
from msgspec import Struct
from rich.console import Console
from rich.table import Table


class Point(Struct, frozen=True):
    """What one run says of one figure."""

    name: str
    value: float
    unit: str
    limit: float | None = None
    """What the machine gives without us, in the same unit, from the same run."""
    at_most: float | None = None
    """The budget, if less is better."""
    at_least: float | None = None
    """The budget, if more is better."""


class Row(Struct, frozen=True, kw_only=True):
    """One figure over several runs. Machines read these: every row has every key."""

    name: str
    backend: str
    """The daemon's event loop; empty if no daemon takes part."""
    value: float
    """The median of the runs."""
    unit: str
    spread: tuple[float, float]
    """The lowest and the highest of the runs."""
    runs: int
    limit: float | None
    """What the machine gives without us, the median of the same runs; None if nothing compares."""
    budget: float | None
    """What we promise ourselves; None for nothing."""
    met: bool | None
    """Whether the figure is within its budget."""


def rows(backend: str, runs: Sequence[Sequence[Point]]) -> list[Row]:
    """Make a row of each figure that some runs have measured, in their order."""
    by_name: dict[str, list[Point]] = {}
    for points in runs:
        for point in points:
            by_name.setdefault(point.name, []).append(point)
    return [_row(backend, points) for points in by_name.values()]


def _row(backend: str, points: Sequence[Point]) -> Row:
    first = points[0]
    values = [point.value for point in points]
    limits = [point.limit for point in points if point.limit is not None]
    value = statistics.median(values)
    met = None
    if first.at_least is not None:
        met = value >= first.at_least
    if first.at_most is not None:
        met = value <= first.at_most
    return Row(
        name=first.name,
        backend=backend,
        value=value,
        unit=first.unit,
        spread=(min(values), max(values)),
        runs=len(values),
        limit=statistics.median(limits) if limits else None,
        budget=first.at_most if first.at_least is None else first.at_least,
        met=met,
    )


def shown(found: Iterable[Row]) -> None:
    """Print a table of rows."""
    table = Table(box=None, header_style="bold", pad_edge=False)
    for heading in ("figure", "backend", "median", "spread", "unit", "limit", "ratio", "budget"):
        table.add_column(heading, justify="left" if heading in {"figure", "unit"} else "right")
    table.add_column("met")
    for one in found:
        table.add_row(*cells(one))
    Console(width=150).print(table)


def cells(one: Row) -> tuple[str, ...]:
    """Return a row as text: figure, backend, median, spread, unit, limit, ratio, budget, met."""
    low, high = one.spread
    return (
        one.name,
        one.backend,
        number(one.value),
        f"{number(low)} - {number(high)}" if one.runs > 1 else "",
        one.unit,
        _optional(one.limit, number),
        _optional(one.limit, lambda limit: f"{one.value / limit:.2g}"),
        _optional(one.budget, number),
        {None: "", True: "yes", False: "no"}[one.met],
    )


def more_is_better(row: Row) -> bool:
    """Return whether a budget is a lower bound, which a row shows by how it is met."""
    return row.met == (row.value > (row.budget or 0.0))


def balance(found: Sequence[Row]) -> str:
    """Say how far apart the event loops are; neither may be worse than twice the other."""
    factors: dict[str, float] = {}
    for name in dict.fromkeys(row.name for row in found if row.budget is not None):
        values = [row.value for row in found if row.name == name and row.value > 0]
        if len(values) > 1:
            factors[name] = max(values) / min(values)
    if not factors:
        return "One event loop was measured."
    name = max(factors, key=lambda name: factors[name])
    return (
        f"Of what has a budget, the two event loops differ most in *{name}*: by a factor of"
        f" {factors[name]:.2g}, where at most 2 is promised."
    )


def as_json(found: Sequence[Row]) -> bytes:
    """Return rows for machines: a list of objects, each with every key."""
    return msgspec.json.format(msgspec.json.encode(found), indent=1)


def number(value: float) -> str:
    """Return a number in three digits, or whole if it has more.

    >>> [number(value) for value in (0.01234, 12.34, 1234.5)]
    ['0.0123', '12.3', '1,234']
    """
    return f"{value:,.0f}" if abs(value) >= 100 or value == int(value) else f"{value:.3g}"


def _optional(value: float | None, text: Callable[[float], str]) -> str:
    return "" if value is None or value == 0 else text(value)
