"""What is known of a job that is watched: pure, so that every display can be tried."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from stationd.client.waiting.story import Story
from stationd.proto.jobs_protocol import Snapshot
from stationd.proto.status import JobExecutorStatus

if TYPE_CHECKING:
    from stationd.client.connection.stream import Frame
    from stationd.client.references.job import JobStatus
    from stationd.proto.job import JobId, TimelineEntry

_S = JobExecutorStatus
_QUEUED_SHARE: Final = 0.25
_EXECUTED_SHARE: Final = 0.9
_STARTED_SHARE: Final = 0.3
_LEAST_DONE: Final = 0.01
"""A share of the work below which its rest cannot be told from its beginning."""


class Climb:
    """One job's way up the ladder.

    Args:
        job: Its id.
        number: 0 if it is not known yet.
    """

    def __init__(self, job: JobId, number: int = 0) -> None:
        self.job = job
        self.number = number
        self.name = ""
        self.story = Story(job)
        self.timeline: list[TimelineEntry] = []
        """Of all attempts."""

    @property
    def called(self) -> str:
        """What names it: its number, or its id until that is known."""
        return str(self.number) if self.number else self.job

    @property
    def status(self) -> JobStatus | None:
        """Where it stands; None if nothing was heard yet."""
        return self.story.status

    @property
    def over(self) -> bool:
        """Whether it has ended, and no other attempt follows by itself."""
        last = self.timeline[-1] if self.timeline else None
        return last is not None and last.status.is_terminal and not last.retrying

    def take(self, frame: Frame) -> list[JobStatus]:
        """Take what a stream says and return what is new of this job."""
        if isinstance(frame, Snapshot):
            for view in frame.views:
                if view.id == self.job:
                    self.number = view.number
                    self.name = view.name
                    self.timeline = list(view.timeline)
        changes: list[JobStatus] = []
        for change in self.story.take(frame):
            changes.append(change)
            known = self.timeline[-1].ordinal if self.timeline else 0
            if change.ordinal > known:
                self.timeline.append(self.story.attempt[-1])
        return changes

    def began(self) -> float | None:
        """Return when the current attempt's execution began, Unix seconds."""
        for entry in reversed(self.story.attempt):
            if entry.status is _S.EXECUTION_STARTED and not entry.cancelling:
                return entry.time_unix_s
        return None

    def took(self) -> float:
        """Return the seconds from the first fact of all to the newest."""
        if not self.timeline:
            return 0.0
        return self.timeline[-1].time_unix_s - self.timeline[0].time_unix_s

    def share(self) -> float:
        """Return how far up the ladder it is: 0 at the bottom, 1 at the end.

        A queued job has done a quarter; executing takes it to nine tenths.
        """
        entries = [
            entry
            for entry in self.story.attempt
            if entry.status.is_known and entry.status not in (_S.FAILED, _S.ABORTED)
        ]
        if not entries:
            return 0.0
        status = entries[-1].status
        if status is _S.EXECUTION_STARTED:
            done = done_share(self.status)
            return _STARTED_SHARE + (_EXECUTED_SHARE - _STARTED_SHARE) * done
        if status <= _S.PENDING_EXECUTION:
            return _QUEUED_SHARE * status.rung / _S.PENDING_EXECUTION.rung
        above = status.rung - _S.EXECUTION_ENDED.rung
        steps = _S.READY.rung - _S.EXECUTION_ENDED.rung
        return _EXECUTED_SHARE + (1 - _EXECUTED_SHARE) * above / steps

    def seconds_left(self, now: float) -> float | None:
        """Return how long the execution will go on at its pace; None if nobody can tell."""
        began = self.began()
        if self.over or began is None or self.status is None or self.status.cancelling:
            return None
        return seconds_left(done_share(self.status), now - began)


def done_share(status: JobStatus | None) -> float:
    """Return which part of its shots or points a running job has done."""
    progress = None if status is None else status.progress
    if progress is None or progress.total <= 0:
        return 0.0
    return min(max(progress.done / progress.total, 0.0), 1.0)


def seconds_left(done: float, elapsed: float) -> float | None:
    """Return what is left of work of which a part has taken so many seconds.

    >>> seconds_left(0.25, 10.0)
    30.0
    >>> seconds_left(0.0, 10.0) is None
    True
    """
    if done < _LEAST_DONE or done >= 1 or elapsed <= 0:
        return None
    return elapsed * (1 - done) / done
