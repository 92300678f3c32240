"""Watching several jobs climb: a table that fills on a terminal, a line per rung elsewhere."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import nullcontext

import anyio
from rich.console import Console
from rich.live import Live
from rich.table import Table

from stationd import JobExecutorStatus, JobRef, JobStatus, TimelineEntry
from stationd.aio import jobs

RUNGS = [status for status in JobExecutorStatus if not status.is_terminal]
END = JobExecutorStatus.READY
"""The row of all three ends."""
NAMES = {rung: str(rung) for rung in RUNGS} | {END: "[bold]end[/]"}
STYLES = {"ready": "green", "failed": "red", "aborted": "yellow"}

OnUpdate = Callable[[JobStatus], Awaitable[None]]


def watch(
    watched: Sequence[JobRef],
    console: Console,
    *,
    timeout: float,
    on_update: Mapping[str, OnUpdate] | None = None,
) -> None:
    """Show jobs until all are over.

    Args:
        watched: The jobs.
        console: Where to show them.
        timeout: Seconds for all of them.
        on_update: What else to do with the updates of some jobs, by their ids.

    Raises:
        TimeoutError: They are not over in time.
    """
    anyio.run(_watch, watched, console, timeout, on_update or {})


async def _watch(
    watched: Sequence[JobRef],
    console: Console,
    timeout: float,
    on_update: Mapping[str, OnUpdate],
) -> None:
    ladders = Ladders(watched, console)
    live = Live(console=console, get_renderable=ladders.table, refresh_per_second=20)
    try:
        with anyio.fail_after(timeout), live if console.is_terminal else nullcontext():
            async with anyio.create_task_group() as tasks:
                for job in watched:
                    tasks.start_soon(ladders.follow, job, on_update.get(job.id))
    finally:
        await jobs.close()


class Ladders:
    """What is known of the jobs."""

    def __init__(self, watched: Sequence[JobRef], console: Console) -> None:
        self._jobs = list(watched)
        self._begin = min(job.created_unix_s for job in watched)
        self._console = console
        self._cells: dict[str, dict[JobExecutorStatus, str]] = {job.id: {} for job in watched}
        self._progress: dict[str, str] = {}

    async def follow(self, job: JobRef, on_update: OnUpdate | None) -> None:
        """Take in a job's updates until it is over."""
        seen = 0
        async for update in jobs.listen_job_status(job):
            if update.ordinal > seen + 1:
                # What came before we listened is in the job's timeline.
                for entry in (await jobs.view(job)).timeline[seen : update.ordinal - 1]:
                    self._reached(job, entry)
            if update.ordinal > seen:
                self._reached(job, update)
            elif update.progress is not None:
                text = f"{update.progress.done:,}/{update.progress.total:,} {update.progress.unit}"
                self._progress[job.id] = f"[cyan]{text}[/]"
            seen = update.ordinal
            if on_update is not None:
                await on_update(update)

    def table(self) -> Table:
        """Return rungs by jobs, with the seconds from the first submission to each rung."""
        table = Table("rung", box=None, header_style="bold")
        for job in self._jobs:
            table.add_column(job.name, justify="right", min_width=18)
        for rung in [*RUNGS, END]:
            table.add_row(NAMES[rung], *(self._cell(job, rung) for job in self._jobs))
        return table

    def _cell(self, job: JobRef, rung: JobExecutorStatus) -> str:
        # A copy: the table is drawn in a thread of its own.
        cells = dict(self._cells[job.id])
        newest = next(reversed(cells), None)
        progress = self._progress.get(job.id) if rung is newest else None
        return progress or cells.get(rung, "[dim]·[/]")

    def _reached(self, job: JobRef, entry: JobStatus | TimelineEntry) -> None:
        seconds = f"{entry.time_unix_s - self._begin:.3f}"
        name, shown = str(entry.status), seconds
        if entry.cancelling and not entry.status.is_terminal:
            name, shown = f"{name}, cancelling", f"[yellow]cancelling {seconds}[/]"
        if entry.status.is_terminal:
            style = STYLES[name]
            self._put(job, END, f"[{style}]{name} {seconds}[/]")
        else:
            self._put(job, entry.status, shown)
        if not self._console.is_terminal:
            self._console.print(f"   {seconds:>7} s  {job.name:<8}{name}")

    def _put(self, job: JobRef, rung: JobExecutorStatus, cell: str) -> None:
        self._cells[job.id][rung] = cell
        self._progress.pop(job.id, None)
