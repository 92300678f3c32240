"""Each actor of a station has to give a sign of life of its own."""

import anyio
import pytest

from stationd.runtime.service.proofs import PROOFS, missing
from tests.runtime.bench import BEAT, Bench, a_bench

pytestmark = pytest.mark.anyio

LONG = 60.0


async def _proven(bench: Bench) -> list[str]:
    """Ask all, while somebody commits."""
    found: list[str] = ["nobody was asked"]

    async with anyio.create_task_group() as tasks:

        async def ask() -> None:
            found[:] = await missing(bench.station, LONG)
            tasks.cancel_scope.cancel()

        tasks.start_soon(ask)
        while True:
            bench.commit()
            await anyio.sleep(0.001)
    return found


async def _silent(bench: Bench) -> list[str]:
    """Return who gives no sign, when all others have had the time to: each test silences one."""
    seconds, found = 0.1, await missing(bench.station, 0.1)
    while len(found) > 1 and seconds < LONG:
        seconds *= 3
        found = await missing(bench.station, seconds)
    return found


async def test_a_station_that_lives_proves_all_of_it() -> None:
    async with a_bench() as bench:
        assert await _proven(bench) == []


async def test_a_journal_that_does_not_answer_is_named() -> None:
    async with a_bench() as bench:
        assert await _silent(bench) == ["the journal or the dispatcher"]


async def test_a_full_disk_is_no_death() -> None:
    async with a_bench() as bench:
        bench.journal.suffer("the disk is full")
        assert await missing(bench.station, LONG) == []


async def test_a_bus_that_looks_after_nobody_is_named() -> None:
    async with a_bench() as bench:
        bench.journal.suffer("so that this one is not asked")
        await anyio.wait_all_tasks_blocked()  # it has looked once, and sleeps
        bench.clock.now += 10 * BEAT
        assert await _silent(bench) == ["the instruments' bus"]


def _nothing(*_: object) -> None:
    """Do nothing at all."""


async def test_an_api_that_answers_nobody_is_named() -> None:
    async with a_bench() as bench:
        bench.journal.suffer("so that this one is not asked")
        vars(bench.api)["take"] = _nothing
        assert await _silent(bench) == ["the jobs API"]


async def test_timers_that_do_not_come_are_named() -> None:
    async with a_bench() as bench:
        bench.journal.suffer("so that this one is not asked")
        vars(bench.station.timers)["set"] = _nothing
        assert await _silent(bench) == ["the timers"]


def test_every_actor_is_asked() -> None:
    assert len(PROOFS) == 4
