"""Timers: in order, once, and not after they were cancelled."""

import anyio
import pytest

from stationd.runtime.timers import Timers

pytestmark = pytest.mark.anyio


async def test_timers_call_in_the_order_of_their_times() -> None:
    called: list[str] = []
    done = anyio.Event()
    timers = Timers()
    timers.set("late", 0.02, done.set)
    timers.set("middle", 0.01, lambda: called.append("middle"))
    timers.set("past", -1.0, lambda: called.append("past"))
    with anyio.fail_after(60):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(timers.run)
            await done.wait()
            tasks.cancel_scope.cancel()
    assert called == ["past", "middle"]
    assert len(timers) == 0


async def test_a_cancelled_timer_does_not_call_and_one_set_anew_calls_once() -> None:
    called: list[str] = []
    done = anyio.Event()
    timers = Timers()
    timers.set("cancelled", 0.001, lambda: called.append("cancelled"))
    timers.set("anew", 0.001, lambda: called.append("first"))
    timers.cancel("cancelled")
    timers.cancel("never set")
    timers.set("anew", 0.002, lambda: called.append("second"))
    timers.set("end", 0.01, done.set)
    with anyio.fail_after(60):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(timers.run)
            await done.wait()
            tasks.cancel_scope.cancel()
    assert called == ["second"]


async def test_a_timer_that_is_set_while_others_wait_may_come_first() -> None:
    done = anyio.Event()
    timers = Timers()
    timers.set("in an hour", 3600.0, lambda: None)
    with anyio.fail_after(60):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(timers.run)
            await anyio.wait_all_tasks_blocked()
            timers.set("now", 0.0, done.set)
            await done.wait()
            tasks.cancel_scope.cancel()


async def test_setting_and_cancelling_again_and_again_keeps_nothing() -> None:
    done = anyio.Event()
    timers = Timers()
    for _ in range(1000):
        timers.set("job", 0.0, lambda: None)
        timers.cancel("job")
    timers.set("end", 0.0, done.set)
    with anyio.fail_after(60):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(timers.run)
            await done.wait()
            tasks.cancel_scope.cancel()
    assert len(timers) == 0
    assert not timers._heap  # pyright: ignore[reportPrivateUsage]


async def test_what_is_cancelled_long_before_its_time_is_let_go_of() -> None:
    called: list[str] = []
    done = anyio.Event()
    timers = Timers()
    timers.set("first", 0.0, lambda: called.append("first"))
    for number in range(10_000):
        timers.set(number, 86_400.0, lambda: None)
        timers.cancel(number)
    timers.set("last", 0.001, done.set)
    assert len(timers._heap) < 2_000  # pyright: ignore[reportPrivateUsage]
    with anyio.fail_after(60):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(timers.run)
            await done.wait()
            tasks.cancel_scope.cancel()
    assert called == ["first"]
