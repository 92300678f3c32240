"""Every kind of job climbs its own rungs, in order, and ends with its results."""

from pathlib import Path

import anyio
import anyio.to_thread
import numpy as np
import pytest

from stationd import jobs
from stationd.aio import jobs as aio_jobs
from stationd.client.references.item import IncompleteJobItemRef
from stationd.client.references.job import JobRef, JobStatus
from stationd.client.results.outcome import CircuitResult, CompiledCircuit, NullOutcome, SweepData
from stationd.proto.error import JobNotFinished
from stationd.proto.program import Axis, NullProgram, Sweep
from stationd.proto.status import JobExecutorStatus, StatusEnum
from tests.end_to_end.station import FOREVER, PATIENCE, Station

EXAMPLES = Path(__file__).parents[2] / "examples"

UP_TO_READY = [status for status in JobExecutorStatus if status <= JobExecutorStatus.READY]
NOT_COMPILED_ONLY = {
    status
    for status in JobExecutorStatus
    if JobExecutorStatus.COMPILATION_ENDED < status < JobExecutorStatus.POST_PROCESSING_PENDING
}


def climbed(job: JobRef) -> list[JobExecutorStatus]:
    """Return the rungs that the journal knows of."""
    return [entry.status for entry in jobs.view(job).timeline]


def test_a_bell_pair_is_correlated(station: Station) -> None:
    job = jobs.submit(
        programs=[EXAMPLES / "bell.qasm", EXAMPLES / "bell_v2.qasm"], n_shots=1000, target="qpu"
    )

    assert jobs.wait_for(job, timeout=PATIENCE).coarse is StatusEnum.COMPLETED
    assert climbed(job) == UP_TO_READY
    for reference in jobs.results(job):
        assert isinstance(reference, jobs.ResultRef)
        result = reference.download_result()
        assert isinstance(result, CircuitResult)
        assert sum(result.counts.values()) == len(result.bits) == 1000
        # The simulated noise costs some per cent.
        assert result.counts["00"] + result.counts["11"] > 800
        assert 350 < result.counts["00"] < 650


def test_a_sweep_over_two_controllers_gives_arrays_with_axes_and_units(station: Station) -> None:
    delays = np.linspace(0.0, 100e-6, 9)
    sweep = Sweep(
        settings={
            "source.frequency": 4.9e9,
            "source.duration": 40e-9,
            "readout.averages": 100_000,
        },
        axes=(
            (Axis("source.amplitude", (0.25, 0.75)),),
            (Axis("source.delay", tuple(delays.tolist())),),
        ),
        returns=("readout.population", "readout.trace"),
        name="T1",
    )

    job = jobs.submit(sweep=sweep)
    jobs.wait_for(job, timeout=PATIENCE)

    assert climbed(job) == UP_TO_READY
    (reference,) = jobs.results(job)
    assert isinstance(reference, jobs.ResultRef)
    data = reference.download_result()
    assert isinstance(data, SweepData)
    assert data["readout.population"].shape == (2, 9)
    assert data["readout.trace"].shape == (2, 9, 64)
    np.testing.assert_array_equal(data["source.delay"], delays)
    np.testing.assert_array_equal(data["source.amplitude"], [0.25, 0.75])
    assert data.dimensions == {"source.amplitude": 0, "source.delay": 1}
    assert data.units == {
        "source.amplitude": "V",
        "source.delay": "s",
        "source.duration": "s",
        "source.frequency": "Hz",
        "readout.trace": "V",
    }
    assert data.spots_done == 18
    decay = data["readout.population"].astype(float)[1]
    assert decay[0] > decay[-1]


def test_a_compile_only_job_skips_the_instruments(station: Station) -> None:
    job = jobs.submit(programs=EXAMPLES / "ghz5.qasm", compile_only=True, target="qpu")
    jobs.wait_for(job, timeout=PATIENCE)

    assert climbed(job) == [status for status in UP_TO_READY if status not in NOT_COMPILED_ONLY]
    (reference,) = jobs.results(job)
    assert isinstance(reference, jobs.ResultRef)
    result = reference.download_result()
    assert isinstance(result, CompiledCircuit)
    assert result.openqasm.startswith("OPENQASM 3.0;")
    assert result.two_qubit_gates >= 4


