"""Journals of older formats, as they are out there, and a format that only tests have."""

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

from stationd.runtime.journal.formats import NEWEST, Format

FORMAT_1 = Path(__file__).parent / "format_1.sql"
"""A journal as the first release wrote it: jobs that are READY, ABORTED and FAILED, one that was
running, and six in the queue."""

_REVISION = """
import sqlalchemy as sa
from alembic import op

revision = "{new:04}"
down_revision = "{old:04}"

def upgrade():
    op.add_column("jobs", sa.Column("owner", sa.Text, nullable=False, server_default=""))
    op.execute("UPDATE jobs SET owner = 'owner of ' || id")
    {more}
"""


def make_journal(path: Path, dump: Path = FORMAT_1) -> None:
    """Make a journal from its dump."""
    with closing(sqlite3.connect(path)) as database:
        database.executescript(dump.read_text())


def next_format(folder: Path, more: str = "") -> Format:
    """Make the format that follows the newest one; it gives every job an owner.

    Args:
        folder: Where its revisions are put, with all those before it.
        more: What its revision does besides.
    """
    old, new = NEWEST.version, NEWEST.version + 1
    shutil.copytree(NEWEST.migrations, folder, ignore=shutil.ignore_patterns("__pycache__"))
    text = _REVISION.format(old=old, new=new, more=more)
    (folder / "versions" / f"schema_{new:04}.py").write_text(text)
    tables = {**NEWEST.tables, "jobs": f"{NEWEST.tables['jobs']} owner"}
    return Format(new, folder, tables)
