"""What clients ask for is answered, and what makes no sense is answered too."""

# pyright: reportPrivateUsage=false

import pytest
from anyio.lowlevel import checkpoint

from stationd.proto.codec import MAX_FRAME_BYTES, REQUESTS
from stationd.proto.error import ErrorCode, JournalClosed
from stationd.proto.job import JobSpec
from stationd.proto.jobs_protocol import (
    Cancel,
    Events,
    Failure,
    Fetch,
    Get,
    Grant,
    Listen,
    Ping,
    Pong,
    Request,
    Snapshot,
    StreamBeat,
    Submit,
    Submitted,
    Unlisten,
)
from stationd.proto.program import Circuits, NullProgram, OpenQasm
from tests.runtime.api.asking import answered, asked, failed
from tests.runtime.api.stored import stored
from tests.runtime.bench import (
    Bench,
    Peer,
    a_bench,
    client_of,
    job_id,
    null_spec,
    until,
)

pytestmark = pytest.mark.anyio


GARBAGE = {
    "nothing": b"",
    "a word": b"hello",
    "the other protocol": b"sti\x01\x00\x92\x01\x07",
    "another major version": b"stj\x09\x00\x92\x01\x07",
    "no msgpack": b"stj\x01\x00\xc1",
    "an unknown tag": b"stj\x01\x00\x92\x63\x07",
    "missing fields": b"stj\x01\x00\x92\x02\x07",
}


@pytest.mark.parametrize("case", GARBAGE)
async def test_a_frame_that_makes_no_sense_is_counted_and_answered(case: str) -> None:
    async with a_bench() as bench:
        with client_of(bench).socket as socket:
            await socket.send([GARBAGE[case]])
            failure = await answered(Peer(socket), Failure)
            assert failure.request in {0, 7}
            assert failure.error.code in {
                ErrorCode.MALFORMED_FRAME,
                ErrorCode.UNSUPPORTED_VERSION,
            }
            assert bench.count('stationd_bad_frames_total{socket="jobs"}') == 1
            await asked(Peer(socket), Ping(1, "0"), Pong)


async def test_a_malformed_request_is_answered_with_its_number() -> None:
    async with a_bench() as bench:
        with client_of(bench).socket as socket:
            await socket.send([GARBAGE["missing fields"]])
            assert (await answered(Peer(socket), Failure)).request == 7


