import socket
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest

from stationd.proto.error import ErrorCode
from stationd.runtime.journal.opening import DATABASE
from stationd.runtime.journal.pipe import ServingPipe, framed
from stationd.runtime.journal.queries.data import Controllers, Work
from stationd.runtime.journal.queries.jobs import Stored, View
from stationd.runtime.journal.reader import Answered, Asked, Question, serve
from stationd.runtime.journal.records import JobStored
from stationd.runtime.journal.storage import Storage

MakeJob = Callable[..., JobStored]


@pytest.fixture
def path(tmp_path: Path, job: MakeJob) -> Path:
    with Storage(tmp_path / DATABASE) as storage:
        storage.commit([[job(1), job(2)]])
    return tmp_path / DATABASE


@pytest.fixture
def ends() -> Iterator[tuple[socket.socket, ServingPipe]]:
    ours, theirs = socket.socketpair()
    serving = ServingPipe(theirs.detach())
    yield ours, serving
    ours.close()
    serving.close()


def answers(
    ends: tuple[socket.socket, ServingPipe], path: Path, *questions: Question
) -> list[Answered]:
    ours, serving = ends
    for number, question in enumerate(questions):
        ours.sendall(framed(msgspec.msgpack.encode(Asked(number, question))))
    ours.shutdown(socket.SHUT_WR)
    serve(serving, path)
    serving.close()
    pipe = ServingPipe(ours.detach())
    payloads = pipe.receive(100)
    pipe.close()
    return [msgspec.msgpack.decode(payload, type=Answered) for payload in payloads]


def damage(path: Path, statement: str) -> None:
    database = sqlite3.connect(path)
    with database:
        database.execute(statement)
    database.close()


def test_questions_are_answered_in_order_by_their_numbers(
    ends: tuple[socket.socket, ServingPipe], path: Path
) -> None:
    found = answers(ends, path, Work(1), Controllers(), Work(2))
    assert [answer.number for answer in found] == [0, 1, 2]
    assert [answer.error for answer in found] == [None] * 3
    assert msgspec.msgpack.decode(found[1].payload) == []


def test_a_damaged_job_costs_only_the_questions_about_it(
    ends: tuple[socket.socket, ServingPipe], path: Path, job: MakeJob
) -> None:
    damage(path, "UPDATE specs SET spec = x'c1' WHERE number = 1")
    damaged, whole = answers(ends, path, View(job(1).job), Stored(job(2).job))
    assert damaged.error is not None
    assert damaged.error.code is ErrorCode.JOURNAL_FAILED
    assert whole.error is None


def test_a_status_of_another_version_costs_only_the_questions_about_it(
    ends: tuple[socket.socket, ServingPipe], path: Path, job: MakeJob
) -> None:
    damage(path, "UPDATE jobs SET status = 99 WHERE number = 1")
    damaged, whole = answers(ends, path, Stored(job(1).job), Stored(job(2).job))
    assert damaged.error is not None
    assert whole.error is None


def test_a_deleted_job_is_unknown(
    ends: tuple[socket.socket, ServingPipe], path: Path, job: MakeJob
) -> None:
    for table in ("facts", "specs", "jobs"):
        damage(path, f"DELETE FROM {table} WHERE number = 1")
    (found,) = answers(ends, path, View(job(1).job))
    assert found.error is None
    assert msgspec.msgpack.decode(found.payload) is None


def test_a_number_that_no_column_holds_is_the_callers_mistake(
    ends: tuple[socket.socket, ServingPipe], path: Path
) -> None:
    (found,) = answers(ends, path, Work(2**63))
    assert found.error is not None
    assert found.error.code is ErrorCode.INVALID_REQUEST


def test_a_reader_that_is_asked_nothing_needs_no_journal(
    ends: tuple[socket.socket, ServingPipe], tmp_path: Path
) -> None:
    assert answers(ends, tmp_path / "missing") == []
