"""A station that is killed in the middle of its work, again and again."""

import os
import signal
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from uuid import UUID

import anyio
import pytest

from stationd.proto.error import JournalFailed
from stationd.proto.job import JobId
from stationd.proto.jobs_protocol import FeedEvent
from stationd.runtime.journal.interface import Commit, Journal
from stationd.runtime.journal.records import Fact, JobStored
from stationd.runtime.journal.sqlite import open_journal

pytestmark = [pytest.mark.anyio, pytest.mark.slow]

ROUNDS = 8
JOBS = 50
MakeJob = Callable[..., JobStored]
MakeFact = Callable[..., Fact]


@pytest.fixture(scope="module", params=["asyncio", "trio"])
def anyio_backend(request: pytest.FixtureRequest) -> tuple[str, dict[str, bool]]:
    """Only two: this takes its time."""
    return request.param, {}


class Load:
    """Jobs that write their next fact when the last one is durable, until the writer is killed."""

    def __init__(
        self, journal: Journal, numbers: Iterator[int], job: MakeJob, fact: MakeFact
    ) -> None:
        self.journal = journal
        self.job = job
        self.fact = fact
        self.called_back: dict[int, tuple[int, int]] = {}
        """By sequence number: the job's number, and the ordinal."""
        for number in [next(numbers) for _ in range(JOBS)]:
            self.go_on(number, 1)

    def go_on(self, number: int, ordinal: int) -> None:
        def committed(commit: Commit) -> None:
            self.called_back[commit.first_seq] = (number, ordinal)
            self.go_on(number, ordinal + 1)

        record = self.job(number) if ordinal == 1 else self.fact(number, ordinal)
        self.journal.write([record], committed)


async def all_facts(journal: Journal) -> list[FeedEvent]:
    found: list[FeedEvent] = []
    upto = 0
    while upto < journal.opening.seq:
        page, upto = await journal.facts(upto, None, 1000)
        found += page
    return found


async def one_round(state: Path, load: Callable[[Journal], Load], most: int) -> Load:
    """Work until so many writes have been called back, and then kill the writer."""
    loads: list[Load] = []

    async def work() -> None:
        async with open_journal(state) as journal:
            loads.append(load(journal))
            while len(loads[0].called_back) < most:
                await anyio.lowlevel.checkpoint()
            pid = journal.statistics().writer_pid
            assert pid is not None
            os.kill(pid, signal.SIGKILL)
            await anyio.sleep_forever()

    with pytest.raises(JournalFailed):
        await work()
    return loads[0]


async def test_a_killed_writer_loses_nothing_that_was_called_back(
    tmp_path: Path, job: MakeJob, fact: MakeFact
) -> None:
    numbers = count(1)
    durable: dict[int, tuple[int, int]] = {}
    with anyio.fail_after(240):
        for round_ in range(ROUNDS):
            load = await one_round(
                tmp_path, lambda journal: Load(journal, numbers, job, fact), 93 * round_ + 1
            )
            assert not durable.keys() & load.called_back.keys()
            durable |= load.called_back
        async with open_journal(tmp_path) as journal:
            assert journal.opening.epoch == ROUNDS + 1
            events = await all_facts(journal)
    assert [event.entry.seq for event in events] == list(range(1, len(events) + 1))
    found = {event.entry.seq: (event.job, event.entry.ordinal) for event in events}
    for seq, (number, ordinal) in durable.items():
        assert found[seq] == (JobId(str(UUID(int=number))), ordinal)