async def test_what_the_end_of_the_daemon_prevents_is_not_answered(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def closed(*_: object) -> None:
        raise JournalClosed("the journal is closed")

    async with a_bench() as bench:
        with client_of(bench).socket as socket:
            client = Peer(socket)
            monkeypatch.setattr(bench.journal, "view", closed)
            monkeypatch.setattr(bench.journal, "write", closed)
            await client.say(Get(1, job_id(1)), Submit(2, job_id(1), null_spec()), Ping(3, "0"))
            # An answer would end the waiting: without one the next daemon is asked.
            assert (await answered(client, Pong)).request == 3


async def test_a_submit_is_answered_when_the_job_is_on_disk() -> None:
    async with a_bench() as bench:
        with client_of(bench).socket as socket:
            client = Peer(socket)
            await client.say(Submit(1, job_id(1), null_spec()), Ping(2, "0"))
            await answered(client, Pong)
            bench.commit()
            assert await answered(client, Submitted) == stored(1, 1)
            await client.say(Submit(3, job_id(1), null_spec()))
            assert not (await answered(client, Submitted)).created


REFUSED: dict[str, tuple[JobSpec, str]] = {
    "an unknown target": (null_spec("nowhere"), "nowhere"),
    "the wrong kind of target": (
        JobSpec(work=Circuits(programs=(OpenQasm(source="x"),), n_shots=(1,), target="a")),
        "",
    ),
    "shots": (
        JobSpec(work=Circuits(programs=(NullProgram(),), n_shots=(1, 2), target="a")),
        "shots",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
async def test_what_is_wrong_at_first_sight_is_refused_and_not_stored(case: str) -> None:
    spec, words = REFUSED[case]
    async with a_bench() as bench:
        with client_of(bench).socket as socket:
            failure = await failed(Peer(socket), Submit(1, job_id(1), spec))
            assert failure.error.code is ErrorCode.INVALID_JOB
            assert words in str(failure.error)
            bench.commit()
            assert bench.durable == 0


async def test_what_is_not_there_is_named() -> None:
    async with a_bench() as bench:
        with client_of(bench).socket as socket:
            client = Peer(socket)
            refused: list[tuple[Request, ErrorCode]] = [
                (Get(1, job_id(9)), ErrorCode.UNKNOWN_JOB),
                (Cancel(2, job_id(9)), ErrorCode.UNKNOWN_JOB),
                (Fetch(3, f"{job_id(9)}/1/0"), ErrorCode.UNKNOWN_ARTIFACT),
                (Listen(4, (job_id(9),), None, 10), ErrorCode.UNKNOWN_JOB),
                (Listen(5, (), None, 10), ErrorCode.INVALID_REQUEST),
            ]
            for request, code in refused:
                assert (await failed(client, request)).error.code is code
            assert bench.dispatch._feed.listeners == 0


async def test_a_stream_hears_what_happens_until_it_is_ended() -> None:
    async with a_bench() as bench:
        with client_of(bench).socket as socket:
            client = Peer(socket)
            snapshot = await asked(client, Listen(1, None, None, 2), Snapshot)
            assert snapshot == Snapshot(1, 0, ())
            bench.submit(1)
            bench.commit()
            heard = [*(await answered(client, Events)).events]
            assert [event.entry.seq for event in heard] == [1, 2]
            await client.say(Grant(1, 100))
            heard += (await answered(client, Events)).events
            assert [event.entry.seq for event in heard] == list(range(1, bench.durable + 1))
            await client.say(Unlisten(1), Ping(2, "0"))
            await answered(client, Pong)
            assert bench.dispatch._feed.listeners == 0


async def test_a_stream_resumes_behind_the_last_fact_that_its_listener_knows() -> None:
    async with a_bench() as bench:
        bench.queued(1)
        with client_of(bench).socket as socket:
            client = Peer(socket)
            events = await asked(client, Listen(1, None, 4, 100), Events)
            assert [event.entry.seq for event in events.events] == list(range(5, bench.durable + 1))
            snapshot = await asked(client, Listen(2, (job_id(1),), 999, 100), Snapshot)
            assert [view.id for view in snapshot.views] == [job_id(1)]


async def test_an_unlisten_that_overtakes_the_snapshot_ends_the_stream() -> None:
    async with a_bench() as bench:
        bench.queued(1)
        with client_of(bench).socket as socket:
            client = Peer(socket)
            await client.say(Listen(1, (job_id(1),), None, 5), Unlisten(1), Ping(2, "0"))
            while not isinstance(await client.reply(), Pong):
                pass
            for _ in range(20):
                await checkpoint()
            assert bench.dispatch._feed.listeners == 0


async def test_the_streams_of_a_client_that_vanished_are_forgotten() -> None:
    async with a_bench() as bench:
        with client_of(bench).socket as socket:
            await asked(Peer(socket), Listen(1, None, None, 5), Snapshot)
            bench.dispatch._feed.beat()
            await answered(Peer(socket), StreamBeat)
            assert bench.dispatch._feed.listeners == 1
        await until(lambda: _beaten(bench) == 0)


def _beaten(bench: Bench) -> int:
    bench.dispatch._feed.beat()
    return bench.dispatch._feed.listeners


async def test_an_unexpected_exception_is_answered_and_the_next_request_too(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def broken(_: object) -> None:
        raise RuntimeError("a bug")

    async with a_bench() as bench:
        with client_of(bench).socket as socket:
            with monkeypatch.context() as patch:
                patch.setattr(bench.journal, "view", broken)
                failure = await failed(Peer(socket), Get(1, job_id(1)))
                assert failure.error.code is ErrorCode.INTERNAL_ERROR
                assert "a bug" in failure.error.detail
            assert (await failed(Peer(socket), Get(2, job_id(1)))).error.code is (
                ErrorCode.UNKNOWN_JOB
            )


async def test_a_long_text_is_not_repeated_whole() -> None:
    async with a_bench() as bench:
        with client_of(bench).socket as socket:
            failure = await failed(Peer(socket), Fetch(1, "x" * 100_000))
            assert len(str(failure.error)) < 1000


def test_a_request_fits_into_a_frame() -> None:
    assert len(REQUESTS.encode(Submit(1, job_id(1), null_spec()))) < MAX_FRAME_BYTES
