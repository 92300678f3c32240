"""Fill a station's journal with finished jobs, as if it had run for years.

    python -m benchmarks.fill STATE JOBS

The rows are made within SQLite, a million jobs in about a minute; no daemon may run meanwhile.
What stands in them is what a daemon writes: every rung, an item with its small result, compiled
work, tags and counts.
"""

from __future__ import annotations

import os
import sqlite3
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final

import msgspec

from stationd.proto.job import JobSpec
from stationd.proto.program import Circuits, NullProgram
from stationd.runtime.journal.codes import KINDS, STATUS_CODES, Term
from stationd.runtime.journal.lock import take_lock
from stationd.runtime.journal.opening import DATABASE
from stationd.runtime.journal.storage import Storage
from stationd.runtime.journal.terms import property_term

CHUNK: Final = 100_000
"""Jobs in one transaction."""
NAMES: Final = 500
"""Of nine jobs in ten; each of the others has a name of its own."""
CREATORS: Final = 20
PROJECTS: Final = 50
CHIPS: Final = 100
RARE: Final = 100_000
"""One job in so many has something that few others have."""
SECONDS: Final = 1.0
"""Between two jobs."""

_SPEC: Final = msgspec.msgpack.encode(
    JobSpec(work=Circuits(programs=(NullProgram(),), n_shots=(1,)))
)
_RUNGS: Final = 16
"""Facts of a job before its end, one for each rung on the way."""


def fill(state: Path, jobs: int) -> None:
    """Add finished jobs to the journal in a state directory; made if need be. Blocks.

    Raises:
        AlreadyRunning: A daemon has the directory.
    """
    state.mkdir(parents=True, exist_ok=True)
    lock = take_lock(state)
    try:
        Storage(state / DATABASE).close()
        with _opened(state / DATABASE) as database:
            for first in range(0, jobs, CHUNK):
                _add(database, min(CHUNK, jobs - first))
    finally:
        os.close(lock)


@contextmanager
def _opened(path: Path) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(path, isolation_level=None)) as database:
        # What is filled in vain after a crash is filled again.
        for setting in ("synchronous = OFF", "cache_size = -1000000", "temp_store = MEMORY"):
            database.execute(f"PRAGMA {setting}")
        database.create_function("noted", 2, _noted, deterministic=True)
        database.execute(
            "CREATE TEMP TABLE made (number INTEGER PRIMARY KEY, at REAL, seq INTEGER)"
        )
        yield database
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _add(database: sqlite3.Connection, jobs: int) -> None:
    database.execute("BEGIN IMMEDIATE")
    number, seq = database.execute("SELECT number, seq FROM meta").fetchone()
    first, last = number + 1, number + jobs
    begun = time.time() - SECONDS * (last + 1)
    numbers = {
        "first": first, "last": last, "seq": seq, "begun": begun, "spec": _SPEC, "rungs": _RUNGS,
        "work": b"w" * 60, "result": b"r" * 50, "digest": bytes(32), "between": SECONDS,
    }  # fmt: skip
    _words(database, first, last)
    for statement in _STATEMENTS:
        database.execute(statement, numbers)
    _tags(database, first, last)
    values = (last, seq + jobs * _RUNGS, last, begun + SECONDS * last)
    database.execute("UPDATE meta SET number = ?, seq = ?, ticket = ?, newest_created = ?", values)
    database.execute("COMMIT")


