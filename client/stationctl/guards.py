"""`guards`: what must be within limits, and how it stands."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import click

from stationd.client.blocking import jobs
from stationd.client.stationctl.printing import Cell, Styled, moment, print_json, print_table
from stationd.client.stationctl.typed.options import json_option, station_option

if TYPE_CHECKING:
    from stationd.proto.guard_requests import GuardState
    from stationd.proto.program import SettingValue

_COLOURS: Final = {"within": "green", "out": "yellow", "back": "yellow"}


@click.command
@json_option
@station_option
def guards(as_json: bool) -> None:  # noqa: FBT001 - click calls it by name
    """Show the guards and their last readings."""
    found = jobs.guards()
    if as_json:
        print_json(found)
        return
    columns = ("GUARD", "READOUT", "READING", "READ", "MUST BE", "STANDING", "SINCE", "TARGETS")
    print_table(columns, [_row(one) for one in found])
    for one in found:
        if one.fault:
            click.echo(f"{one.name}: {one.readout}: {one.fault}")


def _row(one: GuardState) -> tuple[Cell, ...]:
    standing = f"{one.standing}, holds" if one.holds else one.standing
    return (
        one.name,
        one.readout,
        "-" if one.value is None else _with_unit(one.value, one.unit),
        "-" if one.read_unix_s is None else moment(one.read_unix_s),
        wanted(one),
        Styled(standing, _COLOURS.get(one.standing, "red")),
        moment(one.since_unix_s),
        f"{', '.join(one.targets)}{' (aborts)' if one.abort else ''}",
    )


def wanted(one: GuardState) -> str:
    """Return what a reading must be, in words."""
    if one.expected is not None:
        return _with_unit(one.expected, one.unit)
    low = "" if one.minimum is None else f"at least {_with_unit(one.minimum, one.unit)}"
    high = "" if one.maximum is None else f"at most {_with_unit(one.maximum, one.unit)}"
    return ", ".join(filter(None, [low, high]))


def _with_unit(value: SettingValue, unit: str) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    shown = f"{value:g}" if isinstance(value, float) else str(value)
    return f"{shown} {unit}" if unit else shown
