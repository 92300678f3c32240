"""All jobs at once: those that are under way, and then every change of any."""

import anyio
import pytest

from stationd import JobRef, JobStatus, NullProgram
from stationd.aio import jobs
from stationd.client.scripted.station import ScriptedStation
from stationd.client.waiting.following import Listening
from stationd.proto.job import MOST_NAMED, JobId, JobSpec
from stationd.proto.jobs_protocol import MOST_LISTED, List, Listen, Submit
from stationd.proto.program import Circuits
from stationd.proto.status import JobExecutorStatus as S

pytestmark = pytest.mark.anyio

SPEC = JobSpec(work=Circuits(programs=(NullProgram(),), n_shots=(1,)))


def id_of(number: int) -> JobId:
    return JobId(f"{number:08d}-0000-4000-8000-000000000000")


async def taken(updates: Listening, count: int) -> list[JobStatus]:
    with anyio.fail_after(60):
        return [await anext(updates) for _ in range(count)]


def told(statuses: list[JobStatus]) -> list[tuple[JobId, S]]:
    return [(status.job, status.status) for status in statuses]


async def submitted(name: str) -> JobRef:
    return await jobs.submit(programs=NullProgram(), name=name)


async def test_more_jobs_than_fit_on_a_page_are_all_shown_once(station: ScriptedStation) -> None:
    count = 2 * MOST_LISTED + 1
    for number in range(count):
        station.reply(Submit(1, id_of(number), SPEC))
    async with jobs.listen_all() as updates:
        begun = await taken(updates, count)
        assert {status.job for status in begun} == set(map(id_of, range(count)))
        station.climb(id_of(7), S.VALIDATION_STARTED)
        assert told(await taken(updates, 1)) == [(id_of(7), S.VALIDATION_STARTED)]
    assert sum(isinstance(request, List) for request in station.received) == 1 + 3


async def test_a_frame_may_tell_of_more_jobs_than_a_search_may_name(
    station: ScriptedStation,
) -> None:
    first = await submitted("first")
    changed, station.changed = station.changed, lambda: None
    async with jobs.listen_all() as updates:
        assert len(await taken(updates, 1)) == 1
        count = MOST_NAMED + 1
        for number in range(count):
            station.reply(Submit(1, id_of(number), SPEC))
            station.climb(id_of(number), S.VALIDATION_STARTED)
        station.changed = changed
        station.climb(first.id, S.READY)
        news = await taken(updates, 2 * count + 1)
    heard = [job for job, status in told(news) if status is S.VALIDATION_STARTED]
    assert heard == [id_of(number) for number in range(count)]


async def test_after_a_gap_the_newest_status_of_all_that_has_changed_is_told(
    station: ScriptedStation,
) -> None:
    running, ending, still = [await submitted(name) for name in ("running", "ending", "still")]
    async with jobs.listen_all() as updates:
        assert len(await taken(updates, 3)) == 3
        station.stop()
        station.forgetful = True
        station.climb(running.id, S.VALIDATION_STARTED, S.VALIDATION_ENDED)
        station.climb(ending.id, S.ABORTED)
        station.reply(Submit(1, id_of(1), SPEC))
        station.climb(id_of(1), S.FAILED)
        await station.start()
        assert told(await taken(updates, 3)) == [
            (running.id, S.VALIDATION_ENDED),
            (ending.id, S.ABORTED),
            (id_of(1), S.FAILED),
        ]
        for job in (still, running):
            station.climb(job.id, S.READY)
        assert told(await taken(updates, 2)) == [(still.id, S.READY), (running.id, S.READY)]
    assert sum(isinstance(request, Listen) for request in station.received) == 2


async def test_what_does_not_match_is_not_told_after_a_gap_either(
    station: ScriptedStation,
) -> None:
    wanted, other = [await submitted(name) for name in ("t1", "rabi")]
    async with jobs.listen_all(name_like="t1") as updates:
        assert told(await taken(updates, 1)) == [(wanted.id, S.RECEIVED)]
        station.stop()
        station.forgetful = True
        station.climb(other.id, S.FAILED)
        station.climb(wanted.id, S.READY)
        await station.start()
        assert told(await taken(updates, 1)) == [(wanted.id, S.READY)]
