"""Following many jobs at a time until each has reached what is waited for, or cannot any more."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import anyio

from stationd.client.connection.shared import connection
from stationd.client.references.any_status import AnyStatus
from stationd.client.references.job import JobStatus
from stationd.client.stationctl.display.climb import Climb
from stationd.client.stationctl.typed.lookup import shown
from stationd.client.waiting.settling import failed_items, job_error, judged
from stationd.client.waiting.verdict import Verdict
from stationd.proto.error import StationError, WaitTimeout
from stationd.proto.jobs_protocol import Events, ProgressReport, Snapshot
from stationd.proto.status import StatusEnum

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from stationd.client.connection.stream import Frame
    from stationd.proto.job import JobId, JobView

MOST_ON_A_STREAM: Final = 1000
"""Jobs; the station takes no more on one."""

Show = Callable[[Climb, JobStatus], None]
"""Called with every change of every job, in order."""


@dataclass
class Watch:
    """Jobs that are watched together.

    Args:
        jobs: Their ids and numbers, in the order in which they were named; 0 for a number that
            is not known.
        awaited: What is waited for.
        first: Whether the first job that is decided ends the watch.
    """

    jobs: Mapping[JobId, int]
    awaited: AnyStatus = StatusEnum.COMPLETED
    first: bool = False
    climbs: dict[JobId, Climb] = field(init=False)

    def __post_init__(self) -> None:
        self.climbs = {job: Climb(job, number) for job, number in self.jobs.items()}

    def verdict(self, climb: Climb) -> Verdict:
        """Return what is known of a job's reaching the goal."""
        return judged(climb.story, self.awaited)

    @property
    def decided(self) -> list[Climb]:
        """The jobs of which it is known whether they have reached the goal."""
        return [one for one in self.climbs.values() if self.verdict(one) is not Verdict.OPEN]

    @property
    def over(self) -> bool:
        """Whether there is nothing more to wait for."""
        return len(self.decided) >= (min(1, len(self.climbs)) if self.first else len(self.climbs))


async def follow(watch: Watch, show: Show, timeout: float | None) -> list[StationError]:
    """Show all changes until the watch is over.

    Args:
        watch: The jobs; knows nothing of them yet.
        show: Called with every change.
        timeout: Seconds for all of them together; None for as long as it takes.

    Returns:
        A `JobError` for each job that cannot reach the goal any more, a `WaitTimeout` for each
        that has not come in time; in the order of the jobs.

    Raises:
        UnknownJob: The station does not know one of them.
        StationUnreachable: Nobody has answered at all.
    """
    ids = list(watch.climbs)
    with anyio.move_on_after(timeout):
        try:
            async with anyio.create_task_group() as tasks:
                for start in range(0, len(ids), MOST_ON_A_STREAM):
                    part = tuple(ids[start : start + MOST_ON_A_STREAM])
                    tasks.start_soon(_follow_part, watch, part, show, tasks.cancel_scope)
        except BaseExceptionGroup as group:
            # One may be the station's refusal, or that nobody reads what is shown.
            raise _first(group) from None
    return await _errors(watch, timeout)


async def listen_to_all(
    show: Show, missed: Callable[[], None], timeout: float | None, *, numbers: bool = False
) -> None:
    """Show every change of every job of the station from now on.

    Args:
        show: Called with every change.
        missed: Called where the station cannot tell the changes any more that come next.
        timeout: Seconds; None for as long as it takes.
        numbers: Ask for the number of each job that is new.
    """
    climbs: dict[JobId, Climb] = {}
    stream = connection().listen(None)
    begun = False
    try:
        with anyio.move_on_after(timeout):
            while True:
                frame = await stream.receive()
                if isinstance(frame, Snapshot):
                    if begun:
                        missed()
                    begun = True
                named = named_in(frame)
                new = [job for job in named if job not in climbs]
                views = await _shown(new if numbers else [])
                climbs |= {job: Climb(job, views[job].number if job in views else 0) for job in new}
                for job in named:
                    climb = climbs[job]
                    for change in climb.take(frame):
                        show(climb, change)
                    if climb.over:
                        del climbs[job]
    finally:
        stream.close()


async def _shown(jobs: Sequence[JobId]) -> Mapping[JobId, JobView]:
    """Return what can be seen of jobs; the stream goes on if the station is away for a moment."""
    try:
        return await shown(jobs)
    except StationError:
        return {}


async def _follow_part(
    watch: Watch, jobs: tuple[JobId, ...], show: Show, scope: anyio.CancelScope
) -> None:
    stream = connection().listen(jobs)
    open_jobs = set(jobs)
    try:
        while open_jobs:
            frame = await stream.receive()
            for job in named_in(frame):
                if job not in open_jobs:
                    continue
                climb = watch.climbs[job]
                for change in climb.take(frame):
                    show(climb, change)
                if watch.verdict(climb) is not Verdict.OPEN:
                    open_jobs.discard(job)
                    stream.leave(job)
            if watch.first and watch.over:
                scope.cancel()
                return
    finally:
        stream.close()


def named_in(frame: Frame) -> list[JobId]:
    """Return the jobs that a frame is about."""
    match frame:
        case Snapshot():
            return [view.id for view in frame.views]
        case Events():
            return list(dict.fromkeys(event.job for event in frame.events))
        case ProgressReport():
            return [frame.job]


async def _errors(watch: Watch, timeout: float | None) -> list[StationError]:
    errors: list[StationError] = []
    for climb in watch.climbs.values():
        match watch.verdict(climb):
            case Verdict.LOST:
                items = await failed_items(climb.story)
                errors.append(job_error(climb.story, watch.awaited, items))
            case Verdict.OPEN if not watch.first or not watch.decided:
                last = climb.status.status if climb.status is not None else None
                errors.append(WaitTimeout(climb.job, last, timeout or 0.0))
            case _:
                pass
    return errors


def _first(group: BaseExceptionGroup[BaseException]) -> BaseException:
    first = group.exceptions[0]
    if isinstance(first, BaseExceptionGroup):
        # What isinstance knows of a group has no parameter.
        return _first(first)  # pyright: ignore[reportUnknownArgumentType]
    return first
