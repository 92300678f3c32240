"""`projects`: what jobs are grouped by."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, cast, get_args

import click

from stationd.client.blocking.portal import call
from stationd.client.projects import projects as api
from stationd.client.stationctl.printing import Cell, Styled, moment, print_json, print_table
from stationd.client.stationctl.typed.amounts import Days, Size, amount
from stationd.client.stationctl.typed.options import json_option, station_option
from stationd.proto.project import PropertyType

if TYPE_CHECKING:
    from stationd.client.projects.project_ref import ProjectRef

_TYPES = get_args(PropertyType)


@click.group
def projects() -> None:
    """List, make, define and archive projects."""


@projects.command("list")
@click.option("--name-like", default="", metavar="TEXT", help="Part of the name, in any case.")
@click.option("--archived", is_flag=True, help="Those in the archive.")
@json_option
@station_option
def list_projects(name_like: str, *, archived: bool, as_json: bool) -> None:
    """List projects, by name."""
    found = call(api.get_all, name_like, archived=archived)
    if as_json:
        print_json(list(found))
        return
    if not found:
        click.echo("no projects", err=True)
        return
    columns = ("PROJECT", "CREATED", "BY", "USED", "KEPT", "PROPERTIES", "DESCRIPTION")
    print_table(columns, [_row(one) for one in found])


@projects.command
@click.argument("name")
@click.option("--description", default="", metavar="TEXT", help="For people.")
@json_option
@station_option
def create(name: str, *, description: str, as_json: bool) -> None:
    """Make a project."""
    _say(call(api.create, name, description), "is made", as_json=as_json)


@projects.command
@click.argument("name")
@click.argument("prop", metavar="PROPERTY")
@click.argument("kind", metavar="TYPE", type=click.Choice(_TYPES))
@click.option("--required", is_flag=True, help="Refuse jobs without it.")
@json_option
@station_option
def define(name: str, prop: str, kind: str, *, required: bool, as_json: bool) -> None:
    """Define a property that jobs of a project may have: bool, int, float or string."""
    project = call(api.get, name)
    typed = cast("PropertyType", kind)
    changed = call(api.add_property, project, prop, typed, required=required)
    _say(changed, f"has the property {prop}", as_json=as_json)


@projects.command
@click.argument("name")
@json_option
@station_option
def archive(name: str, *, as_json: bool) -> None:
    """Put a project into the archive: its jobs stay, new ones are refused."""
    _say(call(api.archive, call(api.get, name)), "is in the archive", as_json=as_json)


@projects.command
@click.argument("name")
@json_option
@station_option
def restore(name: str, *, as_json: bool) -> None:
    """Take a project out of the archive."""
    changed = call(api.archive, call(api.get, name), archived=False)
    _say(changed, "is out of the archive", as_json=as_json)


@projects.command
@click.argument("name")
@click.argument("size", type=Size())
@json_option
@station_option
def quota(name: str, size: int, *, as_json: bool) -> None:
    """Say how much a project's results may take up: 20GiB, 500MB, none."""
    changed = call(api.set_quota, call(api.get, name), size)
    _say(changed, f"may use {amount(size)}" if size else "has no quota", as_json=as_json)


@projects.command
@click.argument("name")
@click.argument("days", type=Days(), metavar="DAYS|forever|station")
@json_option
@station_option
def keep(name: str, days: float | Literal["station"], *, as_json: bool) -> None:
    """Say how long a project's jobs are kept after their end; station: as all others."""
    wanted = None if isinstance(days, str) else days
    changed = call(api.set_retention, call(api.get, name), wanted)
    _say(changed, f"is kept {_kept(changed.keep_days)}", as_json=as_json)


def _used(project: ProjectRef) -> str:
    if project.used_bytes is None:
        return "-"
    return f"{amount(project.used_bytes)} of {amount(project.quota_bytes)}"


def _kept(days: float | None) -> str:
    if days is None:
        return "as the station says"
    return f"{days:g} days" if days else "for ever"


def _row(project: ProjectRef) -> tuple[Cell, ...]:
    properties = (f"{one.name}: {one.type}{'!' * one.required}" for one in project.properties)
    return (
        Styled(project.name, "bold"),
        moment(project.created_unix_s),
        project.creator or "-",
        _used(project),
        _kept(project.keep_days),
        ", ".join(properties) or "-",
        project.description,
    )


def _say(project: ProjectRef, what: str, *, as_json: bool) -> None:
    if as_json:
        print_json(project)
    else:
        click.echo(f"project {project.name!r} {what}")
