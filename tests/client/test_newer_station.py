"""A station that is newer than its client: what the client does not know shows as it is."""

from contextlib import aclosing
from pathlib import Path

import anyio
import msgspec
import pytest

from stationd import JobError, JobRef, NullProgram, RequestError, StatusEnum
from stationd.aio import jobs
from stationd.client.blocking import reference_file
from stationd.client.scripted.station import DistantStation, ScriptedStation
from stationd.proto.job import JobId
from stationd.proto.jobs_protocol import Listen
from stationd.proto.newer import statuses_of_newer_peers
from stationd.proto.status import JobExecutorStatus as S
from tests.client.stationctl.shell import run
from tests.client.stationctl.shell import submitted as submitted_by_shell

pytestmark = pytest.mark.anyio

with statuses_of_newer_peers():
    COOLING = S("cooling_down")


async def submitted(station: ScriptedStation, *rungs: S) -> JobRef:
    job = await jobs.submit(programs=NullProgram(), name="new")
    station.climb(job.id, *rungs)
    return job


async def climb_once_waited_for(station: ScriptedStation, job: JobRef, *rungs: S) -> None:
    await station.wait_received(Listen)
    for rung in rungs:
        station.climb(job.id, rung)


async def test_its_statuses_neither_end_nor_hang_a_wait(station: ScriptedStation) -> None:
    job = await submitted(station, S.PENDING_EXECUTION)
    async with anyio.create_task_group() as group:
        group.start_soon(climb_once_waited_for, station, job, COOLING, S.READY)
        assert (await jobs.wait_for(job, timeout=60)).status is S.READY


async def test_a_wait_that_begins_at_one_goes_on(station: ScriptedStation) -> None:
    job = await submitted(station, COOLING)
    async with anyio.create_task_group() as group:
        group.start_soon(climb_once_waited_for, station, job, S.PENDING_EXECUTION)
        reached = await jobs.wait_for(job, S.PENDING_EXECUTION, timeout=60)
        assert reached.status is S.PENDING_EXECUTION


async def test_a_wait_that_begins_at_one_tells_of_a_failure(station: ScriptedStation) -> None:
    job = await submitted(station, COOLING)
    async with anyio.create_task_group() as group:
        group.start_soon(climb_once_waited_for, station, job, S.FAILED)
        with pytest.raises(JobError, match="has failed"):
            await jobs.wait_for(job, timeout=60)


async def test_they_are_listened_to_by_name_and_value(station: ScriptedStation) -> None:
    job = await submitted(station, S.PENDING_EXECUTION)
    seen: list[tuple[str, str, str]] = []
    async with aclosing(jobs.listen_job_status(job)) as updates:
        async for status in updates:
            seen.append((status.status.value, status.coarse.name, status.message))
            if len(seen) == 1:
                station.climb(job.id, COOLING, S.READY)
    assert [(value, name) for value, name, _ in seen] == [
        ("pending_execution", "QUEUED"),
        ("cooling_down", "COOLING_DOWN"),
        ("ready", "COMPLETED"),
    ]
    assert seen[1][2].startswith("cooling_down: a status that this client does not know")


async def test_one_that_was_told_can_be_waited_for_but_not_searched_by(
    station: ScriptedStation,
) -> None:
    job = await submitted(station, COOLING)
    status = await jobs.status(job)
    assert (await jobs.wait_for(job, status.status, timeout=60)).status is COOLING
    assert (await jobs.wait_for(job, status.coarse, timeout=60)).coarse.name == "COOLING_DOWN"
    with pytest.raises(RequestError, match="cooling_down"):
        jobs.get_all(job_status=status.coarse)


async def test_jobs_are_listed_with_it_and_survive_a_file(
    station: ScriptedStation, tmp_path: Path
) -> None:
    await submitted(station, COOLING)
    (found,) = await jobs.get_all().list()
    assert (found.status, found.last_status.name) == (COOLING, "COOLING_DOWN")
    assert found.last_status not in set(StatusEnum)
    assert found.row()["last_status"] == "COOLING_DOWN"
    await anyio.to_thread.run_sync(reference_file.save, found, tmp_path / "job.json")
    assert await anyio.to_thread.run_sync(reference_file.load, tmp_path / "job.json") == found


def test_the_shell_lists_and_draws_it(distant_station: DistantStation) -> None:
    job = JobId(submitted_by_shell("--null", "1"))
    distant_station.tell(distant_station.station.climb, job, S.PENDING_EXECUTION, COOLING)
    assert "COOLING_DOWN" in run("list").stdout
    (listed,) = msgspec.json.decode(run("list", "--json").stdout)
    assert (listed["status"], listed["coarse"]) == ("cooling_down", "COOLING_DOWN")
    assert "cooling_down" in run("show", job).stdout
    assert run("timeline", job).exit_code == 0
