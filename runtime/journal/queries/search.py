"""Which jobs match, and how many: in pages that begin where the one before ended.

Rule 1. One question is bounded in what it looks at, for others wait behind it. If that did not
        do, the answer says where to go on, and the question is asked again from there.
Rule 2. What is found is looked at with `matches`, as it is by a journal in memory.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from typing import Any, ClassVar, Final

from msgspec import Struct
from msgspec.msgpack import Decoder

from stationd.proto.job import JobFilter, JobId, JobView, place_of
from stationd.proto.matching import matches
from stationd.proto.search import NEWEST_FIRST, JobPlace, Order, compare, keys_of
from stationd.runtime.journal.codes import Term
from stationd.runtime.journal.queries.criteria import ALL, Meaning, as_json, meaning
from stationd.runtime.journal.queries.cursors import Budget, Index, in_all
from stationd.runtime.journal.queries.ordered import walk
from stationd.runtime.journal.queries.query import Query
from stationd.runtime.journal.queries.rows import LISTED_COLUMNS, ListedRow, listed
from stationd.runtime.journal.stored import Expired
from stationd.runtime.journal.view import MOST_LISTED

STEPS: Final = 8_000
"""What one question may look at: some milliseconds' worth."""
MOST_SORTED: Final = 1_000
"""Jobs that are sorted rather than walked through in order."""
_LOOKED_AT: Final = 64
"""Jobs that are looked at together, at least."""


class Page(Struct, frozen=True, array_like=True):
    """Jobs that match."""

    views: list[JobView]
    more: bool
    """Whether there are others."""
    skipped: int = 0
    """How many were left out."""
    reached: JobPlace | None = None
    """Not all was looked at: the question is to be asked again from here on."""


class Tally(Struct, frozen=True, array_like=True):
    """How many jobs match."""

    count: int
    reached: int | None = None
    """As in `Page`, a number of a job."""


class Views(Query[Page], frozen=True, array_like=True, tag=3):
    """Which jobs match?"""

    decoder: ClassVar[Decoder[Any]] = Decoder(Page)
    wanted: JobFilter
    before: int | None
    limit: int
    order: Order = NEWEST_FIRST

    def answer(self, database: sqlite3.Connection) -> Page:
        """Return the first jobs that match."""
        return _Search(database, self).page()


class Count(Query[Tally], frozen=True, array_like=True, tag=13):
    """How many jobs match?"""

    decoder: ClassVar[Decoder[Any]] = Decoder(Tally)
    wanted: JobFilter
    before: int | None = None

    def answer(self, database: sqlite3.Connection) -> Tally:
        """Return how many jobs match, of those with a lower number."""
        meant = meaning(database, self.wanted)
        everything = meant.first <= 1 and meant.last >= _newest(database)
        if self.before is None and everything and meant.exact and len(meant.criteria) <= 1:
            # No job has two terms of one kind, nor two ends.
            known = meant.criteria[0].size if meant.criteria else _count_all(database)
            return Tally(known)
        return _tally(database, self.wanted, meant, self.before)


class ExpiredJobs(Query[list[Expired]], frozen=True, array_like=True, tag=14):
    """Which jobs have ended long ago?"""

    decoder: ClassVar[Decoder[Any]] = Decoder(list[Expired])
    before_unix_s: float
    keep: int
    limit: int
    but: tuple[str, ...] = ()
    """None of these projects' jobs."""

    def answer(self, database: sqlite3.Connection) -> list[Expired]:
        """Return those that ended first: the too old ones, or as many as there are too many."""
        query = "SELECT coalesce(sum(jobs), 0) FROM terms WHERE kind = ?"
        (over,) = database.execute(query, (int(Term.END),)).fetchone()
        most = max(0, self.limit)
        but = self._but(database)
        many = min(most, max(0, over - self.keep))
        rows = database.execute(_FIRST_ENDED, (but, many)).fetchall()
        if len(rows) < most:
            old = database.execute(_ENDED_BEFORE, (self.before_unix_s, but, most)).fetchall()
            rows = max(rows, old, key=len)
        return [Expired(number, JobId(job)) for number, job in rows]

    def _but(self, database: sqlite3.Connection) -> str:
        """Return the projects as jobs' rows have them, a JSON array."""
        query = "SELECT id FROM terms WHERE kind = ? AND word = ?"
        found = (database.execute(query, (int(Term.PROJECT), one)).fetchone() for one in self.but)
        return json.dumps([row[0] for row in found if row is not None])


