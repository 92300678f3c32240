"""A sweep that was cut short goes on with the first spot that is not stored."""

# pyright: reportPrivateUsage=false

import logging
from collections.abc import Sequence
from pathlib import Path

import anyio
import numpy as np
import pytest

from stationd.actors.stages.requests import ItemOutcome
from stationd.proto import instruments_protocol as wire
from stationd.proto.job import JobSpec, Ticket
from stationd.proto.program import Axis, Sweep, SweepWork
from stationd.proto.result import SweepResult, decode_result
from stationd.proto.status import JobExecutorStatus as S
from stationd.proto.status import RemoteRetryStrategy as R
from tests.runtime.bench import SOURCE, Bench, a_bench, committed_until, job_id
from tests.runtime.jobs.asking_again import retry, seen

pytestmark = pytest.mark.anyio

SPOTS = 5
SWEEP = Sweep(
    axes=((Axis("c.x", tuple(map(float, range(SPOTS)))),),),
    returns=("c.y", "d.y"),
)


def begin(bench: Bench, spec: JobSpec | None = None) -> Ticket:
    """Let both controllers begin with the sweep."""
    ticket = bench.queued(1, spec or JobSpec(work=SWEEP, resume=True))
    start(bench, ticket)
    return ticket


def start(bench: Bench, ticket: Ticket) -> None:
    for name in ("c", "d"):
        bench.report(name, wire.Armed(ticket), wire.Started(ticket, 1.0))


def send(bench: Bench, controller: str, ticket: Ticket, spots: Sequence[int]) -> None:
    """Send readings that tell their attempt and their spot, a block each."""
    for index, spot in enumerate(spots):
        header = wire.Data(ticket, index, "y", 0, spot, "<f8", (1,))
        value = np.float64(100 * ticket.attempt + spot)
        bench.instruments.data(controller, header, value.tobytes())


async def lose(bench: Bench, attempt: int = 2) -> None:
    """Let a controller be lost, and the next attempt come about."""
    bench.instruments.absent("c")
    bench.report("d", wire.AtRest(one_of(bench), blocks_of(bench, "d"), 2.0))
    await committed_until(bench, lambda: bench.live(1).job.attempt == attempt)
    await committed_until(bench, lambda: len(armed(bench, attempt)) == 2)


def one_of(bench: Bench) -> Ticket:
    ticket = bench.live(1).ticket
    assert ticket is not None
    return ticket


def blocks_of(bench: Bench, controller: str) -> int:
    execution = bench.instruments.executions.get(job_id(1))
    assert execution is not None
    return execution.parts[controller].received


def armed(bench: Bench, attempt: int) -> list[SweepWork]:
    """Return what the controllers were sent for an attempt."""
    return [
        command.work
        for name in ("c", "d")
        for command in bench.lines.to(name)
        if isinstance(command, wire.Arm)
        and command.ticket.attempt == attempt
        and isinstance(command.work, SweepWork)
    ]


async def finish(bench: Bench, first: int) -> SweepResult:
    """Let the controllers do what is left, and return the result."""
    ticket = one_of(bench)
    start(bench, ticket)
    for name in ("c", "d"):
        send(bench, name, ticket, range(first, SPOTS))
        bench.report(name, wire.Finished(ticket, SPOTS - first, 3.0))
    await committed_until(bench, lambda: bench.dispatch.get(job_id(1)) is None)
    assert (await seen(bench)).status is S.READY
    return await result(bench)


async def result(bench: Bench) -> SweepResult:
    (item,) = (await seen(bench)).items
    assert item.result is not None
    stored = await bench.journal.artifact(item.result.id)
    assert stored is not None
    assert stored.data is not None
    found = decode_result(stored.data)
    assert isinstance(found, SweepResult)
    return found


def readings(found: SweepResult) -> list[list[float]]:
    return [np.frombuffer(array.data, "<f8").tolist() for array in found.arrays]


async def nothing_stored(bench: Bench) -> bool:
    return not [block for attempt in (1, 2, 3) for block in await bench.journal.blocks(1, attempt)]


