"""From programs to the work that controllers are sent.

Sweeps and null programs are compiled in the daemon, at once. Circuits are compiled by Qiskit in
worker processes; this module can be imported without it.
"""

from __future__ import annotations

import math
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from msgspec import Struct

from stationd.actors.qpu_properties import QpuProperties
from stationd.actors.stages.bad_program import BadProgram
from stationd.actors.stages.binding import binding_note, binding_problems, bound
from stationd.actors.stages.circuits import parsed_circuit
from stationd.actors.stages.mapping import Layouts, layouts, mapped
from stationd.actors.stages.native import depth, native_circuit, openqasm_text
from stationd.actors.stages.native_operations import checked_circuit
from stationd.actors.stages.timing import duration
from stationd.actors.untyped import load
from stationd.proto.error import ErrorCode, ErrorInfo
from stationd.proto.program import (
    CircuitProgram,
    Circuits,
    CircuitsWork,
    CircuitWork,
    Move,
    NativeCircuit,
    NativeProgram,
    NullProgram,
    NullWork,
    OpenQasm,
    Qpu,
    Qpy,
    Sweep,
    SweepWork,
    program_bytes,
)
from stationd.proto.result import CompiledResult

if TYPE_CHECKING:
    from collections.abc import Mapping

_Templates = dict[str | bytes, Any]
"""Compiled circuits whose parameters have no values yet, by what the user wrote."""
_OVERHEAD: Final = 1024
"""What a circuit costs that has no text at all, in bytes of text that take as long."""
COMPILER: Final = "compiler"
"""In a result's metadata: what compiled it; not there if nothing did."""


# --- sweeps and null programs: in the daemon -------------------------------------------------


def compile_sweep(sweep: Sweep) -> dict[str, SweepWork]:
    """Return each controller's part of a sweep, by the controller's name."""
    controllers = sweep.controllers()
    return {
        controller: SweepWork(
            settings=tuple(
                (_own(name), value)
                for name, value in sweep.settings.items()
                if _controller(name) == controller
            ),
            shape=sweep.shape,
            moves=tuple(
                Move(_own(axis.setting), index, axis.values)
                for index, group in enumerate(sweep.axes)
                for axis in group
                if _controller(axis.setting) == controller
            ),
            returns=tuple(_own(name) for name in sweep.returns if _controller(name) == controller),
            paced=len(controllers) > 1,
        )
        for controller in controllers
    }


def _controller(name: str) -> str:
    return name.partition(".")[0]


def _own(name: str) -> str:
    return name.partition(".")[2]


def compile_null(circuits: Circuits) -> NullWork:
    """Return the work of a job of null programs, which take their time one after another."""
    return NullWork(
        duration=math.fsum(
            program.duration for program in circuits.programs if isinstance(program, NullProgram)
        )
    )


# --- circuits: in a worker -------------------------------------------------------------------


class CompileRequest(Struct, frozen=True, kw_only=True):
    """Circuits to compile for a QPU."""

    programs: tuple[tuple[int, CircuitProgram], ...]
    """Items and their programs."""
    qpu: Qpu
    calibration: dict[str, float] = {}
    """Observed values by path, see `stationd.actors.qpu_properties`."""
    optimisation_level: int = 2
    seed: int | None = None


def length(program: CircuitProgram) -> int:
    """Return how long a program is, in bytes: about what it takes in time to compile it."""
    return _OVERHEAD + program_bytes(program)


def compile_circuits(request: CompileRequest) -> list[CompiledResult | ErrorInfo]:
    """Compile circuits to PRX and CZ; runs in a worker process.

    The same request gives the same circuits.

    Returns:
        A compiled circuit or an error for each program, in their order.
    """
    templates: _Templates = {}
    return [_compile_one(program, request, templates) for _, program in request.programs]


def circuits_work(
    circuits: Circuits,
    compiled: Mapping[int, CompiledResult],
    calibration: Mapping[str, float],
) -> CircuitsWork:
    """Return the work of a job of circuits, from those of its items that could be compiled."""
    return CircuitsWork(
        circuits=tuple(
            CircuitWork(
                item=item,
                circuit=result.native,
                shots=circuits.n_shots[item],
                seed=circuits.seed,
            )
            for item, result in sorted(compiled.items())
        ),
        calibration=dict(calibration),
    )


def warm_up() -> None:
    """Load the compiler and both parsers, so that a worker's first job does not wait for them."""
    qpu = Qpu(qubits=("QB1", "QB2"), couplings=(("QB1", "QB2"),))
    programs = (
        'OPENQASM 3.0; include "stdgates.inc"; qubit[2] q; bit[2] c; h q; c = measure q;',
        'OPENQASM 2.0; include "qelib1.inc"; qreg q[1]; creg c[1]; h q[0]; measure q -> c;',
    )
    pairs = tuple((item, OpenQasm(source=source)) for item, source in enumerate(programs))
    compile_circuits(CompileRequest(programs=pairs, qpu=qpu))


def _compile_one(
    program: CircuitProgram, request: CompileRequest, templates: _Templates
) -> CompiledResult | ErrorInfo:
    try:
        if isinstance(program, NativeProgram):
            native, compiler = checked_circuit(program, request.qpu), {}
            first: tuple[str, ...] = ()
            last: tuple[str, ...] = ()
        else:
            native, (first, last) = _native(program, request, templates)
            compiler = {COMPILER: _compiler()}
    except BadProgram as bad:
        return ErrorInfo(
            ErrorCode.COMPILATION_FAILED, "the circuit cannot be compiled", bad.problems
        )
    except Exception as error:  # noqa: BLE001 - whatever a pass raises concerns this item alone
        reason = str(error)[:500] or type(error).__name__
        return ErrorInfo(ErrorCode.COMPILATION_FAILED, f"the circuit cannot be compiled: {reason}")
    return CompiledResult(
        native=native,
        openqasm=openqasm_text(native, request.qpu.qubits),
        depth=depth(native),
        two_qubit_gates=sum(1 for one in native.instructions if one.gate == "cz"),
        duration=duration(native, QpuProperties(request.calibration)),
        initial_layout=first,
        final_layout=last,
        metadata=compiler | binding_note(program),
    )


def _native(
    program: OpenQasm | Qpy, request: CompileRequest, templates: _Templates
) -> tuple[NativeCircuit, Layouts]:
    """Return a program's native circuit, with what its parameters are set to filled in.

    With it comes where the program's qubits are, see `layouts`.

    A circuit with parameters is compiled once, whatever they are set to: the same qubits take
    part in all of a sweep over bindings.
    """
    parsed = parsed_circuit(program, request.qpu)
    wrong = (*parsed.problems, *binding_problems(program, parsed.parameters))
    if wrong:
        raise BadProgram(*wrong)
    form = program.source if isinstance(program, OpenQasm) else program.data
    compiled = templates.get(form)
    if compiled is None:
        compiled = mapped(
            parsed.circuit,
            request.qpu,
            request.calibration,
            request.optimisation_level,
            request.seed,
        )
        if parsed.parameters:
            templates[form] = compiled
    qubits = request.qpu.qubits
    native = native_circuit(bound(compiled, program.binding), qubits, program.name)
    return native, layouts(compiled, qubits)


@cache
def _compiler() -> str:
    return f"qiskit {load('qiskit').__version__}"
