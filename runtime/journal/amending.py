"""What looks at a stored job before it changes it: annotations, and deleting."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import Final

import msgspec

from stationd.proto.error import JournalFailed
from stationd.proto.project import Properties
from stationd.runtime.journal.codes import KINDS, Term
from stationd.runtime.journal.records import JobAnnotated, JobDeleted
from stationd.runtime.journal.terms import Labels, Terms, property_terms

_Labels = tuple[int | None, int, bytes | None, int, int, int, int | None]
"""A row of `_LABELS`."""
_PROPERTIES: Final = msgspec.msgpack.Decoder(Properties)
_TABLES: Final = ("facts", "specs", "works", "sweeps", "items", "blocks", "jobs")


def amend(
    database: sqlite3.Connection, records: Sequence[JobAnnotated | JobDeleted], terms: Terms
) -> None:
    """Carry out what is asked for, within a transaction.

    Raises:
        JournalFailed: A job that is to be deleted is not over.
    """
    for record in records:
        # The batch of this commit may have made terms that are not told apart from those before.
        terms.forget()
        labels = Labels(terms)
        if isinstance(record, JobDeleted):
            if record.expired:
                database.execute(_FORGET, (record.number,))
            delete(database, record.number, labels)
        else:
            _annotate(database, record, labels)
        for statement in labels.statements():
            database.executemany(statement.sql, statement.rows)
        terms.forget()


def delete(database: sqlite3.Connection, number: int, labels: Labels) -> bool:
    """Remove a job and all that belongs to it; return whether there was one.

    Raises:
        JournalFailed: It is not over.
    """
    row: _Labels | None = database.execute(_LABELS, (number,)).fetchone()
    if row is None:
        return False
    ended, kind, properties, *own = row
    if ended is None:
        raise JournalFailed(f"job {number} is under way and is not deleted: please report this bug")
    labels.ended(ended, -1)
    for term in own:
        if term is not None:
            labels.remove(term, number)
    labels.remove(labels.term(Term.KIND, KINDS[kind]), number)
    for key in property_terms(_decoded(properties)):
        labels.remove(labels.term(*key), number)
    for table in _TABLES:
        database.execute(f"DELETE FROM {table} WHERE number = ?", (number,))  # noqa: S608 - our own text
    return True


def _annotate(database: sqlite3.Connection, record: JobAnnotated, labels: Labels) -> None:
    number = record.number
    query = "SELECT name, properties FROM jobs WHERE number = ?"
    row = database.execute(query, (number,)).fetchone()
    if row is None:
        return
    name, properties = row
    labels.remove(name, number)
    for key in property_terms(_decoded(properties)):
        labels.remove(labels.term(*key), number)
    name = labels.tag(Term.NAME, record.name, number)
    for kind, word in property_terms(record.properties):
        labels.tag(kind, word, number)
    noted = encoded(record.properties)
    database.execute(_ANNOTATION, (name, record.description or None, noted, number))


def encoded(properties: Properties) -> bytes | None:
    """Return what is stored of properties."""
    return msgspec.msgpack.encode(properties) if properties else None


def _decoded(properties: bytes | None) -> Properties:
    return {} if properties is None else _PROPERTIES.decode(properties)


_LABELS: Final = """
SELECT ended, kind, properties, target, name, creator, project FROM jobs WHERE number = ?"""
_FORGET: Final = """
UPDATE meta SET forgotten = max(forgotten, (SELECT seq FROM jobs WHERE number = ?1))
WHERE EXISTS (SELECT 1 FROM jobs WHERE number = ?1)"""
_ANNOTATION: Final = """
UPDATE jobs SET name = ?, description = ?, properties = ? WHERE number = ?"""
