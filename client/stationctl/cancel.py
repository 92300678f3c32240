"""`cancel`: end jobs."""

from __future__ import annotations

import click

from stationd.client.blocking import jobs
from stationd.client.stationctl.printing import print_json
from stationd.client.stationctl.typed.lookup import called
from stationd.client.stationctl.typed.options import json_option, station_option

_WORDS = {
    "accepted": "is being cancelled",
    "already_over": "was over already",
}


@click.command
@click.argument("names", metavar="JOB...", nargs=-1, required=True)
@json_option
@station_option
def cancel(names: tuple[str, ...], as_json: bool) -> None:  # noqa: FBT001 - click calls it by name
    """End jobs that are under way. What they have measured is kept."""
    found = called(names)
    outcomes = {job: jobs.cancel(job) for job in found}
    if as_json:
        print_json(outcomes)
        return
    for job, outcome in outcomes.items():
        click.echo(f"{found[job]} {_WORDS[outcome]}")
