"""Whether a job that is submitted once more is the one that there is."""

import anyio
import pytest
from msgspec.structs import replace

from stationd.proto.error import ErrorCode, ErrorInfo
from stationd.proto.program import Circuits, NullProgram
from stationd.runtime.api.resent import CHANGEABLE, Resent, is_same
from stationd.runtime.journal.memory import MemoryJournal
from stationd.runtime.journal.records import JobStored
from tests.runtime.bench import NOW, job_id, null_spec

SPEC = null_spec()
OTHER_WORK = Circuits(programs=(NullProgram(),), n_shots=(2,), target="a")


def test_what_people_may_change_of_a_job_does_not_make_it_another_one() -> None:
    changed = replace(SPEC, name="n", description="d", properties={"a": "b"}, priority=3, hold=True)
    assert {name for name in CHANGEABLE if getattr(changed, name) == getattr(SPEC, name)} == set()
    assert is_same(SPEC, changed)
    assert is_same(changed, SPEC)


@pytest.mark.parametrize(
    "other",
    [
        replace(SPEC, work=OTHER_WORK),
        replace(SPEC, timeout=1.0),
        replace(SPEC, max_attempts=2),
        replace(SPEC, creator="somebody else"),
        null_spec("b"),
    ],
)
def test_what_is_executed_and_for_whom_makes_another_job(other: object) -> None:
    assert isinstance(other, type(SPEC))
    assert not is_same(SPEC, other)
    assert not is_same(other, SPEC)


@pytest.mark.anyio
async def test_the_journal_is_asked_and_the_answer_says_what_is_wrong() -> None:
    journal = MemoryJournal(manual=True)
    journal.write([JobStored(1, job_id(1), "a", SPEC, NOW)], lambda _: None)
    journal.commit()
    answers: list[ErrorInfo | None] = []
    async with anyio.create_task_group() as tasks:
        resent = Resent(journal, tasks)
        resent.compare(job_id(1), SPEC, answers.append)
        resent.compare(job_id(2), SPEC, answers.append)  # deleted meanwhile
    assert answers == [None, None]
    async with anyio.create_task_group() as tasks:
        Resent(journal, tasks).compare(job_id(1), null_spec("b"), answers.append)
    error = answers[-1]
    assert error is not None
    assert error.code is ErrorCode.CONFLICT
    assert job_id(1) in error.detail
