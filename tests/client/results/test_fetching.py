"""Results before and after the end of a job: what there is, what it runs, what is gone."""

import msgspec
import pytest

from stationd import (
    IncompleteJobItemRef,
    JobNotFinished,
    JobRef,
    NullProgram,
    OpenQasm,
    RequestError,
    UnknownArtifact,
    UnknownJob,
)
from stationd.aio import jobs
from stationd.client.scripted.station import ScriptedStation
from stationd.proto.jobs_protocol import Get
from stationd.proto.program import NativeCircuit
from stationd.proto.result import CompiledResult, NullResult
from stationd.proto.result_requests import Peek
from stationd.proto.status import JobExecutorStatus as S

pytestmark = pytest.mark.anyio

BELL = "OPENQASM 3.0; qubit[2] q; h q[0]; cx q[0], q[1];"
COMPILED = CompiledResult(
    openqasm="OPENQASM 3.0;",
    native=NativeCircuit(instructions=(), n_bits=0),
    depth=3,
    two_qubit_gates=1,
)


async def two_items(station: ScriptedStation, *rungs: S) -> JobRef:
    job = await jobs.submit(programs=[NullProgram(name="one"), NullProgram(name="two")])
    station.climb(job.id, *rungs)
    return job


def let_item_be_partial(station: ScriptedStation, job: JobRef, item: int) -> None:
    station.store(job.id, item, NullResult(duration=1.0))
    view = station.jobs[job.id]
    items = tuple(
        msgspec.structs.replace(one, partial=one.index == item) if one.result else one
        for one in view.items
    )
    station.jobs[job.id] = msgspec.structs.replace(view, items=items)


async def test_what_a_running_job_has_so_far_comes_if_it_is_allowed(
    station: ScriptedStation,
) -> None:
    job = await two_items(station, S.EXECUTION_STARTED)
    let_item_be_partial(station, job, 1)
    with pytest.raises(JobNotFinished):
        await jobs.results(job)
    assert not [request for request in station.received if isinstance(request, Peek)]
    none, some = await jobs.results(job, allow_incomplete=True)
    assert isinstance(none, IncompleteJobItemRef)
    assert isinstance(some, jobs.ExecutionResultRef)
    assert (some.index, some.name, some.partial) == (1, "two", True)
    assert (await some.download_result()).duration == 1.0  # type: ignore[union-attr]


async def test_nothing_is_built_for_a_job_that_is_over(station: ScriptedStation) -> None:
    job = await two_items(station, S.EXECUTION_STARTED, S.ABORTED)
    assert len(await jobs.results(job, allow_incomplete=True)) == 2
    assert [type(one) for one in station.received[1:]] == [Get]


async def compiled(station: ScriptedStation) -> JobRef:
    """A compile job that is over and has its result."""
    job = await jobs.start_compile_job(programs=BELL)
    station.store(job.id, 0, COMPILED)
    station.climb(job.id, S.COMPILATION_ENDED, S.READY)
    return job


async def test_a_compile_job_gives_its_input_and_its_output(station: ScriptedStation) -> None:
    (found,) = await jobs.results(await compiled(station))
    assert isinstance(found, jobs.CompilationResultRef)
    assert await found.get_input() == OpenQasm(source=BELL)
    output = await found.get_output()
    assert (output.openqasm, output.depth) == (COMPILED.openqasm, COMPILED.depth)
    assert (await jobs.get_output(found)).openqasm == output.openqasm


async def test_what_was_executed_has_no_compiled_circuit(station: ScriptedStation) -> None:
    job = await two_items(station)
    for item in (0, 1):
        station.store(job.id, item, NullResult(duration=0.0))
    station.climb(job.id, S.READY)
    first, second = await jobs.results(job)
    assert isinstance(second, jobs.ResultRef)
    assert await jobs.get_input(second) == NullProgram(name="two")
    with pytest.raises(RequestError, match="is no compiled circuit"):
        await jobs.get_output(first)


async def test_an_item_without_a_result_still_knows_its_input(station: ScriptedStation) -> None:
    job = await two_items(station, S.PENDING_EXECUTION)
    _, second = await jobs.results(job, allow_incomplete=True)
    assert isinstance(second, IncompleteJobItemRef)
    assert await jobs.get_input(second) == NullProgram(name="two")


async def test_only_a_job_that_is_over_is_deleted_and_only_once(station: ScriptedStation) -> None:
    job = await two_items(station, S.EXECUTION_STARTED)
    with pytest.raises(JobNotFinished):
        await jobs.delete(job)
    station.climb(job.id, S.READY)
    assert await jobs.delete(job) == "deleted"
    assert await jobs.delete(job) == "already_gone"
    with pytest.raises(UnknownJob):
        await jobs.status(job)


async def test_a_reference_that_outlives_its_job_says_that_the_data_is_gone(
    station: ScriptedStation,
) -> None:
    job = await compiled(station)
    (found,) = await jobs.results(job)
    assert isinstance(found, jobs.CompilationResultRef)
    assert await jobs.delete(job) == "deleted"
    with pytest.raises(UnknownArtifact):
        await found.download_result()
    with pytest.raises(UnknownJob):
        await found.get_input()
    with pytest.raises(UnknownJob):
        await jobs.results(job)
