"""What the commands that log share: options that go before what the configuration says."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final, ParamSpec, TypeVar

import click

if TYPE_CHECKING:
    import logging
    from collections.abc import Callable, Sequence

    from stationd.runtime.logs.logs import Logs
    from stationd.runtime.logs.settings import Format, Level, Log

P = ParamSpec("P")
T = TypeVar("T")

# Written again and not taken from the settings: `stationd --version` should answer at once.
FORMATS: Final = ("auto", "text", "json", "journald")
LEVELS: Final = ("debug", "info", "warning", "error", "critical")
FORMAT_VARIABLE: Final = "STATIOND_LOG_FORMAT"
LEVEL_VARIABLE: Final = "STATIOND_LOG_LEVEL"


def log_options(function: Callable[P, T]) -> Callable[P, T]:
    """Add the options `--log-format`, `--log-level` and `--verbose` to a command."""
    for option in (
        click.option("--verbose", "-v", is_flag=True, help="The same as --log-level debug."),
        click.option(
            "--log-level",
            type=click.Choice(LEVELS),
            envvar=LEVEL_VARIABLE,
            help="The least that is logged; goes before [log] level.",
        ),
        click.option(
            "--log-format",
            type=click.Choice(FORMATS),
            envvar=FORMAT_VARIABLE,
            help="How it is logged; goes before [log] format.",
        ),
    ):
        function = option(function)
    return function


def logs_of(
    settings: Log,
    log_format: Format | None,
    log_level: Level | None,
    *,
    verbose: bool,
    controller: str = "",
    also: Sequence[logging.Handler] = (),
) -> Logs:
    """Return the log that options and configuration ask for; controllers inherit the options.

    Args:
        settings: What the configuration says.
        log_format: As given, by option or environment; None if it was not.
        log_level: The same.
        verbose: Whether `--verbose` was given.
        controller: The controller whose process this is; empty for the daemon.
        also: What takes the lines besides.
    """
    from stationd.runtime.logs.logs import Logs

    level: Level | None = "debug" if verbose else log_level
    if log_format is not None:
        os.environ[FORMAT_VARIABLE] = log_format
    if level is not None:
        os.environ[LEVEL_VARIABLE] = level
    return Logs(settings, controller=controller, form=log_format, level=level, also=also)
