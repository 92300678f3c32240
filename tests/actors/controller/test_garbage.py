"""A controller looks for cycles seldom, once its driver stands, and not among what is there."""

import gc
from collections.abc import Iterator

import anyio
import pytest
from anyio.lowlevel import checkpoint

from stationd.actors.controller import garbage

pytestmark = pytest.mark.anyio


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    thresholds = gc.get_threshold()
    yield
    gc.enable()
    gc.set_threshold(*thresholds)


async def test_a_start_during_which_nobody_looks_ends_when_the_driver_stands() -> None:
    ready = anyio.Event()
    gc.disable()
    with anyio.fail_after(60):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(garbage.settle, ready)
            await checkpoint()
            assert not gc.isenabled()
            ready.set()
    assert gc.isenabled()


async def test_nothing_changes_before_the_driver_stands() -> None:
    ready, before = anyio.Event(), gc.get_threshold()
    held = [[number] for number in range(100)]
    with anyio.fail_after(60):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(garbage.settle, ready)
            await checkpoint()
            assert gc.get_threshold() == before
            ready.set()
    assert gc.get_threshold()[0] == garbage.YOUNG
    assert len(gc.get_objects()) < len(held)
