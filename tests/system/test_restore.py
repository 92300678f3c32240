"""A station is put back elsewhere, from a backup that was made while it was at work."""

import json
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

import stationd
from stationd import jobs
from stationd.client.references.job import JobRef
from stationd.client.results.outcome import CircuitResult
from stationd.proto.error import ErrorCode, JobError
from stationd.proto.program import NullProgram
from stationd.proto.status import JobExecutorStatus as S
from tests.end_to_end.station import GATED, HELD, PATIENCE, QPU, Station

BELL = Path(__file__).parents[2] / "examples" / "bell.qasm"


@pytest.fixture
def stations() -> Iterator[tuple[Station, Station]]:
    """One that is at work, and an empty one elsewhere."""
    fast = [("qubits = 5", "qubits = 5\ntime_per_shot = 0.0")]
    pair = tuple(Station(backend, GATED, QPU, settings=fast) for backend in ("asyncio", "trio"))
    try:
        yield pair[0], pair[1]
        for station in pair:
            station.check()
    finally:
        jobs.close()
        for station in pair:
            station.close()


def submit_null(duration: float = 0.0) -> JobRef:
    return jobs.submit(programs=NullProgram(duration=duration), n_shots=1, target="null")


def over(job: JobRef) -> tuple[S, ErrorCode | None]:
    with suppress(JobError):
        jobs.wait_for(job, timeout=PATIENCE)
    end = jobs.view(job)
    return end.status, None if end.error is None else end.error.code


def counts_of(job: JobRef) -> dict[str, int]:
    (reference,) = jobs.results(job)
    assert isinstance(reference, jobs.ResultRef)
    result = reference.download_result()
    assert isinstance(result, CircuitResult)
    return result.counts


def test_a_backup_runs_on_in_another_directory(stations: tuple[Station, Station]) -> None:
    there, here = stations
    there.start()
    stationd.connect(there.endpoint)
    there.wait_connected("nothing", "qpu")
    # More than stands in the journal: a file.
    done = jobs.submit(programs=BELL, n_shots=500_000, seed=7, target="qpu")
    jobs.wait_for(done, timeout=PATIENCE)
    counts = counts_of(done)
    at_work, in_line = submit_null(HELD), submit_null()
    jobs.wait_for(at_work, S.EXECUTION_STARTED, timeout=PATIENCE)
    jobs.wait_for(in_line, S.PENDING_EXECUTION, timeout=PATIENCE)
    backup = there.folder / "backup"
    made = there.run("backup", str(backup), "--json")
    assert made.returncode == 0, made.stderr
    assert json.loads(made.stdout)["journal"]["unfinished"] == 2
    assert [*(backup / "artifacts" / done.id).iterdir()] != []
    # The station goes on meanwhile, and then is gone, ledgers and all.
    after = submit_null()
    there.let_go()
    assert over(at_work) == over(in_line) == over(after) == (S.READY, None)
    assert there.stop() == 0

    undecided = here.run("restore", str(backup))
    assert undecided.returncode == 1
    assert "--rerun" in undecided.stderr
    restored = here.run("restore", str(backup), "--rerun")
    assert restored.returncode == 0, restored.stderr
    here.start()
    stationd.connect(here.endpoint)
    here.wait_connected("nothing", "qpu")
    # What had begun is not run again; what waited is, once.
    assert over(at_work) == (S.FAILED, ErrorCode.INSTRUMENT_LOST)
    assert over(in_line) == (S.READY, None)
    assert len(here.tickets_executed) == 1
    assert counts_of(done) == counts
    assert {job.id for job in jobs.get_all()} == {done.id, at_work.id, in_line.id}
    assert over(submit_null()) == (S.READY, None)

    doctor = here.run("doctor", "--json")
    assert doctor.returncode == 0, doctor.stdout
    found = {one["check"]: one for one in json.loads(doctor.stdout)}
    assert found["daemon"]["text"].startswith(f"it runs as process {here.pid}")
    assert found["controllers"]["text"] == "2 of 2 are connected"
    assert here.stop() == 0


def test_a_restored_station_without_ledgers_runs_nothing_again_unless_it_is_told_to(
    stations: tuple[Station, Station],
) -> None:
    there, here = stations
    there.start()
    stationd.connect(there.endpoint)
    there.wait_connected("nothing")
    at_work, in_line = submit_null(HELD), submit_null()
    jobs.wait_for(at_work, S.EXECUTION_STARTED, timeout=PATIENCE)
    jobs.wait_for(in_line, S.PENDING_EXECUTION, timeout=PATIENCE)
    backup = there.folder / "backup"
    assert there.run("backup", str(backup)).returncode == 0
    there.let_go()
    assert over(in_line) == (S.READY, None)
    assert there.stop() == 0
    assert here.run("restore", str(backup), "--no-rerun").returncode == 0
    here.start()
    stationd.connect(here.endpoint)
    for job in (at_work, in_line):
        assert over(job) == (S.FAILED, ErrorCode.INSTRUMENT_LOST)
    assert here.tickets_executed == []
