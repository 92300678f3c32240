"""`retry`: open another attempt of jobs that are over."""

from __future__ import annotations

import click

from stationd.client.blocking import jobs
from stationd.client.stationctl.printing import print_json
from stationd.client.stationctl.typed.lookup import called
from stationd.client.stationctl.typed.options import json_option, station_option
from stationd.proto.status import RemoteRetryStrategy

_WORDS = {
    "opened": "runs again",
    "nothing_to_collect": "has nothing to collect; --strategy FORCE_RESUBMIT or FULL_RESTART"
    " executes it again",
    "controller_unreachable": "stays as it is: a controller that may be at work on it, or have"
    " its result, did not answer",
}


@click.command
@click.argument("names", metavar="JOB...", nargs=-1, required=True)
@click.option(
    "--strategy", type=click.Choice(list(RemoteRetryStrategy), case_sensitive=False),
    default=RemoteRetryStrategy.DEFAULT.value, show_default=True,
    help="DEFAULT collects results that were left, ALLOW_RESUBMIT executes what never was, "
    "FORCE_RESUBMIT what has no result, FULL_RESTART everything.",
)  # fmt: skip
@click.option(
    "--status", "statuses", multiple=True,
    type=click.Choice(["ERROR", "CANCELLED", "COMPLETED"], case_sensitive=False),
    help="Which items; may be repeated.  [default: ERROR; all with FULL_RESTART]",
)  # fmt: skip
@json_option
@station_option
def retry(
    names: tuple[str, ...],
    strategy: str,
    statuses: tuple[str, ...],
    as_json: bool,  # noqa: FBT001 - click calls it by name
) -> None:
    """Open another attempt of jobs that are over. What they have stays."""
    found = called(names)
    outcomes = {job: jobs.retry_submission(job, list(statuses) or None, strategy) for job in found}
    if as_json:
        print_json(outcomes)
        return
    for job, outcome in outcomes.items():
        click.echo(f"{found[job]} {_WORDS[outcome]}")
