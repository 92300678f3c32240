"""What `stationd check-config` says of the sockets: which key is shown there, and who gets near."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from stationd.runtime.commands.command_line import end

if TYPE_CHECKING:
    from pathlib import Path

    from stationd.runtime.settings import Settings


def tell_doors(settings: Settings, config: Path) -> None:
    """Show the station's public key and what is doubtful, or end the program.

    It ends if the station is to be open to a network and has no key that can be used.
    """
    from stationd.proto.error import StationError
    from stationd.runtime.security.doors import warnings
    from stationd.runtime.security.material import station_keys

    try:
        keys = station_keys(settings)
    except StationError as error:
        end(error, f"{config}: ")
    if keys is not None:
        users = sum(len(user.keys) for user in settings.users.values())
        controllers = sum(len(one.keys) for one in settings.controllers.values())
        click.echo(f"the station's key       {keys.public}")
        click.echo(f"keys of others          {users} of users, {controllers} of controllers")
    for warning in warnings(settings):
        click.echo(f"warning                 {warning}")
