import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from stationd.proto.job import JobId
from stationd.runtime.journal.opening import DATABASE
from stationd.runtime.journal.queries.jobs import (
    Facts,
    Outlines,
    Stored,
    Unfinished,
    View,
)
from stationd.runtime.journal.queries.query import Query
from stationd.runtime.journal.reader import connect
from stationd.runtime.journal.records import Fact, ItemEnded, JobStored
from stationd.runtime.journal.storage import Storage

MakeJob = Callable[..., JobStored]
MakeFact = Callable[..., Fact]


@pytest.fixture
def storage(tmp_path: Path) -> Iterator[Storage]:
    with Storage(tmp_path / DATABASE) as storage:
        yield storage


@pytest.fixture
def database(storage: Storage, tmp_path: Path) -> Iterator[sqlite3.Connection]:
    database = connect(tmp_path / DATABASE)
    yield database
    database.close()


@pytest.mark.parametrize(
    ("question", "index"),
    [
        (Unfinished(5, 10), "jobs_under_way"),
        (Outlines(5, 10), "jobs_under_way"),
        (Stored(JobId("x")), "sqlite_autoindex_jobs_1"),
        (Facts(100, None, 10), "INTEGER PRIMARY KEY"),
        (Facts(100, None, 10, "ada"), "INTEGER PRIMARY KEY"),
        (Facts(100, (JobId("x"),), 10), "sqlite_autoindex_facts_1"),
    ],
)
def test_a_question_is_answered_by_an_index(
    database: sqlite3.Connection, question: Query[Any], index: str
) -> None:
    asked: list[str] = []
    database.set_trace_callback(asked.append)
    question.answer(database)
    database.set_trace_callback(None)
    plan = [row[3] for row in database.execute(f"EXPLAIN QUERY PLAN {asked[0]}")]
    assert any(index in step for step in plan), plan
    assert not [step for step in plan if step in {"SCAN jobs", "SCAN facts"}], plan


def test_a_view_names_all_items_and_shows_what_became_of_them(
    storage: Storage, database: sqlite3.Connection, job: MakeJob
) -> None:
    storage.commit([[job(1, items=3), ItemEnded(1, 1, 1, partial=True)]])
    view = View(job(1).job).answer(database)
    stored = Stored(job(1).job).answer(database)
    assert view is not None
    assert [(item.index, item.name, item.partial) for item in view.items] == [
        (0, "p0", False),
        (1, "p1", True),
        (2, "p2", False),
    ]
    assert stored is not None
    assert [item.index for item in stored.items] == [1]


def test_the_facts_of_some_jobs_are_complete_up_to_the_newest_of_all(
    storage: Storage, database: sqlite3.Connection, job: MakeJob, fact: MakeFact
) -> None:
    storage.commit([[job(1), job(2), fact(1, 2), fact(2, 2), job(3)]])
    events, upto = Facts(1, (job(1).job,), 10).answer(database)
    assert [event.entry.seq for event in events] == [3]
    assert upto == 5
    events, upto = Facts(0, (job(1).job, job(2).job), 3).answer(database)
    assert [event.entry.seq for event in events] == [1, 2, 3]
    assert upto == 3
