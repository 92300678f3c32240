"""``make bench``: measure the station beside what the machine gives without it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path

import anyio
import click
from benchmarks import figures, journal
from benchmarks.limits import Echo, measure_echo
from benchmarks.row import Row, as_json, row, shown

BACKENDS = ("asyncio", "trio")
"""Of the daemon; asyncio runs on uvloop. The client runs on uvloop always."""


@click.command()
@click.option("--json", "path", type=click.Path(path_type=Path), help="Write the rows here too.")
@click.option("--runs", default=3, show_default=True, help="Runs of each figure.")
@click.option("--queued", default=20_000, show_default=True, help="Jobs in a full queue.")
@click.option("--only", default="", help="Only figures whose name has this in it.")
def main(path: Path | None, runs: int, queued: int, only: str) -> None:
    """Measure the station; figures are medians over the runs."""
    echo = measure_echo()
    rows: list[Row] = []
    for backend in BACKENDS:
        rows += _rows(backend, echo, runs, queued, only)
    shown(rows)
    if path is not None:
        path.write_bytes(as_json(rows))


def _rows(backend: str, echo: Echo, runs: int, queued: int, only: str) -> list[Row]:
    rows: list[Row] = []
    stored = {
        one["name"]: one for one in journal.measure("uvloop" if backend == "asyncio" else backend)
    }
    facts, write = stored["journalled facts"], stored["durable write, p50"]
    for name, measure, make in _figures(backend, echo, facts, write, queued):
        if only in name:
            rows += make([_run(partial(measure, backend)) for _ in range(runs)])
    return [*rows, *(_plain(one, backend) for one in (facts, write) if only in one["name"])]


def _figures(
    backend: str, echo: Echo, facts: journal.Row, write: journal.Row, queued: int
) -> list[tuple[str, Callable[..., Awaitable[object]], Callable[..., list[Row]]]]:
    single = partial(row, backend=backend)
    round_trip_ms = echo["round_trip_us"] / 1e3
    # Each no-op job takes 16 facts and, at the least, two messages each with client and controller.
    most_jobs = min((facts["limit"] or 0.0) / 16, echo["messages_per_s"] / 4)

    def gaps(values: list[tuple[float, float]]) -> list[Row]:
        p50, p99 = zip(*values, strict=True)
        return [
            single("idle gap, 1 ms jobs, p50", values=p50, unit="us", at_most=20.0),
            single("idle gap, 1 ms jobs, p99", values=p99, unit="us", at_most=1000.0),
        ]

    def full_queue(values: list[tuple[float, float]]) -> list[Row]:
        memory, seconds = zip(*values, strict=True)
        return [
            single(f"memory a job, {queued} queued", values=memory, unit="KiB", at_most=4.0),
            single(f"restart, {queued} unfinished", values=seconds, unit="s", at_most=5.0),
        ]

    return [
        (
            "no-op jobs",
            figures.jobs_per_second,
            lambda values: [
                single("no-op jobs", values=values, unit="1/s", limit=most_jobs, at_least=5_000.0)
            ],
        ),
        (
            "submit to READY, p50",
            figures.submit_to_ready_ms,
            lambda values: [
                single(
                    "submit to READY, p50",
                    values=values,
                    unit="ms",
                    limit=2 * round_trip_ms + (write["limit"] or 0.0),
                    at_most=5.0,
                )
            ],
        ),
        ("idle gap", partial(figures.idle_gap_us, seconds=0.001, count=1_000), gaps),
        (
            "status to listener, p50",
            figures.status_to_listener_ms,
            lambda values: [
                single(
                    "status to listener, p50",
                    values=values,
                    unit="ms",
                    limit=round_trip_ms / 2 + (write["limit"] or 0.0),
                    at_most=1.0,
                )
            ],
        ),
        (
            "cancel to rest, p50",
            figures.cancel_to_rest_ms,
            lambda values: [
                single(
                    "cancel to rest, p50",
                    values=values,
                    unit="ms",
                    limit=2 * round_trip_ms + 2 * (write["limit"] or 0.0),
                    at_most=5.0,
                )
            ],
        ),
        ("memory, restart with a full queue", partial(figures.queue, count=queued), full_queue),
    ]


def _plain(one: journal.Row, backend: str) -> Row:
    return row(one["name"], backend, [one["value"]], one["unit"], limit=one["limit"])


def _run(measure: Callable[[], Awaitable[object]]) -> object:
    return anyio.run(measure, backend="asyncio", backend_options={"use_uvloop": True})


if __name__ == "__main__":
    main()
