"""The command `stationd config`: what the configuration's files say together."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from stationd.runtime.commands.command_line import config_option, configured

if TYPE_CHECKING:
    from pathlib import Path


@click.group()
def config() -> None:
    """Look at the configuration."""


@config.command("show")
@config_option
@click.option("--defaults", is_flag=True, help="Keys that no file says, too.")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
def show(config: Path, defaults: bool, as_json: bool) -> None:  # noqa: FBT001 - click passes options by name
    """Print what all files say together, and which file and line says each key.

    What it prints is TOML, and would do as the only file. Secrets are hidden.
    """
    configuration = configured(config)
    from stationd.runtime.settings.showing import as_toml, shown

    if not as_json:
        text = as_toml(configuration, defaults=defaults)
        click.echo("\n".join([f"# {file}" for file in configuration.files]))
        click.echo(f"\n{text}" if text else "# says nothing: every key has its default")
        return
    import msgspec

    keys = msgspec.to_builtins(shown(configuration, defaults=defaults))
    files = [str(file) for file in configuration.files]
    click.echo(json.dumps({"files": files, "keys": keys}, indent=2))
