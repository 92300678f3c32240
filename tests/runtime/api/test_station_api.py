"""Clients are told what the station is doing, and what it has logged of a job."""

from typing import TypeVar

import pytest
from anyio import to_thread

from stationd.proto import instruments_protocol as wire
from stationd.proto.jobs_protocol import Failure, Request
from stationd.proto.station_requests import JobLog, LogLine, Overview, ReadLog, Survey
from stationd.proto.status import JobExecutorStatus as S
from stationd.runtime.job_log import Kept, _append  # pyright: ignore[reportPrivateUsage]
from tests.runtime.bench import Peer, a_bench, client_of, job_id

pytestmark = pytest.mark.anyio

T = TypeVar("T")


async def asked(client: Peer, request: Request, kind: type[T]) -> T:
    await client.say(request)
    reply = await client.reply()
    assert isinstance(reply, kind), reply
    return reply


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


async def test_the_log_of_a_job_is_read_from_the_state_directory() -> None:
    async with a_bench() as bench:
        bench.queued(1)
        line = LogLine(
            time_unix_s=bench.clock.now, source="a", level="INFO", logger="lab", message="warm"
        )
        state = bench.station.settings.state
        kept = Kept(jobs=(job_id(1),), line=line)
        await to_thread.run_sync(_append, state / "log" / "a", kept)
        with client_of(bench).socket as socket:
            client = Peer(socket)
            log = await asked(client, ReadLog(8, job_id(1)), JobLog)
            unknown = await asked(client, ReadLog(9, job_id(2)), Failure)
        assert (log.lines, log.more) == ((line,), False)
        assert "no job" in unknown.error.detail
