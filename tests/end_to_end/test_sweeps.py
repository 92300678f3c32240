"""A sweep that is cut short keeps what it has on disk, and goes on from there."""

import os
import signal
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from stationd import jobs
from stationd.client.references.job import JobRef
from stationd.client.results.outcome import SweepData
from stationd.proto.error import ErrorCode
from stationd.proto.program import Axis, Sweep
from stationd.proto.status import JobExecutorStatus as S
from stationd.proto.status import RemoteRetryStrategy, StatusEnum
from tests.end_to_end.gated_bench import TRACE
from tests.end_to_end.station import PATIENCE, Station, on_asyncio, until

pytestmark = pytest.mark.campaign

NewStation = Callable[..., Station]

TWO = "".join(
    f"""
[controllers.{name}]
driver = "tests.end_to_end.gated_bench:GatedBench"
[controllers.{name}.options]
folder = "{{folder}}"
name = "{name}"
"""
    for name in ("a", "b")
)
X = tuple(float(number) for number in range(60))
STOP = 40
"""The spot at which the instruments wait."""


def gate(station: Station, value: float) -> None:
    new = station.folder / "gate.new"
    new.write_text(f"{value}")
    new.rename(station.folder / "gate")


def notes(station: Station, name: str) -> list[tuple[int, str, float]]:
    """Return by which process what was set, and to what."""
    lines = (station.folder / f"notes.{name}").read_text().splitlines()
    return [(int(pid), what, float(value)) for pid, what, value in map(str.split, lines)]


def begun(station: Station, sweep: Sweep, *, resume: bool) -> JobRef:
    """Let a sweep come as far as the gate, with all that it has read on disk."""
    gate(station, STOP)
    station.start()
    station.wait_connected("a", "b")
    job = jobs.submit(sweep=sweep, resume=resume)
    jobs.wait_for(job, S.EXECUTION_STARTED, timeout=PATIENCE)
    # Whoever asks for what there is gets what is on disk.
    until(lambda: spots_on_disk(job) == STOP, "all that was read is on disk")
    return job


def spots_on_disk(job: JobRef) -> int:
    (item,) = jobs.results(job, allow_incomplete=True)
    return downloaded(item).spots_done if isinstance(item, jobs.ResultRef) else 0


def downloaded(item: object) -> SweepData:
    assert isinstance(item, jobs.ResultRef)
    found = item.download_result()
    assert isinstance(found, SweepData)
    return found


def whole(job: JobRef) -> SweepData:
    (item,) = jobs.results(job)
    return downloaded(item)


def check(data: SweepData, spots: int) -> None:
    """Fail unless all readings up to a spot are what the instruments were set to."""
    x = np.asarray(X[:spots])
    assert (data["a.y"][:spots] == x + 2j * x).all()
    assert (data["b.trace"][:spots] == np.arange(TRACE) + 10 * x[:, None]).all()


OVER_TWO = Sweep(
    settings={"a.power": 0.5},
    axes=((Axis("a.x", X), Axis("b.x", X)),),
    returns=("a.y", "b.trace"),
)


def test_a_sweep_goes_on_after_the_end_of_daemon_and_controllers(new_station: NewStation) -> None:
    station = new_station(TWO)
    job = begun(station, OVER_TWO, resume=True)
    controllers = [station.controller_pid(name) for name in ("a", "b")]
    station.kill()
    for pid in controllers:
        os.kill(pid, signal.SIGKILL)
    gate(station, len(X))
    station.start()
    assert jobs.wait_for(job, timeout=PATIENCE).status is S.READY
    data = whole(job)
    check(data, len(X))
    assert data.metadata["attempts"] == f"1: 0 to {STOP - 1}, 2: from {STOP}"
    for name, pid in zip(("a", "b"), controllers, strict=True):
        again = [value for by, what, value in notes(station, name) if by != pid and what == "x"]
        assert again == list(X[STOP:])
    # Settings are applied first, in every attempt.
    power = [value for _, what, value in notes(station, "a") if what == "power"]
    assert power == [0.5, 0.5]


def test_what_was_read_before_all_ended_is_there_after_a_restart(new_station: NewStation) -> None:
    station = new_station(TWO)
    job = begun(station, OVER_TWO, resume=False)
    controllers = [station.controller_pid(name) for name in ("a", "b")]
    station.kill()
    for pid in controllers:
        os.kill(pid, signal.SIGKILL)
    station.start()
    for _ in jobs.listen_job_status(job):
        pass
    view = jobs.view(job)
    assert view.error is not None
    assert (view.status, view.error.code) == (S.FAILED, ErrorCode.INSTRUMENT_LOST)
    (item,) = jobs.results(job, allow_incomplete=True)
    data = downloaded(item)
    assert data.spots_done == STOP
    check(data, STOP)
    assert np.isnan(data["b.trace"][STOP:].astype(float)).all()


def test_a_cancel_keeps_what_is_there_and_an_operator_lets_the_sweep_go_on(
    new_station: NewStation,
) -> None:
    station = new_station(TWO)
    job = begun(station, OVER_TWO, resume=True)
    jobs.cancel(job)
    # The spot that is being read is finished, and is the last one.
    gate(station, len(X))
    for _ in jobs.listen_job_status(job):
        pass
    (item,) = jobs.results(job, allow_incomplete=True)
    data = downloaded(item)
    assert jobs.view(job).status is S.ABORTED
    assert STOP <= data.spots_done <= STOP + 1
    check(data, data.spots_done)
    answer = jobs.retry_submission(
        job,
        remote_retry_strategy=RemoteRetryStrategy.FORCE_RESUBMIT,
        retry_status=[StatusEnum.CANCELLED],
    )
    assert answer == "opened"
    assert jobs.wait_for(job, timeout=PATIENCE).status is S.READY
    check(whole(job), len(X))
    visited = [value for _, what, value in notes(station, "a") if what == "x"]
    # None of the first spots again; the one at which it was cut short perhaps.
    assert len(visited) <= len(X) + 1


QUICK = """
[controllers.q]
driver = "tests.end_to_end.gated_bench:Quick"
"""
MOST_MIB = 64
"""What a million spots may take of a process's memory; as objects of their own they take more."""


def peak_mib(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text()
    return next(int(line.split()[1]) for line in status.splitlines() if "VmHWM" in line) / 1024


@on_asyncio
def test_a_million_spots_take_bounded_memory_zipped_axes_and_a_product_of_them(
    new_station: NewStation,
) -> None:
    station = new_station(QUICK).start()
    station.wait_connected("q")
    slow, fast = np.arange(1000.0), np.arange(1000.0) / 1000
    axes = (
        (Axis("q.x", tuple(slow.tolist())), Axis("q.y", tuple((-2 * slow).tolist()))),
        (Axis("q.z", tuple(fast.tolist())),),
    )
    few = Sweep(axes=((Axis("q.x", (0.0, 1.0)),),), returns=("q.sum",))
    jobs.wait_for(jobs.submit(sweep=few), timeout=PATIENCE)
    pids = {"daemon": station.pid, "controller": station.controller_pid("q")}
    before = {name: peak_mib(pid) for name, pid in pids.items()}
    job = jobs.submit(sweep=Sweep(axes=axes, returns=("q.sum",)))
    jobs.wait_for(job, timeout=4 * PATIENCE)
    data = whole(job)
    assert np.allclose(data["q.sum"], -slow[:, None] + fast[None, :])
    for name, pid in pids.items():
        assert peak_mib(pid) - before[name] < MOST_MIB, name
