"""While the storage is in trouble, or the station stops, nothing new is taken; the rest goes on."""

import anyio
import pytest

from stationd.proto import instruments_protocol as wire
from stationd.proto.calibration import Observation
from stationd.proto.error import ErrorCode
from stationd.proto.jobs_protocol import (
    Cancel,
    CancelAnswer,
    Failure,
    Get,
    ImportCalibration,
    Job,
    Ping,
    Pong,
    Request,
    Retry,
    Submit,
    Submitted,
)
from tests.runtime.api.asking import failed
from tests.runtime.api.stored import stored
from tests.runtime.bench import Bench, Peer, a_bench, client_of, job_id, null_spec

pytestmark = pytest.mark.anyio

TROUBLE = "the station's disk is full: make room"
SET = "00000000-0000-0000-0000-000000000001"


def armed(bench: Bench) -> list[int]:
    sent = bench.lines.to("a")
    return [command.ticket.number for command in sent if isinstance(command, wire.Arm)]


@pytest.mark.parametrize(
    "request_",
    [
        Submit(7, job_id(2), null_spec()),
        Retry(7, job_id(1), 1),
        ImportCalibration(7, SET, "a", (Observation(path="QB1.t1", value=2e-5),)),
    ],
    ids=lambda request: type(request).__name__,
)
async def test_new_work_is_refused_with_what_is_wrong(request_: Request) -> None:
    async with a_bench() as bench:
        bench.journal.suffer(TROUBLE)
        with client_of(bench).socket as socket:
            client = Peer(socket)
            await client.say(request_)
            failure = await client.reply()
            assert isinstance(failure, Failure)
            assert failure.error.code is ErrorCode.STORAGE_TROUBLE
            assert f"takes no new work, for {TROUBLE}; jobs under way go on" in str(failure.error)


async def test_a_station_that_stops_takes_no_new_jobs() -> None:
    async with a_bench() as bench:
        bench.api.stopping = True
        with client_of(bench).socket as socket:
            failure = await failed(Peer(socket), Submit(1, job_id(1), null_spec()))
            assert failure.error.code is ErrorCode.SHUTTING_DOWN


async def test_what_was_sent_before_is_answered_when_it_is_on_disk() -> None:
    async with a_bench() as bench:
        with client_of(bench).socket as socket:
            client = Peer(socket)
            await client.say(Submit(1, job_id(1), null_spec()), Ping(2, "0"))
            assert isinstance(await client.reply(), Pong)
            bench.journal.suffer(TROUBLE)
            bench.commit()
            # Sent again, as a client does that has lost its connection: the same job, no refusal.
            await client.say(Submit(3, job_id(1), null_spec()), Ping(4, "0"))
            assert isinstance(await client.reply(), Pong)
            assert bench.durable == 0
            bench.journal.suffer(None)
            bench.commit()
            first, second = await client.reply(), await client.reply()
            assert first == stored(1, 1)
            assert second == Submitted(3, job_id(1), 1, created=False)


async def test_jobs_can_be_looked_at_and_cancelled_meanwhile() -> None:
    async with a_bench() as bench:
        bench.lines.names.remove("a")
        bench.queued(1)
        bench.journal.suffer(TROUBLE)
        with client_of(bench).socket as socket:
            client = Peer(socket)
            await client.say(Get(1, job_id(1)))
            assert isinstance(await client.reply(), Job)
            await client.say(Cancel(2, job_id(1)), Ping(3, "0"))
            assert isinstance(await client.reply(), Pong)
            # The cancel is carried out in a task of its own, which must have written.
            await anyio.wait_all_tasks_blocked()
            bench.journal.suffer(None)
            bench.commit()
            assert await client.reply() == CancelAnswer(2, "accepted")


async def test_no_ticket_is_sent_until_it_is_over() -> None:
    async with a_bench() as bench:
        bench.lines.names.remove("a")
        ticket = bench.queued(1)
        bench.journal.suffer(TROUBLE)
        bench.lines.names.append("a")
        bench.instruments.grant()
        assert armed(bench) == []
        bench.journal.suffer(None)
        bench.instruments.grant()
        assert armed(bench) == [ticket.number]
