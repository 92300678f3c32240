"""`wait` and `listen`: stay with jobs until they are over."""

from __future__ import annotations

import time
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Final

import click

from stationd.client.blocking.portal import call
from stationd.client.stationctl.audience import while_read
from stationd.client.stationctl.ending import report
from stationd.client.stationctl.interruption import INTERRUPTED
from stationd.client.stationctl.printing import on_terminal, print_json, print_json_line
from stationd.client.stationctl.typed.lookup import numbered
from stationd.client.stationctl.typed.options import (
    json_option,
    station_option,
    status_option,
    timeout_option,
)
from stationd.client.stationctl.watching import Watch, follow, listen_to_all
from stationd.proto.status import StatusEnum

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence

    from stationd.client.references.any_status import AnyStatus
    from stationd.client.references.job import JobStatus
    from stationd.client.stationctl.display.climb import Climb
    from stationd.client.stationctl.watching import Show
    from stationd.proto.job import JobId

_PROGRESS_SECONDS: Final = 1.0
_MOST_NAMED: Final = 5
"""Jobs that are named when a wait is left."""


@click.command
@click.argument("names", metavar="JOB...", nargs=-1, required=True)
@status_option("--until", "Be content with this status, as in RUNNING or execution_started.")
@click.option("--any", "first", is_flag=True, help="End with the first job that is decided.")
@timeout_option
@json_option
@station_option
@click.pass_context
def wait(
    ctx: click.Context,
    *,
    names: tuple[str, ...],
    until: AnyStatus | None,
    first: bool,
    timeout: float | None,
    as_json: bool,
) -> None:
    """Wait until jobs are over.

    Ends with 1 if one of them failed or was cancelled, with 5 if the time was over first. With
    --json, prints where each stands in the end.
    """
    watch = Watch(numbered(names), until or StatusEnum.COMPLETED, first=first)
    ctx.exit(wait_for(watch, timeout, as_json=as_json))


@click.command
@click.argument("names", metavar="[JOB...]", nargs=-1)
@status_option("--until", "End at this status, as in RUNNING or execution_started.")
@timeout_option
@json_option
@station_option
@click.pass_context
def listen(
    ctx: click.Context,
    *,
    names: tuple[str, ...],
    until: AnyStatus | None,
    timeout: float | None,
    as_json: bool,
) -> None:
    """Show every change of jobs until they are over; without JOB, of all jobs, for ever.

    With --json, a line of JSON for each change.
    """
    if not names:
        if until is not None:
            raise click.UsageError("--until is for named jobs")
        with _leaving(ctx, []):
            show = _print_change if as_json else _printer(named=True)
            listening = partial(listen_to_all, show, _say_missed, timeout, numbers=not as_json)
            call(while_read, listening)
        return
    watch = Watch(numbered(names), until or StatusEnum.COMPLETED)
    if not as_json:
        ctx.exit(wait_for(watch, timeout, as_json=False))
    with _leaving(ctx, list(watch.climbs.values())):
        errors = call(while_read, follow, watch, _print_change, timeout)
    ctx.exit(max(map(report, errors), default=0))


def wait_for(watch: Watch, timeout: float | None, *, as_json: bool) -> int:
    """Wait for jobs, show how they climb, and return the exit code.

    Args:
        watch: The jobs.
        timeout: Seconds for all of them together; None for as long as it takes.
        as_json: Print where they stand in the end and nothing else.
    """
    with _leaving(click.get_current_context(), list(watch.climbs.values())):
        if as_json:
            errors = call(while_read, follow, watch, _show_nothing, timeout)
        elif on_terminal():
            with _live(watch):
                errors = call(follow, watch, _show_nothing, timeout)
        else:
            show = _printer(named=len(watch.climbs) > 1)
            errors = call(while_read, follow, watch, show, timeout)
    if as_json:
        print_json([one.status for one in watch.climbs.values() if one.status is not None])
    return max(map(report, errors), default=0)


def _say_missed() -> None:
    click.echo(
        "some changes are missing here: the station does not keep them any more; stationctl list"
        " shows where jobs stand",
        err=True,
    )


def _show_nothing(_: Climb, __: JobStatus) -> None:
    pass


def _print_change(_: Climb, change: JobStatus) -> None:
    print_json_line(change)


def _printer(*, named: bool) -> Show:
    """Return what prints changes as lines: every rung, and of mere progress a line a second."""
    from stationd.client.stationctl.display.line import line  # noqa: PLC0415 - not for JSON

    printed: dict[JobId, tuple[int, float]] = {}

    def show(climb: Climb, change: JobStatus) -> None:
        ordinal, last = printed.get(change.job, (0, 0.0))
        now = time.monotonic()
        if change.ordinal == ordinal and now - last < _PROGRESS_SECONDS:
            return
        if change.status.is_terminal:
            printed.pop(change.job, None)
        else:
            printed[change.job] = (change.ordinal, now)
        click.echo(line(change, named=climb.called if named else ""))

    return show


@contextmanager
def _live(watch: Watch) -> Generator[None]:
    """Draw the jobs for as long as the block lasts: one as a ladder, several as a board."""
    from rich.live import Live  # noqa: PLC0415 - slow

    from stationd.client.stationctl.display.board import Board  # noqa: PLC0415 - slow
    from stationd.client.stationctl.display.ladder import Ladder  # noqa: PLC0415 - slow
    from stationd.client.stationctl.printing import console  # noqa: PLC0415 - slow

    climbs = list(watch.climbs.values())
    drawn = Ladder(climbs[0]) if len(climbs) == 1 else Board(climbs)
    with Live(drawn, console=console(), refresh_per_second=8):
        yield


@contextmanager
def _leaving(ctx: click.Context, climbs: Sequence[Climb]) -> Generator[None]:
    """Say how to come back if Ctrl-C ends the wait."""
    try:
        yield
    except KeyboardInterrupt:
        click.echo(f"\n{farewell([climb.called for climb in climbs])}", err=True)
        ctx.exit(INTERRUPTED)


def farewell(jobs: Sequence[str]) -> str:
    """Return what is said to whoever does not wait any more.

    >>> farewell(["42"])
    'no longer waiting; the job goes on: stationctl wait 42'

    Args:
        jobs: What to call them.
    """
    if not jobs:
        return "no longer listening; jobs go on"
    whose = "the job goes on" if len(jobs) == 1 else f"the {len(jobs)} jobs go on"
    if len(jobs) > _MOST_NAMED:
        return f"no longer waiting; {whose}: the same command comes back to them"
    return f"no longer waiting; {whose}: stationctl wait {' '.join(jobs)}"
