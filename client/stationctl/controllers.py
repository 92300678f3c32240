"""`controllers`, `reset` and `ping`: what the station is made of, and whether it is there."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from stationd.client.blocking import jobs
from stationd.client.blocking.portal import call
from stationd.client.stationctl.printing import Cell, Styled, print_json, print_table, print_text
from stationd.client.stationctl.standing import guard_lines, lock_lines
from stationd.client.stationctl.typed.lookup import name_of, shown
from stationd.client.stationctl.typed.options import json_option, station_option
from stationd.proto.jobs_protocol import ControllerView
from stationd.proto.program import Capabilities

if TYPE_CHECKING:
    from collections.abc import Mapping

    from stationd.proto.job import JobId, JobView


@click.group(invoke_without_command=True)
@json_option
@station_option
@click.pass_context
def controllers(ctx: click.Context, as_json: bool) -> None:  # noqa: FBT001 - click calls it by name
    """Show the station's targets and controllers."""
    if ctx.invoked_subcommand is not None:
        return
    found, targets = jobs.controllers(), jobs.targets()
    if as_json:
        print_json({"targets": targets, "controllers": found})
        return
    columns = ("CONTROLLER", "DRIVER", "CONNECTED", "RUNNING", "LINE", "CAN DO")
    at_work = [controller.running for controller in found if controller.running]
    views = call(shown, at_work)
    print_table(columns, [_row(controller, views) for controller in found])
    print_text()
    rows = [(target.name, target.controller) for target in targets]
    print_table(("TARGET", "CONTROLLER"), rows)
    said = jobs.target_states()
    for line in (*lock_lines(said), *guard_lines(said)):
        click.echo(line)


@controllers.command
@click.argument("name", metavar="CONTROLLER")
@click.argument("patterns", metavar="[PARAMETER]...", nargs=-1)
@click.option("--all", "whole", is_flag=True, help="A row for each parameter, however many.")
@json_option
@station_option
def show(name: str, patterns: tuple[str, ...], whole: bool, as_json: bool) -> None:  # noqa: FBT001 - click calls it by name
    """Show what a controller says of itself, and how it is.

    PARAMETER is a name, how one begins (as in vna or vna.ch1), or one with * for any text. A long
    list is folded; --all unfolds it.
    """
    from stationd.client.stationctl import description  # noqa: PLC0415 - numpy is slow

    found = jobs.describe_controller(name)
    description.show(found, patterns, whole=whole, as_json=as_json)


@click.command
@click.argument("name", metavar="CONTROLLER")
@json_option
@station_option
def reset(name: str, as_json: bool) -> None:  # noqa: FBT001 - click calls it by name
    """Trust a controller in quarantine again.

    It is there because its instruments did not come to rest when a job was ended. Look at them
    first: the next job starts at once.
    """
    jobs.reset_controller(name)
    if as_json:
        print_json(next(one for one in jobs.controllers() if one.name == name))
        return
    click.echo(f"{name} is trusted again")


@click.command
@json_option
@station_option
def ping(as_json: bool) -> None:  # noqa: FBT001 - click calls it by name
    """Show who answers at the endpoint."""
    found = jobs.ping()
    if as_json:
        print_json(found)
        return
    click.echo(
        f"station {found.name!r} at {found.endpoint}: stationd {found.version}, start {found.epoch}"
    )


def _row(controller: ControllerView, views: Mapping[JobId, JobView]) -> tuple[Cell, ...]:
    job = controller.running
    running = name_of(job, views[job].number if job in views else 0) if job else "-"
    return (
        controller.name,
        controller.driver or "-",
        _presence(controller),
        running,
        str(controller.line),
        _abilities(controller.capabilities),
    )


def _presence(controller: ControllerView) -> Styled:
    if controller.quarantined is not None:
        return Styled("in quarantine", "red")
    return Styled("yes", "green") if controller.connected else Styled("no", "red")


def _abilities(capabilities: Capabilities | None) -> str:
    if capabilities is None:
        return "has never connected"
    qpu = capabilities.qpu
    parts = [
        f"{len(qpu.qubits)} qubits" if qpu is not None else "",
        f"{len(capabilities.settings)} settings" if capabilities.settings else "",
        f"{len(capabilities.readouts)} readouts" if capabilities.readouts else "",
        "null programs" if capabilities.null else "",
    ]
    return ", ".join(part for part in parts if part) or "-"
