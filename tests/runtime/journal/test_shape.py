"""A database that names a format has its tables, or is refused before it is written to."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from stationd.proto.error import JournalFailed
from stationd.runtime.journal.formats import NEWEST
from stationd.runtime.journal.offline import bring_along
from stationd.runtime.journal.opening import DATABASE
from stationd.runtime.journal.schema import statements
from stationd.runtime.journal.shape import check_shape, differences
from stationd.runtime.journal.storage import Storage
from tests.runtime.journal.formats import make_journal, next_format


@pytest.fixture
def path(tmp_path: Path) -> Path:
    make_journal(tmp_path / DATABASE)
    return tmp_path / DATABASE


def change(path: Path, statement: str) -> bytes:
    """Make a journal as no release does; return its bytes."""
    with closing(sqlite3.connect(path, isolation_level=None)) as database:
        database.execute(statement)
    return path.read_bytes()


def test_the_format_names_the_tables_that_are_made() -> None:
    with closing(sqlite3.connect(":memory:")) as database:
        for statement in statements():
            database.execute(statement)
        check_shape(database, Path("new"), NEWEST)
        names = [name for (name,) in database.execute(_MADE)]
    assert [name for name in names if not name.startswith("name_parts_")] == [*NEWEST.tables]


_MADE = "SELECT name FROM sqlite_master WHERE sql IS NOT NULL ORDER BY name"


@pytest.mark.parametrize(
    ("wanted", "found", "said"),
    [
        ({"jobs": "number id"}, {"jobs": "number id", "sqlite_stat1": "tbl"}, []),
        ({"jobs": "number id", "versions": "id"}, {"jobs": "number id"}, ["no 'versions'"]),
        ({"jobs": "number id"}, {"jobs": "number"}, ["no id in 'jobs'"]),
        ({"jobs": "number"}, {"jobs": "number id x"}, ["id, x more in 'jobs'"]),
        ({"jobs": "number id"}, {"jobs": "id number"}, ["the columns of 'jobs' in another order"]),
    ],
)
def test_what_differs_is_said(
    wanted: dict[str, str], found: dict[str, str], said: list[str]
) -> None:
    assert [*differences(wanted, found)] == said


@pytest.mark.parametrize(
    ("statement", "named"),
    [
        ("DROP TABLE versions", "no 'versions', no 'versions_of_controller'"),
        ("ALTER TABLE jobs DROP COLUMN placement", "no placement in 'jobs'"),
        ("DROP INDEX jobs_by_end", "no 'jobs_by_end'"),
    ],
)
def test_a_journal_of_the_same_number_with_other_tables_is_refused_and_left_as_it_was(
    path: Path, statement: str, named: str
) -> None:
    before = change(path, statement)
    refusal = f"no release made it: it has {named}.*move the state directory {path.parent} away"
    with pytest.raises(JournalFailed, match=refusal):
        Storage(path)
    with pytest.raises(JournalFailed, match=refusal):
        bring_along(path.parent)
    assert path.read_bytes() == before


def test_what_is_brought_along_has_the_new_tables_or_is_as_it_was(
    path: Path, tmp_path: Path
) -> None:
    before = change(path, "DROP TABLE versions")
    with pytest.raises(JournalFailed, match=r"format 2, but no release made it: .*'versions'"):
        Storage(path, next_format(tmp_path / "migrations"))
    assert path.read_bytes() == before
