"""The jobs API for scripts and notebooks: the names and signatures of `stationd.aio.jobs`.

Every call may be made where an event loop runs already, as in a notebook, and from several
threads; Ctrl-C ends the wait and leaves the job alone. The documentation of each function is
that of its asynchronous twin.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Literal

import msgspec

from stationd.client import aio, portal, search
from stationd.client.awaiting import AnyStatus
from stationd.client.blocking_queue import (
    drain_target,
    drop_reservation,
    hold,
    move_before,
    pause_target,
    queue,
    release,
    reprioritise,
    reserve,
    resume_target,
    target_states,
    why,
)
from stationd.client.portal import call
from stationd.client.queue import Moment
from stationd.client.references import (
    IncompleteJobItemRef,
    ItemRef,
    Job,
    JobRef,
    JobStatus,
    StationRef,
)
from stationd.client.results import Outcome
from stationd.client.retrying import RetryOutcome
from stationd.client.submission import Sources
from stationd.proto.calibration import CalibrationSet, CalibrationSummary, Observation
from stationd.proto.error import ErrorCode
from stationd.proto.job import JobKind, JobView
from stationd.proto.jobs_protocol import ControllerView, TargetView
from stationd.proto.program import JobWork, Sweep
from stationd.proto.status import JobStatusEnum, RemoteRetryStrategy, StatusEnum

__all__ = [
    "JobSearch",
    "ResultRef",
    "cancel",
    "close",
    "controllers",
    "download_result",
    "drain_target",
    "drop_reservation",
    "get",
    "get_all",
    "get_calibration",
    "hold",
    "import_calibration",
    "list_calibrations",
    "listen_job_status",
    "move_before",
    "pause_target",
    "ping",
    "queue",
    "refresh",
    "release",
    "reprioritise",
    "reserve",
    "reset_controller",
    "results",
    "resume_target",
    "retry_submission",
    "status",
    "submit",
    "target_states",
    "targets",
    "use_calibration",
    "view",
    "wait_for",
    "why",
]


class ResultRef(ItemRef, frozen=True, kw_only=True):
    """The stored result of one item of a job."""

    def download_result(self) -> Outcome:
        """Return the result; every call fetches it anew."""
        return download_result(self)


class JobSearch:
    """The jobs that match a search, the newest first; fetched as they are iterated over.

    Every iteration searches anew. Jobs that come in meanwhile shift nothing: a page begins
    where the one before it ended.
    """

    def __init__(self, found: search.JobSearch) -> None:
        self._found = found

    def __repr__(self) -> str:
        return repr(self._found)

    def __iter__(self) -> Iterator[JobRef]:
        """Yield the matching jobs."""
        for page in portal.iterate(self._found.pages()):
            yield from page

    def list(self, limit: int | None = None) -> search.Found:
        """Return the matching jobs; at most `limit` of them, None for all."""
        return call(self._found.list, limit)

    def count(self) -> int:
        """Return how many jobs match, by going through all of them."""
        return call(self._found.count)


def submit(
    work: JobWork | None = None,
    *,
    programs: Sources | None = None,
    n_shots: int | Sequence[int] | None = None,
    sweep: Sweep | None = None,
    compile_only: bool = False,
    target: str = "",
    optimisation_level: int = 2,
    seed: int | None = None,
    name: str = "",
    priority: int = 0,
    calibration_set: str | None = None,
    item_errors: Literal["stop", "continue"] = "stop",
    timeout: float | None = None,
    max_attempts: int = 1,
    retry_on: Sequence[ErrorCode] = (),
    on_lost: Literal["fail", "requeue"] = "fail",
    not_before: Moment | None = None,
    deadline: Moment | None = None,
    hold: bool = False,
    id: str | None = None,  # noqa: A002 - as in the twin
) -> JobRef:
    """Store a job at the station, which then runs it. Give one of work, programs and sweep."""
    return call(
        aio.submit,
        work,
        programs=programs,
        n_shots=n_shots,
        sweep=sweep,
        compile_only=compile_only,
        target=target,
        optimisation_level=optimisation_level,
        seed=seed,
        name=name,
        priority=priority,
        calibration_set=calibration_set,
        item_errors=item_errors,
        timeout=timeout,
        max_attempts=max_attempts,
        retry_on=retry_on,
        on_lost=on_lost,
        not_before=not_before,
        deadline=deadline,
        hold=hold,
        id=id,
    )


def get(
    *,
    id: Job | None = None,  # noqa: A002 - as in the twin
    name_like: str | None = None,
    job_status: AnyStatus | Iterable[AnyStatus] | None = None,
    job_type: JobKind | Iterable[JobKind] | None = None,
    target: str | None = None,
) -> JobRef:
    """Return the one job that matches."""
    return call(
        aio.get,
        id=id,
        name_like=name_like,
        job_status=job_status,
        job_type=job_type,
        target=target,
    )


def get_all(
    *,
    name_like: str | None = None,
    job_status: AnyStatus | Iterable[AnyStatus] | None = None,
    job_type: JobKind | Iterable[JobKind] | None = None,
    target: str | None = None,
) -> JobSearch:
    """Return the jobs that match, the newest first; nothing is fetched before it is needed."""
    found = aio.get_all(
        name_like=name_like, job_status=job_status, job_type=job_type, target=target
    )
    return JobSearch(found)


def view(job: Job) -> JobView:
    """Return all that the station knows of a job: timeline, items, errors."""
    return call(aio.view, job)


def refresh(job: Job) -> JobRef:
    """Return a job as it is now."""
    return call(aio.refresh, job)


def status(job: Job) -> JobStatus:
    """Return where a job stands now."""
    return call(aio.status, job)


def wait_for(
    job: Job,
    wait_for_status: AnyStatus = StatusEnum.COMPLETED,
    timeout: float | None = 300.0,
) -> JobStatus:
    """Wait until a job has reached a status; nothing is polled."""
    return call(aio.wait_for, job, wait_for_status, timeout)


def listen_job_status(
    job: Job, wait_for_status: AnyStatus = StatusEnum.COMPLETED
) -> Iterator[JobStatus]:
    """Yield where a job stands, and then every change: none left out and none twice."""
    return portal.iterate(aio.listen_job_status(job, wait_for_status))


def cancel(job: Job) -> Literal["accepted", "already_over"]:
    """Ask for the end of a job that is under way."""
    return call(aio.cancel, job)


def retry_submission(
    job: Job,
    retry_status: Iterable[StatusEnum | JobStatusEnum | str] | None = None,
    remote_retry_strategy: RemoteRetryStrategy | str = RemoteRetryStrategy.DEFAULT,
    user_group: str | None = None,
) -> RetryOutcome:
    """Open another attempt of a job that is over."""
    return call(aio.retry_submission, job, retry_status, remote_retry_strategy, user_group)


def results(
    job: Job,
    allow_incomplete: bool = False,  # noqa: FBT001, FBT002 - as in the twin
) -> list[ResultRef | IncompleteJobItemRef]:
    """Return the references of a job's results, in the order of submission."""
    return [_synchronous(item) for item in call(aio.results, job, allow_incomplete)]