def test_a_null_job_is_executed_once(station: Station) -> None:
    before = len(station.tickets_executed)
    job = jobs.submit(programs=NullProgram(duration=0.01), n_shots=1, target="null")
    jobs.wait_for(job, timeout=PATIENCE)

    assert climbed(job) == UP_TO_READY
    assert len(station.tickets_executed) == before + 1
    (reference,) = jobs.results(job)
    assert isinstance(reference, jobs.ResultRef)
    assert reference.download_result() == NullOutcome(duration=0.01)


def test_a_job_of_a_thousand_items_has_a_thousand_results(station: Station) -> None:
    job = jobs.submit(programs=[NullProgram()] * 1000, n_shots=1, target="null")
    jobs.wait_for(job, timeout=PATIENCE)

    references = jobs.results(job)
    assert [reference.index for reference in references] == list(range(1000))
    assert all(isinstance(reference, jobs.ResultRef) for reference in references)


@pytest.mark.parametrize("n_shots", [100, None])
def test_a_listener_hears_what_the_journal_says(station: Station, n_shots: int | None) -> None:
    job = jobs.submit(
        programs=EXAMPLES / "bell.qasm",
        n_shots=n_shots,
        compile_only=n_shots is None,
        target="qpu",
    )

    heard: dict[int, JobExecutorStatus] = {}
    for status in jobs.listen_job_status(job):
        # Reports of progress and of the place in the queue repeat the newest fact.
        assert status.ordinal >= max(heard, default=0)
        heard.setdefault(status.ordinal, status.status)

    timeline = {entry.ordinal: entry.status for entry in jobs.view(job).timeline}
    first = min(heard)
    assert heard == {ordinal: status for ordinal, status in timeline.items() if ordinal >= first}
    assert list(timeline) == list(range(1, len(timeline) + 1))


def test_results_are_asked_for_while_a_job_runs(station: Station) -> None:
    job = jobs.submit(programs=NullProgram(duration=FOREVER), n_shots=1, target="null")
    jobs.wait_for(job, JobExecutorStatus.EXECUTION_STARTED, timeout=PATIENCE)

    with pytest.raises(JobNotFinished, match="execution_started"):
        jobs.results(job)
    (item,) = jobs.results(job, allow_incomplete=True)
    assert isinstance(item, IncompleteJobItemRef)
    assert item.last_status is StatusEnum.RUNNING

    jobs.cancel(job)
    *_, last = jobs.listen_job_status(job)
    assert last.status is JobExecutorStatus.ABORTED


@pytest.mark.anyio
async def test_two_clients_that_listen_to_a_job_hear_the_same_story(station: Station) -> None:
    first = await aio_jobs.submit(
        programs=NullProgram(duration=FOREVER), n_shots=1, target="null", name="in the way"
    )
    job = await aio_jobs.submit(programs=NullProgram(), n_shots=1, target="null")
    stories: tuple[list[JobStatus], list[JobStatus]] = ([], [])

    async def listen() -> None:
        stories[0].extend([status async for status in aio_jobs.listen_job_status(job)])

    def listen_elsewhere() -> None:
        # The synchronous API has a thread, an event loop and a connection of its own.
        stories[1].extend(jobs.listen_job_status(job))

    with anyio.fail_after(PATIENCE):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(listen)
            tasks.start_soon(anyio.to_thread.run_sync, listen_elsewhere)
            await aio_jobs.cancel(first)
        entries = (await aio_jobs.view(job)).timeline
    await aio_jobs.close()

    timeline = {entry.ordinal: entry.status for entry in entries}
    for story in stories:
        heard = {status.ordinal: status.status for status in story}
        begin = min(heard)
        assert heard == {number: status for number, status in timeline.items() if number >= begin}
        assert story[-1].status is JobExecutorStatus.READY
