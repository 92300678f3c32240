"""Clients are told what the station is doing, and what it has logged of a job."""

import anyio
import pytest
from anyio import to_thread

from stationd.proto import instruments_protocol as wire
from stationd.proto.jobs_protocol import Failure, Ping, Pong
from stationd.proto.log_report import JobLine, Logged
from stationd.proto.station_requests import JobLog, LogLine, Overview, ReadLog, Survey
from stationd.proto.status import JobExecutorStatus as S
from stationd.runtime.api import station_api
from tests.runtime.api.asking import asked
from tests.runtime.bench import Peer, a_bench, client_of, job_id

pytestmark = pytest.mark.anyio


async def test_a_ping_tells_the_station_and_its_epoch() -> None:
    async with a_bench() as bench:
        with client_of(bench).socket as socket:
            pong = await asked(Peer(socket), Ping(1, "0"), Pong)
            epoch = bench.journal.opening.epoch
            assert (pong.request, pong.station, pong.epoch) == (1, "station", epoch)


async def test_a_survey_counts_jobs_and_shows_what_is_executed() -> None:
    async with a_bench() as bench:
        first = bench.queued(1)
        bench.queued(2)
        bench.report("a", wire.Armed(first), wire.Started(first, bench.clock.now))
        bench.report("a", wire.Progressed(first, 3, 10, "shots"))
        bench.commit()
        bench.clock.now += 5.0
        with client_of(bench).socket as socket:
            overview = await asked(Peer(socket), Survey(7), Overview)
        assert (overview.request, overview.received) == (7, 2)
        assert overview.time_unix_s - overview.since_unix_s == 5.0
        assert overview.under_way[str(S.EXECUTION_STARTED)] == 1
        assert sum(overview.under_way.values()) == 2
        (running,) = overview.running
        assert running.id == job_id(1)
        assert running.progress is not None
        assert (running.progress.done, running.progress.total) == (3, 10)
        assert overview.trouble == ""


def of_job(number: int, message: str, moment: float) -> JobLine:
    line = LogLine(time_unix_s=moment, source="a", level="INFO", logger="lab", message=message)
    return JobLine((job_id(number),), line)


async def test_the_log_of_a_job_is_read_from_the_state_directory() -> None:
    async with a_bench() as bench:
        bench.queued(1)
        story = bench.station.story
        story.take(of_job(1, "warm", bench.clock.now))
        with client_of(bench).socket as socket:
            client = Peer(socket)
            log = await asked(client, ReadLog(8, job_id(1)), JobLog)
            await to_thread.run_sync(story.close)
            again = await asked(client, ReadLog(8, job_id(1)), JobLog)
            unknown = await asked(client, ReadLog(9, job_id(2)), Failure)
        assert [line.message for line in log.lines] == ["warm"]
        assert again == log
        assert not log.more
        assert "no job" in unknown.error.detail


async def test_a_controllers_lines_stand_in_the_log_of_their_job_and_are_waited_for() -> None:
    async with a_bench() as bench:
        bench.queued(1)
        with client_of(bench).socket as socket:
            client = Peer(socket)
            await client.say(ReadLog(8, job_id(1), wait=True))
            while not bench.station.story.listeners:
                await anyio.lowlevel.checkpoint()
            story = bench.station.story
            story.take_report("a", Logged((of_job(2, "of another", 1.0),)))
            story.take_report("a", Logged((of_job(1, "warm", 1.0),)))
            log = await client.reply()
            assert isinstance(log, JobLog)
            assert [line.message for line in log.lines] == ["warm"]
            story.take(of_job(1, "hot", 2.0))
            after = ReadLog(9, job_id(1), log.lines[0].number, wait=True)
            assert [one.message for one in (await asked(client, after, JobLog)).lines] == ["hot"]
            await to_thread.run_sync(story.close)


async def test_nobody_waits_for_ever_or_in_a_crowd(monkeypatch: pytest.MonkeyPatch) -> None:
    async with a_bench() as bench:
        bench.queued(1)
        with client_of(bench).socket as socket:
            monkeypatch.setattr(station_api, "WAIT_SECONDS", 0.0)
            log = await asked(Peer(socket), ReadLog(8, job_id(1), wait=True), JobLog)
            monkeypatch.setattr(station_api, "WAIT_SECONDS", 1_000_000.0)
            monkeypatch.setattr(station_api, "MOST_WAITING", 0)
            assert await asked(Peer(socket), ReadLog(8, job_id(1), wait=True), JobLog) == log
        assert log.lines == ()
