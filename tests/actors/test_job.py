"""A job's machine: whatever order things happen in."""

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from stationd.actors.job import Job, step
from stationd.actors.ladder import (
    AllItemsDone,
    CalibrationFetched,
    CameToRest,
    CancelAccepted,
    CollectAccepted,
    Compiled,
    Course,
    DataKept,
    Effect,
    Event,
    ExecutionBegan,
    ExecutionDone,
    ExecutionFailed,
    LeftQueue,
    MetadataSaved,
    PostProcessed,
    Proceeded,
    RequeueAccepted,
    RestartAccepted,
    Resumed,
    SomeItemsFailed,
    StageFailed,
    Validated,
    rungs,
)
from stationd.proto.error import ErrorCode, ErrorInfo, UnexpectedEvent
from stationd.proto.job import JobId, JobKind
from stationd.proto.status import JobExecutorStatus as S

JOB = JobId("00000000-0000-0000-0000-000000000001")
ERROR = ErrorInfo(ErrorCode.DRIVER_FAILED, "broken")
CLIMB: tuple[Event, ...] = (
    Proceeded(),
    Validated(),
    Proceeded(),
    CalibrationFetched("set"),
    Proceeded(),
    Compiled(),
    Proceeded(),
    MetadataSaved(),
    Proceeded(),
    ExecutionBegan(),
    ExecutionDone(),
    Proceeded(),
    Proceeded(),
    PostProcessed(),
    AllItemsDone(),
)


def new(kind: JobKind = "circuits") -> Job:
    return Job(id=JOB, number=1, kind=kind)


def after(*events: Event, kind: JobKind = "circuits") -> Job:
    job = new(kind)
    for event in events:
        job, _ = step(job, event)
    return job


def until(status: S) -> Job:
    """Return a job that has climbed to a status."""
    return after(*CLIMB[: rungs("circuits").index(status)])


def test_a_job_climbs_all_its_rungs() -> None:
    job, visited = new(), [S.RECEIVED]
    for event in CLIMB:
        job, _ = step(job, event)
        visited.append(job.status)
    assert tuple(visited) == rungs("circuits")
    assert job.ordinal == len(visited)
    assert job.calibration_set == "set"
    assert job.note == ""


def test_an_unexpected_event_tells_the_jobs_story() -> None:
    job = until(S.PENDING_EXECUTION)
    with pytest.raises(UnexpectedEvent) as caught:
        step(job, PostProcessed())
    for word in ("PostProcessed", JOB, "attempt 1", "fact 10", "pending_execution", "climbing"):
        assert word in str(caught.value)


def test_an_error_is_kept() -> None:
    assert after(Proceeded(), StageFailed(ERROR)).error == ERROR


CANCELS: dict[str, tuple[S, tuple[Event, ...], str]] = {
    "before the queue": (S.COMPILATION_STARTED, (), "before execution"),
    "in the queue": (S.PENDING_EXECUTION, (LeftQueue(),), "before execution"),
    "in the queue, refused": (S.PENDING_EXECUTION, (ExecutionFailed(ERROR),), "before any data"),
    "in line, too late": (
        S.PENDING_EXECUTION,
        (ExecutionBegan(), CameToRest(), DataKept()),
        "during execution",
    ),
    "running": (S.EXECUTION_STARTED, (CameToRest(), DataKept()), "during execution"),
    "running and finished": (S.EXECUTION_STARTED, (ExecutionDone(), DataKept()), "had been done"),
    "running and failed": (
        S.EXECUTION_STARTED,
        (ExecutionFailed(ERROR), DataKept()),
        "during execution, which failed",
    ),
    "executed": (
        S.EXECUTION_ENDED,
        (Proceeded(), Proceeded(), PostProcessed(), AllItemsDone()),
        "had been done",
    ),
    "post-processing": (
        S.POST_PROCESSING_STARTED,
        (PostProcessed(), SomeItemsFailed(ERROR)),
        "had been done",
    ),
    "post-processing that fails": (
        S.POST_PROCESSING_STARTED,
        (StageFailed(ERROR),),
        "no results could be made",
    ),
}


@pytest.mark.parametrize("case", CANCELS)
def test_the_note_tells_what_came_of_a_cancel(case: str) -> None:
    status, events, words = CANCELS[case]
    job = until(status)
    for event in (CancelAccepted(), *events):
        assert job.status is not S.ABORTED
        job, _ = step(job, event)
    assert job.status is S.ABORTED
    assert words in job.note


def test_the_note_tells_of_a_cancel_that_came_after_the_failure() -> None:
    job = until(S.EXECUTION_STARTED)
    for event in (ExecutionFailed(ERROR), CancelAccepted(), DataKept()):
        job, _ = step(job, event)
    assert job.status is S.ABORTED
    assert job.error == ERROR
    assert "had failed before the cancel" in job.note


def test_a_restart_keeps_the_pinned_calibration_set_unless_it_is_to_be_afresh() -> None:
    failed = after(*CLIMB[:4], Proceeded(), StageFailed(ERROR))
    assert step(failed, RestartAccepted())[0].calibration_set == "set"
    assert step(failed, RestartAccepted(afresh=True))[0].calibration_set is None


OUTCOMES: dict[Effect, tuple[type[Event], ...]] = {
    Effect.CONTINUE: (Proceeded,),
    Effect.VALIDATE: (Validated, StageFailed),
    Effect.FETCH_CALIBRATION: (CalibrationFetched, StageFailed),
    Effect.COMPILE: (Compiled, StageFailed),
    Effect.SAVE_METADATA: (MetadataSaved, StageFailed),
    Effect.ENQUEUE: (ExecutionBegan, ExecutionFailed),
    Effect.LEAVE_QUEUE: (LeftQueue, ExecutionBegan, ExecutionFailed),
    Effect.ABORT_TICKET: (CameToRest, ExecutionDone, ExecutionFailed),
    Effect.KEEP_DATA: (DataKept,),
    Effect.POST_PROCESS: (PostProcessed, StageFailed),
    Effect.SETTLE: (AllItemsDone, SomeItemsFailed),
}
"""What can come of each effect that has an outcome."""


