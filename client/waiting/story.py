"""What a stream has told of one job: pure, so that every order of frames can be tried."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from stationd.client.references.job import JobStatus
from stationd.client.references.referring import status_of
from stationd.proto.job import JobView, TimelineEntry
from stationd.proto.jobs_protocol import Events, ProgressReport, Snapshot
from stationd.proto.status import StatusEnum, coarse_status

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from stationd.client.connection.stream import Frame
    from stationd.proto.job import JobId


Part = JobView | TimelineEntry | ProgressReport
"""What a frame tells of one job."""


def parts(frame: Frame) -> Iterator[tuple[JobId, Part]]:
    """Yield what a frame tells, in its order, and of which job."""
    match frame:
        case Snapshot():
            for view in frame.views:
                yield view.id, view
        case Events():
            for event in frame.events:
                yield event.job, event.entry
        case ProgressReport():
            yield frame.job, frame


class Story:
    """The status of one job and how it came about."""

    def __init__(self, job: JobId) -> None:
        self.job = job
        self.status: JobStatus | None = None
        """The newest; None if nothing was told yet."""
        self.attempt: list[TimelineEntry] = []
        """The timeline of the current attempt."""

    def take(self, frame: Frame) -> Iterator[JobStatus]:
        """Take a frame and yield what is new in it, in order.

        The story goes on with every status that is taken from the iterator, and no further.
        """
        for job, part in parts(frame):
            if job == self.job:
                yield from self.hear(part)

    def hear(self, part: Part) -> Iterator[JobStatus]:
        """Take what a frame tells of this job, as `take` does of a whole frame."""
        match part:
            case TimelineEntry():
                return self._take_entries((part,))
            case JobView():
                return self._take_view(part)
            case ProgressReport():
                return self._take_progress(part)

    def _take_view(self, view: JobView) -> Iterator[JobStatus]:
        if self.status is not None:
            # The stream could not go on where it ended: the view's timeline fills the gap.
            yield from self._take_entries(view.timeline)
            return
        self.attempt = [entry for entry in view.timeline if entry.attempt == view.attempt]
        self.status = status_of(view)
        yield self.status

    def _take_entries(self, entries: Iterable[TimelineEntry]) -> Iterator[JobStatus]:
        for entry in entries:
            if self.status is None or entry.ordinal > self.status.ordinal:
                yield self._advance(entry)

    def _advance(self, entry: TimelineEntry) -> JobStatus:
        if self.attempt and entry.attempt != self.attempt[-1].attempt:
            self.attempt = []
        self.attempt.append(entry)
        before = self.status
        # A cancel that is accepted repeats the rung: what was known of it still holds.
        same = before is not None and before.status is entry.status
        self.status = JobStatus(
            job=self.job,
            attempt=entry.attempt,
            status=entry.status,
            coarse=StatusEnum.RETRYING
            if entry.retrying
            else coarse_status(
                entry.status, cancelling=entry.cancelling, retrying=entry.attempt > 1
            ),
            seq=entry.seq,
            ordinal=entry.ordinal,
            time_unix_s=entry.time_unix_s,
            cancelling=entry.cancelling,
            queue_position=before.queue_position if before is not None and same else None,
            progress=before.progress if before is not None and same else None,
            error=entry.error,
            note=entry.note,
        )
        return self.status

    def _take_progress(self, report: ProgressReport) -> Iterator[JobStatus]:
        if self.status is None or self.status.status.is_terminal:
            return
        status = msgspec.structs.replace(
            self.status,
            progress=report.progress or self.status.progress,
            queue_position=report.queue_position,
        )
        if status != self.status:
            self.status = status
            yield status
