"""From a circuit of any gates to one of native gates on a QPU's own qubits, where they are best.

The compiler's passes are made once for each QPU, calibration set, level and seed, and kept.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

from stationd.actors.qpu_properties import QpuProperties
from stationd.actors.stages.routing import (
    Coupling,
    expected_loss,
    uses,
    without,
    worst_couplings,
)
from stationd.actors.stages.target import qiskit_target
from stationd.actors.untyped import load

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from stationd.proto.program import Qpu

_DEFAULT_SEED: Final = 0
"""Compiling again gives the same circuit, even if the user does not care for which."""
_CACHED: Final = 16
"""How many pass managers a worker keeps; each takes 5 ms to make."""
_CHOOSING: Final = 2
"""The lowest optimisation level that chooses among qubits; below it circuits stay as written."""

Layouts = tuple[tuple[str, ...], tuple[str, ...]]
"""The QPU's qubits that a program's first, second, ... qubit begins on, and those it ends on."""
_Known = tuple[tuple[str, float], ...]
"""Observed values by path, in order."""


def mapped(
    circuit: Any,  # noqa: ANN401 - a qiskit.QuantumCircuit, which has no type information
    qpu: Qpu,
    calibration: Mapping[str, float],
    level: int,
    seed: int | None,
) -> Any:  # noqa: ANN401 - as above
    """Return a circuit in a QPU's native gates, on its qubits.

    Args:
        circuit: A ``qiskit.QuantumCircuit``. One that names physical qubits stays on them.
        qpu: The QPU.
        calibration: Observed values by path, see `stationd.actors.qpu_properties`.
        level: The optimisation level.
        seed: Makes layout and routing repeatable; None is a seed like any other.
    """
    known = tuple(sorted(calibration.items()))
    seed = _DEFAULT_SEED if seed is None else seed % 2**32
    if circuit.layout is not None:
        return _passes(qpu, known, level, seed, circuit.num_qubits).run(circuit)
    straight = _passes(qpu, known, level, seed, None).run(circuit)
    worst = _worst(qpu, known)
    if level < _CHOOSING or not uses(straight, qpu, worst):
        return straight
    around = _passes(without(qpu, worst), known, level, seed, None).run(circuit)
    target = qiskit_target(qpu, QpuProperties(dict(known)))
    return min((straight, around), key=lambda one: expected_loss(one, target))


def layouts(
    compiled: Any,  # noqa: ANN401 - as mapped
    qubits: Sequence[str],
) -> Layouts:
    """Return where the qubits of a program are, at the beginning and at the end.

    Args:
        compiled: What `mapped` returned.
        qubits: The names of the QPU's qubits.

    Returns:
        The names of the QPU's qubits that the program's first, second, ... qubit begins on, and
        those that it ends on: swaps may have moved it.
    """
    layout = compiled.layout
    if layout is None:
        return (), ()
    first = layout.initial_index_layout(filter_ancillas=True)
    last = layout.final_index_layout(filter_ancillas=True)
    return tuple(qubits[int(index)] for index in first), tuple(qubits[int(index)] for index in last)


@lru_cache(maxsize=_CACHED)
def _worst(qpu: Qpu, known: _Known) -> frozenset[Coupling]:
    return worst_couplings(qpu, QpuProperties(dict(known)))


@lru_cache(maxsize=2 * _CACHED)
def _passes(qpu: Qpu, known: _Known, level: int, seed: int, physical: int | None) -> Any:  # noqa: ANN401 - as mapped
    return load("qiskit.transpiler").generate_preset_pass_manager(
        optimization_level=level,
        target=qiskit_target(qpu, QpuProperties(dict(known))),
        seed_transpiler=seed,
        initial_layout=None if physical is None else list(range(physical)),
    )