def download_result(result: ItemRef) -> Outcome:
    """Return a stored result."""
    return call(aio.download_result, result)


def ping() -> StationRef:
    """Return who answers at the current endpoint."""
    return call(aio.ping)


def controllers() -> tuple[ControllerView, ...]:
    """Return what the station knows of its controllers."""
    return call(aio.controllers)


def reset_controller(name: str) -> None:
    """Trust a controller in quarantine again: you have seen that its instruments are at rest."""
    call(aio.reset_controller, name)


def targets() -> tuple[TargetView, ...]:
    """Return the QPUs that jobs can name."""
    return call(aio.targets)


def import_calibration(
    target: str,
    observations: Sequence[Observation],
    *,
    name: str = "",
    use: bool = False,
    id: str | None = None,  # noqa: A002 - as in the twin
) -> CalibrationSet:
    """Store a calibration set at the station."""
    return call(aio.import_calibration, target, observations, name=name, use=use, id=id)


def list_calibrations(target: str = "") -> tuple[CalibrationSummary, ...]:
    """Return the stored calibration sets of a target (empty: of all), the newest first."""
    return call(aio.list_calibrations, target)


def get_calibration(id: str) -> CalibrationSet:  # noqa: A002 - as in the twin
    """Return a calibration set, whole."""
    return call(aio.get_calibration, id)


def use_calibration(id: str) -> CalibrationSet:  # noqa: A002 - as in the twin
    """Make a calibration set its target's default, for jobs that come from now on."""
    return call(aio.use_calibration, id)


def close() -> None:
    """Close the connection and end the background thread. Later calls start them again."""
    portal.stop()


def _synchronous(
    item: aio.ResultRef | IncompleteJobItemRef,
) -> ResultRef | IncompleteJobItemRef:
    if isinstance(item, IncompleteJobItemRef):
        return item
    return ResultRef(**msgspec.structs.asdict(item))
