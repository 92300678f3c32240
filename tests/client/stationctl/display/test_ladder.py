"""One job's rungs, how long each took, and what it waits for."""

from stationd.client.stationctl.display.ladder import Ladder
from stationd.proto.status import JobExecutorStatus as S
from tests.client.stationctl.display.watched import climb, goes_on, progress, rendered

TO_QUEUE = tuple(S)[:10]


def test_rungs_are_drawn_with_what_each_took() -> None:
    lines = rendered(Ladder(climb(1, S.RECEIVED, S.VALIDATION_STARTED), lambda: 103.5))
    assert lines == [
        "1 job 1  00000001-0000-4000-8000-000000000000",
        "     1.0 s  received",
        "     2.5 s  validation_started",
    ]


def test_a_running_job_has_a_bar_and_the_time_left() -> None:
    watched = climb(1, *TO_QUEUE, S.EXECUTION_STARTED)
    progress(watched, 500, 1000)
    last = rendered(Ladder(watched, lambda: 115.0))[-1]
    assert last.strip().startswith("━")
    assert last.endswith("500/1,000 shots, 5 s left")
    assert len(rendered(Ladder(watched, lambda: 115.0), width=50)[-1]) <= 50


def test_a_waiting_job_says_how_many_are_ahead() -> None:
    watched = climb(1, *TO_QUEUE, place=12)
    assert rendered(Ladder(watched, lambda: 115.0))[-1].strip() == "12 ahead"


def test_a_failed_job_says_why() -> None:
    watched = climb(1, S.RECEIVED, S.FAILED)
    assert rendered(Ladder(watched))[-1].strip() == "the source does not lock"


def test_of_many_attempts_the_newest_rungs_fit() -> None:
    watched = climb(1, *tuple(S)[:16])
    for attempt in range(2, 6):
        goes_on(watched, *tuple(S)[:16], attempt=attempt)
    lines = rendered(Ladder(watched), height=24)
    assert len(lines) < 24
    assert "before" in lines[1]
    assert lines[-1].strip() == "ready (attempt 5)"
