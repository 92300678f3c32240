"""`target`: pause, drain, resume and reserve targets and controllers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from stationd.client import jobs
from stationd.client.stationctl.moments import MOMENT
from stationd.client.stationctl.options import json_option, station_option
from stationd.client.stationctl.printing import moment, print_json, print_table

if TYPE_CHECKING:
    from stationd.proto.queue_requests import Targets, TargetState


@click.group
def target() -> None:
    """Pause, drain, resume and reserve targets and controllers."""


@target.command("list")
@json_option
@station_option
def list_targets(as_json: bool) -> None:  # noqa: FBT001 - click calls it by name
    """Show what operators have said of targets, and the reservations."""
    _show(jobs.target_states(), as_json=as_json)


@target.command
@click.argument("name")
@click.option("--note", default="", metavar="TEXT", help="Why, for people.")
@json_option
@station_option
def pause(name: str, note: str, as_json: bool) -> None:  # noqa: FBT001 - click calls it by name
    """Let nothing more begin there. What runs goes on, what waits stays."""
    _show(jobs.pause_target(name, note), as_json=as_json)


@target.command
@click.argument("name")
@click.option("--note", default="", metavar="TEXT", help="Why, for people.")
@json_option
@station_option
def drain(name: str, note: str, as_json: bool) -> None:  # noqa: FBT001 - click calls it by name
    """Let it run empty: what waits goes on, new jobs are refused."""
    _show(jobs.drain_target(name, note), as_json=as_json)


@target.command
@click.argument("name")
@json_option
@station_option
def resume(name: str, as_json: bool) -> None:  # noqa: FBT001 - click calls it by name
    """Open it again."""
    _show(jobs.resume_target(name), as_json=as_json)


@target.command
@click.argument("name")
@click.option(
    "--project", required=True, metavar="NAME",
    help="Whose jobs may begin there; '' for those without a project.",
)  # fmt: skip
@click.option("--from", "begin", type=MOMENT, required=True, help="As in 14:30 or +2h.")
@click.option("--to", "end", type=MOMENT, required=True, help="The first moment after it.")
@click.option("--note", default="", metavar="TEXT", help="Why, for people.")
@json_option
@station_option
def reserve(*, name: str, project: str, begin: float, end: float, note: str, as_json: bool) -> None:
    """Keep it for one project for a while. What runs goes on."""
    _show(jobs.reserve(name, project, begin, end, note=note), as_json=as_json)


@target.command
@click.argument("reservation", metavar="ID")
@json_option
@station_option
def unreserve(reservation: str, as_json: bool) -> None:  # noqa: FBT001 - click calls it by name
    """Drop a reservation, by its id or how that begins."""
    found = [one.id for one in jobs.target_states().reservations if one.id.startswith(reservation)]
    if len(found) != 1:
        raise click.UsageError(f"{len(found)} reservations have an id that begins so: see `list`")
    _show(jobs.drop_reservation(found[0]), as_json=as_json)


def _show(said: Targets, *, as_json: bool) -> None:
    if as_json:
        print_json(said)
        return
    columns = ("CONTROLLER", "STATE", "WAITING", "TICKETS", "TARGETS", "NOTE")
    print_table(columns, [_row(one) for one in said.targets])
    for one in said.reservations:
        whose = f"project {one.project}" if one.project else "jobs without a project"
        note = f": {one.note}" if one.note else ""
        click.echo(
            f"{one.controller} is reserved for {whose} from {moment(one.from_unix_s)} to"
            f" {moment(one.to_unix_s)} ({one.id}){note}"
        )


def _row(state: TargetState) -> tuple[str, ...]:
    return (
        state.controller,
        state.state,
        str(state.waiting),
        str(state.line),
        ", ".join(state.targets) or "-",
        state.note or "-",
    )
