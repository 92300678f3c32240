"""From circuits of PRX and CZ to a QPU's native circuits, with Z rotations for free.

Theory. Any one-qubit gate is a PRX followed by a rotation about Z. Such a rotation need not be
played: it only shifts the phase of what the qubit does next. So we carry it as the qubit's
*frame* (a pending matrix), through CZ and measurement, which it commutes with, into the next
gate. What the compiler writes as two or three PRX between two CZ becomes one, and a Clifford
circuit keeps angles that are multiples of a quarter turn.

A frame that is left at the end is dropped, for no outcome depends on it; in a circuit that
measures nothing it is played, as two half turns, so that the circuit stays what it was.

It commutes with waiting, too: relaxation and dephasing look the same from all sides of the Z axis.
A reset forgets it, with all else that is pending: whatever the qubit would have been turned to,
it ends in its ground state.
"""

from __future__ import annotations

import cmath
import math
import re
from itertools import groupby
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from stationd.proto.program import Instruction, NativeCircuit

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

_NEGLIGIBLE: Final = 1e-9
"""Radians; far below what any pulse can do."""
_PLAYED: Final = frozenset({"cz", "measure", "barrier", "reset", "delay"})
"""What is written as it comes."""


def native_circuit(circuit: Any, qubits: Sequence[str], name: str) -> NativeCircuit:  # noqa: ANN401 - a qiskit.QuantumCircuit, which has no type information
    """Return a compiled circuit in native operations.

    Args:
        circuit: On physical qubits, made of ``r``, ``cz``, ``measure``, ``reset``, ``delay`` and
            ``barrier``, without free parameters.
        qubits: The names of the physical qubits.
        name: The circuit's name.

    Raises:
        ValueError: The circuit holds anything else.
    """
    writer = _Writer(qubits)
    bits = {bit: index for index, bit in enumerate(circuit.clbits)}
    places = {qubit: index for index, qubit in enumerate(circuit.qubits)}
    for step in circuit.data:
        writer.write(
            step.operation.name,
            [places[qubit] for qubit in step.qubits],
            _numbers(step.operation),
            [bits[bit] for bit in step.clbits],
        )
    return NativeCircuit(
        instructions=tuple(writer.finish()),
        n_bits=len(bits),
        bit_names=_bit_names(circuit),
        name=name,
    )


_SECONDS: Final = {"s": 1.0, "ms": 1e-3, "us": 1e-6, "ns": 1e-9, "ps": 1e-12}


def _numbers(operation: Any) -> list[float]:  # noqa: ANN401 - as native_circuit
    numbers = [float(value) for value in operation.params]
    if not all(map(math.isfinite, numbers)):
        raise ValueError(f"{operation.name!r} takes finite numbers, not {numbers}")
    if operation.name == "delay":
        if operation.unit not in _SECONDS or numbers[0] < 0:
            raise ValueError(f"a delay takes 0 seconds or more, not {numbers[0]} {operation.unit}")
        return [numbers[0] * _SECONDS[operation.unit]]
    return numbers


def _bit_names(circuit: Any) -> tuple[str, ...]:  # noqa: ANN401 - as native_circuit
    names: dict[Any, str] = {}
    for register in circuit.cregs:
        for index, bit in enumerate(register):
            names.setdefault(bit, f"{register.name}[{index}]")
    return tuple(names.get(bit, f"bit[{index}]") for index, bit in enumerate(circuit.clbits))


def prx_matrix(angle: float, phase: float) -> NDArray[np.complex128]:
    """Return the matrix of a rotation by `angle` about the axis at `phase` in the XY plane."""
    cos, sin = math.cos(angle / 2), math.sin(angle / 2)
    turn = cmath.exp(1j * phase)
    return np.array([[cos, -1j * sin / turn], [-1j * sin * turn, cos]])


def split(matrix: NDArray[np.complex128]) -> tuple[float, float, float]:
    """Write a one-qubit gate as a PRX and a Z rotation after it.

    Returns:
        The PRX's angle, from 0 to pi, its phase, and the angle of the Z rotation, in radians.
    """
    (a, b), (c, d) = matrix.tolist()
    angle = 2 * math.atan2(abs(b), abs(a))
    if angle < _NEGLIGIBLE:
        return 0.0, 0.0, cmath.phase(d / a)
    if math.pi - angle < _NEGLIGIBLE:
        return math.pi, _clean(cmath.phase(c / b) / 2), 0.0
    return _clean(angle), _clean(cmath.phase(c / d) + math.pi / 2), cmath.phase(d / a)


def _clean(angle: float) -> float:
    """Bring an angle to (-pi, pi], and to a multiple of pi/4 if it is one but for rounding."""
    nearest = round(angle / (math.pi / 4)) * (math.pi / 4)
    if abs(angle - nearest) < _NEGLIGIBLE:
        angle = nearest
    return angle if -math.pi < angle <= math.pi else math.remainder(angle, 2 * math.pi)


