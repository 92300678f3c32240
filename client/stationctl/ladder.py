"""A job's climb as it is watched: the rungs, how long each took, and what it waits for."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from rich.console import Group
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from stationd.client.stationctl.printing import COLOURS, duration

if TYPE_CHECKING:
    from collections.abc import Iterable

    from stationd.client.references import JobStatus
    from stationd.proto.job import TimelineEntry
    from stationd.proto.status import JobExecutorStatus

_BAR_WIDTH = 40


def line(update: JobStatus) -> str:
    """Return an update as one plain line."""
    parts = [
        update.time.astimezone().strftime("%H:%M:%S.%f")[:-3],
        f"{update.coarse.name:<10}",
        str(update.status),
        f"(attempt {update.attempt})" if update.attempt > 1 else "",
        _waiting(update),
        str(update.error) if update.error is not None else "",
        update.note,
    ]
    return "  ".join(part for part in parts if part).rstrip()


class Ladder:
    """What a live display shows of one job; draws itself anew whenever it is looked at.

    Args:
        title: The job, in words.
    """

    def __init__(self, title: str) -> None:
        self._title = title
        self._rungs: list[tuple[int, str, float]] = []
        self._status: JobStatus | None = None

    def begin(self, timeline: Iterable[TimelineEntry]) -> None:
        """Take what the job has climbed so far, also before anybody watched."""
        climbed = [
            (entry.ordinal, _rung(entry.status, entry.attempt), entry.time_unix_s)
            for entry in timeline
        ]
        known = climbed[-1][0] if climbed else 0
        self._rungs = climbed + [rung for rung in self._rungs if rung[0] > known]

    def take(self, update: JobStatus) -> None:
        """Take a change."""
        self._status = update
        if not self._rungs or update.ordinal > self._rungs[-1][0]:
            rung = _rung(update.status, update.attempt)
            self._rungs.append((update.ordinal, rung, update.time_unix_s))

    def __rich__(self) -> Group:
        rungs = Table.grid(padding=(0, 2))
        rungs.add_column(justify="right", style="dim", min_width=10)
        over = self._status is not None and self._status.status.is_terminal
        ends = [began for _, _, began in self._rungs[1:]]
        for index, (_, name, began) in enumerate(self._rungs):
            last = index == len(ends)
            end = time.time() if last else ends[index]
            took = "" if last and over else duration(max(end - began, 0.0))
            rungs.add_row(took, Text(name, style=self._style() if last else ""))
        return Group(Text(self._title, style="bold"), rungs, *self._below())

    def _style(self) -> str:
        return COLOURS.get(self._status.coarse, "") if self._status is not None else ""

    def _below(self) -> list[Text | Table]:
        status = self._status
        if status is None:
            return []
        if status.progress is not None and not status.status.is_terminal:
            bar = ProgressBar(
                total=max(status.progress.total, 1),
                completed=status.progress.done,
                width=_BAR_WIDTH,
            )
            grid = Table.grid(padding=(0, 2))
            grid.add_row(bar, _waiting(status))
            return [grid]
        words = [_waiting(status), status.note, str(status.error) if status.error else ""]
        return [Text(" " * 12 + word) for word in words if word]


def _rung(status: JobExecutorStatus, attempt: int) -> str:
    return f"{status} (attempt {attempt})" if attempt > 1 else str(status)


def _waiting(update: JobStatus) -> str:
    if update.status.is_terminal:
        return ""
    if update.progress is not None:
        return f"{update.progress.done}/{update.progress.total} {update.progress.unit}".rstrip()
    if update.queue_position is not None:
        return f"{update.queue_position} ahead in the queue"
    return ""