def made(kind: type[Event]) -> Event:
    for failing in (ExecutionFailed, SomeItemsFailed, StageFailed):
        if kind is failing:
            return failing(ERROR)
    return CalibrationFetched(None) if kind is CalibrationFetched else kind()  # type: ignore[call-arg]


OPENINGS: tuple[Event, ...] = (RestartAccepted(), RequeueAccepted(), CollectAccepted())


class Life(RuleBasedStateMachine):
    """A job in a world that does what the job asks for, with cancels and restarts in between."""

    def __init__(self) -> None:
        super().__init__()
        self.job = new()
        self.pending: tuple[type[Event], ...] = (Proceeded,)
        self.visited = [S.RECEIVED]
        self.cancelled = False
        self.dropped: tuple[type[Event], ...] = ()

    @initialize(kind=st.sampled_from(["circuits", "sweep", "compile"]))
    def begin(self, kind: JobKind) -> None:
        self.job = new(kind)

    def feed(self, event: Event) -> None:
        before = self.job
        self.job, effects = step(before, event)
        accepted = isinstance(event, CancelAccepted) and self.job is not before
        told = self.job.status is not before.status or accepted
        assert self.job.ordinal - before.ordinal == int(told)
        if self.job.status is not before.status:
            self.visited.append(self.job.status)
        self.perform(effects)
        if self.job.status is S.EXECUTION_STARTED and not self.pending and not effects:
            self.pending = (ExecutionDone, ExecutionFailed)

    def perform(self, effects: tuple[Effect, ...]) -> None:
        for effect in effects:
            if effect is Effect.RECONCILE:
                self.reconcile()
            elif effect is Effect.STOP_STAGE:
                self.dropped = self.pending
            elif effect in OUTCOMES:
                self.pending = OUTCOMES[effect]
        if Effect.END in effects:
            self.pending = ()

    def reconcile(self) -> None:
        """Let the runtime find the ticket again; a cancel goes on."""
        queued = self.job.status is S.PENDING_EXECUTION
        if self.job.cancelling:
            self.pending = OUTCOMES[Effect.LEAVE_QUEUE if queued else Effect.ABORT_TICKET]
        else:
            self.pending = OUTCOMES[Effect.ENQUEUE] if queued else (ExecutionDone, ExecutionFailed)

    @precondition(lambda self: self.pending)
    @rule(data=st.data())
    def something_comes_of_it(self, data: st.DataObject) -> None:
        outcome = data.draw(st.sampled_from(self.pending))
        # What the outcome leads to brings new ones; what it does not is done with.
        self.pending = ()
        self.feed(made(outcome))

    @rule()
    def a_client_cancels(self) -> None:
        over = self.job.status.is_terminal
        self.feed(CancelAccepted())
        self.cancelled = self.cancelled or not over

    @precondition(lambda self: self.job.status.is_terminal)
    @rule(data=st.data())
    def another_attempt_begins(self, data: st.DataObject) -> None:
        before = self.job
        afresh = self.job.status is S.READY or self.job.kind == "compile"
        opening = RestartAccepted() if afresh else data.draw(st.sampled_from(OPENINGS))
        # What is still under way of the attempt before is kept from it by whoever runs it.
        self.pending, self.dropped, self.cancelled, self.visited = (), (), False, []
        self.feed(opening)
        assert self.job.attempt == before.attempt + 1
        assert (self.job.error, self.job.note) == (None, "")
        assert self.job.calibration_set == before.calibration_set

    @precondition(lambda self: not self.job.status.is_terminal)
    @rule()
    def the_daemon_restarts(self) -> None:
        """Only what is on disk is left."""
        course = Course.CANCELLING if self.job.cancelling else Course.CLIMBING
        self.job = Job(
            id=JOB,
            number=1,
            kind=self.job.kind,
            status=self.job.status,
            course=course,
            ordinal=self.job.ordinal,
            attempt=self.job.attempt,
            calibration_set=self.job.calibration_set,
        )
        self.pending = ()
        self.feed(Resumed())

    @precondition(lambda self: self.dropped)
    @rule(data=st.data())
    def a_dropped_stage_answers_late(self, data: st.DataObject) -> None:
        outcome = data.draw(st.sampled_from(self.dropped))
        if outcome is Proceeded:
            return  # made at once, so it is never late
        assert step(self.job, made(outcome)) == (self.job, ())

    @invariant()
    def statuses_strictly_ascend(self) -> None:
        assert all(a < b for a, b in zip(self.visited, self.visited[1:], strict=False))
        assert sum(status.is_terminal for status in self.visited) <= 1

    @invariant()
    def a_cancel_shows_until_the_end_and_ends_in_aborted(self) -> None:
        if not self.cancelled:
            assert not self.job.cancelling
        elif self.job.status.is_terminal:
            assert self.job.status is S.ABORTED
            assert self.job.note
        else:
            assert self.job.cancelling

    @invariant()
    def a_job_under_way_waits_for_something(self) -> None:
        assert bool(self.pending) != self.job.status.is_terminal

    def teardown(self) -> None:
        for _ in range(40):
            if self.pending:
                outcome, self.pending = self.pending[0], ()
                self.feed(made(outcome))
        assert self.job.status.is_terminal
        assert self.visited[-1] is self.job.status


TestLife = Life.TestCase
