"""`audit`: who has changed what at the station, and who was refused."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from stationd.client.blocking.portal import call
from stationd.client.station.auditing import audit as read_audit
from stationd.client.stationctl.printing import Cell, Styled, moment, print_json, print_table
from stationd.client.stationctl.typed.options import json_option, station_option
from stationd.client.stationctl.typed.past import PastTime
from stationd.proto.audit_requests import MOST_AUDIT_LINES, AuditLine

if TYPE_CHECKING:
    from datetime import datetime


@click.command
@click.option("--user", metavar="NAME", help="Only of this user.")
@click.option(
    "--since", type=PastTime(), help="Only from this time on, as in 2h, 14:30, yesterday."
)
@click.option("--refused", is_flag=True, help="Only what was refused.")
@click.option(
    "--limit",
    type=click.IntRange(1, MOST_AUDIT_LINES),
    default=100,
    show_default=True,
    help="How many lines at most.",
)
@json_option
@station_option
def audit(
    user: str | None,
    since: datetime | None,
    refused: bool,  # noqa: FBT001 - click calls it by name
    limit: int,
    as_json: bool,  # noqa: FBT001 - as above
) -> None:
    """Show who has changed what, and who was refused."""
    begin = None if since is None else since.timestamp()
    found = call(read_audit, user, begin, "refused" if refused else None, limit)
    if as_json:
        print_json(list(found.lines))
        return
    if found.more:
        click.echo("older lines were left out: see --limit and --since", err=True)
    columns = ("WHEN", "USER", "ROLE", "REQUEST", "ABOUT", "OUTCOME")
    print_table(columns, [row(line) for line in found.lines])


def row(line: AuditLine) -> tuple[Cell, ...]:
    """Return a line as the table has it."""
    about = f"{line.subject} ({line.jobs} jobs)" if line.jobs > 1 else line.subject
    return (
        moment(line.time_unix_s),
        line.user or line.means or "-",
        line.role or "-",
        line.request or "-",
        about or "-",
        outcome(line),
    )


def outcome(line: AuditLine) -> Cell:
    """Return what became of a request, in words.

    >>> who = {"time_unix_s": 0.0, "user": "ada", "request": "Cancel"}
    >>> outcome(AuditLine(**who, outcome="done"))
    'done'
    """
    if line.outcome == "done":
        return "done"
    more = f" (and {line.left_out} more before it)" if line.left_out else ""
    return Styled(f"{line.code}: {line.detail}{more}", "red")
