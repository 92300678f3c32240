"""The station at a glance, on a terminal of any size."""

import msgspec
import pytest

from stationd.client.scripted.standing import NOTHING_DONE
from stationd.client.station.station import StationRef
from stationd.client.stationctl.display.dashboard import STAGES, Dashboard, shown
from stationd.client.stationctl.display.pulse import Sample
from stationd.proto.job import JobView, Progress
from stationd.proto.jobs_protocol import ControllerView
from stationd.proto.status import JobExecutorStatus as S
from tests.client.stationctl.display.watched import entries, job_id, rendered, view

TO_QUEUE = tuple(S)[:10]
RUNNING = msgspec.structs.replace(
    view(1, entries(*TO_QUEUE, S.EXECUTION_STARTED), name="ghz"),
    progress=Progress(done=250, total=1000, unit="shots"),
)


def controller(name: str, *, connected: bool = True, running: int = 0) -> ControllerView:
    return ControllerView(
        name=name,
        driver="simulated-qpu",
        connected=connected,
        running=job_id(running) if running else None,
        line=2 if running else 0,
        capabilities=None,
    )


def sample(
    newest: tuple[JobView, ...] = (), trouble: str = "", following: tuple[JobView, ...] = ()
) -> Sample:
    overview = msgspec.structs.replace(
        NOTHING_DONE,
        time_unix_s=1_700_000_075.0,
        received=12,
        ended={"ready": 8, "failed": 1, "aborted": 0},
        under_way={"pending_execution": 2, "execution_started": 1},
        queued=2,
        commit_seconds=0.0012,
        trouble=trouble,
        running=(RUNNING,),
    )
    broken = msgspec.structs.replace(controller("source"), quarantined=job_id(9))
    return Sample(
        station=StationRef(endpoint="ipc:///x", name="lab", epoch=3, version="0.1.0"),
        overview=overview,
        controllers=(controller("qpu", running=1), controller("far", connected=False), broken),
        targets=(),
        next=following,
        newest=newest,
    )


def drawn(seen: Sample, width: int = 80, height: int = 24) -> list[str]:
    dashboard = Dashboard(clock=lambda: 112.0, hint="q ends")
    dashboard.take(seen)
    return rendered(dashboard, width, height)


def test_it_tells_jobs_stages_pace_and_journal() -> None:
    lines = drawn(sample())
    assert lines[0].startswith("lab  stationd 0.1.0, start 3, up 1 min 15 s")
    assert lines[1] == "jobs    12 received   8 ready   1 failed   0 aborted   3 under way"
    assert "queue 2  execute 1  post 0" in lines[2]
    assert lines[3] == "pace    -"
    assert lines[4] == "journal 1.2 ms a commit   0 listening"


def test_controllers_say_what_they_are_at_work_on() -> None:
    lines = [one for one in drawn(sample(), 100) if one.startswith(("qpu", "far", "source"))]
    assert lines[0].split()[:4] == ["qpu", "simulated-qpu", "at", "work"]
    assert "250/1,000 shots, 6 s left" in lines[0]
    assert lines[1].split()[2] == "away"
    assert "in quarantine" in lines[2]


def test_a_wide_terminal_has_room_for_the_drivers() -> None:
    assert "DRIVER" not in "\n".join(drawn(sample(), 80))
    assert "DRIVER" in "\n".join(drawn(sample(), 120, 40))


@pytest.mark.parametrize(("width", "height"), [(80, 24), (120, 40), (60, 20)])
def test_it_fits_the_terminal_however_many_jobs_there_are(width: int, height: int) -> None:
    many = tuple(view(n, entries(*TO_QUEUE), name="x" * 60, place=n) for n in range(2, 99))
    lines = drawn(sample(many), width, height)
    assert len(lines) <= height
    assert max(map(len, lines)) <= width


def test_what_runs_is_first_then_the_queue_in_its_order_then_what_has_ended() -> None:
    ended = [view(n, entries(*tuple(S)[:16], first=float(n))) for n in range(10, 20)]
    queued = [view(n, entries(*TO_QUEUE), place=20 - n) for n in range(2, 10)]
    seen = shown(sample((*queued, *ended)), 9)
    assert [one.number for one in seen] == [1, 9, 8, 7, 6, 5, 19, 18, 17]


def test_the_head_of_a_long_queue_is_shown_though_its_jobs_are_old() -> None:
    newest = tuple(view(n, entries(*TO_QUEUE), place=n) for n in range(500, 560))
    head = tuple(view(n, entries(*TO_QUEUE), place=n - 2) for n in range(2, 8))
    seen = shown(sample(newest, following=head), 7)
    assert [one.number for one in seen] == [1, 2, 3, 4, 5, 6, 7]


def test_a_station_that_takes_no_work_says_why() -> None:
    assert "takes no new work: the disk is full" in "\n".join(
        drawn(sample(trouble="the disk is full"), 120)
    )


def test_what_was_seen_last_stays_while_nobody_answers() -> None:
    dashboard = Dashboard(clock=lambda: 112.0)
    dashboard.take(sample())
    dashboard.fail("no answer from the station")
    lines = rendered(dashboard)
    assert "no answer from the station" in lines[1]
    assert "12 received" in lines[2]
    dashboard.take(sample())
    assert "no answer" not in "\n".join(rendered(dashboard))


def test_every_rung_of_a_job_under_way_belongs_to_one_stage() -> None:
    rungs = [rung for rungs in STAGES.values() for rung in rungs]
    assert sorted(rungs) == sorted(S.in_progress_statuses())
