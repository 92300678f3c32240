"""Jobs as a stream shows them, for tests of what is drawn of them."""

import io
from collections.abc import Sequence

from rich.console import Console, RenderableType

from stationd.client.stationctl.display.climb import Climb
from stationd.proto.error import ErrorCode, ErrorInfo
from stationd.proto.job import JobId, JobView, Progress, TimelineEntry
from stationd.proto.jobs_protocol import Events, FeedEvent, ProgressReport, Snapshot
from stationd.proto.status import JobExecutorStatus as S

FAILURE = ErrorInfo(ErrorCode.DRIVER_FAILED, "the source does not lock")


def job_id(number: int) -> JobId:
    """Return an id that begins with the number."""
    return JobId(f"{number:08d}-0000-4000-8000-000000000000")


def entries(*statuses: S, first: float = 100.0, attempt: int = 1) -> tuple[TimelineEntry, ...]:
    """Return a timeline with a second between its facts."""
    return tuple(
        TimelineEntry(
            seq=number,
            ordinal=number,
            attempt=attempt,
            status=status,
            time_unix_s=first + number - 1,
            error=FAILURE if status is S.FAILED else None,
        )
        for number, status in enumerate(statuses, start=1)
    )


def view(
    number: int, timeline: Sequence[TimelineEntry], name: str = "", place: int | None = None
) -> JobView:
    """Return a job that has come so far."""
    last = timeline[-1]
    return JobView(
        id=job_id(number),
        number=number,
        kind="circuits",
        target="qpu",
        status=last.status,
        attempt=last.attempt,
        created_unix_s=timeline[0].time_unix_s,
        modified_unix_s=last.time_unix_s,
        seq=last.seq,
        name=name or f"job {number}",
        error=last.error,
        queue_position=place,
        timeline=tuple(timeline),
    )


def climb(number: int, *statuses: S, name: str = "", place: int | None = None) -> Climb:
    """Return a job that is watched, and stands where the last status says."""
    watched = Climb(job_id(number))
    watched.take(Snapshot(1, 0, (view(number, entries(*statuses), name, place),)))
    return watched


def progress(watched: Climb, done: int, total: int) -> None:
    """Let a job report how far it is."""
    report = Progress(done=done, total=total, unit="shots")
    watched.take(ProgressReport(1, watched.job, report))


def goes_on(watched: Climb, *statuses: S, attempt: int = 1) -> None:
    """Let a job climb further."""
    known = watched.timeline[-1]
    for number, status in enumerate(statuses, start=1):
        entry = TimelineEntry(
            seq=known.seq + number,
            ordinal=known.ordinal + number,
            attempt=attempt,
            status=status,
            time_unix_s=known.time_unix_s + number,
        )
        watched.take(Events(1, (FeedEvent(watched.job, entry),)))


def rendered(what: RenderableType, width: int = 80, height: int = 24) -> list[str]:
    """Return what a terminal of that size shows, without colours."""
    console = Console(
        file=io.StringIO(), width=width, height=height, force_terminal=True, color_system=None
    )
    with console.capture() as captured:
        console.print(what)
    return [line.rstrip() for line in captured.get().splitlines()]
