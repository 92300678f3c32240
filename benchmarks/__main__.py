"""``make bench``: measure the station beside what the machine gives without it."""

from __future__ import annotations

import sys
import time
from functools import partial
from pathlib import Path
from typing import Final

import anyio
import click
from benchmarks.bench import Bench
from benchmarks.catalogue import FIGURES, Figure
from benchmarks.echo import measure_echo
from benchmarks.row import Point, Row, as_json, balance, rows, shown
from benchmarks.size import FULL, QUICK

from benchmarks import plain_sqlite

BACKENDS: Final = ("asyncio", "trio")
"""Of the daemon; asyncio runs on uvloop. The client runs on uvloop always."""
LONGEST_RUN: Final = 400.0
"""Seconds after which a measurement has failed."""
_UVLOOP: Final = {"use_uvloop": True}


@click.command()
@click.option("--json", "path", type=click.Path(path_type=Path), help="Write the rows here too.")
@click.option("--runs", default=3, show_default=True, help="Runs of each figure.")
@click.option("--quick", is_flag=True, help="One run of small sizes, to see that all works.")
@click.option("--only", default="", metavar="NAME", help="Figures with this in their name.")
@click.option("--backend", "backends", multiple=True, type=click.Choice(BACKENDS), default=BACKENDS)
@click.option("--list", "listing", is_flag=True, help="Show the figures' names, measure nothing.")
def main(
    *,
    path: Path | None,
    runs: int,
    quick: bool,
    only: str,
    backends: tuple[str, ...],
    listing: bool,
) -> None:
    """Measure the station; figures are medians over the runs."""
    figures = [figure for figure in FIGURES if only in figure.name]
    if listing or not figures:
        click.echo("\n".join(figure.name for figure in FIGURES))
        sys.exit(0 if listing else 2)
    size = QUICK if quick else FULL
    found: list[Row] = []
    failed: list[str] = []
    for backend in backends:
        bench = Bench(
            backend=backend, size=size, echo=measure_echo(), commit_ms=plain_sqlite.commit_ms()
        )
        for figure in figures:
            points = _runs(figure, bench, 1 if quick else figure.runs(runs), failed)
            found += rows(backend, points)
            if path is not None:
                # After each: what was measured is kept, whatever comes.
                path.write_bytes(as_json(found))
    shown(found)
    print(balance(found))
    for failure in failed:
        click.echo(failure, err=True)
    sys.exit(1 if failed else 0)


def _runs(figure: Figure, bench: Bench, runs: int, failed: list[str]) -> list[list[Point]]:
    """Measure a figure several times. One that fails costs the others nothing."""
    points: list[list[Point]] = []
    begin = time.perf_counter()
    for _ in range(runs):
        try:
            # The journal runs in this process; all else has a daemon of its own.
            backend = bench.backend if figure.name == "journal" else "asyncio"
            options = _UVLOOP if backend == "asyncio" else {}
            points.append(
                anyio.run(
                    partial(_bounded, figure, bench), backend=backend, backend_options=options
                )
            )
        except Exception as error:  # noqa: BLE001 - it is told at the end
            failed.append(f"{figure.name} on {bench.backend}: {type(error).__name__}: {error}")
            break
    seconds = time.perf_counter() - begin
    click.echo(f"{seconds:6.1f} s  {bench.backend:<8} {figure.name}", err=True)
    return points


async def _bounded(figure: Figure, bench: Bench) -> list[Point]:
    with anyio.fail_after(LONGEST_RUN):
        return await figure.measure(bench)


if __name__ == "__main__":
    main()
