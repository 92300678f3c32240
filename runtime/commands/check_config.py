"""`stationd check-config`: what the configuration says, and whether the station could run by it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from stationd.runtime.commands.command_line import config_option, configured, end, fail

if TYPE_CHECKING:
    from pathlib import Path

    from stationd.proto.curve import KeyPair
    from stationd.runtime.settings import Configuration, Settings

# Nothing heavy is imported here: `stationd --version` should answer at once.


@click.command("check-config")
@config_option
def check_config(config: Path) -> None:
    """Check the configuration and the keys that it needs, and say what it means."""
    configuration = configured(config)
    settings = configuration.settings
    _end_if_options_do_not_fit(configuration, config)
    only_controllers, keys = _keys(settings, config)
    click.echo(f"{config}: no problems")
    for file in configuration.files[1:]:
        click.echo(f"with                    {file}")
    if only_controllers:
        click.echo(f"only controllers run    their station is {settings.instruments_endpoint}")
    else:
        _tell_station(settings, keys)
    click.echo(f"state                   {settings.state}")
    for name, one in settings.controllers.items():
        by_daemon = one.start and not only_controllers
        started = "started by the daemon" if by_daemon else f"start it: stationd controller {name}"
        click.echo(f"controller {name:<12} {one.driver} ({started})")
    for name, target in settings.targets.items():
        click.echo(f"target {name:<16} {target.controller}")


def _end_if_options_do_not_fit(configuration: Configuration, config: Path) -> None:
    """End the program if a built-in driver would not take what the configuration says."""
    from stationd.actors.drivers.registry import misfit

    found: list[str] = []
    for name, one in configuration.settings.controllers.items():
        reason = misfit(one.driver, one.options)
        source = configuration.sources.get(("controllers", name, "driver"))
        place = f"{source.file}: line {source.line}" if source is not None else str(config)
        if reason:
            found.append(f"{place}: controllers.{name}.options: {reason}")
    if found:
        fail("; ".join(found))


def _keys(settings: Settings, config: Path) -> tuple[bool, KeyPair | None]:
    """Return whether no station runs here, and the station's keys, or end the program.

    It ends if one of the keys that are needed here is missing or of no use.
    """
    from stationd.proto.error import StationError
    from stationd.runtime.security import material

    try:
        if material.only_controllers_run(settings):
            for name in settings.controllers:
                material.controller_credentials(settings, name)
            return True, None
        return False, material.station_keys(settings)
    except StationError as error:
        end(error, f"{config}: ")


def _tell_station(settings: Settings, keys: KeyPair | None) -> None:
    click.echo(f"clients connect to      {', '.join(settings.api_endpoints)}")
    controllers = (settings.instruments_endpoint, *settings.instruments.listen)
    click.echo(f"controllers connect to  {', '.join(controllers)}")
    _tell_keys(settings, keys)
    _tell_warnings(settings)
    click.echo(f"metrics                 {settings.metrics.listen or 'off'}")


def _tell_keys(settings: Settings, keys: KeyPair | None) -> None:
    if keys is None:
        return
    users = sum(len(user.keys) for user in settings.users.values())
    controllers = sum(len(one.keys) for one in settings.controllers.values())
    click.echo(f"the station's key       {keys.public}")
    click.echo(f"keys of others          {users} of users, {controllers} of controllers")


def _tell_warnings(settings: Settings) -> None:
    from stationd.runtime.care.doctor.configuration import drivers
    from stationd.runtime.security.doors import warnings

    missing = [one.text for one in drivers(settings) if one.state != "ok"]
    for warning in (*warnings(settings), *missing):
        click.echo(f"warning                 {warning}")
