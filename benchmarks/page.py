"""Writes what was measured into docs/performance.md: ``python -m benchmarks.page /abs/file``."""

from __future__ import annotations

import os
import platform
import sqlite3
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import msgspec
import zmq
from benchmarks.row import Row, balance, more_is_better, number

PAGE: Final = Path(__file__).parent.parent / "docs" / "performance.md"
BEGIN: Final = "<!-- figures -->"
END: Final = "<!-- /figures -->"


def main(path: Path) -> None:
    """Replace the part of the page between its marks, and the picture beside it."""
    from benchmarks.picture import draw  # noqa: PLC0415 - it alone needs stationd[plot]

    rows = msgspec.json.decode(path.read_bytes(), type=list[Row])
    text = PAGE.read_text(encoding="utf-8")
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    PAGE.write_text(f"{before}{BEGIN}\n{written(rows)}\n{END}{after}", encoding="utf-8")
    draw(rows, PAGE.with_suffix(".svg"))


def written(rows: Sequence[Row]) -> str:
    """Return what the page says of some rows."""
    budgeted = [row for row in rows if row.budget is not None]
    others = [row for row in rows if row.budget is None]
    return "\n".join(
        [
            _machine(),
            "",
            *_table(budgeted, budget=True),
            "",
            balance(budgeted),
            "",
            "![Each budgeted figure beside its budget and its limit](performance.svg)",
            "",
            "Besides, without a budget:",
            "",
            *_table(others, budget=False),
        ]
    )


def _machine() -> str:
    return (
        f"Measured on {os.cpu_count()} cores with CPython {platform.python_version()}, libzmq"
        f" {zmq.zmq_version()} and SQLite {sqlite3.sqlite_version}; client, daemon, controllers and"
        " journal share them. Medians of the runs, with the lowest and the highest in brackets."
    )


def _table(rows: Sequence[Row], *, budget: bool) -> list[str]:
    """Return the lines of a table with a line for each figure, the event loops side by side."""
    heads = ["figure", "asyncio + uvloop", "trio", "unit", "limit", "to limit"]
    heads += ["budget", "met"] if budget else []
    lines = [f"| {' | '.join(heads)} |", f"|{'---|' * len(heads)}"]
    for name in dict.fromkeys(row.name for row in rows):
        of_name = {row.backend: row for row in rows if row.name == name}
        lines.append(f"| {' | '.join(_cells(of_name, budget=budget))} |")
    return lines


def _cells(of_name: dict[str, Row], *, budget: bool) -> list[str]:
    one = next(iter(of_name.values()))
    limits = [row.limit for row in of_name.values() if row.limit]
    ratios = [row.value / row.limit for row in of_name.values() if row.limit]
    cells = [
        one.name,
        *(_value(of_name.get(backend)) for backend in ("asyncio", "trio")),
        one.unit,
        " / ".join(dict.fromkeys(map(number, limits))),
        " / ".join(dict.fromkeys(f"{ratio:.2g}" for ratio in ratios)),
    ]
    if budget:
        met = {row.met for row in of_name.values()}
        cells += [_promise(one), "yes" if met == {True} else "no" if met == {False} else "partly"]
    return cells


def _value(row: Row | None) -> str:
    if row is None:
        return ""
    low, high = row.spread
    spread = f" ({number(low)} - {number(high)})" if row.runs > 1 else ""
    return number(row.value) + spread


def _promise(row: Row) -> str:
    assert row.budget is not None
    sign = "at least" if more_is_better(row) else "at most"
    return f"{sign} {number(row.budget)}"


if __name__ == "__main__":
    main(Path(sys.argv[1]))
