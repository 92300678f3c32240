"""The command `stationd verify`: every stored result, compared with its checksum."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Final

import click

from stationd.runtime.commands.command_line import EXIT_FAILED, config_option, configured, end

if TYPE_CHECKING:
    from pathlib import Path

    from stationd.runtime.care.verifying import Damaged, Elsewhere, Looked
    from stationd.runtime.settings import Settings

_NICE: Final = 10
"""The station goes first."""


@click.command()
@config_option
@click.option("--json", "as_json", is_flag=True, help="For programs.")
def verify(config: Path, as_json: bool) -> None:  # noqa: FBT001 - click passes options by name
    """Read all stored results, and compare each with the checksum it was stored with.

    The daemon may run meanwhile. Exit code 1 if a result is damaged or gone.
    """
    settings = configured(config).settings
    from stationd.proto.error import StationError
    from stationd.runtime.care import verifying
    from stationd.runtime.journal.opening import DATABASE

    os.nice(_NICE)
    looked: list[Looked] = []
    try:
        elsewhere = _elsewhere(settings)
        artifacts = settings.state / "artifacts"
        for one in verifying.verify(settings.state / DATABASE, artifacts, elsewhere):
            looked.append(one)
            if one.damaged is not None and not as_json:
                _print(one.damaged)
    except StationError as error:
        end(error)
    damaged = [one.damaged for one in looked if one.damaged is not None]
    size = sum(one.size_bytes for one in looked)
    if as_json:
        import msgspec

        found = {"results": len(looked), "size_bytes": size, "damaged": damaged}
        click.echo(msgspec.json.encode(found))
    else:
        click.echo(f"{len(looked):,} results, {size:,} bytes, {len(damaged):,} damaged")
    if damaged:
        sys.exit(EXIT_FAILED)


def _elsewhere(settings: Settings) -> Elsewhere | None:
    """Return what reads from the other store, if there is one."""
    if not settings.artifacts.store:
        return None
    from stationd.runtime.care.identity import station_id
    from stationd.runtime.journal.opening import DATABASE
    from stationd.runtime.work.object_store import ObjectStore

    prefix = station_id(settings.state / DATABASE)
    return ObjectStore(settings.artifacts.store, settings.artifacts.options, prefix).pieces


def _print(one: Damaged) -> None:
    click.echo(f"{click.style('damaged', fg='red')}  {one.artifact}: {one.text}")
    click.echo(f"{'':7}  -> fetch it from a backup, or run job {one.job} again")
