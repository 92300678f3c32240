"""Many jobs as they are watched: a row for each that there is room for, and a line for all."""

from __future__ import annotations

import time
from collections import Counter
from typing import TYPE_CHECKING, Final

from rich.console import Group
from rich.table import Table
from rich.text import Text

from stationd.client.stationctl.display.bar import bar
from stationd.client.stationctl.display.climb import Climb
from stationd.client.stationctl.display.line import doing_now, standing
from stationd.client.stationctl.printing import COLOURS, coarse_cell, duration, rich_text, rough
from stationd.proto.status import StatusEnum

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from rich.console import Console, ConsoleOptions, RenderResult

    from stationd.client.references.job import JobStatus

WIDE: Final = 100
"""Columns from which on bars are long."""
_BARS: Final = (12, 20)
"""Cells of a bar, on a narrow and on a wide terminal."""
_AROUND: Final = 4
"""Lines that a board takes besides its rows: head, rest, total, and the prompt below it."""
_LONGEST_NAME: Final = 24
_LONGEST_NUMBER: Final = 8
_STATUS: Final = max(len(status) for status in StatusEnum.__members__)
_MOST_TALLIED: Final = 2
"""Jobs that must have ended before their pace says when the others will."""
_ORDER: Final = (
    StatusEnum.CANCELLING,
    StatusEnum.RUNNING,
    StatusEnum.RETRYING,
    StatusEnum.SUBMITTED,
    StatusEnum.QUEUED,
    StatusEnum.ERROR,
    StatusEnum.CANCELLED,
    StatusEnum.COMPLETED,
)
"""Which jobs are shown if there is no room for all."""


class Board:
    """Draws itself anew whenever it is looked at.

    Args:
        climbs: The jobs.
        clock: What time it is, Unix seconds.
    """

    def __init__(self, climbs: Sequence[Climb], clock: Callable[[], float] = time.time) -> None:
        self._climbs = climbs
        self._clock = clock
        self._since = clock()
        self._over_before: int | None = None

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        now = self._clock()
        heard = [one for one in self._climbs if one.status is not None]
        over = sum(one.over for one in heard)
        if self._over_before is None and len(heard) == len(self._climbs):
            # Those that had ended before we came say nothing of the pace.
            self._over_before, self._since = over, now
        room = max((options.height or console.height) - _AROUND, 1)
        rows = shown(heard, room)
        grid = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
        cells = bar_width(options.max_width)
        for head, width in _columns(rows, cells, options.max_width).items():
            grid.add_column(head, no_wrap=True, width=width, overflow="ellipsis")
        for one in rows:
            grid.add_row(*row(one, now, cells))
        parts: list[Table | Text] = [grid]
        if len(rows) < len(heard):
            hidden = [one for one in heard if one not in rows]
            parts.append(Text(f"and {len(hidden)} more: {tally(hidden)}", style="dim"))
        parts.append(self._total(over, now, cells))
        yield Group(*parts)

    def _total(self, over: int, now: float, cells: int) -> Text:
        count = len(self._climbs)
        heard = [one for one in self._climbs if one.status is not None]
        share = sum(1.0 if one.over else one.share() for one in heard) / max(count, 1)
        words = [f"{count} jobs", tally(heard)]
        left = seconds_to_the_end(over - (self._over_before or 0), count - over, now - self._since)
        if left is not None:
            words.append(f"about {rough(left)} left")
        said = ", ".join(word for word in words if word)
        return Text.assemble(bar(share, cells), "  ", said, no_wrap=True, overflow="ellipsis")


def shown(climbs: Sequence[Climb], room: int) -> list[Climb]:
    """Return the jobs to show, in the order in which they were named: the liveliest if not all."""
    if len(climbs) <= room:
        return list(climbs)
    ranked = sorted(climbs, key=_rank)
    chosen = {one.job for one in ranked[:room]}
    return [one for one in climbs if one.job in chosen]


def bar_width(columns: int) -> int:
    """Return how many cells a bar has on a terminal that is so wide."""
    return _BARS[columns >= WIDE]


def _columns(climbs: Sequence[Climb], cells: int, width: int) -> dict[str, int]:
    """Return the columns' heads and widths; the last one takes what is left."""
    longest = max((len(one.name) for one in climbs), default=0)
    name = min(max(longest, len("NAME")), width // 5, _LONGEST_NAME)
    number = min(max((len(one.called) for one in climbs), default=0), _LONGEST_NUMBER)
    columns = {"JOB": max(number, len("JOB")), "NAME": name, "CLIMB": cells, "STATUS": _STATUS}
    left = width - sum(columns.values()) - 2 * (len(columns) + 1)
    return columns | {"": max(left, 1)}


def row(climb: Climb, now: float, cells: int) -> tuple[Text, ...]:
    """Return a job's cells: number, name, bar, status, and what there is to say.

    Args:
        climb: The job.
        now: Unix seconds.
        cells: Of its bar.
    """
    status = climb.status
    if status is None:
        return (Text(climb.called), Text(), Text(), Text(), Text())
    share = 1.0 if status.coarse is StatusEnum.COMPLETED else climb.share()
    style = COLOURS.get(status.coarse, "blue")
    return (
        Text(climb.called),
        Text(climb.name or "-"),
        bar(share, cells, style),
        rich_text(coarse_cell(status.coarse)),
        Text(remark(climb, status, now), style="red" if status.error is not None else ""),
    )


def remark(climb: Climb, status: JobStatus, now: float) -> str:
    """Say what a job is doing, or what came of it."""
    again = f"attempt {status.attempt}" if status.attempt > 1 else ""
    if climb.over:
        words = [str(status.error) if status.error is not None else "", status.note]
        what = "; ".join(word for word in words if word) or f"took {duration(climb.took())}"
        return f"{what}, {again}" if again and status.error is None else what
    doing = doing_now(status) or standing(status.status)
    left = climb.seconds_left(now)
    parts = [doing, f"{rough(left)} left" if left is not None else "", again]
    return ", ".join(part for part in parts if part)


def tally(climbs: Sequence[Climb]) -> str:
    """Count jobs by status, in words."""
    counts = Counter(one.status.coarse for one in climbs if one.status is not None)
    return ", ".join(
        f"{counts[status]:,} {status.name.lower()}" for status in reversed(_ORDER) if counts[status]
    )


def seconds_to_the_end(ended: int, left: int, elapsed: float) -> float | None:
    """Return how long jobs will take if they go on to end at this pace; None if nobody can tell.

    >>> seconds_to_the_end(ended=4, left=8, elapsed=10.0)
    20.0
    """
    if ended < _MOST_TALLIED or not left or elapsed <= 0:
        return None
    return left * elapsed / ended


def _rank(climb: Climb) -> tuple[int, int, float]:
    """The lower, the more a job is worth a row."""
    status = climb.status
    if status is None:
        return (len(_ORDER), 0, 0.0)
    place = _ORDER.index(status.coarse) if status.coarse in _ORDER else len(_ORDER)
    return (place, status.queue_position or 0, -status.time_unix_s)
