import sqlite3
from pathlib import Path

import pytest

from stationd.runtime.journal.opening import DATABASE
from stationd.runtime.journal.schema import TABLES, statements
from stationd.runtime.journal.storage import Storage


def test_every_table_is_made_once_and_refuses_values_of_another_type(tmp_path: Path) -> None:
    Storage(tmp_path / DATABASE).close()
    database = sqlite3.connect(tmp_path / DATABASE)
    tables = database.execute("SELECT name, strict FROM pragma_table_list WHERE type = 'table'")
    found = {name: strict for name, strict in tables if not name.startswith("sqlite_")}
    database.close()
    assert found == dict.fromkeys(TABLES.tables, 1)


@pytest.mark.parametrize(
    "impossible",
    [
        "INSERT INTO meta VALUES (2, 's', 1, 1, 0, 0, 0, 0.0, 0.0, 0.0, 0)",
        "INSERT INTO items VALUES (1, -1, 1, NULL, NULL, NULL, NULL, NULL, 0)",
        "INSERT INTO items VALUES (1, 0, 1, NULL, NULL, NULL, NULL, x'00', 0)",
        "INSERT INTO items VALUES (1, 0, 1, NULL, 'a/1/0', NULL, NULL, NULL, 0)",
        "INSERT INTO facts VALUES (1, 1, 1, 1, 1, 'yesterday', 0, NULL, '', 0, NULL)",
    ],
)
def test_the_impossible_is_refused(impossible: str) -> None:
    database = sqlite3.connect(":memory:")
    for statement in statements():
        database.execute(statement)
    with pytest.raises(sqlite3.IntegrityError, match=r"CHECK|cannot store"):
        database.execute(impossible)
    database.close()
