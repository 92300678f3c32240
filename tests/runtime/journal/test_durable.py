"""Whoever stores a record goes on when it is on disk."""

import anyio
import pytest

from stationd.runtime.journal import durable
from stationd.runtime.journal.memory import MemoryJournal
from stationd.runtime.journal.records import QueueNoted

pytestmark = pytest.mark.anyio


async def test_a_record_is_on_disk_when_it_goes_on() -> None:
    journal = MemoryJournal(manual=True)
    note = QueueNoted("gate", "a", "1")
    done = anyio.Event()

    async def store() -> None:
        await durable.stored(journal, note)
        assert await journal.queue_notes() == [note]
        done.set()

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(store)
        await anyio.wait_all_tasks_blocked()
        assert not done.is_set()
        journal.commit()
        await done.wait()