def _words(database: sqlite3.Connection, first: int, last: int) -> None:
    words = [(Term.TARGET, f"qpu {index}") for index in range(3)]
    words += [(Term.CREATOR, f"user {index}") for index in range(CREATORS)]
    words += [(Term.PROJECT, f"project {index}") for index in range(PROJECTS)]
    words += [(Term.NAME, f"rabi of qubit {index}") for index in range(NAMES)]
    words += [(Term.KIND, kind) for kind in KINDS]
    words += [(Term.END, str(STATUS_CODES[end])) for end in ("ready", "failed", "aborted")]
    chips = [property_term("chip", f"A{index}") for index in range(CHIPS)]
    words += [(Term.PROPERTY, chip) for chip in chips]
    words += [(Term.CREATOR, "a rare user"), (Term.PROJECT, "a rare project")]
    words.append((Term.PROPERTY, "rare=true"))
    own = range((first + 9) // 10 * 10, last + 1, 10)
    words += [(Term.NAME, f"calibration run {number}") for number in own]
    found = database.execute("SELECT kind, word FROM terms WHERE word NOT LIKE 'calibration %'")
    known = {(kind, word) for kind, word in found}
    (newest,) = database.execute("SELECT coalesce(max(id), 0) FROM terms").fetchone()
    new = [(int(kind), word) for kind, word in words if (kind, word) not in known]
    rows = [
        (newest + at, kind, word, word.casefold() if kind == Term.NAME else None)
        for at, (kind, word) in enumerate(new, 1)
    ]
    database.executemany("INSERT INTO terms VALUES (?, ?, ?, ?, 0)", rows)
    named = [(row[0], row[3]) for row in rows if row[3]]
    database.executemany("INSERT INTO name_parts (rowid, folded) VALUES (?, ?)", named)


def _tags(database: sqlite3.Connection, first: int, last: int) -> None:
    values = (first, last)
    for column in ("target", "name", "creator", "project"):
        database.execute(
            f"INSERT INTO tags SELECT {column}, number FROM jobs"  # noqa: S608 - our own text
            f" WHERE number BETWEEN ? AND ? AND {column} IS NOT NULL ORDER BY 1, 2",
            values,
        )
    for at, kind in enumerate(KINDS):
        database.execute(
            "INSERT INTO tags SELECT (SELECT id FROM terms WHERE kind = ? AND word = ?), number"
            " FROM jobs WHERE number BETWEEN ? AND ? AND kind = ?",
            (int(Term.KIND), kind, *values, at),
        )
    for condition, word in (_CHIP, _MARK):
        database.execute(
            f"INSERT INTO tags SELECT {_term(Term.PROPERTY, word)}, number FROM jobs"  # noqa: S608 - our own text
            f" WHERE number BETWEEN ? AND ? AND {condition}",
            values,
        )
    database.execute(_COUNTS, values)
    database.execute(_ENDS, (int(Term.END), *values))


def _noted(name: str, value: str | int) -> bytes:
    return msgspec.msgpack.encode({name: value if isinstance(value, str) else bool(value)})


def _term(kind: Term, word: str) -> str:
    return f"(SELECT id FROM terms WHERE kind = {int(kind)} AND word = {word})"  # noqa: S608 - our own text


_ID: Final = (
    "lower(hex(randomblob(4)) || '-' || hex(randomblob(2)) || '-4' || substr(hex(randomblob(2)), 2)"
    " || '-a' || substr(hex(randomblob(2)), 2) || '-' || hex(randomblob(6)))"
)
_NAME: Final = f"""CASE WHEN number % 10 = 0 THEN 'calibration run ' || number
  ELSE 'rabi of qubit ' || (number % {NAMES}) END"""
_CREATOR: Final = f"""CASE WHEN number % {RARE} = 1 THEN 'a rare user'
  ELSE 'user ' || (number % {CREATORS}) END"""
_PROJECT: Final = f"""CASE WHEN number % {RARE} = 2 THEN 'a rare project'
  ELSE 'project ' || (number % {PROJECTS}) END"""
_END: Final = """CASE WHEN number % 100 = 3 THEN 18 WHEN number % 50 = 4 THEN 17 ELSE 16 END"""
# Which jobs have a property, and the term.
_CHIP: Final = ("number % 10 = 0", f"""'chip="A' || (number / 10 % {CHIPS}) || '"'""")
_MARK: Final = (f"number % {RARE} = 5", "'rare=true'")
_STATEMENTS: Final = (
    "DELETE FROM made",
    """INSERT INTO made
WITH RECURSIVE counted (number) AS (
  SELECT :first UNION ALL SELECT number + 1 FROM counted WHERE number < :last)
SELECT number, :begun + number * :between, :seq + (number - :first) * :rungs FROM counted""",
    f"""INSERT INTO jobs (number, id, target, kind, name, creator, project, properties,
  priority, created_unix_s, attempt, ordinal, status, ended, seq, modified_unix_s, cancelling,
  note, ticket, ticket_attempt)
SELECT number, {_ID}, {_term(Term.TARGET, "'qpu ' || (number % 3)")},
  CASE WHEN number % 20 = 5 THEN 1 WHEN number % 20 = 6 THEN 2 ELSE 0 END,
  {_term(Term.NAME, _NAME)}, {_term(Term.CREATOR, _CREATOR)}, {_term(Term.PROJECT, _PROJECT)},
  CASE WHEN {_CHIP[0]} THEN noted('chip', 'A' || (number / 10 % {CHIPS}))
    WHEN {_MARK[0]} THEN noted('rare', 1) END,
  0, at, 1, :rungs, {_END}, {_END}, seq + :rungs, at + 0.5, 0, '', number, 1
FROM made""",  # noqa: S608 - our own text
    "INSERT INTO specs SELECT number, :spec FROM made",
    # In three strides: to the queue, to the controllers, and to the end.
    """INSERT INTO facts (seq, number, ordinal, attempt, status, time_unix_s, cancelling, note,
  passed)
SELECT seq + 10, number, 10, 1, 10, at, 0, '', x'010203040506070809' FROM made""",
    """INSERT INTO facts (seq, number, ordinal, attempt, status, time_unix_s, cancelling, note)
SELECT seq + 11, number, 11, 1, 11, at + 0.3, 0, '' FROM made""",
    f"""INSERT INTO facts (seq, number, ordinal, attempt, status, time_unix_s, cancelling, note,
  passed)
SELECT seq + :rungs, number, :rungs, 1, {_END}, at + 0.5, 0, '', x'0c0d0e0f' FROM made""",  # noqa: S608 - our own text
    "INSERT INTO works SELECT number, 1, :work FROM made",
    """INSERT INTO items (number, item, attempt, artifact, size_bytes, sha256, data, partial)
SELECT number, 0, 1, '', 50, :digest, :result, 0 FROM made""",
)
_COUNTS: Final = """
UPDATE terms SET jobs = jobs + new.more
FROM (SELECT term, count(*) AS more FROM tags WHERE number BETWEEN ? AND ? GROUP BY term) AS new
WHERE terms.id = new.term"""
_ENDS: Final = """
UPDATE terms SET jobs = jobs + new.more
FROM (SELECT ended, count(*) AS more FROM jobs WHERE number BETWEEN ?2 AND ?3 GROUP BY ended) AS new
WHERE terms.kind = ?1 AND terms.word = CAST(new.ended AS TEXT)"""


def main() -> None:
    """Fill the journal in the state directory that the arguments name."""
    state, jobs = Path(sys.argv[1]), int(sys.argv[2])
    begun = time.perf_counter()
    fill(state, jobs)
    size = (state / DATABASE).stat().st_size
    with closing(sqlite3.connect(state / DATABASE)) as database:
        (number,) = database.execute("SELECT number FROM meta").fetchone()
    print(
        f"{jobs} jobs more in {time.perf_counter() - begun:.0f} s; {number} in all,"
        f" {size / number:.0f} bytes each"
    )


if __name__ == "__main__":
    main()
