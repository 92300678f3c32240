"""What a circuit's parameters are set to: checked, filled in, and noted with the result."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import msgspec

from stationd.actors.stages.wording import suggestion
from stationd.proto.error import Problem
from stationd.proto.program import OpenQasm, Qpy

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from stationd.proto.program import Program

BINDING: Final = "binding"
"""In a result's metadata: what the parameters were set to, as JSON."""
_MOST_SHOWN: Final = 10


def binding_problems(program: OpenQasm | Qpy, parameters: frozenset[str]) -> Iterator[Problem]:
    """Yield what is wrong with the values that a circuit's parameters are given.

    Args:
        program: The circuit, with its values.
        parameters: The names of its parameters.
    """
    missing = sorted(parameters - program.binding.keys())
    if missing:
        names = ", ".join(missing[:_MOST_SHOWN]) + (", ..." if len(missing) > _MOST_SHOWN else "")
        yield Problem(
            f"the circuit has free parameters: {names}; give them values, as in"
            f" bindings={{{missing[0]!r}: [0.1, 0.2]}}",
            field="bindings",
        )
    for name in sorted(program.binding.keys() - parameters)[:_MOST_SHOWN]:
        there = suggestion(name, parameters) or "; it has none"
        yield Problem(f"the circuit has no parameter {name!r}{there}", field="bindings")


def bound(circuit: Any, binding: Mapping[str, float]) -> Any:  # noqa: ANN401 - a qiskit.QuantumCircuit, which has no type information
    """Return a circuit with its parameters set to what a binding says."""
    values = {one: binding[one.name] for one in circuit.parameters}
    return circuit.assign_parameters(values) if values else circuit


def binding_note(program: Program) -> dict[str, str]:
    """Return what is stored with a program's result: nothing if it has no parameters."""
    if not isinstance(program, OpenQasm | Qpy) or not program.binding:
        return {}
    return {BINDING: msgspec.json.encode(program.binding).decode()}
