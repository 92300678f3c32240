"""A job is shown with what memory alone knows of it."""

import pytest

from stationd.proto.error import UnknownJob
from stationd.proto.job import JobFilter
from stationd.proto.jobs_protocol import Get, Job, Jobs, List
from stationd.proto.status import JobExecutorStatus as S
from tests.runtime.api.asking import asked
from tests.runtime.bench import Peer, a_bench, client_of, job_id

pytestmark = pytest.mark.anyio


async def test_a_job_is_shown_with_its_place_in_the_queue() -> None:
    async with a_bench() as bench:
        bench.lines.names.remove("a")
        for number in (1, 2):
            bench.queued(number)
        with client_of(bench).socket as socket:
            view = (await asked(Peer(socket), Get(1, job_id(2)), Job)).view
            assert (view.status, view.queue_position) == (S.PENDING_EXECUTION, 1)
            page = await asked(Peer(socket), List(2, JobFilter()), Jobs)
            assert [view.queue_position for view in page.views] == [1, 0]


async def test_a_job_that_is_over_is_shown_as_it_is_stored() -> None:
    async with a_bench() as bench:
        bench.run("a", bench.queued(1))
        view = await bench.api.parts.views.of(job_id(1))
        assert (view.status, view.queue_position, view.progress) == (S.READY, None, None)


async def test_a_job_that_is_not_there_is_named() -> None:
    async with a_bench() as bench:
        with pytest.raises(UnknownJob, match=job_id(9)):
            await bench.api.parts.views.of(job_id(9))
