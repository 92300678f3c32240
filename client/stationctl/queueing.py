"""`hold`, `release`, `prioritise`, `move`, `queue` and `why`: the queue, and places in it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

import click

from stationd.client.blocking import jobs
from stationd.client.stationctl.printing import duration, moment, print_json, print_table
from stationd.client.stationctl.typed.lookup import called, job_id
from stationd.client.stationctl.typed.options import json_option, station_option

if TYPE_CHECKING:
    from collections.abc import Callable

    from stationd.proto.job import JobId
    from stationd.proto.queue_requests import Placed, QueueEntry

_STATES: Final = {
    "running": "at work",
    "in_line": "sent ahead",
    "waiting": "waits",
    "early": "not yet",
    "held": "held",
    "closed": "closed",
}


@click.command
@click.argument("names", metavar="JOB...", nargs=-1, required=True)
@json_option
@station_option
def hold(names: tuple[str, ...], as_json: bool) -> None:  # noqa: FBT001 - click calls it by name
    """Keep jobs in the queue until they are released."""
    _each(names, jobs.hold, as_json=as_json)


@click.command
@click.argument("names", metavar="JOB...", nargs=-1, required=True)
@json_option
@station_option
def release(names: tuple[str, ...], as_json: bool) -> None:  # noqa: FBT001 - click calls it by name
    """Let jobs go that are held."""
    _each(names, jobs.release, as_json=as_json)


@click.command(context_settings={"ignore_unknown_options": True})
@click.argument("name", metavar="JOB")
@click.argument("priority", type=click.IntRange(-1000, 1000))
@json_option
@station_option
def prioritise(name: str, priority: int, as_json: bool) -> None:  # noqa: FBT001 - click calls it by name
    """Give a job another priority; the higher goes first."""
    _each((name,), lambda job: jobs.reprioritise(job, priority), as_json=as_json)


@click.command
@click.argument("name", metavar="JOB")
@click.option("--before", required=True, metavar="OTHER", help="The job that it is put before.")
@json_option
@station_option
def move(name: str, before: str, as_json: bool) -> None:  # noqa: FBT001 - click calls it by name
    """Put a job that waits just before another one."""
    other = job_id(before)
    _each((name,), lambda job: jobs.move_before(job, other), as_json=as_json)


@click.command
@click.argument("name", metavar="JOB")
@json_option
@station_option
def why(name: str, as_json: bool) -> None:  # noqa: FBT001 - click calls it by name
    """Explain why a job stands where it stands."""
    reasons = jobs.why(job_id(name))
    if as_json:
        print_json([{"rule": reason.rule, "text": reason.text} for reason in reasons])
        return
    for reason in reasons:
        click.echo(f"- {reason.text}")


@click.command
@click.option("--target", default="", metavar="NAME", help="A target or controller; all.")
@click.option(
    "--limit", type=click.IntRange(1, 1000), default=50, show_default=True, help="At most so many."
)
@json_option
@station_option
def queue(target: str, limit: int, as_json: bool) -> None:  # noqa: FBT001 - click calls it by name
    """Show the queue: what is at the controllers, then what waits, in its order."""
    listing = jobs.queue(target, limit)
    if as_json:
        print_json(listing)
        return
    columns = ("STATE", "JOB", "PRIORITY", "PROJECT", "WAITS", "CONTROLLERS")
    print_table(columns, [_row(entry) for entry in listing.entries])
    click.echo(f"{listing.waiting} waiting in all")


def _row(entry: QueueEntry) -> tuple[str, ...]:
    early = entry.state == "early" and entry.not_before is not None
    state = f"from {moment(entry.not_before or 0.0)}" if early else _STATES[entry.state]
    return (
        state,
        f"{entry.number or '-'}{' (moved)' if entry.moved else ''}",
        str(entry.priority) if entry.job else "-",
        entry.project or "-",
        duration(max(0.0, time.time() - entry.since_unix_s)) if entry.since_unix_s else "-",
        ", ".join(entry.controllers),
    )


def _each(names: tuple[str, ...], ask: Callable[[JobId], Placed], *, as_json: bool) -> None:
    found = called(names)
    placed = [ask(job) for job in found]
    if as_json:
        print_json(placed)
        return
    for one in placed:
        click.echo(f"{found[one.job]} {_where(one)}")


def _where(placed: Placed) -> str:
    if placed.held:
        return "is held"
    if placed.position is None:
        return f"has the priority {placed.priority}"
    jobs_ahead = "1 job" if placed.position == 1 else f"{placed.position} jobs"
    return f"has the priority {placed.priority}; {jobs_ahead} ahead of it"
