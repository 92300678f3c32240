"""The jobs API for asynchronous programs, on asyncio, uvloop and trio.

All calls of one event loop share one connection, which comes back by itself. Every request
waits for its answer for some seconds at most; waiting for jobs takes as long as its `timeout`.
"""

from __future__ import annotations

import uuid
from collections.abc import AsyncGenerator, Iterable, Sequence
from contextlib import aclosing
from typing import Literal

import anyio

from stationd.client import references, retrying, search, sending, submission
from stationd.client.awaiting import AnyStatus, Verdict
from stationd.client.download import fetch
from stationd.client.queue import (
    Moment,
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
    unix,
    why,
)
from stationd.client.references import (
    IncompleteJobItemRef,
    ItemRef,
    Job,
    JobRef,
    JobStatus,
    id_of,
    job_of,
    status_of,
)
from stationd.client.results import Outcome, read_outcome
from stationd.client.search import JobSearch
from stationd.client.shared import close, connection
from stationd.client.station import (
    controllers,
    get_calibration,
    import_calibration,
    list_calibrations,
    ping,
    reset_controller,
    targets,
    use_calibration,
)
from stationd.client.story import Story
from stationd.client.submission import Sources
from stationd.client.waiting import check_finished, failed_items, follow, job_error, judged
from stationd.proto import jobs_protocol
from stationd.proto.error import (
    ErrorCode,
    ErrorInfo,
    NoUniqueMatch,
    UnknownJob,
    WaitTimeout,
    ZeroMatches,
)
from stationd.proto.job import JobKind, JobSpec, JobView
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

_NEWEST = 2
"""How many matches it takes to know that a search has no unique one."""


class ResultRef(ItemRef, frozen=True, kw_only=True):
    """The stored result of one item of a job."""

    async def download_result(self) -> Outcome:
        """Return the result; every call fetches it anew."""
        return await download_result(self)


# --- submit, look up, search -----------------------------------------------------------------


async def submit(
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
    id: str | None = None,  # noqa: A002 - its name in the API that this one is compatible with
) -> JobRef:
    """Store a job at the station, which then runs it.

    Give one of `work`, `programs` and `sweep`.

    Args:
        work: `Circuits`, `Compile` or `Sweep`, complete.
        programs: Circuits: OpenQASM text, paths of files with such text, or programs.
        n_shots: How often to run each circuit: one number for all, or one for each.
        sweep: Settings to step through, and what to read.
        compile_only: Compile the programs and execute nothing.
        target: The QPU; empty for the station's only one.
        optimisation_level: 0 (as written) to 3.
        seed: Makes layout, routing and simulated noise repeatable.
        name: For people and for searches.
        priority: -1000 to 1000; the higher goes first.
        calibration_set: A calibration set's id; None for the target's default.
        item_errors: Whether one bad program fails the job before anything is executed.
        timeout: Seconds after which the job fails if it is not over, its time in the queue
            included; None for as long as it takes.
        max_attempts: How many attempts the station makes by itself, the first one included.
        retry_on: The errors that another attempt follows on; none for those that are hardly the
            job's fault, see `JobSpec`.
        on_lost: ``requeue`` lets another attempt follow when a controller was lost at work on
            the job, up to three in all if `max_attempts` says nothing else.
        not_before: The job does not begin before this time; Unix seconds, or a datetime.
        deadline: The job fails, with the code ``deadline_passed``, if it has not begun by then.
        hold: Keep it in the queue until somebody lets it go, with `release`.
        id: A UUID. Submitting the same id twice gives one job.

    Returns:
        The job, which is on the station's disk.

    Raises:
        InvalidJob: An argument does not fit; nothing has been sent.
        MessageTooLarge: The job does not fit into one message; nothing has been sent.
        StationUnreachable: Nobody answered. The message says how to submit the same job again.
        StationError: The station's refusal.
    """
    asked = submission.work_of(work, sweep, programs=programs is not None)
    if asked is None:
        sources = [await sending.read(source) for source in submission.listed(programs or ())]
        asked = submission.circuits(
            [submission.program(source) for source in sources],
            n_shots=n_shots,
            compile_only=compile_only,
            target=target,
            optimisation_level=optimisation_level,
            seed=seed,
        )
    spec = JobSpec(
        work=asked,
        name=name,
        priority=priority,
        calibration_set=calibration_set,
        item_errors=item_errors,
        timeout=timeout,
        max_attempts=max_attempts,
        retry_on=tuple(retry_on),
        on_lost=on_lost,
        not_before=unix(not_before),
        deadline=unix(deadline),
        hold=hold,
    )
    return await sending.send(id_of(id or uuid.uuid4()), submission.checked(spec))


