"""What journal tests write: small, distinct, and the same everywhere."""

from collections.abc import Callable
from uuid import UUID

import pytest

from stationd.proto.job import JobId, JobSpec
from stationd.proto.program import Circuits, NullProgram
from stationd.proto.status import JobExecutorStatus
from stationd.runtime.journal.records import Fact, JobStored

MakeJob = Callable[..., JobStored]
MakeFact = Callable[..., Fact]


def job_id(number: int) -> JobId:
    return JobId(str(UUID(int=number)))


@pytest.fixture
def job() -> MakeJob:
    """Make the record of a job with a number; the id follows from it unless it is given."""

    def make(
        number: int, *, known_as: JobId | None = None, name: str = "", items: int = 1
    ) -> JobStored:
        programs = tuple(NullProgram(name=f"p{index}") for index in range(items))
        spec = JobSpec(work=Circuits(programs=programs, n_shots=(1,) * items), name=name)
        return JobStored(number, known_as or job_id(number), "qpu", spec, 100.0 + number)

    return make


@pytest.fixture
def fact() -> MakeFact:
    """Make a fact of the job with a number and the id that follows from it."""

    def make(
        number: int,
        ordinal: int,
        status: JobExecutorStatus = JobExecutorStatus.VALIDATION_STARTED,
        *,
        attempt: int = 1,
        cancelling: bool = False,
    ) -> Fact:
        return Fact(
            number, job_id(number), ordinal, attempt, status, 200.0 + ordinal, cancelling, None, ""
        )

    return make
