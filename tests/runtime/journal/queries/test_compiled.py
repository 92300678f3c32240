"""Compiled circuits are found in a job's stored work, and fetched one by one."""

import hashlib
import sqlite3
from contextlib import closing

import pytest

from stationd.proto.job import JobId
from stationd.proto.program import (
    CircuitsWork,
    CircuitWork,
    Instruction,
    NativeCircuit,
)
from stationd.proto.result import CompiledResult, decode_result
from stationd.runtime.journal.queries.compiled import (
    CompiledArtifact,
    CompiledItems,
    heads,
    is_compiled,
    one,
)
from stationd.runtime.live import WORK_ENCODER, StoredWork

JOB = JobId("00000000-0000-0000-0000-000000000001")


def a_result(name: str, depth: int) -> CompiledResult:
    return CompiledResult(
        native=NativeCircuit(
            instructions=(Instruction("cz", ("a", "b")),) * depth, n_bits=0, name=name
        ),
        openqasm="OPENQASM 3.0;",
        depth=depth,
        two_qubit_gates=depth,
        metadata={"compiler": "qiskit 2"},
        duration=depth * 60e-9,
        initial_layout=("a", "b"),
        final_layout=("b", "a"),
    )


RESULTS = {4: a_result("late", 3), 0: a_result("first", 2)}
WORK = WORK_ENCODER.encode(
    StoredWork(
        {
            "qpu": CircuitsWork(
                circuits=tuple(
                    CircuitWork(item=item, circuit=result.native, shots=1)
                    for item, result in RESULTS.items()
                )
            )
        },
        RESULTS,
    )
)


def test_what_was_compiled_is_told_by_item_without_the_circuits() -> None:
    first, late = heads(JOB, 2, WORK)
    assert (first.index, late.index) == (0, 4)
    assert (first.name, first.depth, first.two_qubit_gates) == ("first", 2, 2)
    assert (first.duration, first.compiler) == (120e-9, "qiskit 2")
    assert (first.initial_layout, first.final_layout) == (("a", "b"), ("b", "a"))
    assert first.artifact.id == f"{JOB}/2/0/compiled"


@pytest.mark.parametrize("index", [0, 4])
def test_a_compiled_circuit_is_what_the_worker_made(index: int) -> None:
    told = next(head for head in heads(JOB, 2, WORK) if head.index == index)
    found = one(told.artifact.id, 2, WORK)
    assert found is not None
    assert found.ref == told.artifact
    assert found.data is not None
    assert decode_result(found.data) == RESULTS[index]
    assert found.ref.size_bytes == len(found.data)
    assert found.ref.sha256 == hashlib.sha256(found.data).hexdigest()


@pytest.mark.parametrize("artifact", [f"{JOB}/1/0/compiled", f"{JOB}/2/1/compiled", f"{JOB}/2/0"])
def test_what_is_not_in_the_work_is_not_found(artifact: str) -> None:
    assert one(artifact, 2, WORK) is None


def test_of_work_without_compiled_circuits_there_is_nothing_to_tell() -> None:
    assert heads(JOB, 1, WORK_ENCODER.encode(StoredWork({}))) == []


@pytest.mark.parametrize("artifact", [f"{JOB}/2/0", f"{JOB}/x/0/compiled", "compiled", ""])
def test_other_ids_are_not_those_of_compiled_circuits(artifact: str) -> None:
    assert not is_compiled(artifact)


def test_a_journal_is_asked_by_the_job_s_id() -> None:
    with closing(sqlite3.connect(":memory:")) as database:
        database.execute("CREATE TABLE jobs (number INTEGER, id TEXT)")
        database.execute("CREATE TABLE works (number INTEGER, attempt INTEGER, data BLOB)")
        database.execute("INSERT INTO jobs VALUES (1, 'another'), (2, ?)", (JOB,))
        database.execute("INSERT INTO works VALUES (2, 3, ?)", (WORK,))
        told = CompiledItems(JOB).answer(database)
        assert [item.artifact.id for item in told] == [f"{JOB}/3/{n}/compiled" for n in (0, 4)]
        found = CompiledArtifact(told[1].artifact.id).answer(database)
        assert found is not None
        assert found.ref == told[1].artifact
        assert CompiledArtifact(f"{JOB}/1/0/compiled").answer(database) is None
        assert CompiledItems(JobId("another")).answer(database) == []
        assert CompiledArtifact("another/1/0/compiled").answer(database) is None
