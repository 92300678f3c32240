"""Walking through all jobs in the order of their newest facts, or of their names."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Final

from stationd.proto.error import RequestError
from stationd.proto.search import Order, keys_of
from stationd.runtime.journal.queries.criteria import TAGGED, UNDER_WAY
from stationd.runtime.journal.queries.cursors import AnyOf, Budget, Index, in_all

_FEWEST: Final = 64
_MOST: Final = 1000
"""Jobs that are looked at together, about: the longer the walk, the more."""
MOST_OF_ONE_NAME: Final = 2_000
"""Jobs of one name that can be put in an order of their own."""


def walk(database: sqlite3.Connection, order: Order) -> Iterator[list[int]]:
    """Yield the numbers of all jobs from a place on, some at a time.

    Those that come together are to be sorted, and may begin with some from before the place; all
    that come later follow them.

    Raises:
        RequestError: So many jobs have one name that they cannot be sorted by anything but their
            number.
    """
    keys = keys_of(order.sort)
    name, descends = keys[0]
    if name == "modified":
        return _by_change(database, order, descends=descends)
    return _by_name(database, order, descends=descends, numbered=keys[1] == ("number", True))


def _by_change(
    database: sqlite3.Connection, order: Order, *, descends: bool
) -> Iterator[list[int]]:
    sign, back, direction = ("<", ">", "DESC") if descends else (">", "<", "ASC")
    begin = order.after.modified_unix_s if order.after is not None else None
    inclusive = True
    together = _FEWEST
    while True:
        if begin is None:
            condition, values = "", list[object]()
        else:
            condition = f"AND modified_unix_s {sign}{'=' if inclusive else ''} ?"
            values = [begin]
        over = database.execute(
            f"SELECT number, modified_unix_s {_OVER} {condition}"
            f" ORDER BY modified_unix_s {direction} LIMIT ?",
            (*values, together),
        ).fetchall()
        numbers = [number for number, _ in over]
        whole = len(over) < together
        if not whole:
            # All that changed at the last time come together.
            end = over[-1][1]
            numbers = [number for number, time in over if time != end]
            same = database.execute(f"SELECT number {_OVER} AND modified_unix_s = ?", (end,))
            numbers += [number for (number,) in same]
            condition += f" AND modified_unix_s {back}= ?"
            values.append(end)
            begin, inclusive = end, False
        numbers += [number for (number,) in database.execute(f"{UNDER_WAY} {condition}", values)]
        yield numbers
        if whole:
            return
        together = min(2 * together, _MOST)


def _by_name(
    database: sqlite3.Connection, order: Order, *, descends: bool, numbered: bool
) -> Iterator[list[int]]:
    after = order.after
    sign, direction = ("<=", "DESC") if descends else (">=", "ASC")
    condition, values = "", list[object]()
    if after is not None:
        condition, values = f"AND folded {sign} ?", [after.name.casefold()]
    names = database.execute(
        f"SELECT folded, group_concat(id), sum(jobs) {_NAMES} {condition}"
        f" GROUP BY folded ORDER BY folded {direction}",
        values,
    )
    together: list[int] = []
    most = _FEWEST
    for folded, terms, jobs in names:
        if jobs == 0:
            continue
        within = after is not None and after.name.casefold() == folded
        ids = [int(term) for term in terms.split(",")]
        if jobs <= MOST_OF_ONE_NAME:
            together += [number for term in ids for (number,) in database.execute(TAGGED, (term,))]
        elif numbered:
            yield together
            together = []
            below = after.number if within and after is not None else _NO_NUMBER
            yield from _downwards(database, ids, below)
        else:
            raise RequestError(
                f"{jobs} jobs are called {folded!r}: sort them by their name alone, or search for"
                " fewer"
            )
        if len(together) >= most:
            yield together
            together = []
            most = min(2 * most, _MOST)
    yield together


def _downwards(
    database: sqlite3.Connection, terms: Sequence[int], below: int
) -> Iterator[list[int]]:
    budget = Budget(_NO_NUMBER)
    cursors = [Index(database, TAGGED, (term,), budget, newest_first=True) for term in terms]
    places = in_all([AnyOf(cursors, budget)], 1 - below, budget)
    while numbers := [-place for place, _ in islice(places, _FEWEST)]:
        yield numbers


_NO_NUMBER: Final = 2**62
_OVER: Final = "FROM jobs INDEXED BY jobs_by_end WHERE ended IS NOT NULL"
_NAMES: Final = "FROM terms INDEXED BY terms_by_name WHERE folded IS NOT NULL"