async def get(
    *,
    id: Job | None = None,  # noqa: A002
    name_like: str | None = None,
    job_status: AnyStatus | Iterable[AnyStatus] | None = None,
    job_type: JobKind | Iterable[JobKind] | None = None,
    target: str | None = None,
) -> JobRef:
    """Return the one job that matches.

    Args:
        id: The job's id; the other arguments are not looked at then.
        name_like: Part of the name, in any case.
        job_status: One status or several, of which any may match.
        job_type: ``circuits``, ``sweep`` or ``compile``, or several.
        target: The QPU.

    Raises:
        ZeroMatches: No job matches.
        NoUniqueMatch: More than one does.
    """
    if id is not None:
        try:
            return job_of(await view(id))
        except UnknownJob as error:
            raise ZeroMatches(f"the station has no job with the id {id_of(id)}") from error
    wanted = search.wanted(name_like, job_status, job_type, target)
    found = await JobSearch(wanted, _ask_for_jobs).list(limit=_NEWEST)
    if not found:
        raise ZeroMatches(f"no job matches: {search.described(wanted)}")
    if len(found) > 1:
        raise NoUniqueMatch(
            f"more than one job matches: {search.described(wanted)}; the newest are"
            f" {found[0].id} and {found[1].id}"
        )
    return found[0]


def get_all(
    *,
    name_like: str | None = None,
    job_status: AnyStatus | Iterable[AnyStatus] | None = None,
    job_type: JobKind | Iterable[JobKind] | None = None,
    target: str | None = None,
) -> JobSearch:
    """Return the jobs that match, the newest first; nothing is fetched before it is needed.

    Args:
        name_like: Part of the name, in any case.
        job_status: One status or several, of which any may match.
        job_type: ``circuits``, ``sweep`` or ``compile``, or several.
        target: The QPU.
    """
    return JobSearch(search.wanted(name_like, job_status, job_type, target), _ask_for_jobs)


async def view(job: Job) -> JobView:
    """Return all that the station knows of a job: timeline, items, errors.

    Raises:
        UnknownJob: The station does not know it.
    """
    return (await connection().ask(jobs_protocol.Get(0, id_of(job)), jobs_protocol.Job)).view


async def refresh(job: Job) -> JobRef:
    """Return a job as it is now."""
    return job_of(await view(job))


async def status(job: Job) -> JobStatus:
    """Return where a job stands now."""
    return status_of(await view(job))


# --- wait and listen -------------------------------------------------------------------------


async def wait_for(
    job: Job,
    wait_for_status: AnyStatus = StatusEnum.COMPLETED,
    timeout: float | None = 300.0,
) -> JobStatus:
    """Wait until a job has reached a status.

    Nothing is polled: the station tells. A lost connection ends no wait.

    Args:
        job: The job.
        wait_for_status: What to wait for. Whoever waits for SUBMITTED, QUEUED or RUNNING is
            content with a later one of these or COMPLETED; a `JobExecutorStatus` is reached
            when the current attempt has stood on it.
        timeout: Seconds; None for as long as it takes. It holds whatever the network does.

    Returns:
        Where the job stands: at that status, or past it.

    Raises:
        JobError: The job cannot reach it any more.
        WaitTimeout: It has not come in time. Nothing has happened to the job.
        UnknownJob: The station does not know the job.
        StationUnreachable: Nobody has answered at all.
    """
    story = Story(id_of(job))
    items: dict[int, ErrorInfo] = {}
    with anyio.move_on_after(timeout):
        async with aclosing(follow(story, wait_for_status)) as updates:
            async for _ in updates:
                pass
        if judged(story, wait_for_status) is Verdict.LOST:
            items = await failed_items(story)
    match judged(story, wait_for_status), story.status:
        case Verdict.REACHED, JobStatus() as reached:
            return reached
        case Verdict.LOST, _:
            raise job_error(story, wait_for_status, items)
        case _, last:
            raise WaitTimeout(story.job, last.status if last else None, timeout or 0.0)


