"""The worst couplings are left out where the QPU can do without them."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from stationd.actors.qpu_properties import QpuProperties
from stationd.actors.stages.routing import expected_loss, uses, without, worst_couplings
from stationd.actors.stages.target import qiskit_target
from stationd.actors.untyped import load
from stationd.proto.program import Qpu

RING = Qpu(qubits=("a", "b", "c", "d"), couplings=(("a", "b"), ("b", "c"), ("c", "d"), ("d", "a")))
STAR = Qpu(qubits=("a", "b", "c"), couplings=(("a", "b"), ("a", "c")))


def known(errors: dict[str, float]) -> QpuProperties:
    return QpuProperties({f"{pair}.cz.error": error for pair, error in errors.items()})


def circuit(*pairs: tuple[int, int]) -> Any:  # noqa: ANN401 - Qiskit has no type information
    made = load("qiskit").QuantumCircuit(4)
    for a, b in pairs:
        made.cz(a, b)
    return made


def test_a_coupling_that_is_much_worse_than_the_others_is_left_out() -> None:
    properties = known({"a-b": 0.01, "c-b": 0.2, "c-d": 0.01, "d-a": 0.02})
    assert worst_couplings(RING, properties) == {("b", "c")}
    assert without(RING, {("b", "c")}).couplings == (("a", "b"), ("c", "d"), ("d", "a"))


def test_of_couplings_that_are_much_worse_the_qpu_keeps_those_it_needs() -> None:
    properties = known({"a-b": 0.01, "b-c": 0.3, "c-d": 0.2, "d-a": 0.01})
    # Without both of them nothing would lead to c: the better one stays.
    assert worst_couplings(RING, properties) == {("b", "c")}
    assert worst_couplings(STAR, known({"a-b": 0.001, "a-c": 0.5})) == frozenset()


def test_couplings_that_are_a_little_worse_or_that_nobody_looked_at_stay() -> None:
    assert worst_couplings(RING, known({"a-b": 0.01, "b-c": 0.025, "c-d": 0.01})) == frozenset()
    assert worst_couplings(RING, known({})) == frozenset()
    only_one = known({"a-b": 0.5})
    assert worst_couplings(RING, only_one) == frozenset()


@given(st.lists(st.floats(0, 1), min_size=4, max_size=4))
def test_what_is_left_out_never_cuts_a_qubit_off(errors: list[float]) -> None:
    names = ("a-b", "b-c", "c-d", "d-a")
    worst = worst_couplings(RING, known(dict(zip(names, errors, strict=True))))
    assert len(worst) <= 1


def test_whether_a_circuit_uses_a_coupling_is_seen_in_either_order() -> None:
    assert uses(circuit((2, 1)), RING, {("b", "c")})
    assert not uses(circuit((0, 1), (2, 3)), RING, {("b", "c")})
    assert not uses(circuit((2, 1)), RING, frozenset())


def test_a_circuit_is_expected_to_lose_what_its_gates_do() -> None:
    target = qiskit_target(RING, known({"a-b": 0.5, "b-c": 0.5, "c-d": 0.0, "d-a": 1.0}))
    assert expected_loss(circuit((0, 1), (1, 2), (2, 3)), target) == 2 * 0.6931471805599453
    assert expected_loss(circuit((3, 0)), target) == float("inf")
    assert expected_loss(circuit(), target) == 0
