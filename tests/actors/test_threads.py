"""What threads put into the inbox comes out on the loop, all of it and in order."""

import threading

import anyio
import pytest

from stationd.actors.threads import Inbox

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
