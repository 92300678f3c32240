from collections.abc import Callable, Sequence

import msgspec
import pytest

from stationd.proto.error import JournalFailed
from stationd.proto.status import JobExecutorStatus as Status
from stationd.runtime.journal.batch import Batch
from stationd.runtime.journal.interface import Commit
from stationd.runtime.journal.records import (
    BlocksDropped,
    BlockStored,
    CalibrationPinned,
    Fact,
    JobStored,
    Record,
    TicketIssued,
    WorkStored,
)
from stationd.runtime.journal.statement import Row
from stationd.runtime.journal.terms import Labels, Terms

MakeJob = Callable[..., JobStored]
MakeFact = Callable[..., Fact]


def folded(*writes: Sequence[Record]) -> dict[str, Sequence[Row]]:
    """Return the rows of a batch by the first three words of their statement."""
    labels = Labels(Terms(lambda _: None, lambda: 0))
    batch = Batch(0, {}, labels, lambda _: None)
    for records in writes:
        batch.add(records)
    statements = [statement for statement in batch.statements() if statement.rows]
    return {" ".join(statement.sql.split()[:3]): statement.rows for statement in statements}


def test_many_facts_of_a_job_make_one_update(fact: MakeFact) -> None:
    rows = folded([fact(1, ordinal) for ordinal in range(5, 15)])
    assert len(rows["INSERT INTO facts"]) == 10
    (update,) = rows["UPDATE jobs SET"]
    assert update[1] == 14  # the newest ordinal
    assert update[-1] == 4  # what must be stored before


def test_what_a_job_passed_at_once_shares_a_row_and_has_numbers_of_its_own(job: MakeJob) -> None:
    stored = msgspec.structs.replace(job(1), reached=(Status.VALIDATION_STARTED,))
    done = (Status.POST_PROCESSING_STARTED, Status.POST_PROCESSING_ENDED)
    over = Fact(1, stored.job, 5, 1, Status.READY, 2.0, passed=done)
    rows = folded([stored, TicketIssued(1, 1, 7), over])
    facts = [(row[0], row[2], row[-1]) for row in rows["INSERT INTO facts"]]
    assert facts == [(2, 2, b"\x01"), (5, 5, b"\x0e\x0f")]
    # The job's own row is as the last of them has it: none of its updates is needed.
    ((*_, attempt, ordinal, status, seq, _, _, _, _, ended, ticket, _),) = rows["INSERT INTO jobs"]
    assert (attempt, ordinal, status, seq, ended, ticket) == (1, 5, 16, 5, 16, 7)
    assert "UPDATE jobs SET" not in rows


def test_of_records_that_replace_one_another_the_last_is_stored() -> None:
    rows = folded([WorkStored(1, 1, b"old")], [WorkStored(1, 2, b"new")])
    assert rows == {"INSERT INTO works": [(1, 2, b"new")]}
    rows = folded([CalibrationPinned(1, "old"), CalibrationPinned(1, "new")])
    assert rows["UPDATE jobs SET"] == [(2, 1)]  # the second term


def test_a_block_that_arrives_twice_is_stored_as_it_came_first() -> None:
    rows = folded(
        [BlockStored(1, 1, "a", 0, b"h", b"first")], [BlockStored(1, 1, "a", 0, b"h", b"")]
    )
    assert rows == {"INSERT INTO blocks": [(1, 1, "a", 0, b"h", b"first")]}


def test_blocks_are_dropped_up_to_the_drop_and_stored_after_it() -> None:
    before, after = BlockStored(1, 1, "a", 0, b"", b""), BlockStored(1, 1, "a", 1, b"", b"")
    other = BlockStored(1, 2, "a", 0, b"", b"")
    rows = folded([before, other], [BlocksDropped(1, 1)], [after])
    assert rows == {
        "DELETE FROM blocks": [(1, 1)],
        "INSERT INTO blocks": [(1, 2, "a", 0, b"", b""), (1, 1, "a", 1, b"", b"")],
    }


def test_what_comes_with_a_job_that_is_known_is_dropped_with_it(
    job: MakeJob, fact: MakeFact
) -> None:
    known, new = job(8), job(9)
    batch = Batch(3, {known.job: 5}, Labels(Terms(lambda _: None, lambda: 0)), lambda _: None)
    commit = batch.add([known, fact(8, 2), WorkStored(8, 1, b""), new, fact(9, 2)])
    assert commit == Commit(4, {known.job: 5})
    assert batch.seq == 5
    rows = {row for statement in batch.statements() for row in statement.rows if 8 in row}
    assert rows == set()


def test_facts_that_contradict_one_another_name_the_job(fact: MakeFact) -> None:
    with pytest.raises(JournalFailed, match=r"fact 9 of job 3.*follows fact 7"):
        folded([fact(3, 7)], [fact(3, 9)])
    with pytest.raises(JournalFailed, match=r"validation_started in attempt 1.*ready in attempt 1"):
        folded([fact(3, 7, Status.READY)], [fact(3, 8)])
