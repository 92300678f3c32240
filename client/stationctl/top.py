"""`top`: a live view of the station."""

from __future__ import annotations

import os
import signal
import sys
from contextlib import contextmanager
from io import StringIO
from typing import TYPE_CHECKING, Final

import anyio
import click

from stationd.client.blocking.portal import call
from stationd.client.connection.shared import connection
from stationd.client.station.station import overview, ping
from stationd.client.stationctl.display.pulse import Sample
from stationd.client.stationctl.printing import on_terminal, print_json
from stationd.client.stationctl.typed.options import json_option, station_option
from stationd.proto import jobs_protocol
from stationd.proto.error import StationError
from stationd.proto.job import JobFilter, JobView
from stationd.proto.queue_requests import ListQueue, QueueListing

if TYPE_CHECKING:
    from collections.abc import Generator

    from rich.live import Live

    from stationd.client.stationctl.display.dashboard import Dashboard

_NEWEST: Final = 60
"""Jobs that are asked for; as many are shown as there is room for."""
_NEXT: Final = 40
"""The same of those that go next."""
_ENDING: Final = (b"q", b"Q", b"\x03", b"\x04")
"""Keys: q, and Ctrl-C and Ctrl-D of a terminal that does not turn them into signals."""
_PLAIN_WIDTH: Final = 120


@click.command
@click.option(
    "--every", type=click.FloatRange(0.2, 3600), default=1.0, show_default=True, metavar="SECONDS",
    help="How often to look.",
)  # fmt: skip
@json_option
@station_option
def top(every: float, as_json: bool) -> None:  # noqa: FBT001 - click calls it by name
    """Show the station live: its queue, controllers, throughput and newest jobs. q ends it.

    With --json, or if nobody looks, prints what there is to see now, once.
    """
    # Before the screen is taken: a station that cannot be reached is told as ever.
    first = call(sample)
    if as_json:
        print_json(first)
        return
    from stationd.client.stationctl.display.dashboard import Dashboard  # noqa: PLC0415 - slow

    if not on_terminal() or not sys.stdin.isatty():
        _print_once(Dashboard(), first)
        return
    _show(Dashboard(hint="q ends"), first, every)


async def next_jobs() -> tuple[JobView, ...]:
    """Return the jobs that go next, in the queue's order."""
    listing = await connection().ask(ListQueue(0, "", _NEXT), QueueListing)
    ids = tuple(entry.job for entry in listing.entries)
    if not ids:
        return ()
    asked = jobs_protocol.List(0, JobFilter(ids=ids), None, _NEXT)
    listed = await connection().ask(asked, jobs_protocol.Jobs)
    views = {view.id: view for view in listed.views}
    return tuple(views[job] for job in ids if job in views)


async def sample() -> Sample:
    """Return what the station looks like now.

    Raises:
        StationUnreachable: Nobody answers.
    """
    asked = jobs_protocol.List(0, JobFilter(), None, _NEWEST)
    listed = await connection().ask(asked, jobs_protocol.Jobs)
    known = await connection().ask(jobs_protocol.ListControllers(0), jobs_protocol.Controllers)
    return Sample(
        station=await ping(),
        overview=await overview(),
        controllers=known.controllers,
        targets=known.targets,
        next=await next_jobs(),
        newest=listed.views,
    )


def _print_once(dashboard: Dashboard, first: Sample) -> None:
    from rich.console import Console  # noqa: PLC0415 - slow

    dashboard.take(first)
    out = Console(width=_PLAIN_WIDTH, height=_NEWEST, highlight=False, file=StringIO())
    with out.capture() as captured:
        out.print(dashboard)
    click.echo("\n".join(line.rstrip() for line in captured.get().splitlines()))


def _show(dashboard: Dashboard, first: Sample, every: float) -> None:
    from rich.live import Live  # noqa: PLC0415 - slow

    from stationd.client.stationctl.printing import console  # noqa: PLC0415 - slow

    dashboard.take(first)
    with (
        _keys_at_once(),
        Live(dashboard, console=console(), screen=True, auto_refresh=False) as live,
    ):
        try:
            call(_look, dashboard, live, every)
        except KeyboardInterrupt:
            return


async def _look(dashboard: Dashboard, live: Live, every: float) -> None:
    """Look, and draw what is seen, until a key says that it is enough."""
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(_draw, dashboard, live, every)
        while True:
            await anyio.wait_readable(sys.stdin)
            key = os.read(sys.stdin.fileno(), 1)
            if not key or key in _ENDING:
                break
        tasks.cancel_scope.cancel()


async def _draw(dashboard: Dashboard, live: Live, every: float) -> None:
    live.refresh()
    while True:
        await anyio.sleep(every)
        try:
            dashboard.take(await sample())
        except StationError as error:
            dashboard.fail(str(error))
        live.refresh()


@contextmanager
def _keys_at_once() -> Generator[None]:
    """Let keys be read as they are pressed; give the terminal back as it was, however it ends."""
    import termios  # noqa: PLC0415 - for this alone
    import tty  # noqa: PLC0415 - for this alone

    before = termios.tcgetattr(sys.stdin)
    tty.setcbreak(sys.stdin)
    terminated = signal.signal(signal.SIGTERM, _end)
    hung_up = signal.signal(signal.SIGHUP, _end)
    stopped = signal.signal(signal.SIGTSTP, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, terminated)
        signal.signal(signal.SIGHUP, hung_up)
        signal.signal(signal.SIGTSTP, stopped)
        termios.tcsetattr(sys.stdin, termios.TCSADRAIN, before)


def _end(number: int, _: object) -> None:
    sys.exit(128 + number)
