"""Values as text: JSON for programs, tables and times for people.

rich is imported when something is drawn on a terminal: it takes longer than many a command.
"""

from __future__ import annotations

import os
import sys
from datetime import datetime
from enum import Enum
from typing import TYPE_CHECKING, Final, NamedTuple, cast

import click
import msgspec
from msgspec import Struct

from stationd.proto.escaping import escaped
from stationd.proto.job import JobView
from stationd.proto.status import StatusEnum

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

COLOURS: Final = {
    StatusEnum.COMPLETED: "green",
    StatusEnum.ERROR: "red",
    StatusEnum.CANCELLED: "yellow",
    StatusEnum.CANCELLING: "yellow",
    StatusEnum.RUNNING: "cyan",
}


class Styled(NamedTuple):
    """Text in a style of rich's."""

    text: str
    style: str


Cell = str | Styled


def on_terminal() -> bool:
    """Return whether somebody looks at the standard output."""
    return sys.stdout.isatty() and os.environ.get("TERM", "dumb") != "dumb"


def console() -> Console:
    """Return the terminal, for what is drawn."""
    from rich.console import Console  # noqa: PLC0415 - slow

    return Console(highlight=False)


def print_json(value: object) -> None:
    """Print one JSON document."""
    click.echo(msgspec.json.format(msgspec.json.encode(plain(value)), indent=2))


def print_json_line(value: object) -> None:
    """Print one JSON document on one line."""
    click.echo(msgspec.json.encode(plain(value)))


def plain(value: object) -> object:
    """Return a value as dictionaries and lists, with every field of every kind of object.

    A rung is its value, as in ``pending_execution``, a coarse status its name.
    """
    if isinstance(value, Struct):
        named = {name: getattr(value, name) for name in value.__struct_fields__}
        # The number of a request says nothing to anybody.
        named.pop("request", None)
        if isinstance(value, JobView):
            named["coarse"] = value.coarse
        return plain(named)
    if isinstance(value, StatusEnum):
        return value.name
    if isinstance(value, dict):
        pairs = cast("dict[object, object]", value)
        return {str(plain(key)): plain(one) for key, one in pairs.items()}
    if isinstance(value, list | tuple):
        several = cast("Sequence[object]", value)
        return [plain(one) for one in several]
    return value.value if isinstance(value, Enum) else value


def print_table(columns: Sequence[str], rows: Sequence[Sequence[Cell]]) -> None:
    """Print a table: in colours and as wide as the terminal, or as plain text."""
    if not on_terminal():
        click.echo("\n".join(plain_table(columns, rows)))
        return
    console().print(table(columns, rows))


def print_text(*parts: Cell) -> None:
    """Print a line, of which some parts may have a style."""
    if not on_terminal():
        click.echo("".join(words(part) for part in parts))
        return
    from rich.text import Text  # noqa: PLC0415 - slow

    console().print(Text.assemble(*map(rich_text, parts)))


def table(columns: Sequence[str], rows: Sequence[Sequence[Cell]]) -> Table:
    """Return a table for a terminal."""
    from rich.table import Table  # noqa: PLC0415 - slow

    built = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    *narrow, last = columns
    for column in narrow:
        built.add_column(column, no_wrap=True)
    built.add_column(last, overflow="fold")
    for row in rows:
        built.add_row(*(rich_text(cell) for cell in row))
    return built


def plain_table(columns: Sequence[str], rows: Sequence[Sequence[Cell]]) -> list[str]:
    """Return a table's lines, with nothing but spaces between the columns.

    >>> plain_table(("JOB", "NAME"), [("1042", "bell"), ("7", Styled("-", "dim"))])
    ['JOB   NAME', '1042  bell', '7     -']
    """
    lines = [list(columns), *([words(cell) for cell in row] for row in rows)]
    widths = [max(len(line[place]) for line in lines) for place in range(len(columns))]
    return [
        "  ".join(f"{cell:<{width}}" for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    ]


def words(cell: Cell) -> str:
    """Return what a cell says, without its style.

    Names and errors come from others: nothing in them may begin a line or speak to the terminal.
    """
    return escaped(cell.text if isinstance(cell, Styled) else cell)


def rich_text(cell: Cell) -> Text:
    """Return a cell for a terminal; brackets have no meaning in it."""
    from rich.text import Text  # noqa: PLC0415 - slow

    return Text(words(cell), cell.style if isinstance(cell, Styled) else "")


def coarse_cell(status: StatusEnum) -> Styled:
    """Return a status in its colour."""
    return Styled(status.name, COLOURS.get(status, ""))


def moment(time_unix_s: float) -> str:
    """Return a time in the local zone."""
    return datetime.fromtimestamp(time_unix_s).astimezone().strftime("%Y-%m-%d %H:%M:%S")


def rough(seconds: float) -> str:
    """Return a duration that nobody knows exactly.

    >>> [rough(seconds) for seconds in (0.3, 1.7, 75, 7500)]
    ['1 s', '2 s', '1 min 15 s', '2 h 05 min']
    """
    whole = max(1, round(seconds))
    return f"{whole} s" if whole < 60 else duration(whole)  # noqa: PLR2004 - a minute


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
