"""What must be true of a station after all that was done to it, told from what was written down.

Pure: it compares what the journal holds, what the null driver noted and what clients were told.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import pairwise

from msgspec import Struct

from stationd.proto.error import ErrorCode
from stationd.proto.job import JobId
from stationd.proto.status import JobExecutorStatus as S
from tests.soak.notes import (
    Acknowledged,
    Asked,
    Cancelled,
    Fed,
    Fetched,
    Heard,
    Kind,
    Note,
    Retried,
    Told,
)

LOST = frozenset({ErrorCode.INSTRUMENT_LOST, ErrorCode.CONTROLLER_UNREACHABLE})
EXCUSES: Mapping[Kind, frozenset[ErrorCode]] = {
    "null": LOST | {ErrorCode.WORKER_DIED},
    "lasting": LOST | {ErrorCode.WORKER_DIED},
    "circuits": LOST | {ErrorCode.WORKER_DIED},
    "compile": LOST | {ErrorCode.WORKER_DIED},
    "bad": LOST | {ErrorCode.WORKER_DIED, ErrorCode.INVALID_JOB},
}
"""What jobs may fail with while processes are killed."""
NULL_KINDS = frozenset[Kind]({"null", "lasting"})


class StoredJob(Struct, frozen=True):
    """A job, as the journal has it at the end."""

    job: JobId
    status: S
    attempt: int
    items: int
    results: int
    ticket: int | None
    """The newest."""
    error: ErrorCode | None
    began_unix_s: float
    ended_unix_s: float


class Stored(Struct, frozen=True):
    """What the journal holds at the end."""

    jobs: dict[JobId, StoredJob]
    facts: list[Told]
    """In the order of the feed."""


class Notes(Struct, frozen=True):
    """What all clients have noted, sorted."""

    asked: dict[JobId, Kind]
    acknowledged: set[JobId]
    cancelled: set[JobId]
    """Those with an accepted cancel."""
    retried: dict[JobId, str]
    """What retries were answered."""
    fetched: set[JobId]
    heard: list[Heard]
    fed: dict[str, list[Told]]


def sort(notes: Iterable[Note]) -> Notes:  # noqa: C901 - one case for each kind
    """Sort notes by what they are about."""
    found = Notes({}, set(), set(), {}, set(), [], defaultdict(list))
    for note in notes:
        match note:
            case Asked():
                found.asked[note.job] = note.kind
            case Acknowledged():
                found.acknowledged.add(note.job)
            case Cancelled(outcome="accepted"):
                found.cancelled.add(note.job)
            case Cancelled():
                pass
            case Retried():
                found.retried[note.job] = note.outcome
            case Fetched():
                found.fetched.add(note.job)
            case Heard():
                found.heard.append(note)
            case Fed():
                found.fed[note.listener].extend(note.story)
    return found


def violations(
    stored: Stored, notes: Notes, executed: Sequence[int], trouble: Sequence[float]
) -> Iterator[str]:
    """Yield every broken promise, in words.

    Args:
        stored: The journal.
        notes: The clients' notes.
        executed: The tickets that null drivers have executed, one for each execution.
        trouble: When a process was killed or stopped.
    """
    timelines: dict[JobId, list[Told]] = defaultdict(list)
    for fact in stored.facts:
        timelines[fact.job].append(fact)
    yield from _of_jobs(stored, notes)
    for job, timeline in timelines.items():
        yield from (f"{job}: {problem}" for problem in of_timeline(timeline))
    yield from of_executions(stored, notes, executed)
    yield from _of_failures(stored, notes, trouble)
    for heard in notes.heard:
        # A client retries a job when it has heard it to the end.
        last = heard.story[-1].attempt if heard.job in notes.retried and heard.story else None
        timeline = [fact for fact in timelines[heard.job] if last is None or fact.attempt <= last]
        for problem in of_story(heard.story, timeline):
            yield f"{heard.job}, listened to {heard.listener}: {problem}"
    for listener, story in notes.fed.items():
        for problem in of_story(story, stored.facts):
            yield f"{listener}, which listened to all jobs: {problem}"


def _of_jobs(stored: Stored, notes: Notes) -> Iterator[str]:
    for missing in notes.acknowledged - stored.jobs.keys():
        yield f"{missing} was acknowledged and is not in the journal"
    for job in stored.jobs.values():
        if not job.status.is_terminal:
            yield f"{job.job} has not ended: it is {job.status}"
        if job.status is S.READY and job.results < job.items:
            yield f"{job.job} is ready and has {job.results} of {job.items} results"
        retried = notes.retried.get(job.job)
        if job.job in notes.cancelled and job.status is S.READY and retried != "opened":
            yield f"{job.job} is ready, though its cancel was accepted"
        if retried == "opened" and job.attempt == 1:
            yield f"{job.job} has no attempt of its retry, which was acknowledged"


def of_timeline(timeline: Sequence[Told]) -> Iterator[str]:
    """Yield what is wrong with the facts of one job."""
    ordinals = [fact.ordinal for fact in timeline]
    if ordinals != list(range(1, len(timeline) + 1)):
        yield f"its facts are numbered {ordinals}"
    for before, after in pairwise(timeline):
        if after.attempt == before.attempt + 1:
            if not before.status.is_terminal:
                yield f"attempt {after.attempt} begins while the one before it is {before.status}"
        elif after.attempt != before.attempt:
            yield f"attempt {after.attempt} follows attempt {before.attempt}"
        elif before.status.is_terminal:
            yield f"it is {after.status} after it was {before.status}"
        elif not _ascends(before, after):
            yield f"it is {after.status} after {before.status}"


def _ascends(before: Told, after: Told) -> bool:
    # A cancel that is accepted repeats the rung.
    repeats = after.status is before.status and after.cancelling and not before.cancelling
    return after.status > before.status or repeats


def of_executions(stored: Stored, notes: Notes, executed: Sequence[int]) -> Iterator[str]:
    """Yield what is wrong with the executions that the null drivers have noted."""
    counts = Counter(executed)
    for ticket, count in counts.items():
        if count > 1:
            yield f"ticket {ticket} was executed {count} times"
    null = [job for job in stored.jobs.values() if notes.asked.get(job.job) in NULL_KINDS]
    for job in null:
        if job.status is S.READY and (job.ticket is None or not counts[job.ticket]):
            yield f"{job.job} is ready, and its ticket {job.ticket} was never executed"
    earlier = sum(job.attempt - 1 for job in null)
    strange = counts.keys() - {job.ticket for job in null}
    if len(strange) > earlier:
        yield f"{len(strange)} unknown tickets were executed; {earlier} may be of earlier attempts"


def _of_failures(stored: Stored, notes: Notes, trouble: Sequence[float]) -> Iterator[str]:
    for job in stored.jobs.values():
        if job.status is not S.FAILED:
            continue
        kind = notes.asked[job.job]
        if job.error is None or job.error not in EXCUSES[kind]:
            yield f"{job.job}, {kind}, has failed with {job.error}"
        elif job.error is not ErrorCode.INVALID_JOB and not _disturbed(job, trouble):
            yield f"{job.job}, {kind}, has failed with {job.error} while nothing was done"


AFTERMATH = 60.0
"""Seconds in which what was done may still cost a job: a controller may come back late."""


def _disturbed(job: StoredJob, trouble: Sequence[float]) -> bool:
    return any(job.began_unix_s - AFTERMATH <= at <= job.ended_unix_s for at in trouble)


def of_story(story: Sequence[Told], facts: Sequence[Told]) -> Iterator[str]:
    """Yield where a listener's story departs from the facts, between its first one and the end."""
    if not story:
        yield "nothing was told"
        return
    begin = next((index for index, fact in enumerate(facts) if fact.seq == story[0].seq), None)
    if begin is None:
        yield f"it was told of fact {story[0].seq}, which the journal does not have"
        return
    wanted = facts[begin:]
    for heard, fact in zip(story, wanted, strict=False):
        if heard != fact:
            yield f"it was told {heard} where the journal has {fact}"
            return
    if len(story) != len(wanted):
        yield f"it was told {len(story)} facts of {len(wanted)}"
