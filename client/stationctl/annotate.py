"""`annotate`: what people write about jobs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from stationd.client.blocking import jobs
from stationd.client.stationctl.printing import print_json
from stationd.client.stationctl.typed.lookup import called
from stationd.client.stationctl.typed.options import json_option, station_option
from stationd.client.stationctl.typed.properties import properties_option

if TYPE_CHECKING:
    from stationd.proto.project import PropertyValue


@click.command
@click.argument("job")
@click.option("--name", metavar="TEXT", help="For people and for searches.")
@click.option("--description", metavar="TEXT", help="For people.")
@properties_option("A property to add or to change; may be repeated.")
@click.option(
    "--remove", multiple=True, metavar="NAME", help="A property to take away; may be repeated."
)
@json_option
@station_option
def annotate(
    job: str,
    *,
    name: str | None,
    description: str | None,
    properties: dict[str, PropertyValue],
    remove: tuple[str, ...],
    as_json: bool,
) -> None:
    """Change a job's name, description and properties, at any time."""
    if name is None and description is None and not properties and not remove:
        raise click.UsageError("say what to change: --name, --description, --property or --remove")
    ((found, name_here),) = called((job,)).items()
    new = None
    if properties or remove:
        known = jobs.view(found).properties
        missing = [one for one in remove if one not in known]
        if missing:
            raise click.UsageError(f"the job has no property {missing[0]!r}")
        new = {key: value for key, value in known.items() if key not in remove} | properties
    changed = jobs.set_annotations(found, name, description, new)
    if as_json:
        print_json(changed)
    else:
        click.echo(f"{name_here} is annotated")
