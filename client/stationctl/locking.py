"""`lock` and `unlock`: nothing begins at a target while somebody works at it."""

from __future__ import annotations

import click

from stationd.client.blocking import jobs
from stationd.client.stationctl.standing import show_standing
from stationd.client.stationctl.typed.options import json_option, station_option


@click.command
@click.argument("name", metavar="TARGET")
@click.option("--note", default="", metavar="TEXT", help="Why, and whom to ask.")
@json_option
@station_option
def lock(name: str, note: str, as_json: bool) -> None:  # noqa: FBT001 - click calls it by name
    """Put your lock on a target or a controller: nothing begins there until it is off.

    What runs goes on. New jobs come in and wait; whoever submits one is told whose lock it is.
    """
    show_standing(jobs.lock_target(name, note), as_json=as_json)


@click.command
@click.argument("name", metavar="TARGET")
@click.option("--force", is_flag=True, help="Even if it is somebody else's: ask them first.")
@json_option
@station_option
def unlock(name: str, force: bool, as_json: bool) -> None:  # noqa: FBT001 - click calls it by name
    """Take your lock off a target or a controller."""
    show_standing(jobs.unlock_target(name, force=force), as_json=as_json)
