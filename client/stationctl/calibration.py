"""`calibration`: the sets of observations that jobs are compiled with."""

from __future__ import annotations

import time
from pathlib import Path

import click

from stationd.client.blocking import jobs
from stationd.client.files.calibration import read_calibration
from stationd.client.station.calibration_diff import SIGNIFICANT, CalibrationChange
from stationd.client.stationctl.printing import (
    Cell,
    Styled,
    moment,
    print_json,
    print_table,
    print_text,
)
from stationd.client.stationctl.typed.moments import DURATION
from stationd.client.stationctl.typed.options import json_option, station_option
from stationd.proto.calibration import CalibrationSummary, Observation


@click.group
def calibration() -> None:
    """Import, list, show and choose calibration sets."""


@calibration.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--use", is_flag=True, help="Make it the target's default as well.")
@click.option(
    "--valid-for", type=DURATION, help="Until it is fresh no longer, as in 12h; before the file."
)
@json_option
@station_option
def import_file(file: Path, use: bool, valid_for: float | None, as_json: bool) -> None:  # noqa: FBT001 - click calls it by name
    """Store the calibration set in a TOML file and print its id."""
    found = read_calibration(file.read_text(encoding="utf-8"), str(file))
    stored = jobs.import_calibration(
        found.target,
        found.observations,
        name=found.name,
        use=use,
        expires=found.expires_unix_s if valid_for is None else None,
        valid_for=found.valid_for if valid_for is None else valid_for,
    )
    if as_json:
        print_json(stored)
    else:
        click.echo(stored.id)


@calibration.command("list")
@click.option("--target", default="", metavar="NAME", help="Of one target only.")
@json_option
@station_option
def list_sets(target: str, as_json: bool) -> None:  # noqa: FBT001 - click calls it by name
    """List the stored sets, the newest first."""
    found = jobs.list_calibrations(target)
    if as_json:
        print_json(found)
        return
    columns = ("SET", "TARGET", "NAME", "OBSERVATIONS", "STORED", "EXPIRES", "DEFAULT")
    print_table(columns, [_row(one) for one in found])


@calibration.command
@click.argument("set_id", metavar="ID")
@json_option
@station_option
def show(set_id: str, as_json: bool) -> None:  # noqa: FBT001 - click calls it by name
    """Show a set's observations."""
    found = jobs.get_calibration(set_id)
    if as_json:
        print_json(found)
        return
    print_text(f"{found.id} {found.name}".rstrip())
    print_text(f"of {found.target}, stored {moment(found.created_unix_s)}")
    if found.expires_unix_s is not None:
        tense = "expired" if found.expired(time.time()) else "expires"
        print_text(f"{tense} {moment(found.expires_unix_s)}")
    columns = ("PATH", "VALUE", "UNIT", "UNCERTAINTY", "MEASURED")
    print_table(columns, [_observation(one) for one in found.observations])


@calibration.command
@click.argument("set_id", metavar="ID")
@json_option
@station_option
def use(set_id: str, as_json: bool) -> None:  # noqa: FBT001 - click calls it by name
    """Make a set its target's default, for jobs that come from now on."""
    found = jobs.use_calibration(set_id)
    if as_json:
        print_json(found)
    else:
        click.echo(f"{found.id} is the default of {found.target}")


@calibration.command
@click.argument("before", metavar="A")
@click.argument("after", metavar="B")
@json_option
@station_option
def diff(before: str, after: str, as_json: bool) -> None:  # noqa: FBT001 - click calls it by name
    """Show what set B says otherwise than set A, what has changed for certain first."""
    found = jobs.diff_calibrations(before, after)
    if as_json:
        print_json(found)
        return
    if found.changes:
        columns = ("PATH", "BEFORE", "AFTER", "UNIT", "CHANGE", "SIGMAS")
        print_table(columns, [_change(one) for one in found.changes])
    print_text(f"{found.unchanged} of {found.unchanged + len(found.changes)} are unchanged")


def _row(one: CalibrationSummary) -> tuple[Cell, ...]:
    return (
        one.id,
        one.target,
        one.name or "-",
        str(one.observations),
        moment(one.created_unix_s),
        _expiry(one.expires_unix_s),
        Styled("yes", "green") if one.default else "",
    )


def _expiry(expires_unix_s: float | None) -> Cell:
    if expires_unix_s is None:
        return "-"
    return Styled(moment(expires_unix_s), "red" if expires_unix_s <= time.time() else "")


def _observation(one: Observation) -> tuple[str, ...]:
    return (
        one.path,
        f"{one.value:g}",
        one.unit,
        f"{one.uncertainty:g}" if one.uncertainty is not None else "",
        moment(one.time_unix_s) if one.time_unix_s is not None else "",
    )


def _change(one: CalibrationChange) -> tuple[Cell, ...]:
    return (
        one.path,
        "-" if one.before is None else f"{one.before:g}",
        "-" if one.after is None else f"{one.after:g}",
        one.unit if one.unit_after is None else f"{one.unit or '-'} -> {one.unit_after or '-'}",
        one.kind if one.relative is None else f"{100 * one.relative:+.3g} %",
        _sigmas(one),
    )


def _sigmas(one: CalibrationChange) -> Cell:
    if one.sigmas is None:
        return "-"
    text = f"{one.sigmas:+.1f}"
    return Styled(text, "bold") if abs(one.sigmas) >= SIGNIFICANT else Styled(text, "dim")
