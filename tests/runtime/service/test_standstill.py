"""A journal that stands still is told once, and that it goes on."""

import msgspec
import pytest

from stationd.runtime.journal.interface import JournalStatistics
from stationd.runtime.service.standstill import PATIENCE, Standstill

BUSY = JournalStatistics(commits=7, waiting=2, writer_pid=4711)


def with_(**other: object) -> JournalStatistics:
    return msgspec.structs.replace(BUSY, **other)


def test_writes_that_wait_without_a_commit_are_told_once(caplog: pytest.LogCaptureFixture) -> None:
    standstill = Standstill()
    for now in (0.0, PATIENCE - 1, PATIENCE, PATIENCE + 1, 10 * PATIENCE):
        standstill.look(BUSY, now)
        assert len(caplog.records) == (now >= PATIENCE)
    assert "2 writes wait, and none has come to the disk for 10 s; its writer is process 4711" in (
        caplog.text
    )


def test_that_it_goes_on_is_told(caplog: pytest.LogCaptureFixture) -> None:
    standstill = Standstill()
    for now in (0.0, PATIENCE):
        standstill.look(BUSY, now)
    standstill.look(with_(commits=8), PATIENCE + 1)
    assert caplog.messages[1:] == ["the journal goes on"]
    # From then on it has as long again.
    standstill.look(with_(commits=8), 2 * PATIENCE)
    assert len(caplog.records) == 2
    standstill.look(with_(commits=8), 2 * PATIENCE + 1)
    assert len(caplog.records) == 3


@pytest.mark.parametrize("how", [{"waiting": 0}, {"trouble": True}])
def test_a_journal_without_work_or_with_a_trouble_that_is_told_does_not_stand_still(
    how: dict[str, object], caplog: pytest.LogCaptureFixture
) -> None:
    standstill = Standstill()
    for now in (0.0, 100 * PATIENCE):
        standstill.look(with_(**how), now)
    assert caplog.records == []


def test_it_may_have_waited_for_less_long_than_there_was_no_commit(
    caplog: pytest.LogCaptureFixture,
) -> None:
    standstill = Standstill()
    standstill.look(with_(waiting=0), 0.0)
    standstill.look(with_(waiting=0), 100 * PATIENCE)
    standstill.look(BUSY, 100 * PATIENCE + 1)
    assert caplog.records == []
