"""Circuits go where the calibration set says that they are best, and the same way every time."""

from itertools import combinations
from typing import Any

import pytest

from stationd.actors.stages.mapping import layouts, mapped
from stationd.actors.untyped import load
from stationd.proto.program import Qpu

SIZE = 3
GRID = Qpu(
    qubits=tuple(f"Q{row}{column}" for row in range(SIZE) for column in range(SIZE)),
    couplings=(
        *((f"Q{row}{column}", f"Q{row}{column + 1}") for row in range(3) for column in range(2)),
        *((f"Q{row}{column}", f"Q{row + 1}{column}") for row in range(2) for column in range(3)),
    ),
)
NAMES = tuple(f"QB{number}" for number in range(1, 6))
STAR = Qpu(qubits=NAMES, couplings=tuple(("QB1", name) for name in NAMES[1:]))
BAD = frozenset({("Q00", "Q01"), ("Q11", "Q21"), ("Q10", "Q11")})


def chain(size: int) -> Any:  # noqa: ANN401 - Qiskit has no type information
    """Return a circuit that entangles qubits one after another."""
    made = load("qiskit").QuantumCircuit(size)
    made.h(0)
    for qubit in range(size - 1):
        made.cx(qubit, qubit + 1)
    made.measure_all()
    return made


def every_pair(size: int) -> Any:  # noqa: ANN401 - as chain
    """Return a circuit that has to bring qubits together."""
    made = load("qiskit").QuantumCircuit(size)
    for a, b in combinations(range(size), 2):
        made.cp(0.3, a, b)
    made.measure_all()
    return made


def errors(qpu: Qpu, bad: frozenset[tuple[str, str]], error: float = 0.2) -> dict[str, float]:
    return {f"{a}-{b}.cz.error": error if (a, b) in bad else 0.005 for a, b in qpu.couplings}


def pairs(circuit: Any, qpu: Qpu) -> list[tuple[str, str]]:  # noqa: ANN401 - as chain
    """Return the couplings that a circuit uses, as often as it does."""
    found: list[tuple[str, str]] = []
    for step in circuit.data:
        if step.operation.name == "cz":
            a, b = (int(circuit.find_bit(qubit).index) for qubit in step.qubits)
            found.append((qpu.qubits[min(a, b)], qpu.qubits[max(a, b)]))
    return found


def text(circuit: Any) -> str:  # noqa: ANN401 - as chain
    return str(load("qiskit.qasm3").dumps(circuit))


@pytest.mark.parametrize("level", [2, 3])
@pytest.mark.parametrize("size", [2, 3, 4, 6, 8])
def test_a_chain_avoids_bad_couplings_of_a_grid(level: int, size: int) -> None:
    made = mapped(chain(size), GRID, errors(GRID, BAD), level, 1)
    assert len(pairs(made, GRID)) == size - 1
    assert BAD.isdisjoint(pairs(made, GRID))


@pytest.mark.parametrize("bad", NAMES[1:])
def test_a_chain_avoids_the_bad_coupling_of_a_star(bad: str) -> None:
    coupling = frozenset({("QB1", bad)})
    made = mapped(chain(3), STAR, errors(STAR, coupling), 2, 1)
    assert coupling.isdisjoint(pairs(made, STAR))


@pytest.mark.parametrize("size", [5, 6, 7])
def test_qubits_are_brought_together_around_bad_couplings(size: int) -> None:
    for seed in range(3):
        made = mapped(every_pair(size), GRID, errors(GRID, BAD), 2, seed)
        assert BAD.isdisjoint(pairs(made, GRID))


def test_a_detour_that_costs_more_than_it_saves_is_not_made() -> None:
    # Three and a half times the middle error: bad enough to try, but not for many gates more.
    known = errors(GRID, BAD, 0.0175)
    for size in (5, 6, 7):
        made, free = (mapped(every_pair(size), GRID, each, 2, 1) for each in (known, {}))
        lost, straight = (
            sum(0.0175 if pair in BAD else 0.005 for pair in pairs(one, GRID))
            for one in (made, free)
        )
        assert lost <= straight


def test_a_bad_readout_is_avoided() -> None:
    known = {f"{name}.readout.error": 0.3 if name != "Q12" else 0.01 for name in GRID.qubits}
    made = mapped(chain(1), GRID, known, 2, 1)
    assert layouts(made, GRID.qubits)[0] == ("Q12",)


@pytest.mark.parametrize("circuit", [chain(5), every_pair(5)])
def test_the_same_seed_gives_the_same_circuit(circuit: Any) -> None:  # noqa: ANN401 - as chain
    known = errors(GRID, BAD)
    first, again = (text(mapped(circuit, GRID, known, 2, 7)) for _ in range(2))
    assert first == again
    assert text(mapped(circuit, GRID, known, 2, None)) == text(mapped(circuit, GRID, known, 2, 0))


def test_another_seed_may_give_another_circuit() -> None:
    made = {text(mapped(every_pair(7), GRID, {}, 2, seed)) for seed in range(4)}
    assert len(made) > 1


def test_without_a_calibration_set_circuits_are_short_wherever_they_are() -> None:
    assert len(pairs(mapped(chain(6), GRID, {}, 2, 1), GRID)) == 5


def test_where_a_program_s_qubits_begin_and_end_is_told() -> None:
    first, last = layouts(mapped(chain(3), GRID, errors(GRID, BAD), 2, 1), GRID.qubits)
    assert first == last
    assert len(set(first)) == 3
    moved = mapped(every_pair(5), GRID, {}, 2, 1)
    first, last = layouts(moved, GRID.qubits)
    assert first != last
    assert len(set(first)) == len(set(last)) == 5
    ends = {step.clbits[0]: step.qubits[0] for step in moved.data if step.clbits}
    places = [int(moved.find_bit(ends[bit]).index) for bit in moved.clbits]
    assert list(last) == [GRID.qubits[place] for place in places]
