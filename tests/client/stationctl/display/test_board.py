"""Many jobs in the room that there is: the liveliest of them, and a line for all."""

import pytest

from stationd.client.stationctl.display.board import Board, seconds_to_the_end, shown, tally
from stationd.client.stationctl.display.climb import Climb
from stationd.proto.status import JobExecutorStatus as S
from tests.client.stationctl.display.watched import climb, goes_on, job_id, progress, rendered

TO_QUEUE = tuple(S)[:10]
WHOLE_WAY = tuple(S)[:16]


class Clock:
    """Stands still until it is set."""

    now = 112.0

    def __call__(self) -> float:
        return self.now


def jobs() -> list[Climb]:
    running = climb(2, *TO_QUEUE, S.EXECUTION_STARTED, name="ghz")
    progress(running, 250, 1000)
    return [
        climb(1, *WHOLE_WAY, name="bell"),
        running,
        climb(3, *TO_QUEUE, name="sent ahead"),
        climb(4, *TO_QUEUE, place=0),
        climb(5, *TO_QUEUE, place=3),
        climb(6, S.RECEIVED, S.VALIDATION_STARTED, S.FAILED),
        climb(7, S.RECEIVED, S.VALIDATION_STARTED),
    ]


def test_each_job_says_what_it_does_and_how_long_it_takes() -> None:
    lines = rendered(Board(jobs(), Clock()))
    assert lines[0].split() == ["JOB", "NAME", "CLIMB", "STATUS"]
    said = [(line.split()[0], line.split("  ")[-1].strip()) for line in lines[1:-1]]
    assert said == [
        ("1", "took 15.0 s"),
        ("2", "250/1,000 shots, 6 s left"),
        ("3", "next at the controller"),
        ("4", "next in the queue"),
        ("5", "3 ahead"),
        ("6", "the source does not lock"),
        ("7", "validation started"),
    ]
    assert lines[-1].endswith("7 jobs, 1 completed, 1 error, 3 queued, 1 submitted, 1 running")


@pytest.mark.parametrize(("width", "height"), [(80, 24), (120, 40), (40, 6), (200, 60)])
def test_it_never_takes_more_than_the_terminal_has(width: int, height: int) -> None:
    many = [climb(number, *TO_QUEUE, place=number, name="x" * 50) for number in range(100)]
    lines = rendered(Board(many, Clock()), width, height)
    assert len(lines) < height
    assert max(map(len, lines)) <= width
    assert "and " in lines[-2]
    assert " more: " in lines[-2]


def test_what_runs_is_shown_first_and_what_is_over_last() -> None:
    everything = jobs()
    assert [one.job for one in shown(everything, 3)] == [job_id(2), job_id(3), job_id(7)]
    assert shown(everything, 7) == everything


def test_jobs_that_were_not_heard_of_yet_are_counted_and_not_shown() -> None:
    lines = rendered(Board([Climb(job_id(1)), Climb(job_id(2))], Clock()))
    assert len(lines) == 2
    assert lines[-1].endswith("2 jobs")


def test_the_pace_of_all_tells_when_the_last_will_end() -> None:
    clock = Clock()
    watched = [climb(number, *TO_QUEUE, place=number) for number in range(10)]
    board = Board(watched, clock)
    assert "left" not in rendered(board)[-1]
    for one in watched[:5]:
        goes_on(one, *WHOLE_WAY[10:])
    clock.now += 10.0
    assert rendered(board)[-1].endswith("5 completed, 5 queued, about 10 s left")


def test_jobs_that_were_over_before_say_nothing_of_the_pace() -> None:
    clock = Clock()
    watched = [climb(n, *WHOLE_WAY) for n in range(5)] + [climb(9, *TO_QUEUE)]
    board = Board(watched, clock)
    rendered(board)
    clock.now += 10.0
    assert "left" not in rendered(board)[-1]


def test_a_second_attempt_is_told() -> None:
    watched = climb(1, *WHOLE_WAY)
    goes_on(watched, *TO_QUEUE, attempt=2)
    assert "next at the controller, attempt 2" in rendered(Board([watched], Clock()))[1]


def test_a_tally_counts_by_status() -> None:
    assert tally(jobs()) == "1 completed, 1 error, 3 queued, 1 submitted, 1 running"


@pytest.mark.parametrize(("ended", "left", "elapsed"), [(1, 5, 9.0), (5, 0, 9.0), (5, 5, 0.0)])
def test_no_end_is_foretold_from_too_little(ended: int, left: int, elapsed: float) -> None:
    assert seconds_to_the_end(ended, left, elapsed) is None