class _Writer:
    """Writes native instructions, holding back what can still be merged."""

    def __init__(self, qubits: Sequence[str]) -> None:
        self._qubits = qubits
        self._pending: dict[int, NDArray[np.complex128]] = {}
        """By qubit: the product of what has not been played yet, frame included."""
        self._written: list[Instruction] = []
        self._measured = False

    def write(self, gate: str, qubits: list[int], params: list[float], bits: list[int]) -> None:
        """Take one operation of the compiled circuit."""
        if gate == "r":
            (qubit,), (angle, phase) = qubits, params
            before = self._pending.get(qubit, np.eye(2, dtype=np.complex128))
            self._pending[qubit] = prx_matrix(angle, phase) @ before
            return
        if gate not in _PLAYED:
            raise ValueError(f"the compiled circuit holds {gate!r}, which the QPU does not know")
        for qubit in qubits:
            if gate == "reset":
                self._pending.pop(qubit, None)
            else:
                self._play(qubit)
        self._measured = self._measured or gate == "measure"
        names = tuple(self._qubits[qubit] for qubit in qubits)
        self._written.append(Instruction(gate, names, tuple(params), tuple(bits)))

    def finish(self) -> Iterator[Instruction]:
        """Play what is still pending and yield all instructions."""
        for qubit in sorted(self._pending):
            self._play(qubit)
            if not self._measured:
                self._play_frame(qubit)
        yield from self._written

    def _play(self, qubit: int) -> None:
        matrix = self._pending.pop(qubit, None)
        if matrix is None:
            return
        angle, phase, frame = split(matrix)
        if angle:
            self._prx(qubit, angle, phase)
        if abs(frame) > _NEGLIGIBLE:
            half = cmath.exp(0.5j * frame)
            self._pending[qubit] = np.diag([1 / half, half])

    def _play_frame(self, qubit: int) -> None:
        matrix = self._pending.pop(qubit, None)
        if matrix is not None:
            _, _, frame = split(matrix)
            self._prx(qubit, math.pi, 0.0)
            self._prx(qubit, math.pi, _clean(frame / 2))

    def _prx(self, qubit: int, angle: float, phase: float) -> None:
        self._written.append(Instruction("prx", (self._qubits[qubit],), (angle, phase)))


# --- text ------------------------------------------------------------------------------------

_HEADER: Final = """OPENQASM 3.0;
include "stdgates.inc";
gate prx(angle_, phase_) q { U(angle_, phase_ - pi/2, pi/2 - phase_) q; }
"""
_REGISTER: Final = re.compile(r"(\w+)\[(\d+)\]")
# Words that OpenQASM 2 allows as names of registers and OpenQASM 3, or the text above, does not.
_RESERVED: Final = re.compile(
    "angle|array|bit|bool|box|break|cal|case|complex|const|continue|ctrl|default|def|defcal|delay"
    "|duration|else|end|euler|extern|false|float|for|gphase|imag|in|inv|input|int|let|mutable"
    "|negctrl|output|pow|pragma|prx|readonly|real|reset|return|sizeof|stretch|switch|tau|true|uint"
    "|void|while|id|[hpstxyz]|[csu][xyz]|[st]dg|sx|r[xyz]|c[hp]|ccx|cr[xyz]|swap|cswap|phase"
    "|cphase|c?u[123]?"
)


def openqasm_text(circuit: NativeCircuit, qubits: Sequence[str]) -> str:
    """Return a native circuit as OpenQASM 3 on physical qubits: ``$k`` is ``qubits[k]``."""
    places = {qubit: f"${index}" for index, qubit in enumerate(qubits)}
    names, declarations = _registers(circuit)
    lines = [f"bit[{size}] {name};" for name, size in declarations]
    for one in circuit.instructions:
        operands = ", ".join(places[qubit] for qubit in one.qubits)
        if one.gate == "measure":
            lines.append(f"{names[one.bits[0]]} = measure {operands};")
        elif one.gate == "delay":
            lines.append(f"delay[{one.params[0] * 1e9!r}ns] {operands};")
        elif one.params:
            lines.append(f"{one.gate}({', '.join(map(repr, one.params))}) {operands};")
        else:
            lines.append(f"{one.gate} {operands};")
    return _HEADER + "\n".join(lines) + "\n"


def _registers(circuit: NativeCircuit) -> tuple[Sequence[str], list[tuple[str, int]]]:
    """Return how to write each bit, and the registers to declare."""
    found = [_REGISTER.fullmatch(name) for name in circuit.bit_names]
    owners = [match.group(1) if match else "" for match in found]
    registers = [(name, len(list(run))) for name, run in groupby(owners)]
    regular = len({name for name, _ in registers}) == len(registers)
    if not regular or any(not name or _RESERVED.fullmatch(name) for name, _ in registers):
        names = [f"c[{index}]" for index in range(circuit.n_bits)]
        return names, [("c", circuit.n_bits)] if names else []
    return circuit.bit_names, registers


def depth(circuit: NativeCircuit) -> int:
    """Return the length of the longest chain of operations that wait for each other."""
    reached: dict[str, int] = {}
    for one in circuit.instructions:
        step = max((reached.get(qubit, 0) for qubit in one.qubits), default=0)
        for qubit in one.qubits:
            reached[qubit] = step + (one.gate not in {"barrier", "delay"})
    return max(reached.values(), default=0)
