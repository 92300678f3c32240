"""What is known of a watched job, whatever the order in which it is heard."""

import pytest

from stationd.client.stationctl.display.climb import done_share, seconds_left
from stationd.proto.jobs_protocol import Snapshot
from stationd.proto.status import JobExecutorStatus as S
from tests.client.stationctl.display.watched import climb, entries, goes_on, progress, view

TO_QUEUE = tuple(S)[:10]
WHOLE_WAY = tuple(S)[:16]


def test_a_climb_knows_every_rung_before_and_after_it_was_watched() -> None:
    watched = climb(1, S.RECEIVED, S.VALIDATION_STARTED)
    goes_on(watched, S.VALIDATION_ENDED, S.FETCH_CALIBRATION_STARTED)
    assert [entry.status for entry in watched.timeline] == list(tuple(S)[:4])
    assert watched.name == "job 1"


def test_a_snapshot_in_between_fills_the_gap_once() -> None:
    watched = climb(1, S.RECEIVED)
    later = view(1, entries(*WHOLE_WAY))
    changes = watched.take(Snapshot(1, 16, (later,)))
    assert len(changes) == 15
    assert [entry.ordinal for entry in watched.timeline] == list(range(1, 17))
    assert watched.over


def test_its_share_never_shrinks_on_the_way_up() -> None:
    shares = [climb(1, *WHOLE_WAY[:count]).share() for count in range(1, 17)]
    assert shares == sorted(shares)
    assert (shares[0], shares[9], shares[-1]) == (0.0, 0.25, 1.0)


def test_shots_that_are_done_move_the_bar_while_it_executes() -> None:
    watched = climb(1, *TO_QUEUE, S.EXECUTION_STARTED)
    before = watched.share()
    progress(watched, 50, 100)
    half = watched.share()
    progress(watched, 100, 100)
    assert before < half < watched.share() == pytest.approx(0.9)


def test_a_failed_job_stays_where_it_failed() -> None:
    assert climb(1, S.RECEIVED, S.VALIDATION_STARTED, S.FAILED).share() < 0.1


def test_the_time_left_follows_from_the_pace_of_the_execution() -> None:
    watched = climb(1, *TO_QUEUE, S.EXECUTION_STARTED)
    assert watched.seconds_left(115.0) is None
    progress(watched, 25, 100)
    # It began at 110.
    assert watched.seconds_left(115.0) == pytest.approx(15.0)
    goes_on(watched, S.EXECUTION_ENDED)
    assert watched.seconds_left(116.0) is None


def test_a_second_attempt_begins_at_the_bottom_and_keeps_the_first() -> None:
    watched = climb(1, *WHOLE_WAY)
    goes_on(watched, S.RECEIVED, attempt=2)
    assert watched.share() == 0.0
    assert len(watched.timeline) == 17
    assert not watched.over


@pytest.mark.parametrize(("done", "elapsed"), [(0.0, 5.0), (1.0, 5.0), (0.5, 0.0), (0.001, 1.0)])
def test_nobody_can_tell_from_nothing(done: float, elapsed: float) -> None:
    assert seconds_left(done, elapsed) is None


def test_a_job_without_progress_has_done_nothing_of_it() -> None:
    assert done_share(None) == 0.0
    watched = climb(1, *TO_QUEUE)
    progress(watched, 0, 0)
    assert done_share(watched.status) == 0.0
