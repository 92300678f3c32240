"""The connection against a scripted station, which drops, forgets and babbles."""

from collections.abc import AsyncGenerator

import anyio
import pytest

from stationd.client.connection.connection import Connection
from stationd.client.scripted.station import ScriptedStation, scripted_station
from stationd.proto import jobs_protocol as wire
from stationd.proto.codec import REPLIES
from stationd.proto.error import (
    ErrorCode,
    ErrorInfo,
    MessageTooLarge,
    ProtocolViolation,
    StationUnreachable,
    TooManyRequests,
    UnknownJob,
    UnsupportedVersion,
)
from stationd.proto.job import JobFilter, JobId, JobSpec
from stationd.proto.program import Circuits, NullProgram, OpenQasm

pytestmark = pytest.mark.anyio

JOB = JobId("6b5f1f0e-6f5f-4f0a-9f57-0b6f2e6f7a10")
NULL = JobSpec(work=Circuits(programs=(NullProgram(),), n_shots=(1,)))


@pytest.fixture
async def station(endpoint: str) -> AsyncGenerator[ScriptedStation]:
    async with scripted_station(endpoint) as station:
        yield station


@pytest.fixture
async def connection(station: ScriptedStation) -> AsyncGenerator[Connection]:
    connection = Connection(station.endpoint, answer_wait=60, connect_wait=60)
    yield connection
    await connection.aclose()


async def received(station: ScriptedStation, kind: type[wire.Request], count: int) -> None:
    """Wait until the station has received some requests of a kind."""
    with anyio.fail_after(60):
        await station.wait_received(kind, count)


async def test_answers_find_their_requests(
    connection: Connection, station: ScriptedStation
) -> None:
    names = [f"{index:08d}-6f5f-4f0a-9f57-0b6f2e6f7a10" for index in range(100)]
    answered: dict[str, str] = {}

    async def ask(name: str) -> None:
        reply = await connection.ask(wire.Submit(0, JobId(name), NULL), wire.Submitted)
        answered[name] = reply.job

    async with anyio.create_task_group() as group:
        for name in names:
            group.start_soon(ask, name)
    assert answered == {name: name for name in names}


async def test_a_refusal_is_the_error_that_it_names(connection: Connection) -> None:
    with pytest.raises(UnknownJob, match="no job"):
        await connection.ask(wire.Get(0, JOB), wire.Job)


async def test_an_unanswered_request_is_sent_again_after_a_reconnect(
    connection: Connection, station: ScriptedStation
) -> None:
    await connection.ask(wire.Ping(0, "test"), wire.Pong)
    station.silent = True
    replies: list[wire.Submitted] = []

    async def submit() -> None:
        replies.append(await connection.ask(wire.Submit(0, JOB, NULL), wire.Submitted))

    async with anyio.create_task_group() as group:
        group.start_soon(submit)
        await received(station, wire.Submit, 1)
        station.stop()
        station.silent = False
        await station.start()
    assert [reply.job for reply in replies] == [JOB]
    submits = [one for one in station.received if isinstance(one, wire.Submit)]
    assert len({one.request for one in submits}) == len(submits) == 2
    assert connection.handshakes == 2


async def test_a_station_that_does_not_answer_is_unreachable(station: ScriptedStation) -> None:
    station.silent = True
    connection = Connection(station.endpoint, answer_wait=0.05, connect_wait=0.05)
    with pytest.raises(StationUnreachable, match=r"is stationd running\?"):
        await connection.ask(wire.Ping(0, "test"), wire.Pong)
    await connection.aclose()


async def test_a_missing_socket_is_named(endpoint: str) -> None:
    connection = Connection(endpoint, connect_wait=0.05)
    with pytest.raises(StationUnreachable, match="there is no socket"):
        await connection.ask(wire.Ping(0, "test"), wire.Pong)
    await connection.aclose()


async def test_a_station_that_comes_later_is_found(endpoint: str) -> None:
    connection = Connection(endpoint, connect_wait=60)
    found: list[str] = []
    answered = anyio.Event()

    async def ask() -> None:
        found.append((await connection.ask(wire.Ping(0, "test"), wire.Pong)).station)
        answered.set()

    async with anyio.create_task_group() as group:
        group.start_soon(ask)
        await anyio.wait_all_tasks_blocked()
        async with scripted_station(endpoint):
            with anyio.fail_after(60):
                await answered.wait()
    await connection.aclose()
    assert found == ["scripted"]


GARBAGE = [
    b"",
    b"\x00",
    b"GET / HTTP/1.1\r\n",
    b"stj\x01\x00\xc1",
    b"stj\x01\x00" + b"\x91" * 2000,
    REPLIES.encode(wire.Pong(10**9, "nobody", 1, "")),
]


