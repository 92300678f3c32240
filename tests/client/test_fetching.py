"""Results before and after the end of a job: what there is, what it runs, what is gone."""

import msgspec
import pytest

from stationd import IncompleteJobItemRef, JobNotFinished, JobRef, NullProgram
from stationd.aio import jobs
from stationd.client.scripted_station import ScriptedStation
from stationd.proto.jobs_protocol import Get
from stationd.proto.result import NullResult
from stationd.proto.result_requests import Peek
from stationd.proto.status import JobExecutorStatus as S

pytestmark = pytest.mark.anyio


async def two_items(station: ScriptedStation, *rungs: S) -> JobRef:
    job = await jobs.submit(programs=[NullProgram(name="one"), NullProgram(name="two")])
    station.climb(job.id, *rungs)
    return job


def let_item_be_partial(station: ScriptedStation, job: JobRef, item: int) -> None:
    station.store(job.id, item, NullResult(duration=1.0))
    view = station.jobs[job.id]
    items = tuple(
        msgspec.structs.replace(one, partial=one.index == item) if one.result else one
        for one in view.items
    )
    station.jobs[job.id] = msgspec.structs.replace(view, items=items)


async def test_what_a_running_job_has_so_far_comes_if_it_is_allowed(
    station: ScriptedStation,
) -> None:
    job = await two_items(station, S.EXECUTION_STARTED)
    let_item_be_partial(station, job, 1)
    with pytest.raises(JobNotFinished):
        await jobs.results(job)
    assert not [request for request in station.received if isinstance(request, Peek)]
    none, some = await jobs.results(job, allow_incomplete=True)
    assert isinstance(none, IncompleteJobItemRef)
    assert isinstance(some, jobs.ExecutionResultRef)
    assert (some.index, some.name, some.partial) == (1, "two", True)
    assert (await some.download_result()).duration == 1.0  # type: ignore[union-attr]


async def test_nothing_is_built_for_a_job_that_is_over(station: ScriptedStation) -> None:
    job = await two_items(station, S.EXECUTION_STARTED, S.ABORTED)
    assert len(await jobs.results(job, allow_incomplete=True)) == 2
    assert [type(one) for one in station.received[1:]] == [Get]
