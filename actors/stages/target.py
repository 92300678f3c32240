"""What Qiskit calls a target: a QPU's gates, where they act, how well and how long.

The compiler looks for the qubits and couplings with the least errors. One that was not observed
is neither the best nor the worst: it is taken to be as good as the middle one of those that were.
So a set that says little of a QPU does not send all circuits where nobody has looked. If nothing
was observed at all, all are alike.
"""

from __future__ import annotations

from statistics import median
from typing import TYPE_CHECKING, Any, TypeVar

from stationd.actors.untyped import load

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from stationd.actors.qpu_properties import QpuProperties
    from stationd.proto.program import Qpu

Where = TypeVar("Where")


def qiskit_target(qpu: Qpu, properties: QpuProperties) -> Any:  # noqa: ANN401 - Qiskit has no type information
    """Return a QPU as the compiler sees it.

    Args:
        qpu: Its qubits and couplings; qubit k is the k-th of them.
        properties: What was observed.
    """
    gates, transpiler = load("qiskit.circuit.library"), load("qiskit.transpiler")
    parameter, quality = load("qiskit.circuit").Parameter, transpiler.InstructionProperties
    place = {name: index for index, name in enumerate(qpu.qubits)}
    prx, readout = (
        _filled(qpu.qubits, known)
        for known in (properties.observed_prx_error, properties.observed_readout_error)
    )
    coupled = _filled(qpu.couplings, lambda pair: properties.observed_cz_error(*pair))
    target = transpiler.Target(num_qubits=len(qpu.qubits))
    target.add_instruction(
        gates.RGate(parameter("angle"), parameter("phase")),
        {
            (index,): quality(properties.prx_duration(name), prx[name])
            for name, index in place.items()
        },
    )
    target.add_instruction(
        gates.Measure(),
        {
            (index,): quality(properties.readout_duration(name), readout[name])
            for name, index in place.items()
        },
    )
    # What is asked for is done wherever it is asked for: it counts for no place, and against none.
    anywhere = {(index,): quality(error=0.0) for index in place.values()}
    if qpu.reset:
        target.add_instruction(load("qiskit.circuit").Reset(), anywhere)
    if qpu.delay:
        target.add_instruction(load("qiskit.circuit").Delay(parameter("duration")), anywhere)
    if coupled:
        target.add_instruction(
            gates.CZGate(),
            {
                pair: quality(properties.cz_duration(a, b), error)
                for (a, b), error in coupled.items()
                for pair in ((place[a], place[b]), (place[b], place[a]))
            },
        )
    return target


def _filled(
    places: Iterable[Where], observed: Callable[[Where], float | None]
) -> dict[Where, float]:
    """Return the error at every place: the observed one, or else the middle one of all."""
    errors = {place: observed(place) for place in places}
    known = [error for error in errors.values() if error is not None]
    middle = median(known) if known else 0.0
    return {place: middle if error is None else error for place, error in errors.items()}
