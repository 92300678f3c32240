"""The ladder's tables, exhaustively."""

import itertools
from typing import get_args

import pytest

from stationd.actors import ladder
from stationd.actors.job import Job, step
from stationd.actors.ladder import (
    DURABLE_FIRST,
    IGNORED,
    SKIP_EFFECTS,
    SKIPS,
    TRANSITIONS,
    CancelAccepted,
    Course,
    Effect,
    Event,
    Resumed,
    rungs,
)
from stationd.proto.error import ErrorCode, ErrorInfo, UnexpectedEvent
from stationd.proto.job import JobId, JobKind
from stationd.proto.status import JobExecutorStatus as S

EVENTS: tuple[type[Event], ...] = get_args(Event)
KINDS: tuple[JobKind, ...] = get_args(JobKind)
TERMINAL = S.terminal_statuses()
ERROR = ErrorInfo(ErrorCode.INTERNAL_ERROR, "for a test")
Place = tuple[Course, S]


def event_of(kind: type[Event]) -> Event:
    """Make an event of a kind."""
    if kind is ladder.CalibrationFetched:
        return ladder.CalibrationFetched("set")
    failures = (
        ladder.ExecutionFailed,
        ladder.SomeItemsFailed,
        ladder.StageFailed,
        ladder.DeadlinePassed,
    )
    for failing in failures:
        if kind is failing:
            return failing(ERROR)
    return kind()  # type: ignore[call-arg]


def job_at(course: Course, status: S, kind: JobKind = "circuits") -> Job:
    id_ = JobId("00000000-0000-0000-0000-000000000001")
    return Job(id=id_, number=1, kind=kind, status=status, course=course, ordinal=5)


def reachable(kind: JobKind) -> set[Place]:
    """Return every place that a job of a kind can come to in an attempt, by the tables."""
    seen = {(Course.CLIMBING, S.RECEIVED)}
    todo = list(seen)
    while todo:
        place = todo.pop()
        for event in EVENTS:
            if (*place, event) not in TRANSITIONS or event in OPENINGS:
                continue
            after, _ = step(job_at(*place, kind), event_of(event))
            if (after.course, after.status) not in seen:
                seen.add((after.course, after.status))
                todo.append((after.course, after.status))
    return seen


OPENINGS: dict[type[Event], S] = {
    ladder.RestartAccepted: S.RECEIVED,
    ladder.RequeueAccepted: S.PENDING_EXECUTION,
    ladder.CollectAccepted: S.EXECUTION_ENDED,
}
"""What opens another attempt, and where that begins."""


def in_order(place: Place) -> tuple[str, int]:
    return place[0].value, place[1].rung


PLACES = sorted({place for kind in KINDS for place in reachable(kind)}, key=in_order)
ALL = list(itertools.product(Course, S, EVENTS))


@pytest.mark.parametrize(("course", "status", "event"), ALL)
def test_every_pair_is_a_transition_or_is_ignored_or_raises_and_changes_nothing(
    course: Course, status: S, event: type[Event]
) -> None:
    key = (course, status, event)
    job = job_at(course, status)
    assert not (key in TRANSITIONS and key in IGNORED)
    if key in TRANSITIONS:
        after, effects = step(job, event_of(event))
        rule = TRANSITIONS[key]
        assert after.status is (rule.to or status)
        assert effects == rule.effects
        assert after is not job or not effects
    elif key in IGNORED:
        assert step(job, event_of(event)) == (job, ())
        assert step(job, event_of(event))[0] is job
    else:
        with pytest.raises(UnexpectedEvent, match=f"{event.__name__} met job"):
            step(job, event_of(event))
        assert job == job_at(course, status)


def test_every_ignored_pair_has_a_reason() -> None:
    assert all(len(reason.split()) > 2 for reason in IGNORED.values())


def test_only_another_attempt_leads_out_of_a_terminal_status() -> None:
    assert {key[2] for key in TRANSITIONS if key[1] in TERMINAL} == set(OPENINGS)


def test_a_job_that_has_all_its_results_can_only_begin_afresh() -> None:
    ready = {key for key in TRANSITIONS if key[1] is S.READY}
    assert ready == {(Course.CLIMBING, S.READY, ladder.RestartAccepted)}


