"""`controllers` and `ping`: what the station is made of, and whether it is there."""

from __future__ import annotations

import click
from rich.text import Text

from stationd.client import jobs
from stationd.client.stationctl.options import json_option, station_option
from stationd.client.stationctl.printing import SHORT_ID, console, print_json, table
from stationd.proto.jobs_protocol import ControllerView
from stationd.proto.program import Capabilities


@click.command
@json_option
@station_option
def controllers(as_json: bool) -> None:  # noqa: FBT001 - click calls it by name
    """Show the station's targets and controllers."""
    found, targets = jobs.controllers(), jobs.targets()
    if as_json:
        print_json({"targets": targets, "controllers": found})
        return
    out = console()
    columns = ("CONTROLLER", "DRIVER", "CONNECTED", "RUNNING", "LINE", "CAN DO")
    out.print(table(columns, [_row(controller) for controller in found]))
    out.print()
    rows = [(target.name, target.controller) for target in targets]
    out.print(table(("TARGET", "CONTROLLER"), rows))


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


def _row(controller: ControllerView) -> tuple[str | Text, ...]:
    return (
        controller.name,
        controller.driver or "-",
        Text("yes", style="green") if controller.connected else Text("no", style="red"),
        controller.running[:SHORT_ID] if controller.running else "-",
        str(controller.line),
        _abilities(controller.capabilities),
    )


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