class ExpiredOfProject(Query[list[Expired]], frozen=True, array_like=True, tag=65):
    """Which jobs of a project have ended long ago?"""

    decoder: ClassVar[Decoder[Any]] = Decoder(list[Expired])
    project: str
    before_unix_s: float
    limit: int

    def answer(self, database: sqlite3.Connection) -> list[Expired]:
        """Return those that came in first."""
        values = (int(Term.PROJECT), self.project, self.before_unix_s, max(0, self.limit))
        rows = database.execute(_OF_PROJECT_BEFORE, values).fetchall()
        return [Expired(number, JobId(job)) for number, job in rows]


class _Search:
    def __init__(self, database: sqlite3.Connection, asked: Views) -> None:
        self._database = database
        self._wanted = asked.wanted
        self._before = asked.before
        self._most = max(0, min(asked.limit, MOST_LISTED))
        self._order = asked.order
        self._budget = Budget(STEPS)
        self._found: list[JobView] = []
        self._skipped = 0

    def page(self) -> Page:
        """Return the page."""
        meant = meaning(self._database, self._wanted)
        last = meant.last if self._before is None else min(meant.last, self._before - 1)
        meant = meant._replace(last=last)
        keys = keys_of(self._order.sort)
        smallest = min((each.size for each in meant.criteria), default=MOST_SORTED + 1)
        if keys[0][0] == "number":
            reached = self._by_number(meant, newest_first=keys[0][1])
        elif smallest <= MOST_SORTED:
            reached = self._sorted(meant)
        else:
            reached = self._in_order(meant)
        more = len(self._found) > self._most
        return Page(self._found[: self._most], more, self._skipped, None if more else reached)

    def _by_number(self, meant: Meaning, *, newest_first: bool) -> JobPlace | None:
        after = self._order.after
        if newest_first:
            begin = -(meant.last if after is None else min(meant.last, after.number - 1))
            end = -meant.first
        else:
            begin = meant.first if after is None else max(meant.first, after.number + 1)
            end = meant.last
        numbers: list[int] = []
        for place, common in _common(
            self._database, meant, begin, self._budget, newest_first=newest_first
        ):
            if place > end:
                break
            if not common:
                self._look_at(numbers)
                return JobPlace(abs(place - 1), 0.0, "")
            numbers.append(abs(place))
            if len(numbers) >= max(_LOOKED_AT, self._wanting):
                self._look_at(numbers)
                if self._wanting <= 0:
                    return None
                numbers = []
        self._look_at(numbers)
        return None

    def _sorted(self, meant: Meaning) -> JobPlace | None:
        """Find all jobs that match, and sort them."""
        numbers = [
            -place
            for place, _ in _common(
                self._database, meant, -meant.last, Budget(1 << 62), newest_first=True
            )
            if -place >= meant.first
        ]
        after = self._order.after
        for view in self._in_sequence(self._views(numbers)):
            if after is None or compare(place_of(view), after, self._order.sort) > 0:
                self._keep(view)
        return None

    def _in_order(self, meant: Meaning) -> JobPlace | None:
        """Walk through all jobs in the order, and see which match."""
        after = self._order.after
        for numbers in walk(self._database, self._order):
            perhaps = [number for number in numbers if meant.first <= number <= meant.last]
            found = self._views(_having(self._database, perhaps, meant))
            for view in self._in_sequence(found):
                if after is None or compare(place_of(view), after, self._order.sort) > 0:
                    self._keep(view)
            if self._wanting <= 0:
                return None
            if numbers and not self._budget.spend(len(numbers)):
                reached = place_of(self._in_sequence(self._rows(numbers))[-1])
                # However small the budget is, the walk gets on.
                if after is None or compare(reached, after, self._order.sort) > 0:
                    return reached
        return None

    @property
    def _wanting(self) -> int:
        """How many more jobs are looked for: one more than asked for, to know if there are any."""
        return self._order.skip - self._skipped + self._most + 1 - len(self._found)

    def _look_at(self, numbers: list[int]) -> None:
        by_number = {view.number: view for view in self._views(numbers)}
        for number in numbers:
            if number in by_number:
                self._keep(by_number[number])

    def _keep(self, view: JobView) -> None:
        if self._skipped < self._order.skip:
            self._skipped += 1
        elif len(self._found) <= self._most:
            self._found.append(view)

    def _views(self, numbers: list[int]) -> list[JobView]:
        self._budget.spend(len(numbers))
        return [view for view in self._rows(numbers) if matches(view, self._wanted)]

    def _rows(self, numbers: list[int]) -> list[JobView]:
        rows = self._database.execute(_LISTED, (as_json(numbers),))
        return [listed(ListedRow(*row)) for row in rows]

    def _in_sequence(self, views: list[JobView]) -> list[JobView]:
        for name, descends in reversed(keys_of(self._order.sort)):
            views.sort(key=_KEYS[name], reverse=descends)
        return views


