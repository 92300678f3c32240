"""From a job's timeline to the spans of its trace; pure.

Rule 1. An attempt is a trace. Its id, and those of all its spans, follow from the job and the
        attempt: nothing has to be handed from process to process, and what is sent twice is the
        same twice.
Rule 2. Spans are made when the attempt is over, from what the journal says of it.
"""

from __future__ import annotations

import hashlib
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from stationd.proto.status import JobExecutorStatus as S

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from stationd.proto.job import JobView, TimelineEntry

DAEMON: Final = "stationd"
WORKER: Final = "stationd-worker"
CONTROLLER: Final = "stationd-controller"
EXECUTE: Final = "execute"
_PER_SECOND: Final = 1_000_000_000

STAGES: Final[Mapping[S, tuple[str, S]]] = {
    S.VALIDATION_STARTED: ("validate", S.VALIDATION_ENDED),
    S.FETCH_CALIBRATION_STARTED: ("fetch_calibration", S.FETCH_CALIBRATION_ENDED),
    S.COMPILATION_STARTED: ("compile", S.COMPILATION_ENDED),
    S.SAVE_SWEEP_METADATA_STARTED: ("save_metadata", S.SAVE_SWEEP_METADATA_ENDED),
    S.PENDING_EXECUTION: ("queue", S.EXECUTION_STARTED),
    S.EXECUTION_STARTED: (EXECUTE, S.EXECUTION_ENDED),
    S.POST_PROCESSING_STARTED: ("post_process", S.POST_PROCESSING_ENDED),
}
"""The rung on which a stage begins, its name, and the rung on which it ends."""


class Work(Struct, frozen=True, kw_only=True):
    """What was done for an attempt outside of the daemon."""

    service: str
    """`WORKER` or `CONTROLLER`."""
    name: str
    """Of the function, or of the controller."""
    stage: str
    attempt: int
    start_unix_s: float
    end_unix_s: float
    attributes: Mapping[str, str | int | float] = {}
    error: str = ""


class Span(Struct, frozen=True, kw_only=True):
    """A span, as OpenTelemetry means it."""

    trace: int
    """16 bytes."""
    id: int
    """8 bytes."""
    parent: int
    """0 for none."""
    follows: tuple[int, int] | None = None
    """Trace and span of the attempt before."""
    service: str
    name: str
    start_ns: int
    """Unix nanoseconds."""
    end_ns: int
    attributes: Mapping[str, str | int | float]
    error: str = ""
    """Empty if nothing went wrong."""


def trace_id(job: str, attempt: int) -> int:
    """Return the id of an attempt's trace."""
    return int.from_bytes(_digest(job, attempt)[:16])


def span_id(job: str, attempt: int, name: str = "") -> int:
    """Return the id of a span of it; of the attempt's own if there is no name."""
    return int.from_bytes(_digest(job, attempt, name)[16:24])


def attempts(view: JobView) -> list[int]:
    """Return the newest attempt, and those before it that it has followed by itself."""
    found = [view.attempt]
    again = {entry.attempt for entry in view.timeline if entry.retrying}
    while found[0] - 1 in again:
        found.insert(0, found[0] - 1)
    return found


def spans(view: JobView, attempt: int, works: Iterable[Work]) -> list[Span]:
    """Return the spans of an attempt that is over; none if it is not.

    Args:
        view: The job, with its timeline.
        attempt: The attempt.
        works: What was done for the job outside of the daemon, as far as it is known.
    """
    entries = _rungs(view, attempt)
    if not entries or not (entries[-1].status.is_terminal or entries[-1].retrying):
        return []
    stages = _stages(view, attempt, entries)
    known = {span.name for span in stages}
    outside = [
        _outside(view.id, work, number, work.stage if work.stage in known else "")
        for number, work in enumerate(work for work in works if work.attempt == attempt)
    ]
    return [_whole(view, attempt, entries), *stages, *outside]


def _rungs(view: JobView, attempt: int) -> list[TimelineEntry]:
    """Return an attempt's entries, without those that repeat a rung."""
    entries = [entry for entry in view.timeline if entry.attempt == attempt]
    return entries[:1] + [
        entry for before, entry in pairwise(entries) if entry.status is not before.status
    ]


def _whole(view: JobView, attempt: int, entries: Sequence[TimelineEntry]) -> Span:
    last = entries[-1]
    attributes: dict[str, str | int | float] = {
        "stationd.job.id": view.id,
        "stationd.job.number": view.number,
        "stationd.job.kind": view.kind,
        "stationd.attempt": attempt,
        "stationd.status": str(last.status),
    }
    for name in ("name", "target", "project"):
        if getattr(view, name):
            attributes[f"stationd.job.{name}"] = getattr(view, name)
    if last.error is not None:
        attributes["error.type"] = last.error.code.value
    before = (trace_id(view.id, attempt - 1), span_id(view.id, attempt - 1))
    return Span(
        trace=trace_id(view.id, attempt),
        id=span_id(view.id, attempt),
        parent=0,
        follows=before if attempt > 1 else None,
        service=DAEMON,
        name="job",
        start_ns=_ns(entries[0].time_unix_s),
        end_ns=_ns(last.time_unix_s),
        attributes=attributes,
        error=str(last.error or "") if last.status is S.FAILED else "",
    )


def _stages(view: JobView, attempt: int, entries: Sequence[TimelineEntry]) -> list[Span]:
    found: list[Span] = []
    last = entries[-1]
    for index, entry in enumerate(entries):
        name, ends = STAGES.get(entry.status, ("", None))
        if not name:
            continue
        end = next((one for one in entries[index:] if one.status is ends), last)
        found.append(
            Span(
                trace=trace_id(view.id, attempt),
                id=span_id(view.id, attempt, name),
                parent=span_id(view.id, attempt),
                service=DAEMON,
                name=name,
                start_ns=_ns(entry.time_unix_s),
                end_ns=_ns(end.time_unix_s),
                attributes={"stationd.job.id": view.id, "stationd.stage": name},
                error=str(end.error or "") if end.status is S.FAILED else "",
            )
        )
    return found


def _outside(job: str, work: Work, number: int, stage: str) -> Span:
    return Span(
        trace=trace_id(job, work.attempt),
        id=span_id(job, work.attempt, f"{work.service} {work.name} {number}"),
        parent=span_id(job, work.attempt, stage),
        service=work.service,
        name=f"{work.stage} {work.name}",
        start_ns=_ns(work.start_unix_s),
        end_ns=_ns(max(work.start_unix_s, work.end_unix_s)),
        attributes={"stationd.job.id": job, "stationd.stage": work.stage, **work.attributes},
        error=work.error,
    )


def _ns(time_unix_s: float) -> int:
    return round(time_unix_s * _PER_SECOND)


def _digest(job: str, attempt: int, name: str = "") -> bytes:
    return hashlib.sha256(f"{job}/{attempt}/{name}".encode()).digest()
