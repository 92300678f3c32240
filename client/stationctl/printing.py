"""Values as text: JSON for programs, tables and times for people."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final, cast

import click
import msgspec
from rich.console import Console
from rich.table import Table
from rich.text import Text

from stationd.client.references import JobStatus
from stationd.proto.job import JobView
from stationd.proto.status import StatusEnum

COLOURS: Final = {
    StatusEnum.COMPLETED: "green",
    StatusEnum.ERROR: "red",
    StatusEnum.CANCELLED: "yellow",
    StatusEnum.CANCELLING: "yellow",
    StatusEnum.RUNNING: "cyan",
}
_NO_WIDTH: Final = 10_000
"""Where nobody looks, lines are as long as what they say."""
SHORT_ID: Final = 8
"""Characters of an id in tables; enough to name the job."""


def console() -> Console:
    """Return the standard output, with colours and a width only on a terminal."""
    out = Console(highlight=False)
    return out if out.is_terminal else Console(highlight=False, width=_NO_WIDTH)


def print_json(value: object) -> None:
    """Print one JSON document."""
    click.echo(msgspec.json.format(msgspec.json.encode(plain(value)), indent=2))


def print_json_line(value: object) -> None:
    """Print one JSON document on one line."""
    click.echo(msgspec.json.encode(plain(value)))


def plain(value: object) -> object:
    """Return a value as dictionaries and lists; a coarse status by its name."""
    built = msgspec.to_builtins(value, enc_hook=str)
    if isinstance(value, JobView | JobStatus):
        return {**built, "coarse": value.coarse.name}
    if isinstance(value, list | tuple):
        several = cast("Sequence[object]", value)
        return [plain(one) for one in several]
    return built


def table(columns: Iterable[str], rows: Iterable[Sequence[str | Text]]) -> Table:
    """Return a table for people."""
    built = Table(box=None, pad_edge=False, header_style="bold")
    *narrow, last = columns
    for column in narrow:
        built.add_column(column, no_wrap=True)
    built.add_column(last, overflow="fold")
    for row in rows:
        built.add_row(*row)
    return built


def coarse_text(status: StatusEnum) -> Text:
    """Return a status in its colour."""
    return Text(status.name, style=COLOURS.get(status, ""))


def moment(time_unix_s: float) -> str:
    """Return a time in the local zone."""
    return datetime.fromtimestamp(time_unix_s).astimezone().strftime("%Y-%m-%d %H:%M:%S")


def duration(seconds: float) -> str:
    """Return a duration with a fitting unit.

    >>> [duration(seconds) for seconds in (0.0021, 1.25, 75, 7500, 200_000)]
    ['2.1 ms', '1.2 s', '1 min 15 s', '2 h 05 min', '2 d 07 h']
    """
    if seconds < 1:
        return f"{seconds * 1e3:.1f} ms"
    if seconds < 60:  # noqa: PLR2004 - seconds, minutes, hours
        return f"{seconds:.1f} s"
    minutes, rest = divmod(int(seconds), 60)
    if minutes < 60:  # noqa: PLR2004
        return f"{minutes} min {rest:02d} s"
    hours, minutes = divmod(minutes, 60)
    if hours < 48:  # noqa: PLR2004
        return f"{hours} h {minutes:02d} min"
    return f"{hours // 24} d {hours % 24:02d} h"
