"""What stations are loaded with: no-op jobs, through the public client."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

import anyio

from stationd import JobExecutorStatus, StationError
from stationd.aio import jobs
from stationd.proto.program import Circuits, NullProgram

IN_FLIGHT: Final = 200
"""Single submissions under way at the same time."""


def null(seconds: float = 0.0, target: str = "") -> Circuits:
    """Return a program that does nothing, or nothing for a while."""
    return Circuits(programs=(NullProgram(duration=seconds),), n_shots=(1,), target=target)


async def through(count: int, seconds: float = 0.0) -> None:
    """Run jobs and wait until all are READY: they end in the order of submission."""
    last = await submit(count, seconds)
    await jobs.wait_for(last, timeout=None)


async def submit(count: int, seconds: float = 0.0) -> str:
    """Submit equal jobs, in batches, and return the id of the last one."""
    await submit_all([null(seconds)] * (count - 1))
    # By itself: only so is it known to be the last.
    return (await jobs.submit(null(seconds))).id


async def submit_all(work: list[Circuits]) -> None:
    """Submit jobs in batches.

    Raises:
        StationError: One of them was refused.
    """
    for answer in await jobs.submit_many(work):
        if isinstance(answer, StationError):
            raise answer


async def submit_singly(count: int) -> None:
    """Submit no-op jobs, each with a call of its own, many of them at a time."""
    left = iter(range(count))

    async def some() -> None:
        for _ in left:
            await jobs.submit(null())

    async with anyio.create_task_group() as tasks:
        for _ in range(IN_FLIGHT):
            tasks.start_soon(some)


@asynccontextmanager
async def held(seconds: float = 3600.0) -> AsyncIterator[None]:
    """Keep the instrument busy with one job while the context lasts; what comes then waits."""
    job = await jobs.submit(null(seconds))
    await jobs.wait_for(job, JobExecutorStatus.EXECUTION_STARTED)
    yield
    await jobs.cancel(job)