@pytest.mark.parametrize("place", [p for p in PLACES if p[1] in TERMINAL - {S.READY}], ids=str)
@pytest.mark.parametrize("event", OPENINGS)
def test_every_other_end_can_be_followed_by_every_kind_of_attempt(
    place: Place, event: type[Event]
) -> None:
    before = job_at(*place)
    after, effects = step(before, event_of(event))
    assert after.course is Course.CLIMBING
    assert after.status is OPENINGS[event]
    assert after.attempt == before.attempt + 1
    assert after.ordinal == before.ordinal + 1
    # The attempt goes on as one that has climbed to there.
    climbing = {
        rule.effects
        for (course, status, _), rule in TRANSITIONS.items()
        if rule.to is after.status and course is Course.CLIMBING and status not in TERMINAL
    }
    assert effects in climbing or after.status is S.RECEIVED


def test_a_cancel_of_what_is_over_is_ignored() -> None:
    for course, status in itertools.product(Course, TERMINAL):
        assert (course, status, CancelAccepted) in IGNORED


def test_statuses_only_rise() -> None:
    for (_, status, event), rule in TRANSITIONS.items():
        assert rule.to is None or rule.to > status or event in OPENINGS
    for (_, skipped), to in SKIPS.items():
        assert to > skipped


@pytest.mark.parametrize("kind", KINDS)
def test_every_rung_of_a_kind_is_reached_and_no_other(kind: JobKind) -> None:
    climbed = {status for course, status in reachable(kind) if course is Course.CLIMBING}
    assert climbed == {*rungs(kind), *TERMINAL}


def test_circuits_and_sweeps_climb_all_rungs() -> None:
    expected = [status for status in S if status not in {S.FAILED, S.ABORTED}]
    assert list(rungs("circuits")) == list(rungs("sweep")) == expected


def test_a_compile_job_goes_from_compilation_to_post_processing() -> None:
    climbed = rungs("compile")
    after = climbed.index(S.COMPILATION_ENDED) + 1
    assert climbed[after] is S.POST_PROCESSING_PENDING
    assert S.PENDING_EXECUTION not in climbed
    assert set(climbed) < set(rungs("circuits"))


def test_a_job_that_skips_rungs_asks_for_what_the_rung_it_skips_to_asks_for() -> None:
    for to in SKIPS.values():
        asked = {rule.effects for rule in TRANSITIONS.values() if rule.to is to}
        assert asked == {SKIP_EFFECTS[to]}


@pytest.mark.parametrize("place", [p for p in PLACES if p[1] not in TERMINAL], ids=str)
def test_every_status_can_be_cancelled(place: Place) -> None:
    key = (*place, CancelAccepted)
    assert key in TRANSITIONS or (place[0] is Course.CANCELLING and key in IGNORED)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("place", [p for p in PLACES if p[1] not in TERMINAL], ids=str)
def test_every_cancelled_job_ends_aborted_whatever_happens(place: Place, kind: JobKind) -> None:
    if place not in reachable(kind):
        return
    first, _ = step(job_at(*place, kind), CancelAccepted())
    todo, seen = [first], set[Place]()
    while todo:
        job = todo.pop()
        if job.status in TERMINAL:
            assert job.status is S.ABORTED
            continue
        assert job.cancelling
        for event in EVENTS:
            if (job.course, job.status, event) not in TRANSITIONS:
                continue
            after, _ = step(job, event_of(event))
            if (after.course, after.status) not in seen:
                seen.add((after.course, after.status))
                todo.append(after)
    assert first.status is S.ABORTED or (Course.CANCELLING, S.ABORTED) in seen


@pytest.mark.parametrize("place", [p for p in PLACES if p[1] not in TERMINAL], ids=str)
def test_every_job_can_be_taken_up_after_a_restart(place: Place) -> None:
    course, status = place
    # Only what is on disk is known then, and that an execution was failing is not.
    known = Course.CLIMBING if course is Course.FAILING else course
    rule = TRANSITIONS[known, status, Resumed]
    assert rule.to is None
    assert rule.course is None
    assert rule.effects


def test_every_effect_is_asked_for() -> None:
    asked = {effect for rule in TRANSITIONS.values() for effect in rule.effects}
    assert asked == set(Effect)


def test_what_touches_the_outside_waits_for_the_disk_and_nothing_else_does() -> None:
    assert {
        Effect.ENQUEUE,
        Effect.LEAVE_QUEUE,
        Effect.ABORT_TICKET,
        Effect.END,
    } == DURABLE_FIRST


def test_every_end_asks_to_let_go() -> None:
    for rule in TRANSITIONS.values():
        assert (rule.to in TERMINAL) == (Effect.END in rule.effects)
