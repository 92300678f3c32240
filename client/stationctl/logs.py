"""`logs`: a job's story, from the journal and from the logs of the daemon and the controllers."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Final

import click

from stationd.client import jobs
from stationd.client.overview import job_log
from stationd.client.portal import call
from stationd.client.stationctl.lookup import job_id
from stationd.client.stationctl.options import json_option, station_option
from stationd.client.stationctl.printing import Styled, print_json, print_text
from stationd.proto.station_requests import LogLine

if TYPE_CHECKING:
    from stationd.proto.job import TimelineEntry

JOURNAL: Final = "journal"
"""The source of what is not from a log."""
_STYLES: Final = {"WARNING": "yellow", "ERROR": "red", "CRITICAL": "bold red"}


@click.command
@click.argument("job")
@json_option
@station_option
def logs(job: str, as_json: bool) -> None:  # noqa: FBT001 - click calls it by name
    """Show a job's story: its timeline, and what the daemon and the controllers logged of it."""
    found = job_id(job)
    view, log = jobs.view(found), call(job_log, found)
    story = sorted([*map(told, view.timeline), *log.lines], key=lambda line: line.time_unix_s)
    if as_json:
        print_json(story)
        return
    if log.more:
        click.echo("older lines of the logs were left out", err=True)
    width = max(len(line.source) for line in story)
    days = {day(line) for line in story}
    for line in story:
        print_line(line, width, several_days=len(days) > 1)


def told(entry: TimelineEntry) -> LogLine:
    """Return a fact of the journal as a line among those of the logs.

    >>> from stationd.proto.status import JobExecutorStatus
    >>> from stationd.proto.job import TimelineEntry
    >>> fact = {"seq": 7, "ordinal": 3, "status": JobExecutorStatus.READY, "time_unix_s": 1.5}
    >>> told(TimelineEntry(attempt=2, **fact)).message
    'ready (attempt 2)'
    """
    remarks = [
        "cancel accepted" if entry.cancelling and not entry.status.is_terminal else "",
        str(entry.error) if entry.error is not None else "",
        entry.note,
        "another attempt follows" if entry.retrying else "",
    ]
    rung = f"{entry.status} (attempt {entry.attempt})" if entry.attempt > 1 else str(entry.status)
    return LogLine(
        time_unix_s=entry.time_unix_s,
        source=JOURNAL,
        level="INFO" if entry.error is None else "ERROR",
        logger="",
        message=": ".join([rung, *(remark for remark in remarks if remark)]),
    )


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
