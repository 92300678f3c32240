"""Many jobs at once: sent in batches, answered one by one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

import anyio
import msgspec

from stationd.client.connection.shared import connection
from stationd.client.projects import context
from stationd.client.references.job import JobRef, id_of
from stationd.client.references.referring import job_of
from stationd.client.submission import arguments
from stationd.client.submission.new_id import new_id
from stationd.client.submission.sending import stored_as, unknown_whether_stored
from stationd.proto.error import StationError, StationUnreachable, error_from_info
from stationd.proto.job import JobSpec
from stationd.proto.jobs_protocol import (
    MOST_SUBMITTED,
    Get,
    Job,
    NewJob,
    SubmitAnswer,
    SubmitMany,
    SubmittedMany,
)
from stationd.proto.program import Circuits, Compile, JobWork, Sweep, program_bytes

_BATCHES_ON_THE_WAY: Final = 4
_BATCH_BYTES: Final = 4 * 1024 * 1024
"""Programs of more than this are sent in further batches."""
_SWEEP_VALUE_BYTES: Final = 9


async def submit_many(
    jobs: Iterable[JobSpec | JobWork], *, ids: Sequence[str] | None = None
) -> list[JobRef | StationError]:
    """Store many jobs at the station, which then runs them; far quicker than one by one.

    Args:
        jobs: What is asked for: `Circuits`, `Compile` or `Sweep`, or a `JobSpec` that says more,
            such as a name or a priority.
        ids: A UUID for each job, if it is not to be made up. Submitting the same id twice gives
            one job.

    Returns:
        For each job, in the same order, the job, which is on the station's disk, or the error
        that says why it is not. One that is refused does not keep the others from being stored.

    Raises:
        InvalidJob: An argument does not fit; nothing has been sent.
    """
    specs = [_spec(job, index) for index, job in enumerate(jobs)]
    names = [new_id() for _ in specs] if ids is None else list(map(id_of, ids))
    if len(names) != len(specs):
        raise arguments.wrong("ids", f"{len(names)} ids for {len(specs)} jobs: give one for each")
    wanted = [NewJob(name, spec) for name, spec in zip(names, specs, strict=True)]
    answers: dict[int, JobRef | StationError] = {}
    batches = _batches(wanted)

    async def send() -> None:
        # Whoever is free takes the next batch; nothing is awaited between asking and taking.
        for start, batch in batches:
            found = await _send(batch)
            answers.update(enumerate(found, start))

    async with anyio.create_task_group() as senders:
        for _ in range(_BATCHES_ON_THE_WAY):
            senders.start_soon(send)
    return [answers[index] for index in range(len(wanted))]


def _spec(job: JobSpec | JobWork, index: int) -> JobSpec:
    spec = job if isinstance(job, JobSpec) else JobSpec(work=job)
    here = context.defaults()
    if here.project or here.properties:
        spec = msgspec.structs.replace(
            spec,
            project=spec.project or here.project,
            properties={**here.properties, **spec.properties},
        )
    try:
        return arguments.checked(spec)
    except StationError as error:
        raise arguments.wrong("jobs", f"job {index}: {error.info}") from error


def _batches(jobs: Sequence[NewJob]) -> Iterator[tuple[int, Sequence[NewJob]]]:
    """Yield parts of them that fit into a message, and where they begin."""
    begin = size = 0
    for index, job in enumerate(jobs):
        more = _size_bytes(job.spec)
        if index > begin and (index - begin == MOST_SUBMITTED or size + more > _BATCH_BYTES):
            yield begin, jobs[begin:index]
            begin, size = index, 0
        size += more
    if begin < len(jobs):
        yield begin, jobs[begin:]


def _size_bytes(spec: JobSpec) -> int:
    """Return about how much a job takes on the wire, without encoding it."""
    match spec.work:
        case Circuits(programs=programs) | Compile(programs=programs):
            return sum(map(program_bytes, programs))
        case Sweep(axes=axes):
            return sum(_SWEEP_VALUE_BYTES * len(axis.values) for group in axes for axis in group)


async def _send(batch: Sequence[NewJob]) -> list[JobRef | StationError]:
    try:
        answer = await connection().ask(SubmitMany(0, tuple(batch)), SubmittedMany)
    except StationUnreachable as error:
        return [unknown_whether_stored(job.job, error) for job in batch]
    except StationError as error:
        return [error for _ in batch]
    told = zip(batch, answer.answers, strict=True)
    return [await _told(new, one, answer.creator) for new, one in told]


async def _told(new: NewJob, answer: SubmitAnswer, creator: str) -> JobRef | StationError:
    if answer.error is not None:
        return error_from_info(answer.error)
    if answer.created:
        return stored_as(new.job, new.spec, answer, creator)
    return job_of((await connection().ask(Get(0, new.job), Job)).view)
