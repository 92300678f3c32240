"""A stream against a line that only remembers what was sent."""

import anyio
import msgspec
import pytest

from stationd.client.connection.line import Awaiting
from stationd.client.connection.stream import WINDOW, Stream
from stationd.proto.error import (
    ErrorCode,
    ErrorInfo,
    StationUnreachable,
    TooManyRequests,
    UnknownJob,
)
from stationd.proto.job import JobId, TimelineEntry
from stationd.proto.jobs_protocol import (
    Events,
    FeedEvent,
    Grant,
    Listen,
    Request,
    Snapshot,
    StreamBeat,
    Unlisten,
)
from stationd.proto.status import JobExecutorStatus

pytestmark = pytest.mark.anyio

JOB = JobId("6b5f1f0e-6f5f-4f0a-9f57-0b6f2e6f7a10")
OTHER = JobId("6b5f1f0e-6f5f-4f0a-9f57-0b6f2e6f7a11")


class Memory:
    """A line that goes nowhere."""

    def __init__(self, first_wait: float = 60.0) -> None:
        self.first_wait = first_wait
        self.sent: list[Request] = []
        self.forgotten: list[int] = []

    def begin(self, message: Request, awaiting: Awaiting) -> int:
        number = 1 + sum(isinstance(one, Listen) for one in self.sent)
        self.sent.append(msgspec.structs.replace(message, request=number))
        return number

    def mention(self, message: Request) -> None:
        self.sent.append(message)

    def forget(self, number: int) -> None:
        self.forgotten.append(number)

    async def unreachable(self) -> StationUnreachable:
        return StationUnreachable("nobody is there")


def events(number: int, *seqs: int) -> Events:
    return Events(
        number,
        tuple(
            FeedEvent(
                JOB,
                TimelineEntry(
                    seq=seq,
                    ordinal=seq,
                    attempt=1,
                    status=JobExecutorStatus.RECEIVED,
                    time_unix_s=0.0,
                ),
            )
            for seq in seqs
        ),
    )


async def test_it_asks_for_a_snapshot_and_grants_a_window() -> None:
    line = Memory()
    Stream(line, (JOB,))
    assert line.sent == [Listen(1, (JOB,), None, WINDOW)]


async def test_what_came_before_is_not_received_again() -> None:
    line = Memory()
    stream = Stream(line, (JOB,))
    stream.take(Snapshot(1, 5, ()), ())
    stream.take(events(1, 4, 5, 6), ())
    assert isinstance(await stream.receive(), Snapshot)
    received = await stream.receive()
    assert isinstance(received, Events)
    assert [event.entry.seq for event in received.events] == [6]


async def test_it_goes_on_after_the_last_fact_with_credit_for_the_unread() -> None:
    line = Memory()
    stream = Stream(line, (JOB,))
    stream.take(Snapshot(1, 5, ()), ())
    stream.take(events(1, 6, 8), ())
    stream.send_again()
    assert line.sent[1:] == [Unlisten(1), Listen(2, (JOB,), 8, WINDOW - 2)]
    assert line.forgotten == [1]


async def test_credit_is_granted_once_half_the_window_is_read() -> None:
    line = Memory()
    stream = Stream(line, None)
    stream.take(Snapshot(1, 0, ()), ())
    half = WINDOW // 2
    for seq in range(1, half + 1):
        stream.take(events(1, seq), ())
    assert isinstance(await stream.receive(), Snapshot)
    for _ in range(half - 1):
        await stream.receive()
    assert len(line.sent) == 1
    await stream.receive()
    assert line.sent[1:] == [Grant(1, half)]


async def test_a_reader_that_is_behind_is_cancelled_all_the_same_and_loses_nothing() -> None:
    stream = Stream(Memory(), (JOB,))
    stream.take(Snapshot(1, 0, ()), ())
    for seq in range(1, 1000):
        stream.take(events(1, seq), ())
    read = 0
    with anyio.move_on_after(0) as scope:
        while read < 1000:
            await stream.receive()
            read += 1
    assert scope.cancelled_caught
    left = [await stream.receive() for _ in range(1000 - read)]
    assert isinstance(left[-1], Events)
    assert left[-1].events[0].entry.seq == 999


async def test_a_stream_that_is_silent_for_too_long_is_asked_for_again() -> None:
    line = Memory()
    stream = Stream(line, (JOB,), silence=0.01)
    stream.take(Snapshot(1, 3, ()), ())
    await stream.receive()

    def answering(message: Request, awaiting: Awaiting) -> int:
        number = Memory.begin(line, message, awaiting)
        awaiting.take(events(number, 4), ())
        return number

    line.begin = answering  # type: ignore[method-assign]
    received = await stream.receive()
    assert isinstance(received, Events)
    assert line.sent[1:] == [Unlisten(1), Listen(2, (JOB,), 3, WINDOW)]


async def test_nobody_has_answered_at_all() -> None:
    stream = Stream(Memory(first_wait=0.01), (JOB,))
    with pytest.raises(StationUnreachable):
        await stream.receive()


async def test_a_beat_is_a_sign_of_life() -> None:
    stream = Stream(Memory(first_wait=0.0), (JOB,), silence=60)
    stream.take(StreamBeat(1), ())
    stream.take(Snapshot(1, 0, ()), ())
    assert isinstance(await stream.receive(), Snapshot)


async def test_a_refusal_ends_it_after_what_has_arrived() -> None:
    line = Memory()
    stream = Stream(line, (JOB,))
    stream.take(Snapshot(1, 0, ()), ())
    stream.fail(UnknownJob("no such job"))
    assert isinstance(await stream.receive(), Snapshot)
    with pytest.raises(UnknownJob):
        await stream.receive()
    stream.close()
    assert Unlisten(1) not in line.sent


async def test_closing_tells_the_daemon() -> None:
    line = Memory()
    Stream(line, (JOB,)).close()
    assert line.sent[-1] == Unlisten(1)


async def test_a_job_that_is_left_is_not_asked_for_again() -> None:
    line = Memory()
    stream = Stream(line, (JOB, OTHER))
    stream.take(Snapshot(1, 0, ()), ())
    stream.leave(OTHER)
    stream.send_again()
    assert line.sent[-1] == Listen(2, (JOB,), 0, WINDOW)


async def test_that_a_job_is_gone_that_was_left_ends_nothing() -> None:
    line = Memory()
    stream = Stream(line, (JOB, OTHER))
    stream.take(Snapshot(1, 0, ()), ())
    stream.leave(OTHER)
    stream.fail(UnknownJob("it was deleted"))
    assert line.sent[-1] == Listen(2, (JOB,), 0, WINDOW)
    stream.fail(UnknownJob("it was deleted"))
    assert isinstance(await stream.receive(), Snapshot)
    with pytest.raises(UnknownJob):
        await stream.receive()


async def test_a_stream_that_is_asked_for_too_often_waits_for_its_turn() -> None:
    line = Memory()
    stream = Stream(line, (JOB,))
    info = ErrorInfo(ErrorCode.TOO_MANY_REQUESTS, "too often", retry_after=0.001)
    stream.fail(TooManyRequests(info))

    def answering(message: Request, awaiting: Awaiting) -> int:
        number = Memory.begin(line, message, awaiting)
        awaiting.take(Snapshot(number, 3, ()), ())
        return number

    line.begin = answering  # type: ignore[method-assign]
    assert isinstance(await stream.receive(), Snapshot)
    assert line.sent[1:] == [Unlisten(1), Listen(2, (JOB,), None, WINDOW)]
