"""`timeline`: what jobs did when, as bars of their stages."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from stationd.client.blocking import jobs
from stationd.client.pictures.spans import spans
from stationd.client.stationctl.printing import duration, on_terminal, print_json, print_table
from stationd.client.stationctl.typed.lookup import job_ids
from stationd.client.stationctl.typed.options import json_option, station_option

if TYPE_CHECKING:
    from stationd.proto.job import JobView


@click.command
@click.argument("names", metavar="JOB...", nargs=-1, required=True)
@click.option(
    "--plot", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE",
    help="Draw into a file: .png, .svg or .pdf.",
)  # fmt: skip
@json_option
@station_option
def timeline(names: tuple[str, ...], *, plot: Path | None, as_json: bool) -> None:
    """Show which stages jobs went through, and how long each took.

    On a terminal, as bars on one axis of time for all of them.
    """
    views = [jobs.view(job) for job in job_ids(names)]
    if plot is not None:
        from stationd.client.stationctl.display.drawing import draw_timelines  # noqa: PLC0415 - slow

        draw_timelines(views, plot)
        if as_json:
            print_json([str(plot)])
        else:
            click.echo(str(plot))
    elif as_json:
        print_json([_document(view) for view in views])
    elif on_terminal():
        from stationd.client.stationctl.display.gantt import gantt  # noqa: PLC0415 - slow
        from stationd.client.stationctl.printing import console  # noqa: PLC0415 - slow

        out = console()
        out.print(gantt(views, out.width))
    else:
        print_table(
            ("JOB", "NAME", "STAGE", "TOOK"), [row for view in views for row in _rows(view)]
        )


def _rows(view: JobView) -> list[tuple[str, ...]]:
    return [
        (str(view.number), view.name or "-", span.stage, duration(span.end - span.start))
        for span in spans(view.timeline)
    ]


def _document(view: JobView) -> dict[str, object]:
    stages = [
        {"stage": span.stage, "start_unix_s": span.start, "end_unix_s": span.end}
        for span in spans(view.timeline)
    ]
    return {
        "job": view.id,
        "number": view.number,
        "name": view.name,
        "status": view.status,
        "stages": stages,
    }
