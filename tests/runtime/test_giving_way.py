"""Work in parts leaves others their turn: those who have just come are next."""

import os
import socket

import anyio
import pytest

from stationd.runtime.giving_way import give_way
from tests.conftest import LOOPS, Backend

pytestmark = pytest.mark.anyio


async def test_whoever_has_come_during_a_part_goes_before_the_next_part(
    anyio_backend: Backend,
) -> None:
    # asyncio's own loop, on which no daemon runs that has uvloop, tells a turn later who has come.
    late = anyio_backend == LOOPS["asyncio"]
    begun = 0
    served: list[int] = []
    ours, theirs = socket.socketpair()
    ours.settimeout(0)

    async def serve() -> None:
        while True:
            await anyio.wait_readable(ours)
            ours.recv(1)
            served.append(begun)

    with ours, theirs:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(serve)
            await anyio.wait_all_tasks_blocked()
            # Often, for trio lets those who are ready go in an order of its own.
            for part in range(1, 41):
                begun = part
                theirs.send(b"!")
                await give_way()
            tasks.cancel_scope.cancel()
    assert served[:-1] == list(range(1 + late, 40 + late))


async def test_other_processes_have_their_turn_between_two_parts(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    turns: list[str] = []
    monkeypatch.setattr(os, "sched_yield", lambda: turns.append("theirs"))
    await give_way()
    assert turns == ["theirs"]


async def test_whoever_is_ready_has_a_turn_between_two_parts() -> None:
    turns: list[str] = []

    async def other() -> None:
        turns.append("another")

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(other)
        await give_way()
        turns.append("we")
    assert turns == ["another", "we"]
