"""Jobs that are over are deleted on request; those that are under way stay."""

import pytest

from stationd.proto.error import ErrorCode
from stationd.proto.jobs_protocol import Failure, Submit
from stationd.proto.project_requests import Delete, Deleted
from stationd.proto.status import JobExecutorStatus as Status
from stationd.runtime.journal.records import Fact, JobStored
from tests.runtime.api.test_projects_api import spec
from tests.runtime.api.until_answered import asked
from tests.runtime.bench import a_bench, job_id

pytestmark = pytest.mark.anyio


async def test_a_job_that_is_over_is_deleted_once() -> None:
    async with a_bench() as bench:
        stored = JobStored(100, job_id(7), "a", spec(), 1.0)
        over = Fact(100, job_id(7), 2, 1, Status.READY, 2.0)
        bench.journal.write([stored, over], lambda _: None)
        bench.journal.commit()
        assert await asked(bench, Delete(1, job_id(7))) == Deleted(1, "deleted")
        assert await asked(bench, Delete(2, job_id(7))) == Deleted(2, "already_gone")


async def test_a_job_that_is_under_way_is_not_deleted() -> None:
    async with a_bench() as bench:
        await asked(bench, Submit(1, job_id(1), spec()))
        failure = await asked(bench, Delete(2, job_id(1)))
        assert isinstance(failure, Failure)
        assert failure.error.code is ErrorCode.NOT_FINISHED
