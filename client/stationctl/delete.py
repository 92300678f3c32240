"""`delete`: let go of jobs that are over."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from stationd.client.blocking.portal import call
from stationd.client.connection.shared import connection
from stationd.client.stationctl.printing import print_json
from stationd.client.stationctl.typed.lookup import called
from stationd.client.stationctl.typed.options import json_option, station_option
from stationd.proto.project_requests import Delete, Deleted

if TYPE_CHECKING:
    from stationd.proto.job import JobId


@click.command
@click.argument("names", metavar="JOB...", nargs=-1, required=True)
@click.option("--yes", "-y", is_flag=True, help="Do not ask.")
@json_option
@station_option
def delete(names: tuple[str, ...], *, yes: bool, as_json: bool) -> None:
    """Forget jobs that are over, and their results. There is no way back."""
    found = called(names)
    if not yes:
        if not sys.stdin.isatty():
            raise click.UsageError("--yes is needed where nobody can be asked")
        what = f"job {next(iter(found.values()))}" if len(found) == 1 else f"{len(found)} jobs"
        if not click.confirm(f"forget {what} and all results?"):
            return
    outcomes = {job: call(_forget, job) for job in found}
    if as_json:
        print_json(outcomes)
        return
    for job, outcome in outcomes.items():
        click.echo(
            f"{found[job]} {'is deleted' if outcome == 'deleted' else 'was deleted already'}"
        )


async def _forget(job: JobId) -> str:
    return (await connection().ask(Delete(0, job), Deleted)).outcome
