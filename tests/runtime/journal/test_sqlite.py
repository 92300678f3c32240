import os
import resource
import signal
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import NoReturn

import anyio
import pytest

from stationd.proto.error import AlreadyRunning, ErrorCode, JournalFailed, RequestError
from stationd.proto.job import JobFilter
from stationd.proto.status import JobExecutorStatus as Status
from stationd.runtime.journal.interface import Commit, Journal
from stationd.runtime.journal.opening import DATABASE
from stationd.runtime.journal.records import BlocksDropped, BlockStored, Fact, JobStored
from stationd.runtime.journal.sqlite import open_journal
from stationd.runtime.journal.storage import Storage

pytestmark = [pytest.mark.anyio, pytest.mark.slow]

MakeJob = Callable[..., JobStored]
MakeFact = Callable[..., Fact]
BOUND = 60.0


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """Where a journal has been made, so that its writer starts sooner."""
    Storage(tmp_path / DATABASE).close()
    return tmp_path


async def written(
    journal: Journal, *records: JobStored | Fact | BlockStored | BlocksDropped
) -> Commit:
    commits: list[Commit] = []
    journal.write(records, commits.append)
    await journal.flush()
    return commits[0]


def never(_: Commit) -> NoReturn:
    raise AssertionError("called back for something that is not durable")


def limit_files(pid: int, size_bytes: int) -> tuple[int, int]:
    """Let files of a process grow no further, as on a full disk; return what was allowed."""
    soft, hard = resource.prlimit(pid, resource.RLIMIT_FSIZE)
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (size_bytes, hard))
    return soft, hard


def writer_of(journal: Journal) -> int:
    pid = journal.statistics().writer_pid
    assert pid is not None
    return pid


async def reader_of(journal: Journal) -> int:
    await journal.controllers()  # once it has answered it is there
    pid = journal.statistics().reader_pid
    assert pid is not None
    return pid


async def test_what_was_called_back_is_there_after_a_restart(
    tmp_path: Path, job: MakeJob, fact: MakeFact
) -> None:
    with anyio.fail_after(BOUND):
        async with open_journal(tmp_path) as journal:
            await written(journal, job(1), fact(1, 2))
            station = journal.opening.station
        async with open_journal(tmp_path) as journal:
            assert (journal.opening.station, journal.opening.epoch) == (station, 2)
            assert (journal.opening.seq, journal.opening.number) == (2, 1)
            view = await journal.view(job(1).job)
    assert view is not None
    assert [entry.seq for entry in view.timeline] == [1, 2]


async def test_callbacks_come_in_the_order_of_writes_with_numbers_without_holes(
    state: Path, job: MakeJob, fact: MakeFact
) -> None:
    seqs: list[int] = []

    def committed(commit: Commit) -> None:
        seqs.append(commit.first_seq)
        if len(seqs) < 500:  # writes from within a callback keep their place too
            journal.write([fact(1, len(seqs) + 1)], committed)

    with anyio.fail_after(BOUND):
        async with open_journal(state) as journal:
            journal.write([job(1)], committed)
            while len(seqs) < 500:
                await journal.flush()
    assert seqs == list(range(1, 501))


async def test_an_answer_holds_everything_that_was_called_back_before(
    state: Path, job: MakeJob
) -> None:
    with anyio.fail_after(BOUND):
        async with open_journal(state) as journal:
            for number in range(1, 100):
                await written(journal, job(number))
                _, upto = await journal.facts(number - 1, None, 10)
                assert upto == number


async def test_a_burst_takes_far_fewer_commits_than_writes(state: Path, job: MakeJob) -> None:
    burst = 5_000
    with anyio.fail_after(BOUND):
        async with open_journal(state) as journal:
            for number in range(1, burst + 1):
                journal.write([job(number)], lambda _: None)
            assert journal.statistics().waiting == burst
            await journal.flush()
            statistics = journal.statistics()
    assert (statistics.writes, statistics.records) == (burst + 1, burst)  # flush writes nothing
    assert statistics.commits <= burst / 50
    assert statistics.waiting == 0
    assert statistics.newest_commit_writes >= 1
    assert statistics.newest_commit_seconds > 0