async def test_another_attempt_goes_on_with_the_first_spot_that_is_not_stored(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    async with a_bench() as bench:
        first = begin(bench)
        send(bench, "c", first, range(3))
        send(bench, "d", first, range(2))
        await lose(bench)
        # A new ticket: it is executed at most once, like any other.
        assert one_of(bench).number > first.number
        assert [work.first for work in armed(bench, 2)] == [2, 2]
        found = await finish(bench, 2)
        assert readings(found) == [[100.0, 101.0, 202.0, 203.0, 204.0]] * 2
        assert found.metadata["attempts"] == "1: 0 to 1, 2: from 2"
        assert await nothing_stored(bench)
        assert "attempt 2 goes on with spot 2 of 5" in caplog.text


async def test_a_third_attempt_goes_on_where_the_second_was_cut_short() -> None:
    async with a_bench() as bench:
        first = begin(bench)
        for name in ("c", "d"):
            send(bench, name, first, range(2))
        await lose(bench)
        second = one_of(bench)
        start(bench, second)
        send(bench, "c", second, range(2, 4))
        send(bench, "d", second, range(2, 3))
        await lose(bench, 3)
        assert [work.first for work in armed(bench, 3)] == [3, 3]
        found = await finish(bench, 3)
        assert readings(found) == [[100.0, 101.0, 202.0, 303.0, 304.0]] * 2
        assert found.metadata["attempts"] == "1: 0 to 1, 2: 2 to 2, 3: from 3"


async def test_a_daemon_that_starts_again_goes_on_with_the_same_spot() -> None:
    async with a_bench() as bench:
        first = begin(bench)
        for name in ("c", "d"):
            send(bench, name, first, range(3))
        await lose(bench)
        left = bench.journal.reopened()
    async with a_bench(left) as bench:
        for name in ("c", "d"):
            hello = wire.Hello(name, "simulated-bench", "ledger", None, 0, (), SOURCE, "0", 1)
            await bench.instruments.hello(name, hello, same_ledger=True)
        await committed_until(bench, lambda: len(armed(bench, 2)) >= 2)
        assert {work.first for work in armed(bench, 2)} == {3}
        found = await finish(bench, 3)
        assert readings(found) == [[100.0, 101.0, 102.0, 203.0, 204.0]] * 2


async def test_all_spots_may_be_there_already() -> None:
    async with a_bench() as bench:
        first = begin(bench)
        for name in ("c", "d"):
            send(bench, name, first, range(SPOTS))
        bench.instruments.absent("c")
        bench.report("d", wire.AtRest(first, SPOTS, 2.0))
        await committed_until(bench, lambda: bench.dispatch.get(job_id(1)) is None)
        assert (await seen(bench)).status is S.READY
        assert readings(await result(bench)) == [[100.0, 101.0, 102.0, 103.0, 104.0]] * 2
        assert await nothing_stored(bench)


async def cancelled(bench: Bench, spec: JobSpec) -> None:
    """Let a job be cancelled in the middle."""
    ticket = begin(bench, spec)
    for name in ("c", "d"):
        send(bench, name, ticket, range(2))
    bench.commit()
    bench.dispatch.cancel(bench.live(1), lambda: None)
    bench.commit()
    for name in ("c", "d"):
        bench.report(name, wire.AtRest(ticket, 2, 2.0))
    await committed_until(bench, lambda: bench.dispatch.get(job_id(1)) is None)


@pytest.mark.parametrize(
    ("resume", "strategy", "first"),
    [(True, R.FORCE_RESUBMIT, 2), (False, R.FORCE_RESUBMIT, 0), (True, R.FULL_RESTART, 0)],
)
async def test_an_operators_retry_goes_on_if_the_job_allows_it_and_nobody_wants_it_afresh(
    *, resume: bool, strategy: R, first: int
) -> None:
    async with a_bench() as bench:
        await cancelled(bench, JobSpec(work=SWEEP, resume=resume))
        partial = await result(bench)
        assert partial.spots_done == 2
        assert readings(partial)[0][:2] == [100.0, 101.0]
        answer = await retry(bench, strategy)
        assert answer.outcome == "opened"
        await committed_until(bench, lambda: len(armed(bench, 2)) == 2)
        assert [work.first for work in armed(bench, 2)] == [first, first]
        found = await finish(bench, first)
        expected = [100.0 + spot if spot < first else 200.0 + spot for spot in range(SPOTS)]
        assert readings(found) == [expected, expected]
        assert await nothing_stored(bench)


async def test_a_look_at_what_there_is_shows_the_spots_of_all_attempts(tmp_path: Path) -> None:
    async with a_bench() as bench:
        first = begin(bench)
        for name in ("c", "d"):
            send(bench, name, first, range(2))
        await lose(bench)
        ticket = one_of(bench)
        start(bench, ticket)
        for name in ("c", "d"):
            send(bench, name, ticket, [2])
        bench.commit()
        outcomes: list[ItemOutcome] = []

        results = bench.dispatch._at_work._stages.results

        async def look() -> None:
            outcomes.extend(await results.so_far(bench.live(1), tmp_path))

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(look)
            await committed_until(bench, lambda: bool(outcomes))
        assert outcomes[0].partial
        assert outcomes[0].data is not None
        found = decode_result(outcomes[0].data)
        assert isinstance(found, SweepResult)
        assert found.spots_done == 3
        assert readings(found)[0][:3] == [100.0, 101.0, 202.0]


async def test_progress_says_how_far_each_axis_is() -> None:
    slow, fast = Axis("c.x", (1.0, 2.0, 3.0)), Axis("d.x", (1.0, 2.0))
    async with a_bench() as bench:
        work = Sweep(axes=((slow,), (fast,)), returns=("d.y",))
        ticket = begin(bench, JobSpec(work=work))
        bench.report("d", wire.Progressed(ticket, 3, 6, "spots"))
        progress = bench.live(1).progress
        assert progress is not None
        assert progress.axes == ((2, 3), (2, 2))
        assert str(progress) == "3/6 spots, 2/3 x 2/2"
        # What a driver counts may be something else.
        bench.report("d", wire.Progressed(ticket, 10, 100, "averages"))
        assert str(bench.live(1).progress) == "10/100 averages"
