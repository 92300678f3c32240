"""OpenQASM texts to circuits. Runs in worker processes.

Whatever the text holds, what comes out is a circuit or `BadProgram` with lines: parsers raise
what they please on hostile input, and the one of version 2 panics in a way that is not even an
`Exception`.
"""

from __future__ import annotations

import contextlib
import io
from typing import TYPE_CHECKING, Any

from stationd.actors.stages.bad_program import BadProgram, problem_of
from stationd.actors.stages.openqasm_plain import read_plain
from stationd.actors.stages.openqasm_source import scan
from stationd.actors.untyped import load
from stationd.proto.error import Problem

if TYPE_CHECKING:
    from stationd.proto.program import Qpu


def parse_openqasm(source: str, qpu: Qpu) -> Any:  # noqa: ANN401 - a qiskit.QuantumCircuit, which has no type information
    """Return the circuit of an OpenQASM text.

    Raises:
        BadProgram: The text is not a circuit, or not one for this QPU.
    """
    seen = scan(source, qpu)
    if seen.problems:
        raise BadProgram(*seen.problems)
    if seen.qubits > len(qpu.qubits):
        raise BadProgram(too_wide(seen.qubits, qpu))
    try:
        with contextlib.redirect_stderr(io.StringIO()):  # ANTLR talks to the terminal.
            return _parse_2(source) if seen.version == 2 else _parse_3(source)  # noqa: PLR2004 - the version's name
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:  # noqa: BLE001 - a panic of Rust code is no Exception
        raise BadProgram(problem_of(error)) from None


def too_wide(qubits: int, qpu: Qpu) -> Problem:
    """Return the problem of a circuit that needs more qubits than there are."""
    there = f"the QPU has {len(qpu.qubits)}"
    return Problem(f"the circuit needs {qubits:,} qubits, {there}: use fewer")


def _parse_2(source: str) -> Any:  # noqa: ANN401 - see parse_openqasm
    qasm2 = load("qiskit.qasm2")
    return qasm2.loads(
        source,
        include_path=(),  # nothing is read from this machine's disk
        custom_instructions=qasm2.LEGACY_CUSTOM_INSTRUCTIONS,
        custom_classical=qasm2.LEGACY_CUSTOM_CLASSICAL,
    )


def _parse_3(source: str) -> Any:  # noqa: ANN401 - see parse_openqasm
    plain = read_plain(source)
    return load("qiskit.qasm3").loads(source) if plain is None else plain
