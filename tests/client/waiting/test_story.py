"""What a stream tells of a job, whatever the order of its frames."""

from stationd.client.references.job import JobStatus
from stationd.client.waiting.story import Story
from stationd.proto.job import JobId, JobView, Progress, TimelineEntry
from stationd.proto.jobs_protocol import Events, FeedEvent, ProgressReport, Snapshot
from stationd.proto.status import JobExecutorStatus as S
from stationd.proto.status import StatusEnum

JOB = JobId("6b5f1f0e-6f5f-4f0a-9f57-0b6f2e6f7a10")
OTHER = JobId("6b5f1f0e-6f5f-4f0a-9f57-0b6f2e6f7a11")


def fact(ordinal: int, status: S, *, attempt: int = 1, cancelling: bool = False) -> TimelineEntry:
    return TimelineEntry(
        seq=10 * ordinal,
        ordinal=ordinal,
        attempt=attempt,
        status=status,
        time_unix_s=float(ordinal),
        cancelling=cancelling,
    )


def snapshot(*timeline: TimelineEntry) -> Snapshot:
    last = timeline[-1]
    view = JobView(
        id=JOB,
        number=1,
        kind="circuits",
        target="qpu",
        status=last.status,
        attempt=last.attempt,
        created_unix_s=0.0,
        modified_unix_s=last.time_unix_s,
        seq=last.seq,
        timeline=timeline,
    )
    return Snapshot(1, last.seq, (view,))


def events(*entries: TimelineEntry, job: JobId = JOB) -> Events:
    return Events(1, tuple(FeedEvent(job, entry) for entry in entries))


def told(story: Story, *frames: Snapshot | Events | ProgressReport) -> list[JobStatus]:
    return [status for frame in frames for status in story.take(frame)]


def test_the_first_snapshot_is_one_status() -> None:
    story = Story(JOB)
    (status,) = told(story, snapshot(fact(1, S.RECEIVED), fact(2, S.VALIDATION_STARTED)))
    assert (status.status, status.ordinal, status.seq) == (S.VALIDATION_STARTED, 2, 20)
    assert [entry.ordinal for entry in story.attempt] == [1, 2]


def test_a_second_snapshot_fills_the_gap_and_repeats_nothing() -> None:
    one, two, three, four = (
        fact(1, S.RECEIVED),
        fact(2, S.VALIDATION_STARTED),
        fact(3, S.VALIDATION_ENDED),
        fact(4, S.PENDING_EXECUTION),
    )
    story = Story(JOB)
    seen = told(story, snapshot(one, two), snapshot(one, two, three, four), events(four))
    assert [status.ordinal for status in seen] == [2, 3, 4]


def test_other_jobs_are_not_ours() -> None:
    story = Story(JOB)
    assert told(story, events(fact(1, S.RECEIVED), job=OTHER)) == []
    assert told(story, ProgressReport(1, OTHER, None, 3)) == []


def test_the_story_goes_no_further_than_it_is_told() -> None:
    story = Story(JOB)
    updates = story.take(events(fact(1, S.RECEIVED), fact(2, S.VALIDATION_STARTED)))
    assert next(updates).status is S.RECEIVED
    assert len(story.attempt) == 1


def test_a_new_attempt_has_a_timeline_of_its_own() -> None:
    story = Story(JOB)
    seen = told(
        story,
        snapshot(fact(1, S.RECEIVED), fact(2, S.FAILED)),
        events(fact(3, S.RECEIVED, attempt=2), fact(4, S.PENDING_EXECUTION, attempt=2)),
    )
    assert [status.coarse for status in seen] == [
        StatusEnum.ERROR,
        StatusEnum.RETRYING,
        StatusEnum.QUEUED,
    ]
    assert [entry.ordinal for entry in story.attempt] == [3, 4]


def test_progress_holds_for_one_rung_even_if_a_cancel_repeats_it() -> None:
    story = Story(JOB)
    half = Progress(done=1, total=2)
    seen = told(
        story,
        snapshot(fact(1, S.RECEIVED), fact(2, S.EXECUTION_STARTED)),
        ProgressReport(1, JOB, half),
        ProgressReport(1, JOB, half),
        events(fact(3, S.EXECUTION_STARTED, cancelling=True)),
        events(fact(4, S.ABORTED)),
        ProgressReport(1, JOB, half),
    )
    assert [(status.ordinal, status.progress) for status in seen] == [
        (2, None),
        (2, half),
        (3, half),
        (4, None),
    ]
    assert [status.coarse for status in seen][-2:] == [
        StatusEnum.CANCELLING,
        StatusEnum.CANCELLED,
    ]
