"""The queue remembers what operators said and who used how much, over a restart."""

import msgspec
import pytest

from stationd.runtime.controllers.queue_memory import note, remember
from stationd.runtime.journal.memory import MemoryJournal
from stationd.runtime.journal.records import QueueNoted
from stationd.runtime.queue.gates import Gate, Reservation
from stationd.runtime.queue.queue import Queue
from stationd.runtime.queue.shares import Shares
from tests.runtime.bench import NOW, StillClock

pytestmark = pytest.mark.anyio


def store(journal: MemoryJournal, *records: QueueNoted) -> None:
    journal.write(records, lambda _: None)
    journal.commit()


def encoded(value: msgspec.Struct) -> str:
    return msgspec.json.encode(value).decode()


async def remembered(journal: MemoryJournal) -> Queue:
    queue = Queue(shares=Shares(100.0))
    await remember(queue, journal, StillClock())
    return queue


async def test_gates_and_reservations_hold_again_and_what_is_over_is_forgotten() -> None:
    journal = MemoryJournal(manual=True)
    one = Reservation(id="r", controller="a", project="x", from_unix_s=NOW, to_unix_s=NOW + 9)
    over = msgspec.structs.replace(one, id="s", from_unix_s=NOW - 9, to_unix_s=NOW)
    store(
        journal,
        QueueNoted("gate", "b", encoded(Gate("paused", "a leak"))),
        QueueNoted("reservation", "r", encoded(one)),
        QueueNoted("reservation", "s", encoded(over)),
    )
    queue = await remembered(journal)
    assert queue.gates.gate("b") == Gate("paused", "a leak")
    assert queue.gates.reservations() == [one]
    journal.commit()
    assert {said.name for said in await journal.queue_notes()} == {"b", "r"}


async def test_use_is_noted_when_it_has_grown_and_counts_less_after_a_while() -> None:
    journal = MemoryJournal(manual=True)
    queue = await remembered(journal)
    queue.shares.charge("x", 8.0)
    queue.shares.reckon(NOW)
    noted = note(queue, journal, NOW - 200, {})
    journal.commit()
    assert note(queue, journal, NOW, noted) == noted
    assert journal.commit() == 0
    again = await remembered(journal)
    again.shares.reckon(NOW)
    assert again.shares.back("x") == pytest.approx(2.0)


async def test_use_that_is_forgotten_leaves_the_journal() -> None:
    journal = MemoryJournal(manual=True)
    queue = await remembered(journal)
    queue.shares.charge("x", 8.0)
    queue.shares.reckon(NOW)
    noted = note(queue, journal, NOW, {})
    queue.shares.reckon(NOW + 10_000)
    note(queue, journal, NOW + 10_000, noted)
    journal.commit()
    assert await journal.queue_notes() == []
