"""A descriptor that is waited for again and again, on every event loop."""

import os
from collections.abc import Iterator
from contextlib import suppress

import anyio
import anyio.lowlevel
import pytest

from stationd.proto.descriptor import Descriptor

pytestmark = pytest.mark.anyio

PATIENCE = 60.0


@pytest.fixture
def bell() -> Iterator[int]:
    number = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
    yield number
    os.close(number)


async def test_whoever_waits_is_woken_every_time(bell: int) -> None:
    descriptor = Descriptor(bell)
    heard = 0

    async def listen() -> None:
        nonlocal heard
        while heard < 3:
            await descriptor.readable()
            with suppress(BlockingIOError):
                os.eventfd_read(bell)
                heard += 1

    with anyio.fail_after(PATIENCE):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(listen)
            for count in range(3):
                os.eventfd_write(bell, 1)
                while heard == count:
                    await anyio.lowlevel.checkpoint()
    descriptor.forget()


async def test_what_came_while_nobody_waited_is_heard_of(bell: int) -> None:
    descriptor = Descriptor(bell)
    with anyio.move_on_after(0):
        await descriptor.readable()
    os.eventfd_write(bell, 1)
    for _ in range(10):
        # The loop sees it, and is not to go on seeing it.
        await anyio.lowlevel.checkpoint()
    with anyio.fail_after(PATIENCE):
        await descriptor.readable()
        await descriptor.readable()
    descriptor.forget()


@pytest.mark.parametrize("anyio_backend", [("asyncio", {"use_uvloop": True}), ("asyncio", {})])
async def test_a_loop_does_not_go_on_watching_what_nobody_empties(bell: int) -> None:
    descriptor = Descriptor(bell)
    os.eventfd_write(bell, 1)
    with anyio.fail_after(PATIENCE):
        await descriptor.readable()
        while descriptor.is_watched:
            await anyio.lowlevel.checkpoint()


async def test_whoever_waits_can_be_woken_without_it(bell: int) -> None:
    descriptor = Descriptor(bell)
    with anyio.fail_after(PATIENCE):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(descriptor.readable)
            await anyio.wait_all_tasks_blocked()
            descriptor.wake()
    # Nobody waits now.
    descriptor.wake()
    with anyio.move_on_after(0.01) as patience:
        await descriptor.readable()
    assert patience.cancelled_caught
    descriptor.forget()


def test_the_next_loop_watches_it_as_well(bell: int) -> None:
    descriptor = Descriptor(bell)
    os.eventfd_write(bell, 1)
    for backend in ("asyncio", "trio", "asyncio"):
        anyio.run(descriptor.readable, backend=backend)
    descriptor.forget()
