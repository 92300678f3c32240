"""What threads put into the inbox comes out on the loop, all of it and in order."""

import threading

import anyio
import pytest

from stationd.actors.controller.threads import Inbox

pytestmark = pytest.mark.anyio

THREADS, ITEMS = 4, 2000


async def test_nothing_is_lost_between_threads_and_the_loop() -> None:
    inbox: Inbox[tuple[int, int]] = Inbox()

    def fill(thread: int) -> None:
        for item in range(ITEMS):
            inbox.put((thread, item))

    threads = [threading.Thread(target=fill, args=(number,)) for number in range(THREADS)]
    for thread in threads:
        thread.start()
    received: list[tuple[int, int]] = []
    with anyio.fail_after(60):
        while len(received) < THREADS * ITEMS:
            received += await inbox.receive()
    inbox.close()
    for number in range(THREADS):
        assert [item for thread, item in received if thread == number] == list(range(ITEMS))


async def test_a_closed_inbox_takes_what_comes_late_in_silence() -> None:
    inbox: Inbox[int] = Inbox()
    inbox.close()
    inbox.put(1)


async def test_a_cancelled_wait_loses_nothing() -> None:
    inbox: Inbox[int] = Inbox()
    with anyio.move_on_after(0):
        await inbox.receive()
    inbox.put(1)
    with anyio.fail_after(60):
        assert await inbox.receive() == [1]
    inbox.close()


async def test_what_may_come_soon_wakes_nobody_who_will_look() -> None:
    inbox: Inbox[int] = Inbox()
    heard: list[int] = []

    async def hear() -> None:
        heard.extend(await inbox.receive(3600.0))

    with anyio.fail_after(60):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(hear)
            await anyio.wait_all_tasks_blocked()
            inbox.put_soon(1)
            await anyio.wait_all_tasks_blocked()
            assert not heard
            inbox.put(2)
    assert heard == [1, 2]
    inbox.close()


async def test_what_may_come_soon_wakes_who_will_not_look() -> None:
    inbox: Inbox[int] = Inbox()
    inbox.put_soon(1)
    with anyio.fail_after(60):
        assert await inbox.receive() == [1]
    inbox.close()


async def test_whenever_something_comes_a_look_or_the_bell_finds_it() -> None:
    inbox: Inbox[int] = Inbox()
    taken = threading.Semaphore()

    def tell() -> None:
        for item in range(ITEMS // 4):
            taken.acquire()
            inbox.put_soon(item)

    thread = threading.Thread(target=tell)
    thread.start()
    received: list[int] = []
    with anyio.fail_after(60):
        while len(received) < ITEMS // 4:
            # Some looks are over before the thread has come to it, and some are not.
            received += await inbox.receive(len(received) % 5 * 1e-5)
            taken.release()
    thread.join()
    inbox.close()
    assert received == list(range(ITEMS // 4))


async def test_a_cancelled_look_loses_nothing() -> None:
    inbox: Inbox[int] = Inbox()
    with anyio.fail_after(60):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(inbox.receive, 3600.0)
            await anyio.wait_all_tasks_blocked()
            inbox.put_soon(1)
            tasks.cancel_scope.cancel()
        assert await inbox.receive() == [1]
    inbox.close()
