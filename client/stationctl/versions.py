"""`versions`: what the daemon and the controllers ran at a given time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from stationd.client.blocking import jobs
from stationd.client.blocking.portal import call
from stationd.client.station import station as asynchronous
from stationd.client.stationctl.printing import moment, print_json
from stationd.client.stationctl.typed.lookup import job_id
from stationd.client.stationctl.typed.options import json_option, station_option
from stationd.client.stationctl.typed.past import PastTime
from stationd.proto.status import JobExecutorStatus

if TYPE_CHECKING:
    from datetime import datetime

    from stationd.proto.job import JobView
    from stationd.proto.version_requests import RunningVersions


@click.command
@click.option("--at", type=PastTime(), help="At this time, as in 2h, 14:30, yesterday; else now.")
@click.option("--job", metavar="JOB", help="When this job was executed.")
@click.option("--attempt", type=click.IntRange(1), help="This attempt of it, and not the newest.")
@json_option
@station_option
def versions(
    at: datetime | None,
    job: str | None,
    attempt: int | None,
    as_json: bool,  # noqa: FBT001 - click calls it by name
) -> None:
    """Show which versions of what ran: now, at a time, or when a job was executed."""
    if job is not None and at is not None:
        raise click.UsageError("give --at or --job, and not both")
    if attempt is not None and job is None:
        raise click.UsageError("--attempt says which of a job's: give --job too")
    time = None if at is None else at.timestamp()
    if job is not None:
        time = executed(jobs.view(job_id(job)), attempt)
    found = call(asynchronous.versions, time)
    if as_json:
        print_json(found)
        return
    for one in found:
        click.echo("\n".join(lines(one)))


def executed(view: JobView, attempt: int | None) -> float:
    """Return when a job was executed, or else when that attempt began, Unix seconds.

    Raises:
        click.UsageError: There was no such attempt.
    """
    wanted = view.attempt if attempt is None else attempt
    entries = [entry for entry in view.timeline if entry.attempt == wanted]
    if not entries:
        raise click.UsageError(f"job {view.id} has {view.attempt} attempts, and no {wanted}")
    began = [one for one in entries if one.status is JobExecutorStatus.EXECUTION_STARTED]
    return (began or entries)[0].time_unix_s


def lines(one: RunningVersions) -> list[str]:
    """Return what one of them ran, as text."""
    whose = f"controller {one.controller}" if one.controller else "daemon"
    width = max(map(len, one.versions), default=0)
    return [
        f"{whose}, since {moment(one.since_unix_s)}",
        *(f"  {name:<{width}}  {version}" for name, version in one.versions.items()),
    ]
