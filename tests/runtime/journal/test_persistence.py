"""Commits that fail are tried until they succeed; whoever asks is told meanwhile."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from stationd.proto.error import JournalFailed
from stationd.runtime.journal import persistence
from stationd.runtime.journal.ballast import Ballast
from stationd.runtime.journal.interface import Commit
from stationd.runtime.journal.opening import DATABASE
from stationd.runtime.journal.persistence import Persistence
from stationd.runtime.journal.records import JobStored, Record
from stationd.runtime.journal.storage import Storage
from stationd.runtime.journal.trouble import CommitFailed

MakeJob = Callable[..., JobStored]


class FailingStorage(Storage):
    """Fails some commits before it begins with them."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.failures: list[CommitFailed] = []
        """What the next commits fail with."""
        self.fits = 1_000_000
        """A commit of more writes finds the disk full."""
        self.tried: list[int] = []
        """How many writes each commit had."""

    def commit(self, writes: Sequence[Sequence[Record]]) -> list[Commit]:
        self.tried.append(len(writes))
        if self.failures:
            raise self.failures.pop(0)
        if len(writes) > self.fits:
            raise full()
        return super().commit(writes)


def full() -> CommitFailed:
    found = CommitFailed("the disk is full")
    found.wants_room = True
    return found


class Bench:
    """A persistence, and all that it says."""

    def __init__(self, folder: Path) -> None:
        self.storage = FailingStorage(folder / DATABASE)
        self.ballast = Ballast(folder, 4096)
        self.told: list[str | None] = []
        self.waits: list[float] = []
        self.daemon_ended = False
        self.persistence = Persistence(self.storage, self.ballast, self.told.append, self.ended)
        self.persistence.look()

    def ended(self, seconds: float) -> bool:
        self.waits.append(seconds)
        return self.daemon_ended

    def commit(self, *jobs: JobStored) -> list[int]:
        writes = [[job] for job in jobs]
        done = [*self.persistence.commit(writes)]
        return [commit.first_seq for one in done for commit in one.commits]


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    found = Bench(tmp_path)
    yield found
    found.storage.close()


def test_a_storage_in_order_is_not_spoken_of(bench: Bench, job: MakeJob) -> None:
    assert bench.commit(job(1), job(2)) == [1, 2]
    assert (bench.told, bench.waits) == ([], [])
    assert bench.ballast.there


def test_a_failed_commit_is_tried_again_with_growing_pauses(bench: Bench, job: MakeJob) -> None:
    bench.storage.failures = [CommitFailed("it fails") for _ in range(6)]
    assert bench.commit(job(1)) == [1]
    assert bench.waits == [0.2, 0.4, 0.8, 1.6, 2.0, 2.0]
    assert bench.told == ["it fails"]
    bench.persistence.look()
    assert bench.told == ["it fails", None]


def test_another_reason_is_told_too(bench: Bench, job: MakeJob) -> None:
    bench.storage.failures = [CommitFailed("it fails"), CommitFailed("it is locked")]
    bench.commit(job(1))
    assert bench.told == ["it fails", "it is locked"]


def test_when_room_is_wanted_the_ballast_is_given_up_at_once(bench: Bench, job: MakeJob) -> None:
    bench.storage.failures = [full()]
    assert bench.commit(job(1)) == [1]
    assert bench.waits == []
    assert not bench.ballast.there
    assert bench.persistence.trouble == "the disk is full"
    bench.persistence.look()
    assert bench.ballast.there
    assert bench.persistence.trouble is None


def test_what_does_not_fit_together_is_stored_in_parts_and_in_order(
    bench: Bench, job: MakeJob
) -> None:
    bench.storage.fits = 3
    assert bench.commit(*map(job, range(1, 17))) == [*range(1, 17)]
    assert bench.storage.tried[:4] == [16, 16, 8, 4]


def test_a_daemon_that_ends_is_not_survived_for_long(
    bench: Bench, job: MakeJob, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(persistence, "SHORTEST_PAUSE", 0.0)
    monkeypatch.setattr(persistence, "LAST_PATIENCE", 0.0)
    bench.daemon_ended = True
    bench.storage.fits = 0
    with pytest.raises(JournalFailed, match="what was not acknowledged is given up: the disk is"):
        bench.commit(job(1))
