"""Bringing a journal of an older format along, with Alembic.

The version in `meta` is what counts; Alembic's own table is not used, so that a stationd that
knows nothing of Alembic's revisions can still say which format it has found. All steps are one
transaction: a journal has its old format or the new one, and never something between them.

Only imported when there is something to do, for Alembic takes long to import.
"""

from __future__ import annotations

import sqlite3
from pathlib import Path

import sqlalchemy
from alembic.operations import Operations
from alembic.runtime.migration import MigrationContext
from alembic.script import Script, ScriptDirectory
from alembic.script.revision import RevisionError
from alembic.util.exc import CommandError
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import NullPool

from stationd.proto.error import JournalFailed
from stationd.runtime.journal.formats import Format
from stationd.runtime.journal.shape import check_shape


def revision(version: int) -> str:
    """Return the name of the revision that makes a version; 0 is an empty database."""
    return f"{version:04}" if version else "base"


def migrate(path: Path, version: int, wanted: Format) -> None:
    """Bring a database along.

    Args:
        path: The database, which nobody else writes to.
        version: The format that it has.
        wanted: The format that it is to have.

    Raises:
        JournalFailed: It cannot be done; the database is as it was.
    """
    try:
        steps = _steps(version, wanted)
        database = sqlite3.connect(path, isolation_level=None)
        # The engine's connection is this one, and closes it.
        engine = sqlalchemy.create_engine("sqlite://", creator=lambda: database, poolclass=NullPool)
        with engine.connect() as connection:
            # The driver would begin a transaction too late, and end it at every table.
            connection.exec_driver_sql("BEGIN IMMEDIATE")
            with Operations.context(MigrationContext.configure(connection)):
                for step in steps:
                    step.module.upgrade()
            connection.exec_driver_sql("UPDATE meta SET schema_version = ?", (wanted.version,))
            check_shape(database, path, wanted)
            connection.commit()
    except (CommandError, RevisionError, SQLAlchemyError, sqlite3.Error) as error:
        raise JournalFailed(
            f"the journal {path} cannot be brought from format {version} to {wanted.version}, and"
            f" is as it was: {error}"
        ) from error


def _steps(version: int, wanted: Format) -> list[Script]:
    """Return what is to be done, in order."""
    directory = ScriptDirectory(str(wanted.migrations))
    found = directory.iterate_revisions(revision(wanted.version), revision(version))
    return [*found][::-1]
