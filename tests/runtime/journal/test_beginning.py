"""Both of the journal's processes start before anybody speaks to them, and leave nothing."""

import os
import sys
from pathlib import Path

import anyio
import pytest

from stationd.proto.error import AlreadyRunning, JournalFailed
from stationd.runtime.journal.beginning import Beginning
from stationd.runtime.journal.lock import take_lock
from stationd.runtime.journal.opening import DATABASE
from stationd.runtime.journal.sqlite import open_journal

BOUND = 60.0


def is_free(state: Path) -> bool:
    try:
        os.close(take_lock(state))
    except AlreadyRunning:
        return False
    return True


def has_ended(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


@pytest.mark.slow
def test_both_processes_end_and_the_directory_is_free_when_nothing_comes_of_it(
    tmp_path: Path,
) -> None:
    with Beginning(tmp_path) as beginning:
        pids = beginning.writer.pid, beginning.reader.pid
        assert not any(map(has_ended, pids))
        assert not is_free(tmp_path)
    assert all(map(has_ended, pids))
    assert is_free(tmp_path)
    beginning.close()


@pytest.mark.slow
@pytest.mark.anyio
async def test_a_journal_is_opened_with_the_processes_that_have_begun(tmp_path: Path) -> None:
    beginning = await anyio.to_thread.run_sync(Beginning, tmp_path)
    pids = beginning.writer.pid, beginning.reader.pid
    with anyio.fail_after(BOUND):
        async with open_journal(tmp_path, beginning) as journal:
            # There was no database yet when the reader began.
            assert await journal.controllers() == []
            statistics = journal.statistics()
            assert (statistics.writer_pid, statistics.reader_pid) == pids
    assert all(map(has_ended, pids))
    assert await anyio.to_thread.run_sync(is_free, tmp_path)


@pytest.mark.slow
@pytest.mark.anyio
async def test_a_journal_that_cannot_be_opened_ends_both(tmp_path: Path) -> None:
    (tmp_path / DATABASE).write_bytes(b"no database, and long enough to be seen as none" * 100)
    beginning = await anyio.to_thread.run_sync(Beginning, tmp_path)
    with anyio.fail_after(BOUND), pytest.raises(JournalFailed):
        async with open_journal(tmp_path, beginning):
            pass
    assert has_ended(beginning.writer.pid)
    assert has_ended(beginning.reader.pid)
    assert await anyio.to_thread.run_sync(is_free, tmp_path)


def test_a_process_that_cannot_be_started_leaves_the_directory_free(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    with pytest.raises(JournalFailed, match="cannot start the journal's writer"):
        Beginning(tmp_path)
    assert is_free(tmp_path)
