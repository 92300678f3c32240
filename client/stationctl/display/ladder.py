"""One job's climb as it is watched: the rungs, how long each took, and what it waits for."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

from rich.console import Group
from rich.table import Table
from rich.text import Text

from stationd.client.stationctl.display.bar import bar
from stationd.client.stationctl.display.climb import Climb, done_share
from stationd.client.stationctl.display.line import doing_now
from stationd.client.stationctl.printing import COLOURS, duration, rough

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from rich.console import Console, ConsoleOptions, RenderResult

    from stationd.proto.job import TimelineEntry

_BAR: Final = 40
"""Cells of a bar at most."""
_BELOW: Final = 5
"""Lines for what stands above and below the rungs."""
_MARGIN: Final = " " * 12


class Ladder:
    """Draws itself anew whenever it is looked at.

    Args:
        climb: The job.
        clock: What time it is, Unix seconds.
    """

    def __init__(self, climb: Climb, clock: Callable[[], float] = time.time) -> None:
        self._climb = climb
        self._clock = clock

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        climb, now = self._climb, self._clock()
        title = Text(no_wrap=True, overflow="ellipsis")
        title.append(f"{climb.called} {climb.name}".rstrip(), style="bold")
        if climb.number:
            title.append(f"  {climb.job}", style="dim")
        room = max((options.height or console.height) - _BELOW, 1)
        yield Group(title, _rungs(climb, now, room), *_below(climb, now, options.max_width))


def _rungs(climb: Climb, now: float, room: int) -> Table:
    rungs = Table.grid(padding=(0, 2))
    rungs.add_column(justify="right", style="dim", min_width=10)
    entries = climb.timeline
    hidden = max(len(entries) - room, 0)
    if hidden:
        rungs.add_row("", Text(f"... {hidden} before", style="dim"))
    for index, entry in enumerate(entries[hidden:], start=hidden):
        last = index == len(entries) - 1
        style = COLOURS.get(climb.status.coarse, "") if last and climb.status is not None else ""
        took = _took(entries, index, None if climb.over else now)
        rungs.add_row(took, Text(_name(entry), style=style))
    return rungs


def _took(entries: Sequence[TimelineEntry], index: int, now: float | None) -> str:
    end = entries[index + 1].time_unix_s if index + 1 < len(entries) else now
    return "" if end is None else duration(max(end - entries[index].time_unix_s, 0.0))


def _name(entry: TimelineEntry) -> str:
    words = [
        str(entry.status),
        f"(attempt {entry.attempt})" if entry.attempt > 1 else "",
        "cancelling" if entry.cancelling and not entry.status.is_terminal else "",
    ]
    return " ".join(word for word in words if word)


def _below(climb: Climb, now: float, width: int) -> list[Text]:
    status = climb.status
    if status is None:
        return []
    if climb.over:
        said = [str(status.error) if status.error is not None else "", status.note]
        return [Text(_MARGIN + word, style="red") for word in said if word]
    left = climb.seconds_left(now)
    words = [doing_now(status), f"{rough(left)} left" if left is not None else ""]
    waiting = ", ".join(word for word in words if word)
    if status.progress is not None:
        cells = min(_BAR, width // 3)
        done = bar(done_share(status), cells)
        return [Text.assemble(_MARGIN, done, "  ", waiting, no_wrap=True, overflow="ellipsis")]
    said = [waiting, status.note, str(status.error) if status.error is not None else ""]
    return [Text(_MARGIN + word) for word in said if word]