async def test_garbage_is_counted_and_harms_nobody(
    connection: Connection, station: ScriptedStation
) -> None:
    await connection.ask(wire.Ping(0, "test"), wire.Pong)
    for frame in GARBAGE:
        station.send_to_all(frame)
    assert (await connection.ask(wire.Ping(0, "test"), wire.Pong)).station == "scripted"
    assert connection.dropped == len(GARBAGE)


async def test_another_version_is_told_at_once_with_both(
    connection: Connection, station: ScriptedStation
) -> None:
    await connection.ask(wire.Ping(0, "test"), wire.Pong)
    station.silent = True
    async with anyio.create_task_group() as group:

        @group.start_soon
        async def answer() -> None:
            await received(station, wire.Ping, 2)
            station.send_to_all(b"stj\x09\x02\x91\x00")

        with pytest.raises(UnsupportedVersion, match=r"9\.2.*1\."):
            await connection.ask(wire.Ping(0, "test"), wire.Pong)


async def test_a_refusal_of_our_version_reaches_all_who_wait(
    connection: Connection, station: ScriptedStation
) -> None:
    await connection.ask(wire.Ping(0, "test"), wire.Pong)
    station.silent = True
    refusal = ErrorInfo(ErrorCode.UNSUPPORTED_VERSION, "the daemon speaks 2.0, the client 1.0")
    async with anyio.create_task_group() as group:

        @group.start_soon
        async def answer() -> None:
            await received(station, wire.Ping, 2)
            station.send_to_all(REPLIES.encode(wire.Failure(0, refusal)))

        with pytest.raises(UnsupportedVersion, match=r"2\.0.*1\.0"):
            await connection.ask(wire.Ping(0, "test"), wire.Pong)


async def test_what_does_not_fit_into_a_message_is_not_sent(
    connection: Connection, station: ScriptedStation
) -> None:
    huge = JobSpec(work=Circuits(programs=(OpenQasm(source="x" * 17_000_000),), n_shots=(1,)))
    with pytest.raises(MessageTooLarge, match="Submit"):
        await connection.ask(wire.Submit(0, JOB, huge), wire.Submitted)
    await connection.ask(wire.Ping(0, "test"), wire.Pong)
    assert [type(one) for one in station.received] == [wire.Ping]


async def test_an_answer_of_the_wrong_kind_is_the_stations_fault(connection: Connection) -> None:
    with pytest.raises(ProtocolViolation, match="answered Ping with Pong"):
        await connection.ask(wire.Ping(0, "test"), wire.Jobs)


async def test_a_stream_that_we_have_left_is_ended_at_the_daemon(
    connection: Connection, station: ScriptedStation
) -> None:
    stream = connection.listen(None)
    await stream.receive()
    (listen,) = station.received
    connection.forget(listen.request)
    station.beat()
    await received(station, wire.Unlisten, 1)


async def test_many_listen_at_the_same_time(
    connection: Connection, station: ScriptedStation
) -> None:
    await connection.ask(wire.Submit(0, JOB, NULL), wire.Submitted)
    streams = [connection.listen((JOB,)) for _ in range(50)]
    with anyio.fail_after(60):
        for stream in streams:
            assert isinstance(await stream.receive(), wire.Snapshot)
    for stream in streams:
        stream.close()
    await received(station, wire.Unlisten, 50)


async def test_closing_ends_the_requests_that_wait(station: ScriptedStation) -> None:
    station.silent = True
    connection = Connection(station.endpoint, answer_wait=60, connect_wait=60)
    async with anyio.create_task_group() as group:

        @group.start_soon
        async def close() -> None:
            await received(station, wire.List, 1)
            await connection.aclose()

        with pytest.raises(StationUnreachable, match="closed"):
            await connection.ask(wire.List(0, JobFilter()), wire.Jobs)
    assert connection.closed


def too_often(seconds: float) -> TooManyRequests:
    code = ErrorCode.TOO_MANY_REQUESTS
    return TooManyRequests(ErrorInfo(code, "ada asks too often", retry_after=seconds))


async def test_who_asks_too_often_waits_for_their_turn_and_asks_again(
    connection: Connection, station: ScriptedStation
) -> None:
    station.refusals.extend([too_often(0.001), too_often(0.002)])
    await connection.ask(wire.Ping(0, "test"), wire.Pong)
    assert len(station.received) == 3
    assert len({one.request for one in station.received}) == 3


async def test_who_would_wait_for_longer_than_an_answer_may_take_is_told_so(
    connection: Connection, station: ScriptedStation
) -> None:
    station.refusals.append(too_often(61.0))
    with pytest.raises(TooManyRequests, match="ada asks too often"):
        await connection.ask(wire.Ping(0, "test"), wire.Pong)
    assert len(station.received) == 1
