"""One figure, with its limit and its budget, and how figures are shown."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence

import msgspec
from msgspec import Struct
from rich.console import Console
from rich.table import Table


class Row(Struct, frozen=True, kw_only=True):
    """One figure."""

    name: str
    backend: str
    """The daemon's event loop."""
    value: float
    """The median of the runs."""
    unit: str
    spread: tuple[float, float]
    """The lowest and the highest of the runs."""
    limit: float | None = None
    """What the machine gives without us, from the same run of the benchmark."""
    budget: float | None = None
    """What we promise ourselves."""
    met: bool | None = None
    """Whether the figure is within its budget."""


def row(
    name: str,
    backend: str,
    values: Sequence[float],
    unit: str,
    *,
    limit: float | None = None,
    at_least: float | None = None,
    at_most: float | None = None,
) -> Row:
    """Make a row of the figures of several runs.

    Args:
        name: What is measured.
        backend: The daemon's event loop.
        values: One figure a run.
        unit: Of the figures.
        limit: What the machine gives without us.
        at_least: The budget, if more is better.
        at_most: The budget, if less is better.
    """
    value = statistics.median(values)
    met = None
    if at_least is not None:
        met = value >= at_least
    if at_most is not None:
        met = value <= at_most
    return Row(
        name=name,
        backend=backend,
        value=value,
        unit=unit,
        spread=(min(values), max(values)),
        limit=limit,
        budget=at_most if at_least is None else at_least,
        met=met,
    )


def shown(rows: Sequence[Row]) -> None:
    """Print a table of rows."""
    table = Table(box=None, header_style="bold")
    for heading in ("figure", "backend", "median", "spread", "unit", "limit", "ratio", "budget"):
        table.add_column(heading, justify="left" if heading in {"figure", "unit"} else "right")
    table.add_column("met")
    for one in rows:
        table.add_row(
            one.name,
            one.backend,
            _number(one.value),
            f"{_number(one.spread[0])} - {_number(one.spread[1])}",
            one.unit,
            _optional(one.limit, _number),
            _optional(one.limit, lambda limit, one=one: f"{one.value / limit:.2g}"),
            _optional(one.budget, _number),
            {None: "", True: "yes", False: "no"}[one.met],
        )
    Console(width=150).print(table)


def as_json(rows: Sequence[Row]) -> bytes:
    """Return the rows for machines: a list of objects, each with every key."""
    return msgspec.json.format(msgspec.json.encode(rows), indent=1)


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def _optional(value: float | None, text: Callable[[float], str]) -> str:
    return "" if value is None else text(value)
