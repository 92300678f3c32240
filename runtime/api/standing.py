"""Why a job stands where it stands, wherever that is: in the queue, before it or behind it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from stationd.proto.queue_requests import Reason
from stationd.proto.status import JobExecutorStatus
from stationd.runtime.api.privacy import unknown_job
from stationd.runtime.queue.explanation import explain, moment

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from stationd.proto.job import JobId, JobView
    from stationd.runtime.clock import Clock
    from stationd.runtime.controllers.instruments import Instruments
    from stationd.runtime.jobs.dispatch import Dispatch
    from stationd.runtime.journal.interface import Journal
    from stationd.runtime.live import LiveJob

S = JobExecutorStatus

_ON_RUNG: Final = {
    S.RECEIVED: "it has just come in",
    S.VALIDATION_STARTED: "it is being validated",
    S.FETCH_CALIBRATION_STARTED: "its calibration set is being fetched",
    S.COMPILATION_STARTED: "it is being compiled",
    S.SAVE_SWEEP_METADATA_STARTED: "what it will execute is being written down",
    S.EXECUTION_STARTED: "the instruments are at work on it",
    S.POST_PROCESSING_STARTED: "its results are being made of the raw data",
}


async def reasons(
    job: JobId,
    *,
    dispatch: Dispatch,
    instruments: Instruments,
    journal: Journal,
    clock: Clock,
    name_of: Callable[[str], str],
    shows: Callable[[JobId], bool],
) -> tuple[Reason, ...]:
    """Return why a job stands where it stands, what matters most first.

    Args:
        job: The job.
        dispatch: Knows it if it is under way.
        instruments: Have the queue.
        journal: Knows it if it is over.
        clock: Tells the time.
        name_of: Tells the name of a project.
        shows: Whether whoever asks may read another job.

    Raises:
        UnknownJob: There is no such job.
    """
    live = await dispatch.find(job)
    if live is None:
        view = await journal.view(job)
        if view is None:
            raise unknown_job(job)
        return (_over(view),)
    if live.job.status is S.PENDING_EXECUTION:
        said = explain(instruments.queue, live.job.number, clock.time(), name_of, shows)
        found = tuple(_in_queue(live, said, instruments, journal))
    else:
        found = tuple(_elsewhere(live))
    cancelling = Reason("status", "it is being cancelled")
    return (cancelling, *found) if live.job.cancelling else found


def _over(view: JobView) -> Reason:
    text = f"it is over: {view.status}"
    if view.error is not None:
        text += f", {view.error.code}: {view.error}"
    elif view.note:
        text += f", {view.note}"
    return Reason("status", text)


def _elsewhere(live: LiveJob) -> Iterator[Reason]:
    status = live.job.status
    if live.waits_for:
        yield Reason("calibration", f"it waits for a fresh calibration set; {live.waits_for}")
    text = _ON_RUNG.get(status, f"it is on its way, at {status}")
    yield Reason("status", text)
    if status < S.PENDING_EXECUTION:
        if live.spec.hold:
            yield Reason("held", "it is held, so it will stay in the queue when it comes there")
        yield from _deadline(live)


def _in_queue(
    live: LiveJob, said: tuple[Reason, ...], instruments: Instruments, journal: Journal
) -> Iterator[Reason]:
    if instruments.paused:
        yield Reason("status", "the station is stopping: nothing begins until it is back")
    if journal.trouble is not None:
        yield Reason("status", f"nothing begins until the storage is in order: {journal.trouble}")
    yield from said or (Reason("status", "it is on its way into the queue"),)
    yield from _deadline(live)


def _deadline(live: LiveJob) -> Iterator[Reason]:
    if live.spec.deadline is not None:
        when = moment(live.spec.deadline)
        yield Reason("deadline", f"it fails if it has not begun by {when}")
