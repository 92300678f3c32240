"""From circuits to the native operations that controllers play. Runs in worker processes.

Qiskit does it; this module can be imported without it.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from stationd.actors.qpu_properties import QpuProperties
from stationd.actors.raised import in_words
from stationd.actors.stages.bad_program import BadProgram
from stationd.actors.stages.binding import binding_note, binding_problems, bound
from stationd.actors.stages.circuits import parsed_circuit
from stationd.actors.stages.mapping import Layouts, layouts, mapped
from stationd.actors.stages.native import depth, native_circuit, openqasm_text
from stationd.actors.stages.native_operations import checked_circuit
from stationd.actors.stages.requests import COMPILER, CompileRequest
from stationd.actors.stages.timing import duration
from stationd.actors.untyped import load
from stationd.proto.error import ErrorCode, ErrorInfo
from stationd.proto.program import CircuitProgram, NativeCircuit, NativeProgram, OpenQasm, Qpu, Qpy
from stationd.proto.result import CompiledResult

_Templates = dict[str | bytes, Any]
"""Compiled circuits whose parameters have no values yet, by what the user wrote."""


def compile_circuits(request: CompileRequest) -> list[CompiledResult | ErrorInfo]:
    """Compile circuits to PRX and CZ.

    The same request gives the same circuits.

    Returns:
        A compiled circuit or an error for each program, in their order.
    """
    templates: _Templates = {}
    return [_compile_one(program, request, templates) for _, program in request.programs]


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
        detail = f"the circuit cannot be compiled: {in_words(error)}"
        return ErrorInfo(ErrorCode.COMPILATION_FAILED, detail)
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
