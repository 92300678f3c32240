"""What stations are loaded with: no-op jobs, through the public client."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final
from uuid import uuid4

import anyio

from stationd import JobExecutorStatus
from stationd.aio import jobs
from stationd.proto.program import Circuits, NullProgram

IN_FLIGHT: Final = 200
"""Submissions under way at the same time."""


def null(seconds: float = 0.0, target: str = "") -> Circuits:
    """Return a program that does nothing, or nothing for a while."""
    return Circuits(programs=(NullProgram(duration=seconds),), n_shots=(1,), target=target)


async def through(count: int, seconds: float = 0.0) -> None:
    """Run jobs and wait until all are READY: they end in the order of submission."""
    last = await submit(count, seconds)
    await jobs.wait_for(last, timeout=None)


async def submit(count: int, seconds: float = 0.0) -> str:
    """Submit equal jobs and return the id of the last one."""
    await submit_all([null(seconds)] * (count - 1))
    last = str(uuid4())
    await jobs.submit(null(seconds), id=last)
    return last


async def submit_all(work: list[Circuits]) -> None:
    """Submit jobs, many at a time."""
    left = iter(work)

    async def some() -> None:
        for one in left:
            await jobs.submit(one)

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
