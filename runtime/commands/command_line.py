"""What all commands of `stationd` share: the configuration's option, and how they fail."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final, NoReturn

import click

if TYPE_CHECKING:
    from stationd.proto.error import StationError
    from stationd.runtime.settings import Configuration

# Nothing heavy is imported here: `stationd --version` should answer at once.

DEFAULT_CONFIG: Final = Path("/etc/stationd/stationd.toml")

EXIT_FAILED: Final = 1
EXIT_ALREADY_RUNNING: Final = 3

config_option = click.option(
    "--config",
    "-c",
    type=click.Path(path_type=Path, dir_okay=False),
    default=DEFAULT_CONFIG,
    show_default=True,
    help="The configuration file; conf.d/*.toml beside it is read too.",
)


def configured(config: Path) -> Configuration:
    """Return what the configuration says, or end the program with what is wrong with it."""
    from stationd.proto.error import StationError
    from stationd.runtime.settings import read

    try:
        return read(config)
    except StationError as error:
        fail(str(error))


def end(error: StationError, whose: str = "") -> NoReturn:
    """End the program because of an error, with the code that it deserves."""
    from stationd.proto.error import ErrorCode

    twice = error.code is ErrorCode.ALREADY_RUNNING
    fail(f"{whose}{error}", EXIT_ALREADY_RUNNING if twice else EXIT_FAILED)


def fail(message: str, code: int = EXIT_FAILED) -> NoReturn:
    """End the program with a line on stderr."""
    click.echo(f"stationd: {message}", err=True)
    sys.exit(code)
