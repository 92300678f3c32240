"""Whether circuits, in any of their forms, can be compiled for a QPU. Runs in worker processes.

Whatever a program holds, what comes out is problems, never an exception.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

from msgspec import Struct

from stationd.actors.stages.bad_program import BadProgram
from stationd.actors.stages.binding import binding_problems
from stationd.actors.stages.native_operations import circuit_problems
from stationd.actors.stages.openqasm import parse_openqasm
from stationd.actors.stages.qpy_file import parse_qpy
from stationd.actors.stages.requests import CheckRequest
from stationd.actors.untyped import load
from stationd.proto.error import Problem
from stationd.proto.program import CircuitProgram, NativeProgram, OpenQasm, Qpu, Qpy

if TYPE_CHECKING:
    from collections.abc import Iterator

_MOST_PROBLEMS: Final = 100
_LONGEST_REMEMBERED: Final = 64 * 1024
"""Characters or bytes of a program whose circuit is kept: those of longer ones take too much
memory."""
_UNITS: Final = frozenset({"s", "ms", "us", "ns", "ps"})
NOTHING_MEASURED: Final = (
    'nothing is measured, so there is nothing to count: add "c = measure q;"'
    ' (OpenQASM 2: "measure q -> c;")'
)


def check_programs(request: CheckRequest) -> list[Problem]:
    """Return what is wrong with the programs, in the order of items and lines.

    Every bad program is named; the more programs there are, the fewer problems are told of each.
    """
    most = max(1, _MOST_PROBLEMS // max(1, len(request.programs)))
    return [
        Problem(problem.message, item=item, line=problem.line, field=problem.field)
        for item, program in request.programs
        for problem in _problems(program, request)[:most]
    ]


def _problems(program: CircuitProgram, request: CheckRequest) -> tuple[Problem, ...]:
    if isinstance(program, NativeProgram):
        measures = any(one.gate == "measure" for one in program.circuit.instructions)
        problems = tuple(circuit_problems(program.circuit, request.qpu))
    else:
        try:
            parsed = parsed_circuit(program, request.qpu)
        except BadProgram as bad:
            return bad.problems
        measures = "measure" in parsed.circuit.count_ops()
        problems = (*parsed.problems, *binding_problems(program, parsed.parameters))
    if request.measured and not measures:
        return (*problems, Problem(NOTHING_MEASURED))
    return problems


# --- circuits that are compiled --------------------------------------------------------------


class Parsed(Struct, frozen=True):
    """A circuit that has been read, and what does not depend on what its parameters are set to."""

    circuit: Any
    """A `qiskit.QuantumCircuit`; not to be changed."""
    parameters: frozenset[str]
    """Names of what has no value yet."""
    problems: tuple[Problem, ...]


def parsed_circuit(program: OpenQasm | Qpy, qpu: Qpu) -> Parsed:
    """Read a program, whatever its binding.

    The same worker often compiles what it has just checked, and a sweep over bindings has the
    same circuit in all its items: the last ones are remembered.

    Raises:
        BadProgram: It is not a circuit, or not one for this QPU.
    """
    form: str | bytes = program.source if isinstance(program, OpenQasm) else program.data
    parse = _remembered if len(form) <= _LONGEST_REMEMBERED else _parse
    return parse(form, qpu)


def _parse(form: str | bytes, qpu: Qpu) -> Parsed:
    circuit = parse_openqasm(form, qpu) if isinstance(form, str) else parse_qpy(form, qpu)
    names = frozenset(str(one.name) for one in circuit.parameters)
    return Parsed(circuit, names, tuple(_circuit_problems(circuit, qpu)))


_remembered: Final = lru_cache(maxsize=64)(_parse)


def _circuit_problems(circuit: Any, qpu: Qpu) -> Iterator[Problem]:  # noqa: ANN401 - see Parsed
    runnable = {"measure", "barrier", *(("reset",) if qpu.reset else ())}
    if qpu.delay:
        runnable.add("delay")
    kinds = load("qiskit.circuit")
    gates = (kinds.Gate, kinds.AnnotatedOperation)
    refused = {
        step.operation.name
        for step in circuit.data
        if isinstance(step.operation, kinds.ControlFlowOp)
        or not (isinstance(step.operation, gates) or step.operation.name in runnable)
    }
    words = [*sorted({"reset", "delay"} & runnable), "barriers and measurements"]
    for name in sorted(refused):
        yield Problem(f"{name!r} is not supported: use gates, {', '.join(words)}")
    if any(
        isinstance(angle, float) and not math.isfinite(angle)
        for step in circuit.data
        for angle in step.operation.params
    ):
        yield Problem("an angle is infinite or not a number")
    yield from _delay_problems(circuit)
    if not qpu.mid_circuit_measurement and not _measures_last(circuit):
        yield Problem("a qubit is used after it was measured, which this QPU cannot do")


def _delay_problems(circuit: Any) -> Iterator[Problem]:  # noqa: ANN401 - see Parsed
    delays = [step.operation for step in circuit.data if step.operation.name == "delay"]
    if any(one.unit not in _UNITS for one in delays):
        units = ", ".join(sorted(_UNITS))
        yield Problem(f"a delay is not in seconds: give it in one of {units}, as in 100 ns")
    if any(isinstance(one.duration, float | int) and one.duration < 0 for one in delays):
        yield Problem("a delay takes 0 seconds or more")


def _measures_last(circuit: Any) -> bool:  # noqa: ANN401 - see Parsed
    measured: set[Any] = set()
    for step in circuit.data:
        if step.operation.name == "barrier":
            continue
        if not measured.isdisjoint(step.qubits):
            return False
        if step.operation.name == "measure":
            measured.update(step.qubits)
    return True
