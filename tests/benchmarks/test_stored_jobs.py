"""A journal that is filled with copies of a job is a journal like any other."""

from pathlib import Path

import pytest
from benchmarks.stored_jobs import fill

from stationd.proto.job import JobFilter, JobId, JobSpec
from stationd.proto.program import Circuits, NullProgram
from stationd.proto.status import JobExecutorStatus
from stationd.runtime.journal.opening import DATABASE
from stationd.runtime.journal.records import Fact, ItemEnded, JobStored, Record, TicketIssued
from stationd.runtime.journal.sqlite import open_journal
from stationd.runtime.journal.storage import Storage

pytestmark = pytest.mark.anyio

JOB = JobId("00000000-0000-4000-8000-000000000001")
SPEC = JobSpec(work=Circuits(programs=(NullProgram(),), n_shots=(1,)))
COPIES = 30


def records() -> list[Record]:
    rungs = [s for s in JobExecutorStatus if s.name not in {"RECEIVED", "FAILED", "ABORTED"}]
    facts = [Fact(1, JOB, ordinal, 1, rung, 0.5) for ordinal, rung in enumerate(rungs, 2)]
    return [JobStored(1, JOB, "qpu", SPEC, 0.5), TicketIssued(1, 1, 1), ItemEnded(1, 0, 1), *facts]


@pytest.fixture
def filled(tmp_path: Path) -> Path:
    storage = Storage(tmp_path / DATABASE)
    storage.commit([records()])
    storage.close()
    fill(tmp_path, COPIES)
    return tmp_path


async def test_copies_are_jobs_of_their_own(filled: Path) -> None:
    async with open_journal(filled) as journal:
        views, _ = await journal.views(JobFilter(), None, 2 * COPIES)
        oldest, newest = views[-1], views[0]
        assert oldest.id == JOB
        assert [view.number for view in views] == list(range(COPIES, 0, -1))
        assert len({view.id for view in views}) == COPIES
        assert {view.status for view in views} == {JobExecutorStatus.READY}
        story = await journal.view(newest.id)
        assert story is not None
        assert [entry.ordinal for entry in story.timeline] == list(range(1, 17))
        # The next job gets numbers that no copy has.
        assert journal.opening.number == COPIES
        assert journal.opening.seq == story.timeline[-1].seq
        assert journal.opening.ticket == COPIES
