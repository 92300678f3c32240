"""`wait` and `listen`: stay with jobs until they are over."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Sequence
from contextlib import aclosing, contextmanager
from typing import TYPE_CHECKING

import anyio
import click
from rich.live import Live

from stationd.client import aio, jobs
from stationd.client.portal import call
from stationd.client.stationctl.ending import INTERRUPTED, report
from stationd.client.stationctl.ladder import Ladder, line
from stationd.client.stationctl.lookup import job_id
from stationd.client.stationctl.options import json_option, station_option, timeout_option
from stationd.client.stationctl.printing import console, print_json, print_json_line
from stationd.client.waiting import check_finished
from stationd.proto.error import JobError, WaitTimeout

if TYPE_CHECKING:
    from stationd.client.references import JobStatus
    from stationd.proto.job import JobId, TimelineEntry
    from stationd.proto.status import JobExecutorStatus

Show = Callable[["JobStatus"], None]
Begin = Callable[["Sequence[TimelineEntry]"], None]


@click.command
@click.argument("names", metavar="JOB...", nargs=-1, required=True)
@timeout_option
@json_option
@station_option
@click.pass_context
def wait(
    ctx: click.Context,
    names: tuple[str, ...],
    timeout: float | None,
    as_json: bool,  # noqa: FBT001 - click calls it by name
) -> None:
    """Wait until jobs are over. Ends with 1 if one failed, with 5 if the time was over first."""
    ctx.exit(wait_for_all([job_id(name) for name in names], timeout, as_json=as_json))


@click.command
@click.argument("name", metavar="JOB")
@timeout_option
@json_option
@station_option
@click.pass_context
def listen(
    ctx: click.Context,
    name: str,
    timeout: float | None,
    as_json: bool,  # noqa: FBT001 - click calls it by name
) -> None:
    """Show every change of a job until it is over. With --json, a line of JSON for each."""
    job = job_id(name)
    with _leaving(ctx, [job]):
        if as_json:
            call(follow, job, timeout, print_json_line)
        else:
            with _display(job) as display:
                call(follow, job, timeout, *display)


def wait_for_all(wanted: list[JobId], timeout: float | None, *, as_json: bool) -> int:
    """Wait for jobs, show their climb, and return the exit code.

    Args:
        wanted: The jobs.
        timeout: Seconds for all of them together; None for as long as it takes.
        as_json: Print where they stand in the end and nothing else.
    """
    ctx = click.get_current_context()
    deadline = None if timeout is None else time.monotonic() + timeout
    codes: list[int] = []
    ends: list[JobStatus] = []
    with _leaving(ctx, wanted):
        for job in wanted:
            left = None if deadline is None else max(deadline - time.monotonic(), 0.0)
            codes.append(_wait(job, left, ends, as_json=as_json))
    if as_json:
        print_json(ends)
    return max(codes, default=0)


async def follow(
    job: JobId, timeout: float | None, show: Show, begin: Begin | None = None
) -> JobStatus | None:
    """Show every change of a job until it is over.

    Args:
        job: The job.
        timeout: Seconds; None for as long as it takes.
        show: Called with every change.
        begin: Called once, before the first change that it may lack, with all that was climbed.

    Raises:
        JobError: It failed, or was cancelled.
        WaitTimeout: It was not over in time.
    """
    last: JobStatus | None = None
    with anyio.move_on_after(timeout):
        async with aclosing(aio.listen_job_status(job)) as updates:
            async for update in updates:
                if last is None and begin is not None:
                    # The first update tells where the job stands, not how it came there.
                    begin((await aio.view(job)).timeline)
                last = update
                show(update)
        check_finished(await aio.view(job))
        return last
    rung: JobExecutorStatus | None = last.status if last is not None else None
    raise WaitTimeout(job, rung, timeout or 0.0)


def _wait(job: JobId, timeout: float | None, ends: list[JobStatus], *, as_json: bool) -> int:
    shown: list[JobStatus] = []
    try:
        if as_json:
            call(follow, job, timeout, shown.append)
        else:
            with _display(job) as display:
                call(follow, job, timeout, *display)
    except (JobError, WaitTimeout) as error:
        return report(error)
    finally:
        ends.extend(shown[-1:])
    return 0


@contextmanager
def _display(job: JobId) -> Generator[tuple[Show, Begin | None]]:
    """Give a function that shows an update: in a live ladder on a terminal, else as a line."""
    out = console()
    if not out.is_terminal:
        yield lambda update: click.echo(line(update)), None
        return
    view = jobs.view(job)
    ladder = Ladder(f"{view.id} {view.name}".rstrip())
    ladder.begin(view.timeline)
    with Live(ladder, console=out, refresh_per_second=10):
        yield ladder.take, ladder.begin


@contextmanager
def _leaving(ctx: click.Context, wanted: list[JobId]) -> Generator[None]:
    """Say how to come back if Ctrl-C ends the wait."""
    try:
        yield
    except KeyboardInterrupt:
        named = " ".join(wanted)
        click.echo(f"\nno longer waiting; the job goes on: stationctl wait {named}", err=True)
        ctx.exit(INTERRUPTED)
