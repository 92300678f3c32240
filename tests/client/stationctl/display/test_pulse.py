"""A minute of a station, from counts that grow."""

import msgspec
import pytest

from stationd.client.scripted.standing import NOTHING_DONE
from stationd.client.stationctl.display.pulse import SAMPLES_KEPT, Pulse
from stationd.proto.station_requests import Overview


def overview(second: float, ready: int, since: float = 0.0) -> Overview:
    return msgspec.structs.replace(
        NOTHING_DONE,
        time_unix_s=second,
        since_unix_s=since,
        ended={"ready": ready, "failed": 0, "aborted": 0},
        commits=10 * ready,
    )


def test_one_look_tells_no_pace() -> None:
    pulse = Pulse()
    pulse.add(overview(1.0, 5))
    assert (pulse.jobs_per_second(), pulse.commits_per_second(), pulse.history()) == (
        None,
        None,
        [],
    )


def test_the_pace_is_what_has_come_since_by_the_stations_clock() -> None:
    pulse = Pulse()
    for second, ready in ((0.0, 0), (2.0, 10), (4.0, 50)):
        pulse.add(overview(second, ready))
    assert pulse.jobs_per_second() == pytest.approx(12.5)
    assert pulse.commits_per_second() == pytest.approx(125.0)
    assert pulse.history() == [5.0, 20.0]


def test_a_restart_begins_a_new_minute() -> None:
    pulse = Pulse()
    pulse.add(overview(1.0, 5000))
    pulse.add(overview(2.0, 0, since=1.5))
    assert pulse.jobs_per_second() is None


def test_no_more_than_a_minute_is_kept() -> None:
    pulse = Pulse()
    for second in range(200):
        pulse.add(overview(float(second), second))
    assert len(pulse.history()) == SAMPLES_KEPT - 1
