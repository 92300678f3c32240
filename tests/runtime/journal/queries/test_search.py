import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest

from stationd.proto.job import JobFilter, JobId, place_of
from stationd.proto.search import JobPlace, Order, SortFilterEnum
from stationd.proto.status import JobExecutorStatus as Status
from stationd.proto.status import JobStatusEnum
from stationd.runtime.journal.opening import DATABASE
from stationd.runtime.journal.queries.search import Count, Views
from stationd.runtime.journal.reader import connect
from stationd.runtime.journal.records import Fact, JobAnnotated, JobStored
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


SEARCHES = (
    JobFilter(),
    JobFilter(name_like="rabi"),
    JobFilter(names=("rabi", "bell")),
    JobFilter(creators=("ada",), projects=("p",), properties={"chip": "A7", "cold": True}),
    JobFilter(statuses=(Status.FAILED,)),
    JobFilter(coarse=tuple(JobStatusEnum), passing=("CANCELLING", "RETRYING")),
    JobFilter(kinds=("sweep",), target="qpu"),
    JobFilter(created_after=1.0, created_before=2.0, modified_after=1.0, modified_before=2.0),
    JobFilter(ids=(JobId("x"),)),
)
ORDERS = (Order(), *(Order((sort,), JobPlace(5, 1.0, "rabi")) for sort in SortFilterEnum))


@pytest.mark.parametrize("wanted", SEARCHES)
def test_no_search_looks_through_all_jobs_or_sorts_them(
    database: sqlite3.Connection, storage: Storage, job: MakeJob, wanted: JobFilter
) -> None:
    storage.commit([[job(number, name="rabi") for number in range(1, 6)]])
    asked: list[str] = []
    database.set_trace_callback(asked.append)
    for order in ORDERS:
        Views(wanted, None, 10, order).answer(database)
    Count(wanted).answer(database)
    database.set_trace_callback(None)
    for query in dict.fromkeys(asked):
        if query.startswith("--"):
            continue  # what the trigram index asks of itself
        plan = [row[3] for row in database.execute(f"EXPLAIN QUERY PLAN {query}")]
        whole = {f"SCAN {table}" for table in ("jobs", "facts", "tags", "terms")}
        assert not whole.intersection(plan), (query, plan)
        assert not [step for step in plan if "TEMP B-TREE" in step], (query, plan)


def found(database: sqlite3.Connection, wanted: JobFilter) -> list[int]:
    page = Views(wanted, None, 1000).answer(database)
    assert Count(wanted).answer(database).count == len(page.views)
    return [view.number for view in page.views]


def test_a_list_ends_where_it_says_so(
    storage: Storage, database: sqlite3.Connection, job: MakeJob
) -> None:
    storage.commit([[job(number)] for number in range(1, 6)])
    pages = [Views(JobFilter(), before, 2).answer(database) for before in (None, 4, 2)]
    assert [[view.number for view in page.views] for page in pages] == [[5, 4], [3, 2], [1]]
    assert [page.more for page in pages] == [True, True, False]


def test_pages_in_any_order_hold_every_job_once(
    storage: Storage, database: sqlite3.Connection, job: MakeJob
) -> None:
    names = ["b", "a", "B", "a", "c"]
    storage.commit([[job(number, name=name) for number, name in enumerate(names, 1)]])
    order = Order((SortFilterEnum.NAME_ASC, SortFilterEnum.CREATED_ASC))
    seen: list[int] = []
    while True:
        page = Views(JobFilter(), None, 2, order).answer(database)
        seen += [view.number for view in page.views]
        if not page.more:
            break
        order = msgspec.structs.replace(order, after=place_of(page.views[-1]))
    assert seen == [2, 4, 1, 3, 5]


def test_a_page_can_be_asked_for_by_its_number(
    storage: Storage, database: sqlite3.Connection, job: MakeJob
) -> None:
    storage.commit([[job(number) for number in range(1, 6)]])
    page = Views(JobFilter(), None, 2, Order(skip=2)).answer(database)
    assert [view.number for view in page.views] == [3, 2]
    assert page.more


@pytest.mark.parametrize(
    ("wanted", "numbers"),
    [
        (JobFilter(properties={"n": 7}), [1]),
        (JobFilter(properties={"n": 7.0}), [1]),
        (JobFilter(properties={"n": True}), []),
        (JobFilter(properties={"flag": True, "n": 7}), [1]),
        (JobFilter(properties={"flag": 1}), []),
        (JobFilter(properties={"flag": False}), [2]),
        (JobFilter(properties={"text": 'a "b", c'}), [2]),
        (JobFilter(names=("one",)), [1]),
        (JobFilter(names=("ONE",)), []),
    ],
)
def test_jobs_are_found_by_what_people_wrote(
    storage: Storage,
    database: sqlite3.Connection,
    job: MakeJob,
    wanted: JobFilter,
    numbers: list[int],
) -> None:
    storage.commit(
        [
            [
                job(1),
                job(2),
                job(3),
                JobAnnotated(1, "one", "", {"flag": True, "n": 7}),
                JobAnnotated(2, "two", "", {"flag": False, "text": 'a "b", c'}),
            ]
        ]
    )
    assert found(database, wanted) == numbers


def test_a_job_is_found_by_the_coarse_status_that_it_shows(
    storage: Storage, database: sqlite3.Connection, job: MakeJob, fact: MakeFact
) -> None:
    storage.commit(
        [
            [job(1), fact(1, 2, Status.EXECUTION_STARTED)],
            [job(2), fact(2, 2, Status.EXECUTION_STARTED, cancelling=True)],
            [job(3), fact(3, 2, Status.FAILED), fact(3, 3, Status.RECEIVED, attempt=2)],
            [job(4)],
        ]
    )
    assert found(database, JobFilter(coarse=(JobStatusEnum.RUNNING,))) == [1]
    assert found(database, JobFilter(passing=("CANCELLING",))) == [2]
    assert found(database, JobFilter(passing=("RETRYING",))) == [3]
    assert found(database, JobFilter(coarse=(JobStatusEnum.SUBMITTED,))) == [4]
    assert found(database, JobFilter(coarse=(JobStatusEnum.RUNNING,), passing=("CANCELLING",))) == [
        2,
        1,
    ]
