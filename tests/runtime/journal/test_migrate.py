"""Journals of older formats are brought along, whole or not at all."""

import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from stationd.proto.error import AlreadyRunning, JournalFailed
from stationd.proto.status import JobExecutorStatus as Status
from stationd.runtime.journal.formats import NEWEST
from stationd.runtime.journal.lock import take_lock
from stationd.runtime.journal.migrate import migrate
from stationd.runtime.journal.offline import bring_along
from stationd.runtime.journal.opening import DATABASE
from stationd.runtime.journal.queries.jobs import Unfinished
from stationd.runtime.journal.reader import connect
from stationd.runtime.journal.records import Fact
from stationd.runtime.journal.schema import statements
from stationd.runtime.journal.storage import Storage
from tests.runtime.journal.formats import make_journal, next_format

UNDER_WAY = range(4, 11)
"""The numbers of the jobs in the dump that are not over."""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / DATABASE


def rows(path: Path, query: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(path)) as database:
        return database.execute(query).fetchall()


def shape(path: Path) -> list[tuple[object, ...]]:
    """All tables and indices, however their SQL is laid out."""
    query = (
        "SELECT type, name, tbl_name, sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY name"
    )
    return [(*others, " ".join(str(sql).split())) for *others, sql in rows(path, query)]


def test_the_revisions_make_what_a_new_journal_has(tmp_path: Path) -> None:
    made, migrated = tmp_path / "made", tmp_path / "migrated"
    with closing(sqlite3.connect(made)) as database:
        for statement in statements():
            database.execute(statement)
    migrate(migrated, 0, NEWEST)
    assert shape(migrated) == shape(made)


def test_a_journal_of_the_first_release_opens_and_its_jobs_go_on(path: Path) -> None:
    make_journal(path)
    with Storage(path) as storage:
        opening = storage.opening
        with closing(connect(path)) as database:
            jobs, _ = Unfinished(0, 100).answer(database)
        assert [job.number for job in jobs] == [*UNDER_WAY]
        last = jobs[-1]
        fact = Fact(last.number, last.job, last.ordinal + 1, 1, Status.EXECUTION_STARTED, 1.0)
        (commit,) = storage.commit([[fact]])
    assert commit.first_seq == opening.seq + 1
    assert rows(path, "SELECT schema_version FROM meta") == [(NEWEST.version,)]


def test_an_older_journal_is_brought_along_when_it_is_opened_and_goes_on(
    path: Path, tmp_path: Path
) -> None:
    make_journal(path)
    before = rows(path, "SELECT number, id, status, seq FROM jobs")
    newer = next_format(tmp_path / "migrations")
    told: list[tuple[int, int]] = []
    with Storage(path, newer, lambda old, new: told.append((old, new))) as storage:
        seq = storage.opening.seq
        job = rows(path, "SELECT id, ordinal FROM jobs WHERE number = 10")[0]
        fact = Fact(10, job[0], int(str(job[1])) + 1, 1, Status.EXECUTION_STARTED, 1.0)  # type: ignore[arg-type]
        (commit,) = storage.commit([[fact]])
    assert told == [(NEWEST.version, newer.version)]
    assert commit.first_seq == seq + 1
    assert rows(path, "SELECT schema_version FROM meta") == [(newer.version,)]
    owned = rows(path, "SELECT number FROM jobs WHERE owner = 'owner of ' || id")
    assert len(owned) == len(before)
    after = rows(path, "SELECT number, id, status, seq FROM jobs")
    assert after[:-1] == before[:-1]
    with Storage(path, newer, lambda old, new: told.append((old, new))):
        pass
    assert len(told) == 1


def test_a_step_that_fails_leaves_the_journal_as_it_was(path: Path, tmp_path: Path) -> None:
    make_journal(path)
    before = (shape(path), rows(path, "SELECT * FROM meta"))
    newer = next_format(tmp_path / "migrations", "op.execute('DROP TABLE no_such_table')")
    with pytest.raises(JournalFailed, match=r"from format 1 to 2, and is as it was.*no_such_table"):
        Storage(path, newer)
    assert (shape(path), rows(path, "SELECT * FROM meta")) == before
    Storage(path).close()


def test_a_revision_that_is_not_there_is_named(path: Path) -> None:
    make_journal(path)
    with pytest.raises(JournalFailed, match=r"cannot be brought from format 1 to 7.*0007"):
        Storage(path, NEWEST._replace(version=7))


def test_a_journal_is_brought_along_without_a_daemon(tmp_path: Path) -> None:
    make_journal(tmp_path / DATABASE)
    newer = next_format(tmp_path / "migrations")
    assert bring_along(tmp_path) == (1, 1)
    assert bring_along(tmp_path, newer) == (1, 2)
    assert bring_along(tmp_path, newer) == (2, 2)
    query = "SELECT count(*) FROM jobs WHERE owner != 'owner of ' || id"
    assert rows(tmp_path / DATABASE, query) == [(0,)]
    with pytest.raises(JournalFailed, match="format 2, this stationd knows only 1"):
        bring_along(tmp_path)


def test_a_journal_in_use_is_not_brought_along(tmp_path: Path) -> None:
    make_journal(tmp_path / DATABASE)
    lock = take_lock(tmp_path)
    with pytest.raises(AlreadyRunning):
        bring_along(tmp_path)
    os.close(lock)


def test_where_there_is_no_journal_nothing_is_made(tmp_path: Path) -> None:
    with pytest.raises(JournalFailed, match="there is no journal in"):
        bring_along(tmp_path)
    assert not [*tmp_path.iterdir()]
    (tmp_path / DATABASE).touch()
    with pytest.raises(JournalFailed, match="an empty database"):
        bring_along(tmp_path)
    (tmp_path / DATABASE).write_text("nothing of the kind" * 100)
    with pytest.raises(JournalFailed, match="not a database"):
        bring_along(tmp_path)


def test_an_ordinary_start_imports_nothing_of_it(path: Path) -> None:
    make_journal(path)
    code = (
        "import sys; from pathlib import Path;"
        "from stationd.runtime.journal.storage import Storage;"
        "Storage(Path(sys.argv[1])).close(); from stationd.runtime.journal import writer;"
        "print(*{name.split('.')[0] for name in sys.modules} & {'alembic', 'sqlalchemy', 'mako'})"
    )
    command = [sys.executable, "-c", code, str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120)
    assert not done.stdout.strip()
