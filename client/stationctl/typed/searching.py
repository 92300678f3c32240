"""The options that say which jobs are meant, and in which order."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypedDict, TypeVar

import click

from stationd.client.blocking.portal import call
from stationd.client.stationctl.typed.options import status_named
from stationd.client.stationctl.typed.past import PastTime
from stationd.client.stationctl.typed.properties import properties_option
from stationd.proto.search import ScopeFilterEnum, SortFilterEnum

if TYPE_CHECKING:
    from datetime import datetime

    from stationd.client.references.any_status import AnyStatus
    from stationd.client.searching.filtering import Type
    from stationd.proto.project import PropertyValue

F = TypeVar("F", bound=Callable[..., Any])


class Search(TypedDict):
    """What is looked for, by the names of `jobs.get_all`."""

    name_like: str | None
    name_exact: tuple[str, ...]
    creator_email: tuple[str, ...]
    project: str | None
    properties: dict[str, PropertyValue]
    job_status: list[AnyStatus]
    job_type: tuple[Type, ...]
    created_after: datetime | None
    created_before: datetime | None
    modified_after: datetime | None
    modified_before: datetime | None
    sort_filters: tuple[SortFilterEnum, ...]
    scope: str | None
    target: str | None


def _statuses(_: click.Context, __: click.Parameter, names: tuple[str, ...]) -> list[AnyStatus]:
    return [status_named(name) for name in names]


def _orders(
    _: click.Context, __: click.Parameter, names: tuple[str, ...]
) -> tuple[SortFilterEnum, ...]:
    return tuple(SortFilterEnum(name) for name in names)


def _project(_: click.Context, __: click.Parameter, name: str | None) -> str | None:
    """Return the id of a project that is named by its name or its id."""
    if name is None:
        return None
    from stationd.client.projects import projects  # noqa: PLC0415 - only then

    return call(projects.get, name).id


def project_option(text: str) -> Callable[[F], F]:
    """Add ``--project``, which becomes the project's id."""

    def add(command: F) -> F:
        return click.option("--project", metavar="NAME", callback=_project, help=text)(command)

    return add


_OPTIONS = (
    click.option(
        "--status", "job_status", multiple=True, callback=_statuses, metavar="STATUS",
        help="QUEUED, RUNNING, ... or a rung, as in pending_execution; may be repeated.",
    ),
    click.option("--name-like", metavar="TEXT", help="Part of the name, in any case."),
    click.option(
        "--name", "name_exact", multiple=True, metavar="TEXT",
        help="The whole name; may be repeated.",
    ),
    click.option(
        "--type", "job_type", multiple=True,
        type=click.Choice(["circuits", "sweep", "compile", "execute"]),
        help="What they do; execute is circuits or sweep; may be repeated.",
    ),
    click.option("--target", metavar="NAME", help="The QPU."),
    project_option("The project that they belong to."),
    properties_option("A property that they have; may be repeated."),
    click.option(
        "--creator", "creator_email", multiple=True, metavar="USER",
        help="Who submitted them; may be repeated.",
    ),
    click.option(
        "--created-after", type=PastTime(), metavar="TIME",
        help="As in 2h (ago), 14:30, today, 2026-11-22.",
    ),
    click.option("--created-before", type=PastTime(), metavar="TIME", help="The same."),
    click.option(
        "--modified-after", type=PastTime(), metavar="TIME", help="Of the last change of status."
    ),
    click.option("--modified-before", type=PastTime(), metavar="TIME", help="The same."),
    click.option(
        "--scope", type=click.Choice([scope.value for scope in ScopeFilterEnum]),
        help="user for your own jobs, the others by role.",
    ),
    click.option(
        "--sort", "sort_filters", multiple=True, callback=_orders,
        type=click.Choice([order.value for order in SortFilterEnum]),
        help="The order, descending with -; may be repeated.  [default: -created]",
    ),
)  # fmt: skip


def search_options(command: F) -> F:
    """Add all options that say which jobs are meant; they come by the names of `Search`."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command
