"""The compiler sees of a QPU what was observed, and nothing better where nobody looked."""

from typing import Any

import pytest

from stationd.actors.qpu_properties import CZ_DURATION, QpuProperties
from stationd.actors.stages.target import qiskit_target
from stationd.proto.program import Qpu

LINE = Qpu(qubits=("a", "b", "c", "d"), couplings=(("a", "b"), ("b", "c"), ("c", "d")))


def errors(calibration: dict[str, float], gate: str) -> dict[tuple[int, ...], float]:
    target: Any = qiskit_target(LINE, QpuProperties(calibration))
    return {where: quality.error for where, quality in target[gate].items()}


def test_observed_errors_and_durations_are_those_of_the_set() -> None:
    known = {"a.prx.error": 0.1, "b.readout.error": 0.2, "c-b.cz.error": 0.3}
    assert errors(known, "r")[0,] == 0.1
    assert errors(known, "measure")[1,] == 0.2
    assert errors(known, "cz")[1, 2] == errors(known, "cz")[2, 1] == 0.3
    target: Any = qiskit_target(LINE, QpuProperties({"a-b.cz.duration": 1e-7}))
    assert [target["cz"][pair].duration for pair in ((0, 1), (1, 2))] == [1e-7, CZ_DURATION]


@pytest.mark.parametrize("gate", ["r", "cz", "measure"])
def test_where_nobody_looked_it_is_as_good_as_the_middle_one(gate: str) -> None:
    known = {f"{name}.prx.error": error for name, error in zip("abc", (0.1, 0.3, 0.2), strict=True)}
    known |= {f"{name}.readout.error": known[f"{name}.prx.error"] for name in "abc"}
    known |= {"a-b.cz.error": 0.2}
    found = errors(known, gate)
    assert found[(3,) if gate != "cz" else (2, 3)] == 0.2


@pytest.mark.parametrize("gate", ["r", "cz", "measure"])
def test_if_nothing_was_observed_all_are_alike(gate: str) -> None:
    assert set(errors({}, gate).values()) == {0.0}


def test_a_qpu_without_couplings_has_no_gates_between_qubits() -> None:
    target: Any = qiskit_target(Qpu(qubits=("a",), couplings=()), QpuProperties({}))
    assert "cz" not in target