async def test_the_end_of_the_block_makes_everything_durable(state: Path, job: MakeJob) -> None:
    commits: list[Commit] = []
    with anyio.fail_after(BOUND):
        async with open_journal(state) as journal:
            for number in range(1, 2_000):
                journal.write([job(number)], commits.append)
        assert len(commits) == 1_999
        with pytest.raises(JournalFailed, match="closed"):
            journal.write([job(2_000)], never)
        with pytest.raises(JournalFailed, match="closed"):
            await journal.stored(job(1).job)


async def test_a_callback_that_writes_while_the_journal_closes_keeps_nothing_from_the_others(
    state: Path, job: MakeJob
) -> None:
    called: list[int] = []

    with anyio.fail_after(BOUND):
        async with open_journal(state) as journal:

            def go_on(number: int, _: Commit) -> None:
                called.append(number)
                journal.write([job(number + 10)], lambda _: called.append(number + 10))

            for number in (1, 2, 3):
                journal.write([job(number)], partial(go_on, number))
        assert called == [1, 2, 3]
        async with open_journal(state) as journal:
            assert journal.opening.number == 3


async def test_what_follows_a_commit_may_want_to_write_while_the_journal_closes(
    state: Path, job: MakeJob
) -> None:
    followed: list[str] = []

    with anyio.fail_after(BOUND):
        async with open_journal(state) as journal:

            def write() -> None:
                followed.append("first")
                journal.write([job(2)], lambda _: None)

            journal.after_commit.extend((write, lambda: followed.append("second")))
            journal.write([job(1)], lambda _: None)
        # Once, and each time that the callbacks had to give way.
        assert followed
        assert followed == ["first", "second"] * (len(followed) // 2)


async def test_a_cancelled_block_makes_everything_durable(state: Path, job: MakeJob) -> None:
    commits: list[Commit] = []
    with anyio.fail_after(BOUND):
        with anyio.CancelScope() as scope:
            async with open_journal(state) as journal:
                journal.write([job(1)], commits.append)
                scope.cancel()
                await anyio.sleep_forever()
    assert len(commits) == 1


async def test_what_the_block_raises_goes_on_as_it_is(state: Path) -> None:
    with anyio.fail_after(BOUND), pytest.raises(ZeroDivisionError):
        async with open_journal(state):
            _ = 1 // 0


async def test_a_callback_that_raises_ends_the_block_with_what_it_raised(
    state: Path, job: MakeJob
) -> None:
    def stumble(_: Commit) -> None:
        raise LookupError

    async def write() -> None:
        async with open_journal(state) as journal:
            journal.write([job(1)], stumble)
            await anyio.sleep_forever()

    with anyio.fail_after(BOUND), pytest.raises(LookupError):
        await write()


async def test_a_second_station_on_the_directory_is_refused(state: Path) -> None:
    with anyio.fail_after(BOUND):
        async with open_journal(state):
            with pytest.raises(AlreadyRunning, match=f"process {os.getpid()}"):
                async with open_journal(state):
                    pass


async def test_a_writer_that_dies_ends_the_block_with_a_clear_error(
    state: Path, job: MakeJob
) -> None:
    async def die() -> None:
        async with open_journal(state) as journal:
            os.kill(writer_of(journal), signal.SIGSTOP)
            journal.write([job(1)], never)
            os.kill(writer_of(journal), signal.SIGKILL)
            await anyio.sleep_forever()

    with anyio.fail_after(BOUND), pytest.raises(JournalFailed, match="writer has ended") as caught:
        await die()
    assert caught.value.code is ErrorCode.JOURNAL_FAILED


async def test_a_disk_that_takes_no_more_is_waited_for(state: Path, job: MakeJob) -> None:
    durable: list[int] = []
    with anyio.fail_after(BOUND):
        async with open_journal(state) as journal:
            await written(journal, job(1))
            assert journal.trouble is None
            before = limit_files(writer_of(journal), 1024)
            for number in range(2, 102):
                journal.write([job(number)], lambda commit: durable.append(commit.first_seq))
            while journal.trouble is None:
                await journal.turned()
            assert "the station's disk" in journal.trouble
            assert not durable
            resource.prlimit(writer_of(journal), resource.RLIMIT_FSIZE, before)
            while journal.trouble is not None:
                await journal.turned()
            await journal.flush()
    assert durable == list(range(2, 102))


@pytest.mark.campaign
@pytest.mark.parametrize("anyio_backend", ["trio"], indirect=True)  # it takes seconds
async def test_a_station_that_ends_while_the_disk_takes_no_more_says_what_is_given_up(
    state: Path, job: MakeJob
) -> None:
    async def fill() -> None:
        async with open_journal(state) as journal:
            await written(journal, job(1))
            limit_files(writer_of(journal), 1024)
            journal.write([job(2)], never)
            await journal.turned()

    with anyio.fail_after(BOUND), pytest.raises(JournalFailed, match="is given up: the station's"):
        await fill()
    with anyio.fail_after(BOUND):
        async with open_journal(state) as journal:
            assert (journal.opening.seq, journal.opening.number) == (1, 1)


async def test_a_journal_that_cannot_be_opened_says_why(tmp_path: Path) -> None:
    (tmp_path / "journal.sqlite").write_text("not a database" * 1000)
    with anyio.fail_after(BOUND), pytest.raises(JournalFailed, match="cannot open the journal"):
        async with open_journal(tmp_path):
            pass


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_signals_that_end_a_daemon_do_not_end_its_journal(
    state: Path, job: MakeJob, number: signal.Signals
) -> None:
    with anyio.fail_after(BOUND):
        async with open_journal(state) as journal:
            await journal.stored(job(1).job)
            os.kill(writer_of(journal), number)
            os.kill(await reader_of(journal), number)
            await written(journal, job(1))
            assert await journal.stored(job(1).job) is not None
            assert journal.statistics().reader_restarts == 0


async def test_questions_of_a_reader_that_died_are_asked_again(state: Path, job: MakeJob) -> None:
    found: list[object] = []

    async def ask() -> None:
        found.append(await journal.stored(job(1).job))

    with anyio.fail_after(BOUND):
        async with open_journal(state) as journal:
            await written(journal, job(1))
            reader = await reader_of(journal)
            os.kill(reader, signal.SIGSTOP)
            async with anyio.create_task_group() as tasks:
                for _ in range(3):
                    tasks.start_soon(ask)
                await anyio.wait_all_tasks_blocked()
                os.kill(reader, signal.SIGKILL)
            assert journal.statistics().reader_restarts == 1
    assert len(found) == 3
    assert None not in found


async def test_bad_questions_cost_only_themselves(state: Path, job: MakeJob) -> None:
    with anyio.fail_after(BOUND):
        async with open_journal(state) as journal:
            await written(journal, job(1))
            with pytest.raises(RequestError):
                await journal.work(2**63)
            assert await journal.unfinished(0, -1) == []
            assert await journal.views(JobFilter(), None, -5) == ([], True)
            assert await journal.facts(-3, None, -3) == ([], -3)
            assert await journal.artifact("") is None
            assert await journal.stored(job(1).job) is not None
            assert journal.statistics().reader_restarts == 0


async def test_large_raw_data_comes_back_in_order(state: Path, job: MakeJob) -> None:
    blocks = [
        BlockStored(1, 1, controller, index, b"header", bytes([index]) * 700_000)
        for controller in ("a", "b")
        for index in range(8)
    ]
    with anyio.fail_after(BOUND):
        async with open_journal(state) as journal:
            await written(journal, job(1), *reversed(blocks))
            assert await journal.blocks(1, 1) == blocks
            assert await journal.block_counts(1, 1) == {"a": 8, "b": 8}
            await written(journal, BlocksDropped(1, 1))
            assert await journal.blocks(1, 1) == []


async def test_all_unfinished_jobs_come_however_many(
    state: Path, job: MakeJob, fact: MakeFact
) -> None:
    with anyio.fail_after(BOUND):
        async with open_journal(state) as journal:
            for number in range(1, 1_201):
                journal.write([job(number)], lambda _: None)
            await written(journal, fact(600, 2, Status.ABORTED))
            numbers = [stored.number for stored in await journal.unfinished(100, 5_000)]
            assert numbers == [number for number in range(101, 1_201) if number != 600]
            assert len(await journal.unfinished(0, 700)) == 700


async def test_a_record_that_cannot_be_encoded_is_refused_at_once(
    state: Path, job: MakeJob, fact: MakeFact
) -> None:
    with anyio.fail_after(BOUND):
        async with open_journal(state) as journal:
            with pytest.raises(OverflowError):
                journal.write([fact(2**70, 1)], never)
            assert (await written(journal, job(1))).first_seq == 1
