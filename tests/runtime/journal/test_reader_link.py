import os
import signal
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
import pytest

from stationd.proto.error import JournalFailed
from stationd.runtime.journal.opening import DATABASE
from stationd.runtime.journal.queries.data import Controllers
from stationd.runtime.journal.queries.jobs import Stored
from stationd.runtime.journal.reader_link import ReaderLink
from stationd.runtime.journal.records import JobStored
from stationd.runtime.journal.storage import Storage

pytestmark = [pytest.mark.anyio, pytest.mark.slow]

MakeJob = Callable[..., JobStored]
BOUND = 60.0


@pytest.fixture
def state(tmp_path: Path, job: MakeJob) -> Path:
    with Storage(tmp_path / DATABASE) as storage:
        storage.commit([[job(1), job(2)]])
    return tmp_path


@asynccontextmanager
async def running(link: ReaderLink) -> AsyncGenerator[ReaderLink]:
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(link.run)
        yield link
        tasks.cancel_scope.cancel()


async def test_an_answer_finds_the_one_who_asked(state: Path, job: MakeJob) -> None:
    found: dict[int, int | None] = {}

    async def ask(link: ReaderLink, number: int) -> None:
        stored = await link.ask(Stored(job(number).job))
        found[number] = None if stored is None else stored.number

    with anyio.fail_after(BOUND):
        async with running(ReaderLink(state)) as link, anyio.create_task_group() as tasks:
            for number in (2, 3, 1):
                tasks.start_soon(ask, link, number)
    assert found == {1: 1, 2: 2, 3: None}


async def test_who_stops_waiting_for_an_answer_disturbs_nobody(state: Path) -> None:
    with anyio.fail_after(BOUND):
        async with running(ReaderLink(state)) as link:
            with anyio.CancelScope() as scope:
                scope.cancel()
                await link.ask(Controllers())
            assert await link.ask(Controllers()) == []


async def test_a_question_that_readers_die_of_is_not_asked_for_ever(state: Path) -> None:
    link = ReaderLink(state, program="records")  # ends as soon as it has begun
    with anyio.fail_after(BOUND):
        async with running(link):
            with pytest.raises(JournalFailed, match="died of this question"):
                await link.ask(Controllers())
    assert link.restarts >= 3


async def test_an_idle_reader_that_dies_is_replaced_and_that_is_told(
    state: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with anyio.fail_after(BOUND):
        async with running(ReaderLink(state)) as link:
            await link.ask(Controllers())
            first = link.pid
            assert first is not None
            os.kill(first, signal.SIGKILL)
            assert await link.ask(Controllers()) == []
            assert link.pid != first
            assert link.restarts == 1
    assert f"the journal's reader (process {first}) ended" in caplog.text


async def test_nobody_waits_for_a_link_that_has_ended(state: Path) -> None:
    link = ReaderLink(state)
    failures: list[JournalFailed] = []

    async def ask() -> None:
        try:
            await link.ask(Controllers())
        except JournalFailed as error:
            failures.append(error)

    with anyio.fail_after(BOUND):
        async with anyio.create_task_group() as tasks, running(link):
            await link.ask(Controllers())
            assert link.pid is not None
            os.kill(link.pid, signal.SIGSTOP)
            tasks.start_soon(ask)
            await anyio.wait_all_tasks_blocked()
            os.kill(link.pid, signal.SIGKILL)
        with pytest.raises(JournalFailed, match="closed"):
            await link.ask(Controllers())
    assert [str(failure) for failure in failures] == ["the journal is closed"]
