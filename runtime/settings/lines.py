"""Which line of a TOML file says which key.

The parser does not tell. But a file that it takes is a row of statements, each of which it takes
alone: so it is given line after line, and what it makes of each statement is the statement's key.
"""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING, Final, cast

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stationd.runtime.settings.keys import Key

_ENDS: Final = ("]", "}", '"""', "'''")
"""What the last line of a statement of several lines has in it."""


def lines_of(text: str) -> dict[Key, int]:
    """Return the line of every key and table, counted from 1; of one said twice the first.

    Args:
        text: What `tomllib` takes.
    """
    found: dict[Key, int] = {}
    table: Key = ()
    for number, statement, said in _statements(text):
        paths = list(_paths((), said))
        if statement.lstrip().startswith("["):
            table = paths[-1]
            paths = [table[:length] for length in range(1, len(table) + 1)]
        else:
            paths = [(*table, *path) for path in paths]
        for path in paths:
            found.setdefault(path, number)
    return found


def _statements(text: str) -> Iterator[tuple[int, str, dict[str, object]]]:
    """Yield each statement with the number of its first line and what it says by itself."""
    first, rows = 1, list[str]()
    for number, row in enumerate(text.replace("\r\n", "\n").split("\n"), 1):
        rows.append(row)
        # Only such a line can end what an earlier one began: a long list is not tried at each.
        if len(rows) > 1 and not any(end in row for end in _ENDS):
            continue
        statement = "\n".join(rows)
        try:
            said = tomllib.loads(statement)
        except tomllib.TOMLDecodeError:
            continue
        if said:
            yield first, statement, said
        first, rows = number + 1, []


def _paths(at: Key, table: dict[str, object]) -> Iterator[Key]:
    for name, value in table.items():
        path = (*at, name)
        yield path
        if isinstance(value, dict):
            yield from _paths(path, cast("dict[str, object]", value))
