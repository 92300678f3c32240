"""`maintenance`: times in which nothing begins at a target."""

from __future__ import annotations

import click

from stationd.client.blocking import jobs
from stationd.client.stationctl.printing import print_json
from stationd.client.stationctl.standing import reservation_lines, show_standing, the_one
from stationd.client.stationctl.typed.moments import MOMENT
from stationd.client.stationctl.typed.options import json_option, station_option


@click.group
def maintenance() -> None:
    """Plan times in which nothing begins at a target or a controller."""


@maintenance.command
@click.argument("name", metavar="TARGET")
@click.option("--from", "begin", type=MOMENT, required=True, help="As in 14:30 or +2h.")
@click.option("--to", "end", type=MOMENT, required=True, help="The first moment after it.")
@click.option("--note", default="", metavar="TEXT", help="Why, for people.")
@json_option
@station_option
def add(*, name: str, begin: float, end: float, note: str, as_json: bool) -> None:
    """Let nothing begin there in that time. What runs goes on."""
    show_standing(jobs.plan_maintenance(name, begin, end, note=note), as_json=as_json)


@maintenance.command("list")
@json_option
@station_option
def list_maintenance(as_json: bool) -> None:  # noqa: FBT001 - click calls it by name
    """Show what is planned and under way, the earliest first."""
    planned = tuple(one for one in jobs.target_states().reservations if one.maintenance)
    if as_json:
        print_json(planned)
        return
    for line in reservation_lines(planned):
        click.echo(line)
    if not planned:
        click.echo("none is planned")


@maintenance.command
@click.argument("window", metavar="ID")
@json_option
@station_option
def remove(window: str, as_json: bool) -> None:  # noqa: FBT001 - click calls it by name
    """Drop a time of maintenance, by its id or how that begins."""
    planned = tuple(one for one in jobs.target_states().reservations if one.maintenance)
    show_standing(jobs.drop_reservation(the_one(planned, window)), as_json=as_json)
