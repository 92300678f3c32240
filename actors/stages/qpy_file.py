"""The bytes of a QPY file to a circuit. Runs in worker processes.

QPY has no pickles, but Qiskit's reader calls whatever of `qiskit.circuit.library` and
`qiskit.synthesis.evolution` a file names, with arguments of the file: circuits of any size can be
built by functions that are there for other purposes. So:

Rule 1. What the head of the file says (version, one circuit, its qubits, bits and operations) is
        checked before the reader sees it.
Rule 2. While the reader is at work, these two libraries hold gates alone and nothing.
Rule 3. What comes out is a circuit or `BadProgram`, whatever the reader raises. What takes too
        much time or memory all the same costs the worker, as everywhere.
"""

from __future__ import annotations

import contextlib
import io
import re
import struct
import sys
import warnings
from functools import cache
from types import ModuleType
from typing import TYPE_CHECKING, Any, Final

from msgspec import Struct

from stationd.actors.stages.bad_program import BadProgram, problem_of
from stationd.actors.stages.native_operations import MOST_BITS
from stationd.actors.stages.openqasm import too_wide
from stationd.actors.stages.openqasm_source import MOST_OPERATIONS
from stationd.actors.untyped import load
from stationd.proto.error import Problem
from stationd.proto.program import DELAY

if TYPE_CHECKING:
    from collections.abc import Generator

    from stationd.proto.program import Qpu

OLDEST_VERSION: Final = 13
"""Of QPY; Qiskit 1.3 writes it. Older ones hold formulas that are evaluated as they are read."""
_MAGIC: Final = b"QISKIT"
_HEAD: Final = struct.Struct("!6sBBBBQcc")
_TABLE_VERSION: Final = 16
"""From this version on a table says where each circuit begins."""
_CIRCUIT: Final = struct.Struct("!H1cHIIQIQI")
_LIBRARY: Final = "qiskit.circuit.library"
_SYNTHESIS: Final = "qiskit.synthesis.evolution"
_NO_UNIT: Final = (
    "a QPY file does not keep the unit of a delay: submit the QuantumCircuit itself from Python,"
    " where stationd keeps it, or write OpenQASM 3"
)
_DELAY_TROUBLE: Final = re.compile("Integer duration is expected|Unknown unit expr")
"""What Qiskit says when it makes a delay of what is left of it."""
_EVOLUTION: Final = b"###PauliEvolutionGate"


def parse_qpy(data: bytes, qpu: Qpu) -> Any:  # noqa: ANN401 - a qiskit.QuantumCircuit, which has no type information
    """Return the circuit of a QPY file.

    Raises:
        BadProgram: It is not a circuit, or not one for this QPU.
    """
    problem = _problem(data, qpu)
    if problem is not None:
        raise BadProgram(problem)
    try:
        with _gates_alone(), warnings.catch_warnings():
            # A newer Qiskit wrote the file: either it can be read or it cannot.
            warnings.simplefilter("ignore")
            (circuit,) = load("qiskit.qpy").load(io.BytesIO(data))
        unfolded = _unfolded(circuit, MOST_OPERATIONS)
        _restore_delays(circuit)
    except (KeyboardInterrupt, SystemExit, BadProgram):
        raise
    except BaseException as error:  # noqa: BLE001 - a panic of Rust code is no Exception
        if _DELAY_TROUBLE.search(str(error)):
            raise BadProgram(Problem(_NO_UNIT)) from None
        found = problem_of(error)
        raise BadProgram(Problem(f"the QPY file cannot be read: {found.message}")) from None
    if unfolded > MOST_OPERATIONS:
        raise BadProgram(_too_long())
    return circuit


class _Head(Struct, frozen=True):
    """What the first bytes of a file say."""

    version: int
    circuits: int
    kind: bytes
    start: int
    """Where the circuit begins."""
    table: bytes
    """What says so."""
    qubits: int
    bits: int
    operations: int
    variables: int