def _having(database: sqlite3.Connection, numbers: list[int], meant: Meaning) -> list[int]:
    """Return those of some numbers whose rows meet what SQL can ask."""
    conditions = [each.condition for each in meant.criteria if each.condition is not None]
    if not numbers or not conditions:
        return numbers
    where = " AND ".join(condition for condition, _ in conditions)
    values = [value for _, values in conditions for value in values]
    rows = database.execute(
        f"SELECT number FROM jobs WHERE number IN (SELECT value FROM json_each(?)) AND {where}",  # noqa: S608 - our own text
        (as_json(numbers), *values),
    )
    return [number for (number,) in rows]


def _common(
    database: sqlite3.Connection,
    meant: Meaning,
    begin: int,
    budget: Budget,
    *,
    newest_first: bool,
) -> Iterator[tuple[int, bool]]:
    """Walk through the jobs to which all criteria lead; through all if there is none."""
    # Those that lead to few jobs go first: the others follow in their steps.
    criteria = sorted(
        (each for each in meant.criteria if not each.dense), key=lambda each: each.size
    )
    cursors = [each.cursor(database, budget, newest_first=newest_first) for each in criteria] or [
        Index(database, ALL, (), budget, newest_first=newest_first)
    ]
    return in_all(cursors, begin, budget)


def _tally(
    database: sqlite3.Connection, wanted: JobFilter, meant: Meaning, before: int | None
) -> Tally:
    last = meant.last if before is None else min(meant.last, before - 1)
    budget = Budget(STEPS)
    count = 0
    numbers: list[int] = []
    sure = meant.exact and not any(each.dense for each in meant.criteria)
    for place, common in _common(database, meant, -last, budget, newest_first=True):
        if -place < meant.first:
            break
        if not common:
            return Tally(count + _matching(database, wanted, numbers), 1 - place)
        if sure:
            count += 1
            continue
        numbers.append(-place)
        if len(numbers) >= _LOOKED_AT:
            count += _matching(database, wanted, numbers)
            budget.spend(len(numbers))
            numbers = []
    return Tally(count + _matching(database, wanted, numbers))


def _matching(database: sqlite3.Connection, wanted: JobFilter, numbers: list[int]) -> int:
    if not numbers:
        return 0
    rows = database.execute(_LISTED, (as_json(numbers),))
    return sum(matches(listed(ListedRow(*row)), wanted) for row in rows)


def _newest(database: sqlite3.Connection) -> int:
    return int(database.execute("SELECT number FROM meta").fetchone()[0])


def _count_all(database: sqlite3.Connection) -> int:
    """Return how many jobs there are: each is of one kind."""
    query = "SELECT coalesce(sum(jobs), 0) FROM terms WHERE kind = ?"
    return int(database.execute(query, (int(Term.KIND),)).fetchone()[0])


_KEYS: Final[Mapping[str, Callable[[JobView], Any]]] = {
    "number": lambda view: view.number,
    "modified": lambda view: view.modified_unix_s,
    "name": lambda view: view.name.casefold(),
}
_FIRST_ENDED: Final = """
SELECT number, id FROM jobs INDEXED BY jobs_by_end WHERE ended IS NOT NULL
  AND (project IS NULL OR project NOT IN (SELECT value FROM json_each(?)))
ORDER BY modified_unix_s, number LIMIT ?"""
_ENDED_BEFORE: Final = """
SELECT number, id FROM jobs INDEXED BY jobs_by_end
WHERE ended IS NOT NULL AND modified_unix_s < ?
  AND (project IS NULL OR project NOT IN (SELECT value FROM json_each(?)))
ORDER BY modified_unix_s, number LIMIT ?"""
_OF_PROJECT_BEFORE: Final = """
SELECT number, id FROM tags CROSS JOIN jobs USING (number)
WHERE term = (SELECT terms.id FROM terms WHERE kind = ? AND word = ?)
  AND ended IS NOT NULL AND modified_unix_s < ? ORDER BY number LIMIT ?"""
_LISTED: Final = f"""
SELECT {LISTED_COLUMNS} FROM jobs WHERE number IN (SELECT value FROM json_each(?))"""  # noqa: S608 - our own text
