"""Options and arguments that commands share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

from stationd.client import endpoint

F = TypeVar("F", bound=Callable[..., Any])


def _connect(_: click.Context, __: click.Parameter, station: str | None) -> None:
    if station is not None:
        endpoint.connect(station)


def station_option(command: F) -> F:
    """Add ``--station``, so that it may also stand behind the command."""
    return click.option(
        "--station",
        metavar="ENDPOINT",
        expose_value=False,
        callback=_connect,
        help="The station's jobs socket.",
    )(command)


def json_option(command: F) -> F:
    """Add ``--json``."""
    return click.option(
        "--json", "as_json", is_flag=True, help="Print JSON, for programs to read."
    )(command)


def timeout_option(command: F) -> F:
    """Add ``--timeout``."""
    return click.option(
        "--timeout",
        type=click.FloatRange(min=0),
        metavar="SECONDS",
        help="How long to wait; for ever if not given.",
    )(command)
