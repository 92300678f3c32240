"""Sending a job: the files it is read from, and what to say when nobody answers."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

import anyio
from anyio import to_thread

from stationd.client.connection.shared import connection
from stationd.client.files.native import native_programs
from stationd.client.files.qiskit import qpy_programs
from stationd.client.references.job import JobRef, message_of, ref_class
from stationd.client.references.referring import job_of
from stationd.client.submission.arguments import Source, wrong
from stationd.proto.error import StationUnreachable
from stationd.proto.jobs_protocol import Get, Job, Submit, SubmitAnswer, Submitted
from stationd.proto.program import OpenQasm, Sweep
from stationd.proto.status import JobExecutorStatus, coarse_status

if TYPE_CHECKING:
    from collections.abc import Sequence

    from stationd.proto.job import JobId, JobSpec


async def read(source: Source | os.PathLike[str]) -> Sequence[Source]:
    """Return a program; those of a file if a path is given.

    Raises:
        InvalidJob: The file cannot be read.
        MissingExtra: It is a QPY file of several circuits, and Qiskit is not installed.
    """
    if not isinstance(source, os.PathLike):
        return [source]
    path = anyio.Path(source)
    try:
        data = await path.read_bytes()
        if path.suffix == ".qpy":
            # Taking a file apart loads Qiskit, which takes a second.
            return await to_thread.run_sync(qpy_programs, data, str(path), path.stem)
        if path.suffix == ".json":
            return native_programs(data, str(path))
        return [OpenQasm(source=data.decode("utf-8"), name=path.stem)]
    except (OSError, UnicodeDecodeError) as error:
        raise wrong("programs", f"cannot read {path}: {error}") from error


async def send(job: JobId, spec: JobSpec) -> JobRef:
    """Send a job and return it once it is on the station's disk.

    Raises:
        StationUnreachable: Nobody answered. Whether the job was stored is unknown: the message says
            under which id to send it again.
        StationError: The station's refusal; nothing is stored.
    """
    try:
        answer = await connection().ask(Submit(0, job, spec), Submitted)
    except StationUnreachable as error:
        raise unknown_whether_stored(job, error) from error
    if not answer.created:
        return job_of((await connection().ask(Get(0, job), Job)).view)
    return stored_as(job, spec, answer, answer.creator)


def unknown_whether_stored(job: JobId, error: StationUnreachable) -> StationUnreachable:
    """Return the error that says what to do when nobody has answered a Submit."""
    return StationUnreachable(
        f"{error.info.detail}; whether the job was stored is unknown: submit it again with"
        f" the id {job}, which gives one job"
    )


def stored_as(job: JobId, spec: JobSpec, answer: Submitted | SubmitAnswer, creator: str) -> JobRef:
    """Return a job that has just been stored.

    Args:
        job: Its id.
        spec: What was sent.
        answer: What the station answered. An older one does not say when.
        creator: Whose it is.
    """
    received = JobExecutorStatus.RECEIVED
    coarse = coarse_status(received)
    return ref_class(spec.kind)(
        id=job,
        kind=spec.kind,
        last_status=coarse,
        last_message=message_of(coarse, None),
        status=received,
        created_unix_s=answer.created_unix_s or time.time(),
        creator=creator,
        name=spec.name,
        description=spec.description,
        properties=spec.properties,
        project=spec.project,
        target="" if isinstance(spec.work, Sweep) else spec.work.target,
        number=answer.number,
        priority=spec.priority,
        notice=answer.notice,
    )
