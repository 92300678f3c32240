"""The work between the rungs: its deadlines."""

# pyright: reportPrivateUsage=false

import anyio
import msgspec
import pytest

from stationd.proto.error import ErrorCode
from stationd.proto.job import JobSpec
from stationd.proto.status import JobExecutorStatus as S
from tests.runtime.bench import a_bench, committed_until, job_id, null_spec

pytestmark = pytest.mark.anyio


async def test_a_calibration_set_that_does_not_come_fails_the_job(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def never(_: str) -> None:
        await anyio.sleep_forever()

    async with a_bench() as bench:
        bench.listen()
        stages = bench.dispatch._at_work._stages
        monkeypatch.setattr(bench.journal, "calibration", never)
        shorter = msgspec.structs.replace(stages._deadlines, fetch_calibration=0.001)
        monkeypatch.setattr(stages, "_deadlines", shorter)
        spec: JobSpec = msgspec.structs.replace(null_spec(), calibration_set="slow")
        bench.submit(1, spec)
        await committed_until(bench, lambda: bench.dispatch.get(job_id(1)) is None)
        end = bench.published[-1].entry
        assert end.status is S.FAILED
        assert end.error is not None
        assert end.error.code is ErrorCode.STAGE_TIMEOUT
