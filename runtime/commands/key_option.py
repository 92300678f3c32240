"""The key with which a controller that is started by hand is known to its station."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from stationd.runtime.commands.command_line import end

if TYPE_CHECKING:
    from stationd.proto.curve import Credentials
    from stationd.runtime.settings import Settings

_KEY_FILE: Final = "stationd.key_file"


def _keep(context: click.Context, _: click.Parameter, path: Path | None) -> None:
    context.meta[_KEY_FILE] = path


key_file_option = click.option(
    "--key-file",
    type=click.Path(path_type=Path, dir_okay=False),
    expose_value=False,
    callback=_keep,
    help="The controller's secret key, if its station is at tcp:// and the configuration does not"
    " say where the key is.",
)


def credentials_of(settings: Settings, name: str) -> Credentials | None:
    """Return what a controller shows its station, or end the program if it lacks a key."""
    from stationd.proto.error import StationError
    from stationd.runtime.security.material import controller_credentials

    try:
        path = click.get_current_context().meta[_KEY_FILE]
        return controller_credentials(settings, name, path)
    except StationError as error:
        end(error, f"controller {name}: ")
