"""Which couplings a circuit had better not use, and what a compiled circuit is likely to lose.

Theory. Qiskit moves a finished circuit to the qubits where it loses least, but where it has to
bring qubits together it does not look at errors: it goes straight over a coupling that spoils
every result. So a circuit that uses one of the worst couplings is compiled once more for the QPU
without them, and the one of both is taken that loses less. A detour costs gates, which count too.
"""

from __future__ import annotations

import math
from statistics import median_low
from typing import TYPE_CHECKING, Any, Final

import msgspec

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from stationd.actors.qpu_properties import QpuProperties
    from stationd.proto.program import Qpu

_BAD: Final = 3.0
"""A coupling with so many times the middle error may be worth a detour: three gates at least."""

Coupling = tuple[str, str]


def worst_couplings(qpu: Qpu, properties: QpuProperties) -> frozenset[Coupling]:
    """Return couplings that are much worse than the others, and that the QPU can do without.

    All qubits that can be brought together still can when they are left out.
    """
    observed = {pair: properties.observed_cz_error(*pair) for pair in qpu.couplings}
    errors = {pair: error for pair, error in observed.items() if error is not None}
    if not errors:
        return frozenset()
    bound = _BAD * median_low(errors.values())
    bad = sorted((pair for pair in errors if errors[pair] > bound), key=lambda pair: -errors[pair])
    left = list(qpu.couplings)
    islands = _islands(qpu.qubits, left)
    for pair in bad:
        rest = [other for other in left if other != pair]
        if _islands(qpu.qubits, rest) == islands:
            left = rest
    return frozenset(qpu.couplings) - frozenset(left)


def without(qpu: Qpu, couplings: Collection[Coupling]) -> Qpu:
    """Return a QPU that lacks some couplings."""
    left = tuple(pair for pair in qpu.couplings if pair not in couplings)
    return msgspec.structs.replace(qpu, couplings=left)


def uses(circuit: Any, qpu: Qpu, couplings: Collection[Coupling]) -> bool:  # noqa: ANN401 - a qiskit.QuantumCircuit, which has no type information
    """Return whether a compiled circuit acts on one of some couplings."""
    if not couplings:
        return False
    place = {name: index for index, name in enumerate(qpu.qubits)}
    pairs = {frozenset((place[a], place[b])) for a, b in couplings}
    return any(
        frozenset(circuit.find_bit(qubit).index for qubit in step.qubits) in pairs
        for step in circuit.data
        if step.operation.name == "cz"
    )


def expected_loss(circuit: Any, target: Any) -> float:  # noqa: ANN401 - as uses
    """Return minus the logarithm of the chance that no operation of a circuit fails.

    Args:
        circuit: A compiled ``qiskit.QuantumCircuit``.
        target: The ``qiskit.transpiler.Target`` that knows the errors.
    """
    lost = 0.0
    for step in circuit.data:
        qubits = tuple(circuit.find_bit(qubit).index for qubit in step.qubits)
        known = target[step.operation.name].get(qubits) if _is_in(target, step) else None
        error = 0.0 if known is None or known.error is None else known.error
        lost += math.inf if error >= 1 else -math.log1p(-error)
    return lost


def _is_in(target: Any, step: Any) -> bool:  # noqa: ANN401 - as uses
    return step.operation.name in target and target[step.operation.name] is not None


def _islands(qubits: Iterable[str], couplings: Iterable[Coupling]) -> set[frozenset[str]]:
    """Return the sets of qubits between which there is a way."""
    island = {qubit: {qubit} for qubit in qubits}
    for a, b in couplings:
        if island[a] is not island[b]:
            joined = island[a] | island[b]
            island.update(dict.fromkeys(joined, joined))
    return {frozenset(joined) for joined in island.values()}
