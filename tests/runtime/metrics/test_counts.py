"""What is counted while things happen."""

import pytest

from stationd.actors.job import Job
from stationd.proto.error import ErrorCode, ErrorInfo
from stationd.proto.jobs_protocol import Cancel, Failure
from stationd.proto.status import JobExecutorStatus as S
from stationd.runtime.live import LiveJob
from stationd.runtime.metrics.counts import Counts
from tests.runtime.bench import a_bench, client_of, job_id, null_spec


@pytest.mark.anyio
async def test_a_refused_request_is_counted_by_what_was_answered() -> None:
    async with a_bench() as bench:
        client = client_of(bench)
        with client.socket:
            await client.say(Cancel(1, job_id(99)))
            assert isinstance(await client.reply(), Failure)
        refused = 'stationd_requests_refused_total{code="unknown_job"}'
        assert bench.count(refused) == 1
        assert bench.count(refused.replace("unknown_job", "forbidden")) == 0


def test_a_failed_job_is_counted_by_its_error() -> None:
    counts = Counts([])
    error = ErrorInfo(ErrorCode.DRIVER_FAILED, "no signal")
    job = Job(id=job_id(1), number=1, kind="circuits", status=S.FAILED, error=error)
    counts.fact(LiveJob(job, null_spec(), "a"), S.EXECUTION_STARTED, 1.0)
    assert counts.failed[ErrorCode.DRIVER_FAILED] == 1
    assert sum(counts.failed.values()) == 1
