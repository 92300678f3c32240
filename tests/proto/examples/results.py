"""Examples of messages about results, and where they come from."""

from stationd.proto.compiled_requests import Compiled, CompiledItem, ReadCompiled
from stationd.proto.job import ArtifactRef
from stationd.proto.jobs_protocol import Reply, Request
from stationd.proto.program import NullProgram
from stationd.proto.provenance import (
    CalibrationOrigin,
    CompiledOrigin,
    ControllerOrigin,
    Provenance,
    ProvenanceAnswer,
    ReadProvenance,
)
from stationd.proto.result_requests import Chunk, Fetch, Peek
from tests.proto.examples.values import JOB, REF

REQUESTS: dict[str, Request] = {
    "Fetch": Fetch(9, REF.id, 1_048_576),
    "ReadProvenance": ReadProvenance(48, JOB, 2),
    "ReadCompiled": ReadCompiled(49, JOB),
    "Peek": Peek(48, JOB),
}

REPLIES: dict[str, Reply] = {
    "Chunk": Chunk(6, REF, 1_048_576),
    "Compiled": Compiled(
        49,
        (
            CompiledItem(
                index=1,
                artifact=ArtifactRef(id=f"{JOB}/1/1/compiled", size_bytes=7, sha256="ab"),
                depth=4,
                two_qubit_gates=1,
                duration=1.5e-6,
                initial_layout=("QB1", "QB2"),
                final_layout=("QB2", "QB1"),
                compiler="qiskit 2",
                name="bell",
            ),
        ),
    ),
    "ProvenanceAnswer": ProvenanceAnswer(
        48,
        Provenance(
            job=JOB,
            number=7,
            item=2,
            attempt=3,
            kind="circuits",
            station="5c0ffee0-1234-4abc-8def-0123456789ab",
            station_name="lab",
            created_unix_s=1.5,
            program_sha256="cd" * 32,
            program=NullProgram(),
            name="bell",
            program_name="first",
            target="qpu",
            creator="ada",
            project="p1",
            artifact=REF,
            partial=True,
            executed_attempt=2,
            executed_unix_s=2.5,
            ended_unix_s=3.5,
            ticket=40,
            n_shots=100,
            seed=7,
            optimisation_level=2,
            calibration=CalibrationOrigin(id="c1", name="today", created_unix_s=0.5),
            compiled=CompiledOrigin(sha256="ef" * 32, depth=4, two_qubit_gates=1),
            daemon={"stationd": "0.1.0"},
            controllers=(
                ControllerOrigin(
                    name="qpu",
                    driver="simulated-qpu",
                    versions={"Python": "3.11.2"},
                    since_unix_s=0.5,
                ),
            ),
        ),
    ),
}
