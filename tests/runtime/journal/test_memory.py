"""What is special to the journal in memory; its answers are compared with the durable one's."""

import anyio
import pytest

from stationd.proto.error import JournalFailed
from stationd.proto.job import JobId, JobSpec
from stationd.proto.program import Circuits, NullProgram
from stationd.runtime.journal.interface import Commit, Journal
from stationd.runtime.journal.memory import MemoryJournal
from stationd.runtime.journal.records import JobStored

pytestmark = pytest.mark.anyio

SPEC = JobSpec(work=Circuits(programs=(NullProgram(),), n_shots=(1,)))


def job(number: int) -> JobStored:
    return JobStored(number, JobId(f"id {number}"), "qpu", SPEC, 0.0)


async def test_it_is_a_journal() -> None:
    journal: Journal = MemoryJournal(manual=True)
    assert (journal.opening.epoch, journal.opening.seq) == (1, 0)


async def test_it_commits_soon_but_not_at_once() -> None:
    commits: list[Commit] = []
    with anyio.fail_after(60):
        async with MemoryJournal() as journal:
            journal.write([job(1)], commits.append)
            assert commits == []
            assert await journal.stored(job(1).job) is None
            assert journal.statistics().waiting == 1
            await journal.flush()
            assert len(commits) == 1
            assert await journal.stored(job(1).job) is not None


async def test_it_commits_what_is_left_at_the_end() -> None:
    commits: list[Commit] = []
    async with MemoryJournal() as journal:
        journal.write([job(1)], commits.append)
    assert len(commits) == 1
    with pytest.raises(JournalFailed, match="closed"):
        journal.write([job(2)], commits.append)


async def test_a_test_can_say_when_it_commits() -> None:
    commits: list[Commit] = []
    async with MemoryJournal(manual=True) as journal:
        journal.write([job(1)], commits.append)
        journal.write([job(2)], commits.append)
        await anyio.wait_all_tasks_blocked()
        assert commits == []
        assert journal.commit() == 2
        assert [commit.first_seq for commit in commits] == [1, 2]
        assert journal.commit() == 0


async def test_what_is_for_a_whole_commit_comes_after_its_callbacks() -> None:
    journal, heard = MemoryJournal(manual=True), list[str]()
    journal.after_commit.extend((lambda: heard.append("first"), lambda: heard.append("second")))
    for _ in range(2):
        journal.write((), lambda _: heard.append("callback"))
    journal.commit()
    journal.commit()
    assert heard == ["callback", "callback", "first", "second"]


async def test_a_callback_may_write_for_the_next_commit() -> None:
    journal = MemoryJournal(manual=True)
    journal.write([job(1)], lambda _: journal.write([job(2)], lambda _: None))
    assert journal.commit() == 1
    assert await journal.stored(job(2).job) is None
    assert journal.commit() == 1
    assert await journal.stored(job(2).job) is not None


async def test_a_crash_loses_what_was_not_committed() -> None:
    journal = MemoryJournal(manual=True)
    journal.write([job(1)], lambda _: None)
    journal.commit()
    journal.write([job(2)], lambda _: pytest.fail("it was lost"))
    again = journal.reopened()
    assert again.opening.station == journal.opening.station
    assert (again.opening.epoch, again.opening.number) == (2, 1)
    assert await again.stored(job(2).job) is None
    with pytest.raises(JournalFailed, match="closed"):
        journal.write([job(3)], lambda _: None)


async def test_what_its_block_raises_goes_on_as_it_is() -> None:
    with pytest.raises(ZeroDivisionError):
        async with MemoryJournal():
            _ = 1 // 0


async def test_a_storage_in_trouble_keeps_what_is_written_until_it_has_healed() -> None:
    journal = MemoryJournal(manual=True)
    called: list[Commit] = []
    journal.suffer("the disk is full")
    journal.write([job(1)], called.append)
    assert journal.commit() == 0
    assert journal.trouble == "the disk is full"
    assert journal.statistics().trouble
    journal.suffer(None)
    assert journal.commit() == 1
    assert [commit.first_seq for commit in called] == [1]
    assert not journal.statistics().trouble
