"""What a filter means in terms of indices: which of them lead to the jobs that match.

Each criterion leads to all jobs that match, and perhaps to some that do not: who finds a job looks
at it with `matches`, unless the criteria are known to be exact.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

import msgspec

from stationd.proto.job import JobFilter
from stationd.runtime.journal.codes import STATUS_CODES, Term
from stationd.runtime.journal.queries.cursors import AnyOf, Budget, Cursor, Given, Index
from stationd.runtime.journal.terms import Key, property_terms
from stationd.runtime.journal.view import statuses_meant

MOST_CURSORS: Final = 64
"""Terms that are walked through at once."""
MOST_GIVEN: Final = 5000
"""Numbers of jobs that are gathered before they are walked through."""

TAGGED: Final = "SELECT number FROM tags WHERE term = ?"
ENDED: Final = "SELECT number FROM jobs INDEXED BY jobs_ended WHERE ended = ?"
UNDER_WAY: Final = "SELECT number FROM jobs INDEXED BY jobs_under_way WHERE ended IS NULL"
ALL: Final = "SELECT number FROM jobs WHERE 1"


class Criterion(NamedTuple):
    """Where the jobs are of which one field of a filter is true; any of the parts may have one."""

    indices: Sequence[tuple[str, tuple[object, ...]]] = ()
    """Queries of indices, and their values."""
    numbers: Sequence[int] = ()
    size: int = 0
    """How many jobs it leads to, at most."""
    exact: bool = True
    """Whether it leads to no others."""
    dense: bool = False
    """So many terms lead to so many jobs that jobs are better looked at than indices."""
    condition: tuple[str, tuple[object, ...]] | None = None
    """What SQL may ask of a row of jobs instead."""

    def cursor(self, database: sqlite3.Connection, budget: Budget, *, newest_first: bool) -> Cursor:
        """Return what walks through it."""
        cursors: list[Cursor] = [
            Index(database, query, values, budget, newest_first=newest_first)
            for query, values in self.indices
        ]
        if self.numbers:
            cursors.append(Given(self.numbers, newest_first=newest_first))
        return cursors[0] if len(cursors) == 1 else AnyOf(cursors, budget)


class Meaning(NamedTuple):
    """What a filter means."""

    criteria: list[Criterion]
    first: int
    """No job with a lower number matches."""
    last: int
    """No job with a higher number matches."""
    exact: bool
    """Whether all that the criteria have in common matches."""


def meaning(database: sqlite3.Connection, wanted: JobFilter) -> Meaning:
    """Return what a filter means."""
    criteria = [*_words(database, wanted)]
    exact = "" not in wanted.projects
    named = _named_like(database, wanted.name_like)
    if named is not None:
        criteria.append(named)
    exact = exact and (named is not None or not wanted.name_like)
    criteria += _statuses(database, wanted)
    if wanted.ids:
        criteria.append(_ids(database, wanted.ids))
    modified = _modified(database, wanted)
    if modified is not None:
        criteria.append(modified)
    timed = (wanted.modified_after, wanted.modified_before) != (None, None)
    first, last, sharp = _created(database, wanted)
    exact = exact and sharp and not timed and all(each.exact for each in criteria)
    return Meaning(criteria, first, last, exact)


def _words(database: sqlite3.Connection, wanted: JobFilter) -> Iterable[Criterion]:
    fields: list[list[Key]] = [
        [(Term.TARGET, wanted.target)] if wanted.target else [],
        [(Term.CREATOR, word) for word in wanted.creators],
        # Jobs without a project are not in the index.
        [(Term.PROJECT, word) for word in wanted.projects if "" not in wanted.projects],
        [(Term.NAME, word) for word in wanted.names],
        [(Term.KIND, word) for word in wanted.kinds],
        *([key] for key in property_terms(wanted.properties)),
    ]
    for keys in fields:
        if keys:
            found = [database.execute(_TERM, key).fetchone() for key in dict.fromkeys(keys)]
            yield _tagged([row for row in found if row is not None])


def _tagged(terms: Sequence[tuple[int, int]]) -> Criterion:
    size = sum(jobs for _, jobs in terms)
    numbers = [term for term, jobs in terms if jobs]
    return Criterion(
        [(TAGGED, (term,)) for term in numbers],
        size=size,
        dense=len(numbers) > MOST_CURSORS and size > MOST_GIVEN,
        condition=(_HAS_TAG, (as_json(numbers),)),
    )


def _named_like(database: sqlite3.Connection, part: str) -> Criterion | None:
    """Return the jobs whose names have a part; None if so many names have it that few have not."""
    folded = part.casefold()
    if not folded:
        return None
    most = MOST_GIVEN + 1
    if len(folded) < _LETTERS:
        names = database.execute(_NAMES, (most,)).fetchall()
    else:
        parts = {folded[at : at + _LETTERS] for at in range(len(folded) - _LETTERS + 1)}
        asked = " AND ".join('"' + each.replace('"', '""') + '"' for each in sorted(parts))
        names = database.execute(_NAMES_WITH, (asked, most)).fetchall()
    if len(names) == most:
        return None
    found = _tagged([(term, jobs) for term, jobs, name in names if folded in name])
    if found.dense or len(found.indices) <= MOST_CURSORS:
        return found
    terms = [term for _, (term,) in found.indices]
    rows = database.execute(_TAGGED_ANY, (as_json(terms),))
    return found._replace(indices=(), numbers=[number for (number,) in rows])


def _statuses(database: sqlite3.Connection, wanted: JobFilter) -> Iterable[Criterion]:
    meant = statuses_meant(wanted)
    if meant is None:
        return
    over = [STATUS_CODES[str(status)] for status in meant if status.is_terminal]
    indices: list[tuple[str, tuple[object, ...]]] = [(ENDED, (code,)) for code in over]
    rows = [database.execute(_TERM, (Term.END, str(code))).fetchone() for code in over]
    size = sum(row[1] for row in rows if row is not None)
    under_way = len(over) < len(meant)
    if under_way:
        indices.append((UNDER_WAY, ()))
        size += database.execute(_UNDER_WAY_SIZE).fetchone()[0]
    condition = None if under_way else (_HAS_ENDED, (as_json(over),))
    yield Criterion(indices, size=size, exact=not under_way, condition=condition)


def _ids(database: sqlite3.Connection, ids: Sequence[str]) -> Criterion:
    numbers = [number for (number,) in database.execute(_NUMBERS, (as_json(ids),))]
    return Criterion(numbers=numbers, size=len(numbers))


def _modified(database: sqlite3.Connection, wanted: JobFilter) -> Criterion | None:
    """Return the jobs that have changed at some time; None if there are many."""
    after, before = wanted.modified_after, wanted.modified_before
    if after is None and before is None:
        return None
    most = MOST_GIVEN + 1
    values = (after or 0.0, float("inf") if before is None else before, most)
    numbers = [number for (number,) in database.execute(_MODIFIED, values)]
    if len(numbers) == most:
        return None
    size = len(numbers) + database.execute(_UNDER_WAY_SIZE).fetchone()[0]
    return Criterion([(UNDER_WAY, ())], numbers, size, exact=False)


def _created(database: sqlite3.Connection, wanted: JobFilter) -> tuple[int, int, bool]:
    """Return the lowest and the highest number of jobs made at some time, and if that is exact.

    Numbers grow with time, but for a clock that was set back, and by how much it was at most is
    known. What has changed before a time was made before it, too, but for the same.
    """
    highest, newest, set_back, changed_back = database.execute(_TIMES).fetchone()
    first, last = 1, highest
    if wanted.created_after is not None:
        first = _first_at(database, wanted.created_after - set_back, highest)
    if wanted.created_before is not None and wanted.created_before <= newest:
        last = _first_at(database, wanted.created_before + set_back, highest) - 1
    if wanted.modified_before is not None and wanted.modified_before <= newest:
        late = wanted.modified_before + changed_back + set_back
        last = min(last, _first_at(database, late, highest) - 1)
    timed = (wanted.created_after, wanted.created_before) != (None, None)
    return first, last, not timed or set_back == 0.0


def _first_at(database: sqlite3.Connection, time: float, highest: int) -> int:
    """Return a number below which no job was made at a time or later, and above which all were.

    Up to what the clock was set back by.
    """
    low, high = 1, highest + 1
    while low < high:
        middle = (low + high) // 2
        row = database.execute(_CREATED, (middle,)).fetchone()
        # Numbers have holes: what is looked at may be beyond the middle.
        if row is None or row[0] >= high or row[1] >= time:
            high = middle
        else:
            low = row[0] + 1
    return low


def as_json(values: object) -> str:
    """Return what `json_each` takes apart: one parameter, however many values."""
    return msgspec.json.encode(values).decode()


_LETTERS: Final = 3
"""The length of the parts by which names are found."""
_TERM: Final = "SELECT id, jobs FROM terms WHERE kind = ? AND word = ?"
_NAMES: Final = """
SELECT id, jobs, folded FROM terms INDEXED BY terms_by_name WHERE folded IS NOT NULL LIMIT ?"""
_NAMES_WITH: Final = """
SELECT terms.id, terms.jobs, terms.folded
FROM (SELECT rowid AS id FROM name_parts WHERE name_parts MATCH ? LIMIT ?) AS found
CROSS JOIN terms ON terms.id = found.id"""
_TAGGED_ANY: Final = """
SELECT tags.number FROM json_each(?) AS terms CROSS JOIN tags ON tags.term = terms.value"""
_HAS_TAG: Final = """
EXISTS (SELECT 1 FROM json_each(?) AS terms CROSS JOIN tags
  ON tags.term = terms.value AND tags.number = jobs.number)"""
_HAS_ENDED: Final = "ended IN (SELECT value FROM json_each(?))"
_NUMBERS: Final = "SELECT number FROM jobs WHERE id IN (SELECT value FROM json_each(?))"
_UNDER_WAY_SIZE: Final = f"""
SELECT count(*) FROM (
  SELECT 1 FROM jobs INDEXED BY jobs_under_way WHERE ended IS NULL LIMIT {MOST_GIVEN + 1})"""  # noqa: S608 - our own text
_MODIFIED: Final = """
SELECT number FROM jobs INDEXED BY jobs_by_end
WHERE ended IS NOT NULL AND modified_unix_s >= ? AND modified_unix_s < ? LIMIT ?"""
_TIMES: Final = "SELECT number, newest_created, set_back, changed_back FROM meta"
_CREATED: Final = """
SELECT number, created_unix_s FROM jobs WHERE number >= ? ORDER BY number LIMIT 1"""
