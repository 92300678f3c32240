"""`service`: the daemon as a service of this computer: installed, looked at, and taken away."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Iterable

    from stationd.client.stationctl.service_files import Step

_UNITS = ("stationd.service", "stationd-controller@*.service")

_dry_run = click.option("--dry-run", is_flag=True, help="Say what would be done, and do nothing.")
_root = click.option(
    "--root",
    type=click.Path(path_type=Path, file_okay=False, exists=True),
    default=Path("/"),
    metavar="DIRECTORY",
    help="Another system's root, such as an image's: files alone are touched there.",
)


@click.group
def service() -> None:
    """Make the daemon a service of this computer, and look after it.

    These commands are for the computer that the station runs on; they ask systemd, and not
    the station.
    """


@service.command
@_dry_run
@_root
def install(dry_run: bool, root: Path) -> None:  # noqa: FBT001 - click calls it by name
    """Write the units, the user, the folders and an example configuration.

    May be run again, as after an update: units are written anew, the configuration is left as
    it is. Change units in drop-ins: systemctl edit stationd.
    """
    from stationd.client.stationctl import service_files  # noqa: PLC0415 - not for the help

    command, here = service_files.daemon_command(), root == Path("/")
    if here:
        service_files.check_seen(command, Path(sys.executable).resolve())
    _carry_out(service_files.install(root, command), dry_run=dry_run)
    if here and not dry_run:
        click.echo(f"next: look at {service_files.CONFIG}, then systemctl enable --now stationd")


@service.command
@_dry_run
@_root
def uninstall(dry_run: bool, root: Path) -> None:  # noqa: FBT001 - click calls it by name
    """Stop the service and remove what install wrote; configuration and data stay."""
    from stationd.client.stationctl import service_files  # noqa: PLC0415 - not for the help

    _carry_out(service_files.uninstall(root), dry_run=dry_run)


@service.command
@click.pass_context
def status(context: click.Context) -> None:
    """Show how systemd sees the daemon and the controllers in units of their own.

    The line "Status" is the daemon's own: whether it takes jobs, and which changes of the
    configuration wait for a restart.
    """
    context.exit(_ask("systemctl", "--no-pager", "--lines=5", "status", *_UNITS))


@service.command
@click.option("--follow", "-f", is_flag=True, help="Go on with what comes.")
@click.option(
    "--lines", "-n", type=click.IntRange(min=0), default=50, show_default=True, help="How many."
)
@click.pass_context
def logs(context: click.Context, follow: bool, lines: int) -> None:  # noqa: FBT001 - click calls it by name
    """Show the newest lines that the daemon and its controllers have logged."""
    units = [f"--unit={unit}" for unit in _UNITS]
    more = ["--follow"] if follow else []
    context.exit(_ask("journalctl", "--no-pager", f"--lines={lines}", *units, *more))


def _carry_out(steps: Iterable[Step], *, dry_run: bool) -> None:
    from stationd.client.stationctl.service_files import described, do  # noqa: PLC0415 - as above

    for step in steps:
        if not dry_run:
            do(step)
        click.echo(described(step))


def _ask(*words: str) -> int:
    try:
        return subprocess.run(words, check=False).returncode
    except FileNotFoundError:
        raise click.ClickException(f"there is no {words[0]} here: is this a systemd?") from None
