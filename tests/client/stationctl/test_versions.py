"""`stationctl versions` finds the time that is meant, and prints what ran then."""

import click
import pytest

from stationd.client.stationctl.versions import executed, lines
from stationd.proto.job import JobId, JobView, TimelineEntry
from stationd.proto.status import JobExecutorStatus as S
from stationd.proto.version_requests import RunningVersions


def entry(ordinal: int, attempt: int, status: S) -> TimelineEntry:
    return TimelineEntry(
        seq=ordinal, ordinal=ordinal, attempt=attempt, status=status, time_unix_s=float(ordinal)
    )


VIEW = JobView(
    id=JobId("0b1c2d3e-4f50-4617-8293-a4b5c6d7e8f9"),
    number=1,
    kind="circuits",
    target="qpu",
    status=S.EXECUTION_STARTED,
    attempt=3,
    created_unix_s=1.0,
    modified_unix_s=9.0,
    seq=9,
    timeline=(
        entry(1, 1, S.RECEIVED),
        entry(2, 1, S.EXECUTION_STARTED),
        entry(3, 1, S.FAILED),
        entry(4, 2, S.PENDING_EXECUTION),
        entry(5, 2, S.FAILED),
        entry(6, 3, S.PENDING_EXECUTION),
        entry(7, 3, S.EXECUTION_STARTED),
    ),
)


def test_a_job_leads_to_the_time_of_its_execution() -> None:
    assert [executed(VIEW, attempt) for attempt in (None, 1, 2)] == [7.0, 2.0, 4.0]


def test_an_attempt_that_there_was_not_is_refused() -> None:
    with pytest.raises(click.UsageError, match="has 3 attempts, and no 4"):
        executed(VIEW, 4)


def test_what_ran_is_printed_line_by_line() -> None:
    found = RunningVersions(controller="qpu", since_unix_s=0.0, versions={"a": "1", "bcd": "2"})
    first, *others = lines(found)
    assert first.startswith("controller qpu, since ")
    assert others == ["  a    1", "  bcd  2"]
    daemon = RunningVersions(controller="", since_unix_s=0.0, versions={})
    assert lines(daemon)[0].startswith("daemon, since ")
