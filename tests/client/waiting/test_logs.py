"""A job's story is told once, in order, and followed to its end."""

import anyio
import pytest

from stationd.aio import jobs
from stationd.client.scripted.station import ScriptedStation, whole_way
from stationd.client.waiting import logs as module
from stationd.client.waiting.logs import JOURNAL, follow_logs
from stationd.proto.error import RequestError
from stationd.proto.program import NullProgram
from stationd.proto.station_requests import LogLine
from stationd.proto.status import JobExecutorStatus as S

pytestmark = pytest.mark.anyio


def line(number: int, level: str = "INFO") -> LogLine:
    # Between the second and the third fact of a scripted station's first job.
    moment = 1_700_000_001.5 + number / 100
    return LogLine(
        time_unix_s=moment, source="qpu", level=level, logger="", message=str(number), number=number
    )


async def test_timeline_and_lines_are_one_story(station: ScriptedStation) -> None:
    station.plan = lambda _: (S.VALIDATION_STARTED, S.FAILED)
    station.log = (line(1, "DEBUG"), line(2, "ERROR"))
    job = await jobs.submit(programs=NullProgram(), n_shots=1)
    whole = [one.message for one in await jobs.logs(job)]
    assert whole == ["received", "validation_started", "1", "2", "failed"]
    assert [one.message for one in await jobs.logs(job, level="warning")] == [
        one for one in whole if one != "1"
    ]
    with pytest.raises(RequestError, match="'loud' is no level; known are DEBUG, INFO"):
        await jobs.logs(job, level="loud")


async def test_a_story_is_followed_to_its_end_and_nothing_is_told_twice(
    station: ScriptedStation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_BUSY_SECONDS", 0.0)
    station.plan = lambda _: (S.VALIDATION_STARTED,)
    station.log = (line(1),)
    job = await jobs.submit(programs=NullProgram(), n_shots=1)
    seen: list[str] = []
    come = anyio.Event()

    def tell(told: LogLine) -> None:
        seen.append(told.message)
        if told.message == "2":
            come.set()

    with anyio.fail_after(60):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(follow_logs, job.id, tell)
            await jobs.wait_for(job, S.VALIDATION_STARTED)
            station.log = (line(1), line(2), line(3, "DEBUG"))
            await come.wait()
            station.log = (*station.log, line(4))
            await jobs.cancel(job)
    assert sorted(seen) == sorted({*seen})
    assert seen[:3] == ["received", "validation_started", "1"]
    assert {"2", "3", "4"} < set(seen)


async def test_a_job_that_is_over_is_told_and_not_followed(
    station: ScriptedStation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LAST_WORDS_SECONDS", 0.0)
    station.plan = whole_way
    job = await jobs.submit(programs=NullProgram(), n_shots=1)
    await jobs.wait_for(job)
    seen: list[LogLine] = []
    with anyio.fail_after(60):
        await follow_logs(job, seen.append)
    assert seen[-1].message == "ready"
    assert {one.source for one in seen} == {JOURNAL}
