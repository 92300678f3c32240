"""`stationd keygen`: makes a pair of keys, and says what to put where."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, get_args

import click

from stationd.runtime.commands.command_line import end, fail

Purpose = Literal["client", "controller", "station"]


@click.command()
@click.argument("name")
@click.option(
    "--for",
    "purpose",
    type=click.Choice(get_args(Purpose)),
    default="client",
    show_default=True,
    help="Whose keys they are: a user's, a controller's or the station's own.",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path(),
    show_default="here",
    help="The folder that the two files are written to.",
)
@click.option("--force", is_flag=True, help="Write over files that are there.")
def keygen(name: str, purpose: Purpose, out: Path, force: bool) -> None:  # noqa: FBT001 - click passes options by name
    """Make a secret and a public key for NAME, a user, a controller or a station.

    NAME.secret stays on the machine that it is for, where nobody else may read it. NAME.public is
    for everybody to see; it is printed, with what to put where.
    """
    from stationd.proto.error import StationError
    from stationd.runtime.security.making import make_files

    if not _is_name(name, purpose):
        fail(f"{name!r} cannot be the name of a {purpose}: see docs/configuration.md")
    try:
        pair = make_files(name, out, force=force)
    except StationError as error:
        end(error)
    secret, public = (out / f"{name}.{kind}" for kind in ("secret", "public"))
    click.echo(f"secret key  {secret}  (mode 0600: keep it on the machine that it is for)")
    click.echo(f"public key  {public}  (for everybody to see)")
    click.echo(f"\n    {pair.public}\n")
    click.echo(_ADVICE[purpose].format(name=name, secret=secret.resolve(), public=pair.public))


def _is_name(name: str, purpose: Purpose) -> bool:
    import msgspec

    from stationd.runtime.settings.tables import Name, UserName

    try:
        msgspec.convert(name, UserName if purpose == "client" else Name)
    except msgspec.ValidationError:
        return False
    return name != "*"


_ADVICE: dict[Purpose, str] = {
    "client": """\
In the station's configuration (a second key in the list lets the first one be replaced):

    [users.{name}]
    role = "submitter"
    keys = ['{public}']

then `systemctl reload stationd`. On the machine of {name}, in ~/.config/stationd/client.toml:

    [stations.lab]
    endpoint = "tcp://CONTROL-HOST:7000"
    station_key = 'the public key of the station'
    key_file = "{secret}"

then `stationctl --station lab ping`.""",
    "controller": """\
In the station's configuration (a second key in the list lets the first one be replaced):

    [controllers.{name}]
    start = false
    keys = ['{public}']

then `systemctl reload stationd`. In the configuration of the host that {name} runs on:

    [instruments]
    endpoint = "tcp://CONTROL-HOST:7001"
    [security]
    station_key = 'the public key of the station'
    [controllers.{name}]
    key_file = "{secret}"

then `stationd controller {name}` there.""",
    "station": """\
In the station's configuration, besides the addresses that it is to be reached at:

    [security]
    secret_key_file = "{secret}"

Clients and controllers on other machines need the public key, as their `station_key`:

    station_key = '{public}'""",
}
