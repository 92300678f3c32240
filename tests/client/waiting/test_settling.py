"""Waits for many jobs: what they cost, and that they end in time."""

import sys
from collections.abc import Generator
from contextlib import contextmanager
from itertools import count
from types import FrameType
from uuid import uuid4

import anyio
import anyio.lowlevel
import pytest

from stationd import JobStatus, NullProgram, WaitTimeout
from stationd.aio import jobs
from stationd.client.scripted.station import ScriptedStation, whole_way
from stationd.proto import jobs_protocol as wire
from stationd.proto.job import JobId, JobSpec
from stationd.proto.program import Circuits
from stationd.proto.status import JobExecutorStatus

pytestmark = pytest.mark.anyio

WORK = JobSpec(work=Circuits(programs=(NullProgram(),), n_shots=(1,), target="null"))
ON_THE_WAY = ("story.py", "verdict.py", "settling.py", "following.py", "stream.py", "status.py")
"""The files that a fact goes through before a wait is over."""


def given(station: ScriptedStation, number: int) -> list[JobId]:
    """Return jobs that the station has, without the requests that would bring them there."""
    names = [JobId(str(uuid4())) for _ in range(number)]
    for name in names:
        station.reply(wire.Submit(0, name, WORK))
    return names


def finish(station: ScriptedStation, names: list[JobId]) -> None:
    """Let all jobs be over, and tell who listens of all of them at once."""
    changed, station.changed = station.changed, lambda: None
    for name in names:
        station.climb(name, *whole_way(WORK))
    station.changed = changed
    station.changed()


@contextmanager
def calls_counted() -> Generator[list[int]]:
    """Count the calls of functions that facts go through."""
    calls = [0]

    def note(frame: FrameType, event: str, _: object) -> None:
        if event == "call" and frame.f_code.co_filename.endswith(ON_THE_WAY):
            calls[0] += 1

    before = sys.getprofile()
    sys.setprofile(note)
    try:
        yield calls
    finally:
        sys.setprofile(before)


async def calls_of_a_wait(station: ScriptedStation, number: int, *, at_once: bool) -> float:
    """Return how many calls each of some jobs takes that are waited for together."""
    names = given(station, number)
    listens = sum(isinstance(request, wire.Listen) for request in station.received)
    if at_once:
        finish(station, names)
    reached: list[JobStatus] = []
    with calls_counted() as calls:
        async with anyio.create_task_group() as group:

            @group.start_soon
            async def run() -> None:
                await station.wait_received(wire.Listen, listens + 1)
                if not at_once:
                    finish(station, names)

            reached += await jobs.wait_for_all(names, timeout=None)
    assert [status.job for status in reached] == names
    return calls[0] / number


@pytest.mark.parametrize("at_once", [True, False], ids=["over", "under way"])
async def test_a_job_among_many_costs_what_a_job_among_few_costs(
    station: ScriptedStation, *, at_once: bool
) -> None:
    with anyio.fail_after(120):
        few = await calls_of_a_wait(station, 20, at_once=at_once)
        many = await calls_of_a_wait(station, 200, at_once=at_once)
    assert many < 2 * few


async def test_the_timeout_holds_for_more_jobs_than_a_stream_may_follow(
    station: ScriptedStation,
) -> None:
    names = given(station, wire.MOST_LISTENED + 2)
    finish(station, names[:-1])
    last, timeout = names[-1], 0.2
    seen: list[WaitTimeout] = []
    with anyio.fail_after(120):
        async with anyio.create_task_group() as group:

            @group.start_soon
            async def never_rest() -> None:
                for place in count(1):
                    station.report(last, None, place)
                    await anyio.lowlevel.checkpoint()

            while not seen or seen[-1].status is None:
                with pytest.raises(WaitTimeout) as caught:
                    await jobs.wait_for_all(names, timeout=timeout)
                seen.append(caught.value)
                timeout *= 3  # the machine may be too slow even for the first answers
            group.cancel_scope.cancel()
    assert (seen[-1].job, seen[-1].status) == (last, JobExecutorStatus.RECEIVED)
