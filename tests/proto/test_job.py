"""What a job is, and what clients see of it."""

import itertools
import math

import msgspec
import pytest

from stationd.proto.job import (
    HIGHEST_PRIORITY,
    LOWEST_PRIORITY,
    JobFilter,
    JobId,
    JobKind,
    JobSpec,
    JobView,
    Progress,
    TimelineEntry,
    kind_of,
)
from stationd.proto.program import Circuits, Compile, JobWork, NullProgram, Sweep
from stationd.proto.status import JobExecutorStatus, StatusEnum

NULLS = (NullProgram(), NullProgram(duration=1.0))
WORKS: list[tuple[JobWork, JobKind, int]] = [
    (Circuits(programs=NULLS, n_shots=(1, 2)), "circuits", 2),
    (Compile(programs=NULLS[:1]), "compile", 1),
    (Sweep(returns=("adc.trace",)), "sweep", 1),
]


def view(
    status: JobExecutorStatus,
    *reached: tuple[int, JobExecutorStatus],
    attempt: int = 1,
    cancelling: bool = False,
) -> JobView:
    timeline = tuple(
        TimelineEntry(seq=seq, ordinal=seq, attempt=number, status=each, time_unix_s=float(seq))
        for seq, (number, each) in enumerate(reached, 1)
    )
    return JobView(
        id=JobId("j"),
        number=1,
        kind="sweep",
        target="",
        status=status,
        attempt=attempt,
        created_unix_s=0.0,
        modified_unix_s=0.0,
        seq=len(reached),
        cancelling=cancelling,
        timeline=timeline,
    )


@pytest.mark.parametrize(("work", "kind", "items"), WORKS)
def test_the_work_decides_the_kind_and_the_items(work: JobWork, kind: JobKind, items: int) -> None:
    assert kind_of(work) == kind
    assert JobSpec(work=work).kind == kind
    assert JobSpec(work=work).items == items


def test_a_job_that_failed_early_has_not_reached_execution() -> None:
    # Though FAILED stands above EXECUTION_STARTED in the order of statuses.
    failed = view(
        JobExecutorStatus.FAILED, (1, JobExecutorStatus.RECEIVED), (1, JobExecutorStatus.FAILED)
    )
    assert failed.status >= JobExecutorStatus.EXECUTION_STARTED
    assert not failed.reached(JobExecutorStatus.EXECUTION_STARTED)
    assert failed.reached(JobExecutorStatus.FAILED)


def test_only_the_current_attempt_counts() -> None:
    again = view(
        JobExecutorStatus.RECEIVED,
        (1, JobExecutorStatus.RECEIVED),
        (1, JobExecutorStatus.EXECUTION_STARTED),
        (1, JobExecutorStatus.FAILED),
        (2, JobExecutorStatus.RECEIVED),
        attempt=2,
    )
    assert again.reached(JobExecutorStatus.RECEIVED)
    assert not again.reached(JobExecutorStatus.EXECUTION_STARTED)


def test_the_coarse_status_knows_of_cancels_and_retries() -> None:
    started = JobExecutorStatus.VALIDATION_STARTED
    assert view(started).coarse is StatusEnum.SUBMITTED
    assert view(started, attempt=2).coarse is StatusEnum.RETRYING
    assert view(started, cancelling=True).coarse is StatusEnum.CANCELLING
    assert view(JobExecutorStatus.ABORTED, cancelling=True).coarse is StatusEnum.CANCELLED


@pytest.mark.parametrize(
    ("field", "value", "reason"),
    [
        ("priority", LOWEST_PRIORITY - 1, ">= -1000"),
        ("priority", HIGHEST_PRIORITY + 1, "<= 1000"),
        ("priority", 0.5, "Expected `int`"),
        ("name", "x" * 201, "length <= 200"),
        ("item_errors", "explode", "Invalid enum value 'explode'"),
        ("work", {"type": "sweep", "returns": [""]}, "length >= 1"),
        ("work", {"type": "dance"}, "Invalid value 'dance'"),
        ("work", {"type": "circuits", "programs": [], "n_shots": []}, "length >= 1"),
    ],
)
def test_a_spec_from_outside_is_checked_and_the_field_named(
    field: str, value: object, reason: str
) -> None:
    raw: dict[str, object] = {"work": {"type": "sweep", "returns": ["a.b"]}, field: value}
    with pytest.raises(msgspec.ValidationError, match=rf"{reason}.* - at `\$\.{field}"):
        msgspec.convert(raw, JobSpec)


def test_a_filter_names_each_status_once_at_most() -> None:
    whole = {"statuses": [status.value for status in JobExecutorStatus]}
    assert msgspec.convert(whole, JobFilter).statuses == tuple(JobExecutorStatus)
    with pytest.raises(msgspec.ValidationError, match="length <= 18"):
        msgspec.convert({"statuses": ["ready"] * 19}, JobFilter)


def test_what_a_job_leaves_out_takes_no_room() -> None:
    assert msgspec.json.encode(JobFilter()) == b"{}"
    entry = TimelineEntry(
        seq=1, ordinal=1, attempt=1, status=JobExecutorStatus.READY, time_unix_s=0.0
    )
    assert b"note" not in msgspec.json.encode(entry)


@pytest.mark.parametrize("shape", [(), (5,), (3, 4), (2, 1, 5)])
def test_progress_knows_the_step_of_each_axis(shape: tuple[int, ...]) -> None:
    total = math.prod(shape)
    spots = list(itertools.product(*map(range, shape)))
    for done in range(total + 1):
        at = Progress(done=done, total=total, unit="spots", shape=shape)
        here = spots[min(done, total - 1)]
        assert at.axes == tuple((step + 1, of) for step, of in zip(here, shape, strict=True))
    assert str(Progress(done=1, total=2000)) == "1/2,000"
