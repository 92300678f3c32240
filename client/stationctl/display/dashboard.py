"""`top` as it is drawn: the station in numbers, its controllers, its newest jobs."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

from rich.console import Group
from rich.table import Table
from rich.text import Text

from stationd.client.stationctl.display.bar import bar
from stationd.client.stationctl.display.board import WIDE, bar_width
from stationd.client.stationctl.display.climb import seconds_left
from stationd.client.stationctl.display.line import standing
from stationd.client.stationctl.display.pictures import spark
from stationd.client.stationctl.display.pulse import Pulse, Sample
from stationd.client.stationctl.printing import coarse_cell, duration, moment, rich_text, rough
from stationd.proto.status import JobExecutorStatus

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from rich.console import Console, ConsoleOptions, RenderableType, RenderResult

    from stationd.proto.job import JobId, JobView
    from stationd.proto.jobs_protocol import ControllerView
    from stationd.proto.station_requests import Overview

_S = JobExecutorStatus
STAGES: Final = {
    "receive": (_S.RECEIVED, _S.VALIDATION_STARTED),
    "fetch": (_S.VALIDATION_ENDED, _S.FETCH_CALIBRATION_STARTED),
    "compile": (_S.FETCH_CALIBRATION_ENDED, _S.COMPILATION_STARTED),
    "save": (_S.COMPILATION_ENDED, _S.SAVE_SWEEP_METADATA_STARTED),
    "queue": (_S.SAVE_SWEEP_METADATA_ENDED, _S.PENDING_EXECUTION),
    "execute": (_S.EXECUTION_STARTED,),
    "post": (
        _S.EXECUTION_ENDED,
        _S.POST_PROCESSING_PENDING,
        _S.POST_PROCESSING_STARTED,
        _S.POST_PROCESSING_ENDED,
    ),
}
"""Where the jobs are that are under way, and the rungs on which they stand there."""
_ABOVE: Final = 9
"""Lines for all that stands above and between the tables."""
_LEAST_JOBS: Final = 3
_NARROWER: Final = 20
"""Columns that a bar of a controller has less room by than one of a job."""
_SPARK: Final = 30
_LONGEST_NAME: Final = 24


class Dashboard:
    """Draws itself anew whenever it is looked at.

    Args:
        clock: What time it is, Unix seconds.
        hint: What is said at the end of the first line.
    """

    def __init__(self, clock: Callable[[], float] = time.time, hint: str = "") -> None:
        self._clock = clock
        self._hint = hint
        self._pulse = Pulse()
        self._sample: Sample | None = None
        self._trouble = ""

    def take(self, sample: Sample) -> None:
        """Take what was seen."""
        self._sample = sample
        self._trouble = ""
        self._pulse.add(sample.overview)

    def fail(self, trouble: str) -> None:
        """Take note that nothing can be seen; what was seen last stays."""
        self._trouble = trouble

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        sample, width = self._sample, options.max_width
        if sample is None:
            yield Text(self._trouble or "waiting for the station")
            return
        height = options.height or console.height
        controllers = _controllers(sample, self._clock(), width)
        room = height - _ABOVE - controllers.row_count - bool(self._trouble)
        parts: list[RenderableType] = [
            *self._head(sample, width),
            *self._numbers(sample.overview),
            Text(),
            controllers,
            Text(),
            _jobs(shown(sample, max(room, _LEAST_JOBS)), width),
        ]
        yield Group(*parts)

    def _head(self, sample: Sample, width: int) -> list[Text]:
        station, overview = sample.station, sample.overview
        up = rough(overview.time_unix_s - overview.since_unix_s)
        left = Text.assemble(
            (station.name, "bold"),
            f"  stationd {station.version}, start {station.epoch}, up {up}",
        )
        right = f"{self._hint}  {moment(overview.time_unix_s).split()[1]}".strip()
        left.append(" " * max(width - left.cell_len - len(right), 2))
        left.append(right, style="dim")
        trouble = [Text(self._trouble, style="red")] if self._trouble else []
        return [_one_line(line) for line in (left, *trouble)]

    def _numbers(self, overview: Overview) -> list[Text]:
        rate, commits = self._pulse.jobs_per_second(), self._pulse.commits_per_second()
        ended = [_count(name, count) for name, count in overview.ended.items()]
        jobs = Text.assemble(
            ("jobs    ", "dim"), f"{overview.received:,} received", *ended,
            f"   {sum(overview.under_way.values()):,} under way",
        )  # fmt: skip
        pace = Text.assemble(
            ("pace    ", "dim"), "-" if rate is None else f"{_number(rate)} jobs/s",
            "  ", (spark(self._pulse.history(), _SPARK), "cyan"),
        )  # fmt: skip
        storage = Text.assemble(
            ("journal ", "dim"),
            f"{duration(overview.commit_seconds)} a commit",
            "" if commits is None else f", {_number(commits)} commits/s",
            f"   {overview.listeners} listening",
            (f"   takes no new work: {overview.trouble}" if overview.trouble else "", "bold red"),
        )
        return [_one_line(text) for text in (jobs, stages(overview), pace, storage)]


def stages(overview: Overview) -> Text:
    """Say how many jobs are where."""
    text = Text.assemble(("stages  ", "dim"))
    for name, rungs in STAGES.items():
        count = sum(overview.under_way.get(str(rung), 0) for rung in rungs)
        text.append(f"{name} ", style="dim")
        text.append(f"{count:,}  ", style="cyan" if count else "dim")
    return text


def _count(status: str, count: int) -> tuple[str, str]:
    colour = {"ready": "green", "failed": "red", "aborted": "yellow"}.get(status, "")
    return (f"   {count:,} {status}", colour if count else "")


def _number(rate: float) -> str:
    return f"{rate:,.0f}" if rate >= 10 else f"{rate:.1f}"  # noqa: PLR2004 - two digits


def _controllers(sample: Sample, now: float, width: int) -> Table:
    running = {view.id: view for view in sample.overview.running}
    cells = [
        _controller(one, running, now, bar_width(width - _NARROWER)) for one in sample.controllers
    ]
    # A narrow terminal has no room for what never changes.
    heads = [head for head in cells[0] if head != "DRIVER" or width >= WIDE] if cells else []
    table = _table()
    for head in heads[:-1]:
        table.add_column(head, no_wrap=True, max_width=_LONGEST_NAME, overflow="ellipsis")
    table.add_column("", no_wrap=True, overflow="ellipsis", ratio=1)
    for row in cells:
        table.add_row(*(row[head] for head in heads))
    return table


def _controller(
    one: ControllerView, running: Mapping[JobId, JobView], now: float, cells: int
) -> dict[str, Text]:
    view = running.get(one.running) if one.running is not None else None
    return {
        "CONTROLLER": Text(one.name),
        "DRIVER": Text(one.driver or "-"),
        "STATE": _state(one),
        "LINE": Text(str(one.line) if one.line else "-", justify="right"),
        "JOB": Text("-" if view is None else str(view.number)),
        "": Text() if view is None else _at_work(view, now, cells),
    }


def _state(one: ControllerView) -> Text:
    if one.quarantined is not None:
        return Text("in quarantine", style="bold red")
    if not one.connected:
        return Text("away", style="red")
    return Text("at work", style="cyan") if one.running is not None else Text("idle", style="green")


def _at_work(view: JobView, now: float, cells: int) -> Text:
    name = f"{view.name[:_LONGEST_NAME]}  " if view.name else ""
    if view.progress is None:
        return Text(f"{name}for {rough(max(now - view.modified_unix_s, 0.0))}")
    share = view.progress.done / max(view.progress.total, 1)
    left = seconds_left(share, now - view.modified_unix_s)
    ending = f", {rough(left)} left" if left is not None else ""
    return Text.assemble(bar(share, cells), f"  {view.progress}{ending}  {name}".rstrip())


def shown(sample: Sample, room: int) -> list[JobView]:
    """Return the jobs to show: what runs, what is next, and, in a third of the room, what ended.

    Args:
        sample: What there is.
        room: Rows.
    """
    known = {view.id: view for view in (*sample.newest, *sample.next, *sample.overview.running)}
    under_way = [view for view in known.values() if not view.status.is_terminal]
    under_way.sort(key=_urgency)
    ended = [view for view in known.values() if view.status.is_terminal]
    ended.sort(key=lambda view: -view.modified_unix_s)
    kept = min(len(ended), max(room // 3, room - len(under_way)))
    return under_way[: room - kept] + ended[:kept]


def _urgency(view: JobView) -> tuple[int, int, int]:
    position = -1 if view.queue_position is None else view.queue_position
    return (-view.status.rung if position < 0 else 0, position, view.number)


def _jobs(views: Sequence[JobView], width: int) -> Table:
    table = _table()
    longest = max((len(view.name) for view in views), default=0)
    name = min(max(longest, len("NAME")), width // 4)
    number = max((len(str(view.number)) for view in views), default=0)
    for head, cells in (
        ("JOB", max(number, len("JOB"))), ("NAME", name), ("STATUS", 10), ("SUBMITTED", 9),
    ):  # fmt: skip
        table.add_column(head, no_wrap=True, width=cells, overflow="ellipsis")
    table.add_column("", no_wrap=True, overflow="ellipsis", ratio=1)
    for view in views:
        table.add_row(
            Text(str(view.number)),
            Text(view.name or "-"),
            rich_text(coarse_cell(view.coarse)),
            Text(moment(view.created_unix_s).split()[1]),
            Text(_said(view), style="red" if view.error is not None else ""),
        )
    return table


def _said(view: JobView) -> str:
    if view.error is not None:
        return str(view.error)
    if view.queue_position is not None:
        return f"{view.queue_position:,} ahead" if view.queue_position else "next in the queue"
    if view.progress is not None and not view.status.is_terminal:
        return str(view.progress)
    if view.status.is_terminal:
        return f"after {duration(max(view.modified_unix_s - view.created_unix_s, 0.0))}"
    return standing(view.status)


def _table() -> Table:
    return Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold", expand=True)


def _one_line(text: Text) -> Text:
    text.no_wrap = True
    text.overflow = "ellipsis"
    return text
