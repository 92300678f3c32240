"""The commands `stationd backup` and `stationd restore`."""

from __future__ import annotations

import os
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from stationd.runtime.commands.command_line import config_option, configured, end

if TYPE_CHECKING:
    from stationd.runtime.care.manifest import Manifest
    from stationd.runtime.care.restore import Restored

_NICE: Final = 10
"""A backup lets the station go first."""
_SHOWN: Final = 5


@click.command()
@click.argument("destination", type=click.Path(path_type=Path))
@config_option
@click.option("--json", "as_json", is_flag=True, help="Print the manifest.")
def backup(destination: Path, config: Path, as_json: bool) -> None:  # noqa: FBT001 - click passes options by name
    """Copy the station to the folder DESTINATION, which must not exist yet.

    The daemon may run meanwhile, and does not wait. The copy has the journal, results, the
    jobs' log and the configuration's files; not the ledgers of controllers, and no keys.
    """
    configuration = configured(config)
    from stationd.proto.error import StationError
    from stationd.runtime.care.backup import make_backup, source_of

    os.nice(_NICE)
    try:
        manifest = make_backup(source_of(configuration), destination, time.time())
    except StationError as error:
        end(error)
    if as_json:
        _print_json(manifest)
        return
    click.echo(f"{destination}: {_summary(manifest)}")
    for path in manifest.missing[:_SHOWN]:
        click.echo(f"not in it: {path}, which is not there or is not what it was", err=True)
    if len(manifest.missing) > _SHOWN:
        click.echo(f"and {len(manifest.missing) - _SHOWN} more results", err=True)


@click.command()
@click.argument("source", type=click.Path(path_type=Path))
@config_option
@click.option("--check", is_flag=True, help="Only look the backup through.")
@click.option(
    "--replace", is_flag=True, help="Move a journal aside that is there; nothing is deleted."
)
@click.option(
    "--rerun/--no-rerun",
    default=None,
    help="Whether jobs run that had not begun when the backup was made, although they may have"
    " run since. To be said if the controllers' ledgers, which would know, are gone too.",
)
def restore(source: Path, config: Path, check: bool, replace: bool, rerun: bool | None) -> None:  # noqa: FBT001 - see backup
    """Put the backup SOURCE into the state directory of the configuration.

    The daemon must not run. Controllers may go on; their ledgers are left as they are.
    """
    state = configured(config).settings.state
    from stationd.proto.error import StationError
    from stationd.runtime.care.restore import check_backup
    from stationd.runtime.care.restore import restore as put_back

    try:
        if check:
            click.echo(f"{source}: whole; {_summary(check_backup(source))}")
            return
        restored = put_back(source, state, datetime.now(UTC), replace=replace, rerun=rerun)
    except StationError as error:
        end(error)
    _tell(restored)


def _print_json(manifest: Manifest) -> None:
    import msgspec

    click.echo(msgspec.json.encode(manifest))


def _summary(manifest: Manifest) -> str:
    made = datetime.fromtimestamp(manifest.made_unix_s).astimezone()
    journal = manifest.journal
    return (
        f"station {manifest.name} of {made:%Y-%m-%d %H:%M:%S}, {_jobs(journal.jobs)},"
        f" {journal.unfinished} of them unfinished, {manifest.size_bytes / 2**20:,.1f} MiB"
    )


def _jobs(count: int) -> str:
    return "1 job" if count == 1 else f"{count} jobs"


def _tell(restored: Restored) -> None:
    click.echo(f"{restored.state}: {_summary(restored.manifest)}")
    if restored.replaced is not None:
        click.echo(f"what was there is now in {restored.replaced}")
    if restored.held:
        click.echo(
            f"held in the queue until `stationctl release JOB`, for {_jobs(len(restored.held))} had"
            " no ticket yet that a ledger could know, and may have run since:"
        )
        for job in restored.held:
            click.echo(f"  {job}")
    click.echo("start the daemon, and then see `stationctl queue`")
