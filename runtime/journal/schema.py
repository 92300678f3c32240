"""The tables of the journal, and how an empty database gets them.

Rule 1. What is asked for stands in columns; the rest is msgpack that only its reader looks into.
Rule 2. What never changes is kept apart from what changes with every fact, so that a status
        does not rewrite a megabyte of programs.
Rule 3. `meta.schema_version` can be read in every version, older or newer.

Only the writer imports this module, and only to make a new database: SQLAlchemy takes longer
to import than the writer to start.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    REAL,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects import sqlite
from sqlalchemy.schema import CreateIndex, CreateTable

TABLES: Final = MetaData()


def _table(
    name: str, *parts: Column[object] | CheckConstraint | UniqueConstraint, rowid: bool = True
) -> Table:
    # STRICT makes SQLite refuse a value of the wrong type instead of keeping it as it came.
    return Table(name, TABLES, *parts, sqlite_strict=True, sqlite_with_rowid=rowid)


def _integer(name: str) -> Column[object]:
    return Column(name, Integer, nullable=False)


def _text(name: str) -> Column[object]:
    return Column(name, Text, nullable=False)


def _time(name: str) -> Column[object]:
    return Column(name, REAL, nullable=False)


def _blob(name: str) -> Column[object]:
    return Column(name, LargeBinary, nullable=False)


def _key(name: str, *foreign: ForeignKey) -> Column[object]:
    return Column(name, Integer, *foreign, primary_key=True, autoincrement=False)


def _of_job(*, key: bool = False) -> Column[object]:
    owner = ForeignKey("jobs.number")
    return _key("number", owner) if key else Column("number", Integer, owner, nullable=False)


_table(
    "meta",
    _key("one"),
    _text("station"),
    _integer("schema_version"),
    _integer("epoch"),
    # The newest numbers ever given: rows may be deleted one day, numbers never come again.
    _integer("seq"),
    _integer("number"),
    _integer("ticket"),
    # When the newest job was made, and by how much later another one was made, or made and then
    # changed, before: the clock was set back. So a time leads to a number without an index.
    _time("newest_created"),
    _time("set_back"),
    _time("changed_back"),
    # Facts up to this number may have been deleted: a listener cannot go on from there.
    _integer("forgotten"),
    CheckConstraint("one = 1"),
)
# Nothing refers to terms by a foreign key: removing one would look through all jobs.
TERMS: Final = _table(
    "terms",
    _key("id"),
    _integer("kind"),  # a `codes.Term`
    _text("word"),
    Column("folded", Text),  # of names: SQLite itself knows upper and lower case of ASCII only
    _integer("jobs"),  # how many have it
    UniqueConstraint("kind", "word"),
)
Index("terms_by_name", TERMS.c.folded, sqlite_where=TERMS.c.folded.is_not(None))
_table(
    "tags",
    _key("term"),
    _key("number"),
    rowid=False,
)
JOBS: Final = _table(
    "jobs",
    _key("number"),
    Column("id", Text, nullable=False, unique=True),
    _integer("target"),  # a term, as name, creator, project and calibration_set are
    _integer("kind"),  # its place in `codes.KINDS`
    _integer("name"),
    _integer("creator"),
    Column("project", Integer),
    Column("description", Text),
    Column("properties", LargeBinary),
    _integer("priority"),
    _time("created_unix_s"),
    # From here on as the newest fact has it.
    _integer("attempt"),
    _integer("ordinal"),
    _integer("status"),  # a `codes.STATUS_CODES`, as everywhere
    # The status if it is terminal; most facts leave it and its indices alone.
    Column("ended", Integer),
    _integer("seq"),
    _time("modified_unix_s"),
    _integer("cancelling"),
    Column("error", LargeBinary),
    _text("note"),
    # From here on as records of their own have it.
    Column("calibration_set", Integer),
    Column("ticket", Integer, unique=True),
    Column("ticket_attempt", Integer),
    Column("running", LargeBinary),  # the items of the current attempt; NULL for all
    Column("collected", Integer, nullable=False, server_default=text("0")),
    Column("placement", LargeBinary),  # in the queue, as operators want it; NULL as the spec says
    CheckConstraint("number >= 1 AND attempt >= 1 AND ordinal >= attempt"),
    CheckConstraint("cancelling IN (0, 1)"),
    CheckConstraint("ended IS NULL OR ended = status"),
    CheckConstraint("(ticket IS NULL) = (ticket_attempt IS NULL)"),
)
# Partial indices, so that only a fact that ends or reopens a job touches them.
Index("jobs_under_way", JOBS.c.number, sqlite_where=JOBS.c.ended.is_(None))
Index("jobs_ended", JOBS.c.ended, JOBS.c.number, sqlite_where=JOBS.c.ended.is_not(None))
Index(
    "jobs_by_end",
    JOBS.c.modified_unix_s,
    JOBS.c.number,
    sqlite_where=JOBS.c.ended.is_not(None),
)
_table("specs", _of_job(key=True), _blob("spec"))
_table(
    "facts",
    _key("seq"),
    _of_job(),
    _integer("ordinal"),
    _integer("attempt"),
    _integer("status"),
    _time("time_unix_s"),
    _integer("cancelling"),
    Column("error", LargeBinary),
    _text("note"),
    Column("retrying", Integer, nullable=False, server_default=text("0")),
    # What the job reached just before, a byte for each status: facts of their own, whose numbers
    # are those before this one's. NULL for nothing.
    Column("passed", LargeBinary),
    UniqueConstraint("number", "ordinal"),
)
_table("works", _of_job(key=True), _integer("attempt"), _blob("data"))
_table("sweeps", _of_job(key=True), _key("attempt"), _blob("metadata"), rowid=False)
_table(
    "items",
    _of_job(key=True),
    _key("item"),
    _integer("attempt"),
    Column("error", LargeBinary),
    Column("artifact", Text),  # empty for the usual ``<job>/<attempt>/<item>``
    Column("size_bytes", Integer),
    Column("sha256", LargeBinary),
    Column("data", LargeBinary),
    _integer("partial"),
    CheckConstraint("item >= 0"),
    CheckConstraint("(artifact IS NULL) = (size_bytes IS NULL)"),
    CheckConstraint("(artifact IS NULL) = (sha256 IS NULL)"),
    CheckConstraint("data IS NULL OR artifact IS NOT NULL"),
    rowid=False,
)
_table(
    "blocks",
    _of_job(key=True),
    _key("attempt"),
    Column("controller", Text, primary_key=True),
    _key("block"),
    _blob("header"),
    _blob("data"),
)
_table(
    "queue_notes",
    Column("kind", Text, primary_key=True),
    Column("name", Text, primary_key=True),
    _text("data"),
)
_table(
    "projects",
    Column("id", Text, primary_key=True),
    Column("name", Text, nullable=False, unique=True),
    _blob("data"),
)
_table(
    "calibration_sets",
    Column("id", Text, primary_key=True),
    _text("target"),
    _time("created_unix_s"),
    _text("name"),
    _integer("observations"),
    _blob("data"),
)
CALIBRATION_SETS: Final = TABLES.tables["calibration_sets"]
Index("calibration_sets_of_target", CALIBRATION_SETS.c.target, CALIBRATION_SETS.c.created_unix_s)
_table(
    "calibration_defaults",
    Column("target", Text, primary_key=True),
    Column("id", Text, ForeignKey("calibration_sets.id"), nullable=False),
)
_table(
    "controllers",
    Column("name", Text, primary_key=True),
    _text("driver"),
    _text("ledger"),
    _text("version"),
    _time("time_unix_s"),
    _blob("capabilities"),
)


_table(
    "versions",
    _key("id"),
    _text("controller"),  # empty for the daemon
    _time("since_unix_s"),
    _blob("data"),
)
VERSIONS: Final = TABLES.tables["versions"]
Index("versions_of_controller", VERSIONS.c.controller, VERSIONS.c.id)


def statements() -> list[str]:
    """Return the SQL that makes all tables and indices in an empty SQLite database."""
    dialect = sqlite.dialect()
    made: list[str] = []
    for table in TABLES.sorted_tables:
        made.append(str(CreateTable(table).compile(dialect=dialect)))
        indices = sorted(table.indexes, key=lambda index: str(index.name))
        made += [str(CreateIndex(index).compile(dialect=dialect)) for index in indices]
    return [*made, _NAME_PARTS]


# Which names hold three letters, by their terms. Without the names themselves, which the terms
# have, and without places: what it finds is looked at again.
_NAME_PARTS: Final = """
CREATE VIRTUAL TABLE name_parts USING fts5 (
    folded, content = '', columnsize = 0, detail = 'none', tokenize = 'trigram case_sensitive 1'
)
"""
