"""`logs`: a job's story, from the journal and from the logs of the daemon and the controllers."""

from __future__ import annotations

from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Final

import click

from stationd.client.blocking import jobs
from stationd.client.blocking.portal import call
from stationd.client.stationctl.audience import while_read
from stationd.client.stationctl.interruption import INTERRUPTED
from stationd.client.stationctl.printing import Styled, print_json, print_json_line, print_text
from stationd.client.stationctl.typed.lookup import job_id
from stationd.client.stationctl.typed.options import json_option, station_option
from stationd.client.waiting.logs import JOURNAL, LEVELS, follow_logs
from stationd.proto.station_requests import MOST_LOG_LINES

if TYPE_CHECKING:
    from stationd.proto.station_requests import LogLine

_STYLES: Final = {"WARNING": "yellow", "ERROR": "red", "CRITICAL": "bold red"}
_SOURCE_WIDTH: Final = 8
"""Of the column of sources, as long as nobody knows which ones will come."""


@click.command
@click.argument("job")
@click.option(
    "--follow", "-f", is_flag=True, help="Go on with every line as it comes, until the job is over."
)
@click.option(
    "--level",
    type=click.Choice(LEVELS, case_sensitive=False),
    default="DEBUG",
    help="The least that is shown of what was logged; the timeline is shown whole.",
)
@json_option
@station_option
@click.pass_context
def logs(ctx: click.Context, *, job: str, follow: bool, level: str, as_json: bool) -> None:
    """Show a job's story: its timeline, and what the daemon and the controllers logged of it.

    With --follow it ends with the job; with --json as well, a line of JSON for each line.
    """
    found = job_id(job)
    if follow:
        try:
            tell = print_json_line if as_json else _print_following
            call(while_read, partial(follow_logs, found, tell, level=level))
        except KeyboardInterrupt:
            ctx.exit(INTERRUPTED)
        return
    story = jobs.logs(found, level=level)
    if as_json:
        print_json(story)
        return
    if sum(line.source != JOURNAL for line in story) == MOST_LOG_LINES:
        click.echo("only the newest lines of the logs are shown", err=True)
    width = max((len(line.source) for line in story), default=0)
    days = {day(line) for line in story}
    for line in story:
        print_line(line, width, several_days=len(days) > 1)


def _print_following(line: LogLine) -> None:
    print_line(line, _SOURCE_WIDTH, several_days=False)


def day(line: LogLine) -> str:
    """Return the day of a line in the local zone."""
    return datetime.fromtimestamp(line.time_unix_s).astimezone().strftime("%Y-%m-%d")


def print_line(line: LogLine, width: int, *, several_days: bool) -> None:
    """Print a line, and its traceback below it.

    Args:
        line: The line.
        width: Of the column of sources.
        several_days: Whether the time of day alone says too little.
    """
    time = datetime.fromtimestamp(line.time_unix_s).astimezone()
    when = time.strftime("%Y-%m-%d %H:%M:%S.%f" if several_days else "%H:%M:%S.%f")[:-3]
    logged = line.source != JOURNAL
    words = f"{line.level:<7}  {line.message}" if logged else line.message
    style = _STYLES.get(line.level, "" if logged else "bold")
    print_text(
        Styled(f"{when}  ", "dim"),
        Styled(f"{line.source:<{width}}  ", "cyan"),
        Styled(words, style),
    )
    margin = " " * (len(when) + width + 4)
    for text in line.trace.rstrip().splitlines():
        print_text(Styled(margin + text, "dim"))
