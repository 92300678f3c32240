"""Whether OpenQASM programs can be compiled for a QPU. Runs in worker processes.

Whatever the text holds, what comes out is problems with lines, never an exception: parsers raise
what they please on hostile input, and the one of version 2 panics in a way that is not even an
`Exception`.
"""

from __future__ import annotations

import contextlib
import io
import math
import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

from msgspec import Struct

from stationd.actors.stages.openqasm_source import scan
from stationd.actors.untyped import load
from stationd.proto.error import Problem
from stationd.proto.program import OpenQasm, Qpu

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import TracebackType

_RUNNABLE: Final = frozenset({"measure", "barrier"})
"""Instructions that are not gates and that a QPU executes."""
_PLACE_2: Final = re.compile(r"<input>:(\d+),\d+:\s*")
_PLACE_3: Final = re.compile(r"L?(\d+)[,:]C?\d+:\s*")
_LONGEST_MESSAGE: Final = 300
_MOST_PROBLEMS: Final = 100
_LONGEST_REMEMBERED: Final = 64 * 1024
"""Characters of a text whose circuit is kept: those of longer ones take too much memory."""


class CheckRequest(Struct, frozen=True, kw_only=True):
    """Programs to check against a QPU."""

    programs: tuple[tuple[int, OpenQasm], ...]
    """Items and their programs."""
    qpu: Qpu
    measured: bool = True
    """Whether a circuit without a measurement is a problem: to a job that counts outcomes it
    is, to one that only compiles it is not."""


class BadProgram(Exception):
    """A text that cannot be made into a circuit. Does not leave the worker."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        super().__init__("; ".join(map(str, problems)))
        self.problems = problems


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


def _problems(program: OpenQasm, request: CheckRequest) -> tuple[Problem, ...]:
    try:
        circuit = parse_program(program.source, len(request.qpu.qubits))
    except BadProgram as bad:
        return bad.problems
    return tuple(_circuit_problems(circuit, measured=request.measured))


def parse_program(source: str, most_qubits: int) -> Any:  # noqa: ANN401 - a qiskit.QuantumCircuit, which has no type information
    """Return the circuit of an OpenQASM text; not to be changed by the caller.

    The same worker often compiles what it has just checked, so the last ones are remembered.

    Raises:
        BadProgram: The text is not a circuit for a QPU of so many qubits.
    """
    parse = _remembered if len(source) <= _LONGEST_REMEMBERED else _parse
    return parse(source, most_qubits)


def _parse(source: str, most_qubits: int) -> Any:  # noqa: ANN401 - see parse_program
    seen = scan(source)
    if seen.problems:
        raise BadProgram(seen.problems)
    if seen.qubits > most_qubits:
        raise BadProgram(
            (
                Problem(
                    f"the circuit needs {seen.qubits:,} qubits, the QPU has {most_qubits}:"
                    " use fewer"
                ),
            )
        )
    try:
        with contextlib.redirect_stderr(io.StringIO()):  # ANTLR talks to the terminal.
            return _parse_2(source) if seen.version == 2 else _parse_3(source)  # noqa: PLR2004 - the version's name
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:  # noqa: BLE001 - a panic of Rust code is no Exception
        raise BadProgram((_problem_of(error),)) from None


_remembered: Final = lru_cache(maxsize=64)(_parse)


def _parse_2(source: str) -> Any:  # noqa: ANN401 - see parse_program
    qasm2 = load("qiskit.qasm2")
    return qasm2.loads(
        source,
        include_path=(),  # nothing is read from this machine's disk
        custom_instructions=qasm2.LEGACY_CUSTOM_INSTRUCTIONS,
        custom_classical=qasm2.LEGACY_CUSTOM_CLASSICAL,
    )


def _parse_3(source: str) -> Any:  # noqa: ANN401 - see parse_program
    return load("qiskit.qasm3").loads(source)


# --- circuits --------------------------------------------------------------------------------


def _circuit_problems(circuit: Any, *, measured: bool) -> Iterator[Problem]:  # noqa: ANN401 - see parse_program
    kinds = load("qiskit.circuit")
    if circuit.parameters:
        names = ", ".join(sorted(str(one) for one in circuit.parameters)[:10])
        yield Problem(f"the circuit has free parameters: {names}; give them values")
    refused = {
        instruction.operation.name
        for instruction in circuit.data
        if isinstance(instruction.operation, kinds.ControlFlowOp)
        or not (
            isinstance(instruction.operation, kinds.Gate)
            or instruction.operation.name in _RUNNABLE
            or isinstance(instruction.operation, kinds.AnnotatedOperation)
        )
    }
    for name in sorted(refused):
        yield Problem(f"{name!r} is not supported: use gates, barriers and measurements")
    if any(
        isinstance(angle, float) and not math.isfinite(angle)
        for instruction in circuit.data
        for angle in instruction.operation.params
    ):
        yield Problem("an angle is infinite or not a number")
    if measured and "measure" not in circuit.count_ops():
        yield Problem(
            'nothing is measured, so there is nothing to count: add "c = measure q;"'
            ' (OpenQASM 2: "measure q -> c;")'
        )


# --- errors of the parsers -------------------------------------------------------------------


def _problem_of(error: BaseException) -> Problem:
    """Translate whatever a parser has raised."""
    if isinstance(error, RecursionError):
        return Problem("an expression is nested too deeply: simplify it")
    if isinstance(error, MemoryError):
        return Problem("the circuit does not fit into memory")
    text, line = _text_and_line(str(getattr(error, "message", "") or error))
    token = _offending_token(error)
    if token is not None:
        text = f"syntax error at {token[0]!r}" + (f" ({text})" if text else "")
        line = token[1]
    if line is None:
        line = _line_of_node(error.__traceback__)
    # What the parser quotes may not even be valid text, and would not fit into a message.
    text = text[:_LONGEST_MESSAGE].encode("utf-8", "backslashreplace").decode()
    return Problem(text or "the text cannot be parsed", line=line)


def _text_and_line(message: str) -> tuple[str, int | None]:
    message = message.strip()
    found = _PLACE_2.match(message) or _PLACE_3.match(message)
    if found is None:
        return message, None
    return message[found.end() :], int(found.group(1))


def _offending_token(error: BaseException) -> tuple[str, int] | None:
    """Find the token that ANTLR stumbled over; its bail-out strategy says it nowhere else."""
    cause = error.__cause__ or error.__context__
    inner = cause.args[0] if cause is not None and cause.args else None
    token = getattr(inner, "offendingToken", None)
    if token is None:
        return None
    return str(token.text)[:40], int(token.line)


def _line_of_node(traceback: TracebackType | None) -> int | None:
    """Find the line of the syntax node that was being converted when the error came up.

    Only the importer's own errors name their place; others come from deep within Qiskit, and
    the nodes are in the frames above.
    """
    line: int | None = None
    while traceback is not None:
        span = getattr(traceback.tb_frame.f_locals.get("node"), "span", None)
        line = getattr(span, "start_line", line)
        traceback = traceback.tb_next
    return line
