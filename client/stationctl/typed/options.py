"""Options and arguments that commands share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

from stationd.client.connection import endpoint
from stationd.client.references.any_status import AnyStatus
from stationd.proto.status import JobExecutorStatus, StatusEnum

F = TypeVar("F", bound=Callable[..., Any])


def _connect(_: click.Context, __: click.Parameter, station: str | None) -> None:
    if station is not None:
        endpoint.choose(station=endpoint.checked(station))


def station_option(command: F) -> F:
    """Add ``--station``, so that it may also stand behind the command."""
    return click.option(
        "--station",
        metavar="STATION",
        expose_value=False,
        callback=_connect,
        help="Its endpoint, or its name in client.toml.",
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


def status_option(name: str, text: str) -> Callable[[F], F]:
    """Add an option that takes one status, coarse or a rung."""

    def read(_: click.Context, __: click.Parameter, given: str | None) -> AnyStatus | None:
        return None if given is None else status_named(given)

    def add(command: F) -> F:
        return click.option(name, metavar="STATUS", callback=read, help=text)(command)

    return add


def status_named(name: str) -> AnyStatus:
    """Return the status of a name in any case.

    Raises:
        click.BadParameter: There is none.
    """
    if name.upper() in StatusEnum.__members__:
        return StatusEnum[name.upper()]
    if name.upper() in JobExecutorStatus.__members__:
        return JobExecutorStatus[name.upper()]
    known = [*StatusEnum.__members__, *(status.value for status in JobExecutorStatus)]
    raise click.BadParameter(f"{name!r} is no status; choose among {', '.join(known)}")
