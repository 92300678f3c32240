"""`completion`: the script that a shell needs to complete commands."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class


@click.command
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def completion(ctx: click.Context, shell: str) -> None:
    """Print the script that completes commands in a shell.

    As in: eval "$(stationctl completion bash)"
    """
    found = get_completion_class(shell)
    if found is None:
        raise click.ClickException(f"no completion for {shell}")
    script = found(ctx.find_root().command, {}, "stationctl", "_STATIONCTL_COMPLETE")
    click.echo(script.source())