async def listen_job_status(
    job: Job, wait_for_status: AnyStatus = StatusEnum.COMPLETED
) -> AsyncGenerator[JobStatus]:
    """Yield where a job stands, and then every change: none left out and none twice.

    Ends when the job has reached the status, or cannot reach it any more.

    Args:
        job: The job.
        wait_for_status: What to listen for.

    Raises:
        UnknownJob: The station does not know the job.
        StationUnreachable: Nobody has answered at all.
    """
    async with aclosing(follow(Story(id_of(job)), wait_for_status)) as updates:
        async for update in updates:
            yield update


async def cancel(job: Job) -> Literal["accepted", "already_over"]:
    """Ask for the end of a job that is under way.

    Returns:
        ``accepted`` once that is on the station's disk; what comes of it, `wait_for` tells.
        ``already_over`` if the job had ended before.
    """
    request = jobs_protocol.Cancel(0, id_of(job))
    return (await connection().ask(request, jobs_protocol.CancelAnswer)).outcome


async def retry_submission(
    job: Job,
    retry_status: Iterable[StatusEnum | JobStatusEnum | str] | None = None,
    remote_retry_strategy: RemoteRetryStrategy | str = RemoteRetryStrategy.DEFAULT,
    user_group: str | None = None,
) -> retrying.RetryOutcome:
    """Open another attempt of a job that is over.

    Earlier attempts stay in the job's timeline, and items that do not run again keep their
    results.

    Args:
        job: The job.
        retry_status: Which items run again, by their statuses: ERROR, CANCELLED, COMPLETED; None
            for ERROR, and for all with FULL_RESTART. Items that have all of their results never
            run again but with FULL_RESTART.
        remote_retry_strategy: What may be done. DEFAULT collects a result that was left at the
            controllers or could not be worked up, and executes nothing. ALLOW_RESUBMIT executes
            too if nothing can have been executed. FORCE_RESUBMIT executes if there is no result.
            FULL_RESTART does everything again, with the newest calibration set.
        user_group: A station has no groups of users: leave it out.

    Returns:
        ``opened`` once the attempt is on the station's disk; ``nothing_to_collect`` if there is
        no result and the strategy does not execute; ``controller_unreachable`` if a controller
        that may have a result, or be at work, did not answer in time. The latter two open no
        attempt.

    Raises:
        RequestError: The job is still under way, or READY (but for FULL_RESTART), or none of its
            items matches; nothing has changed.
        UnknownJob: The station does not know the job.
    """
    retrying.check_group(user_group)
    strategy = retrying.strategy_of(remote_retry_strategy)
    return await retrying.ask(id_of(job), retrying.named(retry_status), strategy)


# --- results ---------------------------------------------------------------------------------


async def results(
    job: Job,
    allow_incomplete: bool = False,  # noqa: FBT001, FBT002 - as in the API that this one is compatible with
) -> list[ResultRef | IncompleteJobItemRef]:
    """Return the references of a job's results, in the order of submission.

    Args:
        job: The job.
        allow_incomplete: Return an `IncompleteJobItemRef` for an item without result, and do
            not mind whether the job is over.

    Raises:
        JobNotFinished: The job is still under way.
        JobError: The job failed, or was cancelled.
    """
    found = await view(job)
    if not allow_incomplete:
        check_finished(found)
    return [
        ResultRef(
            job=found.id,
            index=item.index,
            artifact=item.result,
            name=item.name,
            partial=item.partial,
        )
        if item.result is not None
        else references.incomplete_item(found, item)
        for item in sorted(found.items, key=lambda item: item.index)
    ]


async def download_result(result: ItemRef) -> Outcome:
    """Return a stored result: a `CircuitResult`, `SweepData`, `CompiledCircuit` or `NullOutcome`.

    Raises:
        UnknownArtifact: The station does not have it any more.
        ProtocolViolation: What arrived is not what was stored.
    """
    return read_outcome(await fetch(connection(), result.artifact))


async def _ask_for_jobs(request: jobs_protocol.Request) -> jobs_protocol.Jobs:
    return await connection().ask(request, jobs_protocol.Jobs)
