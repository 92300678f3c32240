"""What the compiler made of a job's circuits is known at once, and fetched when it is asked for."""

import hashlib

import pytest

from stationd import RequestError, UnknownJob
from stationd.aio import jobs
from stationd.client.scripted.station import ScriptedStation
from stationd.proto.compiled_requests import CompiledItem
from stationd.proto.job import ArtifactRef, JobId
from stationd.proto.program import NativeCircuit
from stationd.proto.result import CompiledResult, encode_result

pytestmark = pytest.mark.anyio

BELL = "OPENQASM 3.0; qubit[2] q; h q[0]; cx q[0], q[1];"
MADE = CompiledResult(
    openqasm="OPENQASM 3.0;",
    native=NativeCircuit(instructions=(), n_bits=0, name="bell"),
    depth=3,
    two_qubit_gates=1,
    duration=2e-6,
    initial_layout=("QB1", "QB3"),
    final_layout=("QB3", "QB1"),
    metadata={"compiler": "qiskit 2"},
)


def compile_one(station: ScriptedStation, job: JobId, index: int) -> None:
    """Let a station have compiled an item."""
    data = encode_result(MADE)
    ref = ArtifactRef(
        id=f"{job}/1/{index}/compiled",
        size_bytes=len(data),
        sha256=hashlib.sha256(data).hexdigest(),
    )
    station.artifacts[ref.id] = data
    item = CompiledItem(
        index=index,
        artifact=ref,
        depth=MADE.depth,
        two_qubit_gates=MADE.two_qubit_gates,
        duration=MADE.duration,
        initial_layout=MADE.initial_layout,
        final_layout=MADE.final_layout,
        compiler="qiskit 2",
        name="bell",
    )
    station.compiled[job] = (*station.compiled.get(job, ()), item)


async def test_a_job_that_executes_circuits_tells_what_they_were_compiled_to(
    station: ScriptedStation,
) -> None:
    job = await jobs.submit(programs=[BELL, BELL], n_shots=10, name="twice")
    compile_one(station, job.id, 1)
    (found,) = await jobs.compiled(job)
    assert isinstance(found, jobs.CompilationResultRef)
    assert (found.index, found.name, found.annotations.name) == (1, "bell", "twice")
    assert (found.depth, found.two_qubit_gates, found.duration) == (3, 1, 2e-6)
    assert (found.initial_layout, found.final_layout) == (("QB1", "QB3"), ("QB3", "QB1"))
    assert found.compiler == "qiskit 2"
    circuit = await found.get_output()
    assert (circuit.openqasm, circuit.duration) == ("OPENQASM 3.0;", 2e-6)
    assert circuit.initial_layout == ("QB1", "QB3")
    assert circuit.final_layout == ("QB3", "QB1")


async def test_of_a_job_that_is_not_compiled_there_is_nothing(station: ScriptedStation) -> None:
    job = await jobs.submit(programs=[BELL], n_shots=10)
    assert await jobs.compiled(job) == []
    assert station.compiled == {}


async def test_a_job_that_is_not_there_is_an_error(station: ScriptedStation) -> None:
    del station
    with pytest.raises(UnknownJob):
        await jobs.compiled("00000000-0000-0000-0000-000000000009")
    with pytest.raises(RequestError):
        await jobs.compiled("one")