def _head(data: bytes) -> _Head | None:
    """Read the head of a file; None if it is no QPY file."""
    try:
        magic, version, *_, circuits, _, kind = _HEAD.unpack_from(data)
        start = _HEAD.size + (8 if version >= _TABLE_VERSION else 0)
        _, _, _, qubits, bits, _, _, operations, variables = _CIRCUIT.unpack_from(data, start)
    except struct.error:
        return None
    if magic != _MAGIC:
        return None
    table = data[_HEAD.size : start]
    return _Head(version, circuits, kind, start, table, qubits, bits, operations, variables)


def _problem(data: bytes, qpu: Qpu) -> Problem | None:
    """Return what can be told to be wrong with a file before it is read."""
    head = _head(data)
    if head is None:
        return Problem('this is not a QPY file: write one with "qiskit.qpy.dump(circuit, file)"')
    if head.version < OLDEST_VERSION:
        return Problem(
            f"QPY version {head.version} is too old, {OLDEST_VERSION} and newer are read: write the"
            " file again with Qiskit 1.3 or newer"
        )
    if head.circuits != 1 or head.kind != b"q":
        return Problem(f"the QPY file holds {head.circuits:,} circuits: a program is one circuit")
    if head.table and head.table != struct.pack("!Q", head.start):
        return Problem("the QPY file's table does not lead to its circuit")
    return _content_problem(data, head, qpu)


def _content_problem(data: bytes, head: _Head, qpu: Qpu) -> Problem | None:
    if head.qubits > len(qpu.qubits):
        return too_wide(head.qubits, qpu)
    if head.bits > MOST_BITS:
        return Problem(f"the circuit has {head.bits:,} bits, at most {MOST_BITS} are taken")
    if head.operations > MOST_OPERATIONS:
        return _too_long()
    if head.variables:
        return Problem("the circuit has classical variables, which this QPU does not compute with")
    if _EVOLUTION in data:
        return Problem("'PauliEvolutionGate' is not read from QPY: decompose() the circuit first")
    return None


def _restore_delays(circuit: Any) -> None:  # noqa: ANN401 - see parse_qpy
    """Put delays where gates stand for them."""
    delay = load("qiskit.circuit").Delay
    for place, step in enumerate(circuit.data):
        if step.operation.name == DELAY and len(step.operation.params) == 1:
            waiting = delay(step.operation.params[0], unit="s")
            circuit.data[place] = step.replace(operation=waiting)
        elif step.operation.name == "delay":
            raise BadProgram(Problem(_NO_UNIT))


def _too_long() -> Problem:
    return Problem(
        f"the circuit unfolds into more than {MOST_OPERATIONS:,} operations: split it into several"
    )


@contextlib.contextmanager
def _gates_alone() -> Generator[None]:
    """Let the reader find nothing but gates where it looks for what a file names."""
    kept = {name: load(name) for name in (_LIBRARY, _SYNTHESIS)}
    sys.modules.update({_LIBRARY: _gates(), _SYNTHESIS: ModuleType(_SYNTHESIS)})
    try:
        yield
    finally:
        sys.modules.update(kept)


@cache
def _gates() -> ModuleType:
    library, gate = load(_LIBRARY), load("qiskit.circuit").Gate
    gates = ModuleType(_LIBRARY)
    for name in dir(library):
        thing = getattr(library, name)
        if isinstance(thing, type) and issubclass(thing, gate):
            setattr(gates, name, thing)
    return gates


def _unfolded(circuit: Any, most: int) -> int:  # noqa: ANN401 - see parse_qpy
    """Count the operations with all gates of the file's own unfolded; stops above `most`."""
    kinds = load("qiskit.circuit")
    count = 0
    stack = [iter(circuit.data)]
    while stack and count <= most:
        step = next(stack[-1], None)
        if step is None:
            stack.pop()
            continue
        count += 1
        own = type(step.operation) in (kinds.Gate, kinds.Instruction)
        if own and step.operation.definition is not None:
            stack.append(iter(step.operation.definition.data))
    return count
