"""`target`: pause, drain, resume and reserve targets and controllers."""

from __future__ import annotations

import click

from stationd.client.blocking import jobs
from stationd.client.stationctl.standing import show_standing, the_one
from stationd.client.stationctl.typed.moments import MOMENT
from stationd.client.stationctl.typed.options import json_option, station_option


@click.group
def target() -> None:
    """Pause, drain, resume and reserve targets and controllers."""


@target.command("list")
@json_option
@station_option
def list_targets(as_json: bool) -> None:  # noqa: FBT001 - click calls it by name
    """Show what operators have said of targets: states, locks, reservations, maintenance."""
    show_standing(jobs.target_states(), as_json=as_json)


@target.command
@click.argument("name")
@click.option("--note", default="", metavar="TEXT", help="Why, for people.")
@json_option
@station_option
def pause(name: str, note: str, as_json: bool) -> None:  # noqa: FBT001 - click calls it by name
    """Let nothing more begin there. What runs goes on, what waits stays."""
    show_standing(jobs.pause_target(name, note), as_json=as_json)


@target.command
@click.argument("name")
@click.option("--note", default="", metavar="TEXT", help="Why, for people.")
@json_option
@station_option
def drain(name: str, note: str, as_json: bool) -> None:  # noqa: FBT001 - click calls it by name
    """Let it run empty: what waits goes on, new jobs are refused."""
    show_standing(jobs.drain_target(name, note), as_json=as_json)


@target.command
@click.argument("name")
@json_option
@station_option
def resume(name: str, as_json: bool) -> None:  # noqa: FBT001 - click calls it by name
    """Open it again."""
    show_standing(jobs.resume_target(name), as_json=as_json)


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
    show_standing(jobs.reserve(name, project, begin, end, note=note), as_json=as_json)


@target.command
@click.argument("reservation", metavar="ID")
@json_option
@station_option
def unreserve(reservation: str, as_json: bool) -> None:  # noqa: FBT001 - click calls it by name
    """Drop a reservation, by its id or how that begins."""
    found = the_one(jobs.target_states().reservations, reservation)
    show_standing(jobs.drop_reservation(found), as_json=as_json)
