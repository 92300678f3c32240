"""Questions about which jobs match a search, in some order."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterator, Sequence
from typing import Any, ClassVar, Final, NamedTuple

import msgspec
from msgspec.msgpack import Decoder

from stationd.proto.job import JobFilter, JobId, JobKind, JobView
from stationd.proto.matching import EARLY
from stationd.proto.project import Properties, PropertyValue
from stationd.proto.search import NEWEST_FIRST, JobPlace, Order, keys_of
from stationd.proto.status import JobExecutorStatus
from stationd.runtime.journal.queries.query import Query
from stationd.runtime.journal.queries.rows import STATUSES, error_info
from stationd.runtime.journal.view import MOST_LISTED, coarse_meant

Condition = tuple[str, list[object]]
"""SQL, and the values of its question marks."""


class Views(Query[tuple[list[JobView], bool]], frozen=True, array_like=True, tag=3):
    """Which jobs match?"""

    decoder: ClassVar[Decoder[Any]] = Decoder(tuple[list[JobView], bool])
    wanted: JobFilter
    before: int | None
    limit: int
    order: Order = NEWEST_FIRST

    def answer(self, database: sqlite3.Connection) -> tuple[list[JobView], bool]:
        """Return a page of jobs in their order, and whether there may be more."""
        most = max(0, min(self.limit, MOST_LISTED))
        where, values = _joined(self._conditions())
        rows = database.execute(
            f"SELECT {LISTED_COLUMNS} FROM jobs WHERE {where}"  # noqa: S608 - our own text
            f" ORDER BY {_sorted(self.order)} LIMIT ? OFFSET ?",
            (*values, most + 1, self.order.skip),
        ).fetchall()
        return [_listed(ListedRow(*row)) for row in rows[:most]], len(rows) > most

    def _conditions(self) -> Iterator[Condition]:
        yield from conditions(self.wanted)
        if self.before is not None:
            yield "number < ?", [self.before]
        if self.order.after is not None:
            yield _following(self.order.after, self.order)


class Counted(Query[int], frozen=True, array_like=True, tag=40):
    """How many jobs match?"""

    decoder: ClassVar[Decoder[Any]] = Decoder(int)
    wanted: JobFilter

    def answer(self, database: sqlite3.Connection) -> int:
        """Return their number."""
        where, values = _joined(conditions(self.wanted))
        (count,) = database.execute(
            f"SELECT count(*) FROM jobs WHERE {where}",  # noqa: S608 - our own text
            values,
        ).fetchone()
        return int(count)


def conditions(wanted: JobFilter) -> Iterator[Condition]:
    """Yield what a filter asks of a row; its scope is not looked at."""
    yield from _words(wanted)
    yield from _statuses(wanted)
    for column, comparison, time in (
        ("created_unix_s", ">=", wanted.created_after),
        ("created_unix_s", "<", wanted.created_before),
        ("modified_unix_s", ">=", wanted.modified_after),
        ("modified_unix_s", "<", wanted.modified_before),
    ):
        if time is not None:
            yield f"{column} {comparison} ?", [time]
    for name, value in wanted.properties.items():
        yield _property(name, value)


def _words(wanted: JobFilter) -> Iterator[Condition]:
    if wanted.target:
        yield "target = ?", [wanted.target]
    if wanted.name_like:
        yield "instr(name_folded, ?)", [wanted.name_like.casefold()]
    for column, values in (
        ("id", wanted.ids),
        ("name", wanted.names),
        ("kind", wanted.kinds),
        ("creator", wanted.creators),
        ("project", wanted.projects),
    ):
        if values:
            yield _one_of(column, values)


def _statuses(wanted: JobFilter) -> Iterator[Condition]:
    if wanted.statuses:
        statuses = frozenset(wanted.statuses)
        terminal = all(status.is_terminal for status in statuses)
        yield _one_of("ended" if terminal else "status", _values(statuses))
        if not any(status.is_terminal for status in statuses):
            # Lets SQLite use the index that knows only jobs that are not over.
            yield "ended IS NULL", []
    alternatives = list(_alternatives(wanted))
    if alternatives:
        where = " OR ".join(f"({clause})" for clause, _ in alternatives)
        yield f"({where})", [value for _, values in alternatives for value in values]
        if not any(clause.startswith("ended IN") for clause, _ in alternatives):
            yield "ended IS NULL", []


def _alternatives(wanted: JobFilter) -> Iterator[Condition]:
    """Yield the rows that show one of the coarse statuses, as `coarse_status` derives them."""
    meant = coarse_meant(wanted)
    if ended := {status for status in meant if status.is_terminal}:
        yield _one_of("ended", _values(ended))
    if first := meant & EARLY:
        clause, values = _one_of("status", _values(first))
        yield f"{_GOING_ON} AND attempt = 1 AND {clause}", values
    if later := meant - ended - EARLY:
        clause, values = _one_of("status", _values(later))
        yield f"{_GOING_ON} AND {clause}", values
    if "CANCELLING" in wanted.passing:
        yield "ended IS NULL AND cancelling = 1", []
    if "RETRYING" in wanted.passing:
        clause, values = _one_of("status", _values(EARLY))
        yield f"{_GOING_ON} AND attempt > 1 AND {clause}", values


def _property(name: str, value: PropertyValue) -> Condition:
    path = f'$."{name}"'
    if isinstance(value, bool):
        return "json_type(properties, ?) = ?", [path, "true" if value else "false"]
    types = "('text')" if isinstance(value, str) else "('integer', 'real')"
    return (
        f"json_type(properties, ?) IN {types} AND json_extract(properties, ?) = ?",
        [path, path, value],
    )


def _following(place: JobPlace, order: Order) -> Condition:
    """Return what holds of all jobs that come after a place."""
    found: dict[str, object] = {
        "number": place.number,
        "modified": place.modified_unix_s,
        "name": place.name.casefold(),
    }
    keys = keys_of(order.sort)
    clauses: list[str] = []
    values: list[object] = []
    for index, (name, descends) in enumerate(keys):
        same = [f"{_COLUMNS[before]} = ?" for before, _ in keys[:index]]
        clauses.append(" AND ".join([*same, f"{_COLUMNS[name]} {'<' if descends else '>'} ?"]))
        values += [found[before] for before, _ in keys[: index + 1]]
    return f"({' OR '.join(clauses)})", values


def _sorted(order: Order) -> str:
    return ", ".join(
        f"{_COLUMNS[name]} {'DESC' if descends else 'ASC'}"
        for name, descends in keys_of(order.sort)
    )


def _joined(parts: Iterator[Condition]) -> Condition:
    found = [("1", list[object]()), *parts]
    return " AND ".join(clause for clause, _ in found), [
        value for _, each in found for value in each
    ]


def _one_of(column: str, values: Sequence[str]) -> Condition:
    # One parameter, however many values.
    encoded = msgspec.json.encode(values).decode()
    return f"{column} IN (SELECT value FROM json_each(?))", [encoded]  # noqa: S608 - our own text


def _values(statuses: Collection[JobExecutorStatus]) -> list[str]:
    return sorted(str(status) for status in statuses)


class ListedRow(NamedTuple):
    """`LISTED_COLUMNS` of the table jobs: a job without what is stored outside its row."""

    number: int
    id: str
    kind: JobKind
    target: str
    status: str
    attempt: int
    created_unix_s: float
    modified_unix_s: float
    seq: int
    name: str
    priority: int
    cancelling: int
    error: bytes | None
    note: str
    calibration_set: str | None
    creator: str
    project: str
    description: str
    properties: str


def _listed(row: ListedRow) -> JobView:
    return JobView(
        id=JobId(row.id),
        number=row.number,
        kind=row.kind,
        target=row.target,
        status=STATUSES[row.status],
        attempt=row.attempt,
        created_unix_s=row.created_unix_s,
        modified_unix_s=row.modified_unix_s,
        seq=row.seq,
        name=row.name,
        priority=row.priority,
        cancelling=bool(row.cancelling),
        error=error_info(row.error),
        note=row.note,
        calibration_set=row.calibration_set,
        creator=row.creator,
        project=row.project,
        description=row.description,
        properties={} if row.properties == "{}" else _PROPERTIES.decode(row.properties),
    )


LISTED_COLUMNS: Final = ", ".join(ListedRow._fields)
_PROPERTIES: Final = msgspec.json.Decoder(Properties)
_GOING_ON: Final = "ended IS NULL AND cancelling = 0"
_COLUMNS: Final = {"number": "number", "modified": "modified_unix_s", "name": "name_folded"}
