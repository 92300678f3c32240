"""A quick way to read plain OpenQASM 3, which most circuits are written in.

Qiskit's importer takes most of a second for the text of a quantum volume circuit of 20 qubits. A
text that holds nothing but the statements below is read here in a tenth of that. Everything else,
and whatever is wrong in any way, is left to the importer, whose errors name lines: what is right,
and what is said of what is not, does not depend on this module.

==============================================  ===================================================
statement                                       restrictions
==============================================  ===================================================
``include "stdgates.inc";``
``qubit[n] q;`` ``qubit q;`` ``bit[n] c;``      declared once, and not by a word of the language
``g(x, y) q[0], q;``                            a standard gate, or ``U``, without modifiers
``c[0] = measure q[0];``                        of registers, or of elements of them
``reset q;`` ``barrier q, r[0];``               the same
angles                                          a number, or ``3*pi/4`` and what is like it
==============================================  ===================================================
"""

from __future__ import annotations

import math
import re
from functools import cache, lru_cache
from typing import Any, Final

from stationd.actors.untyped import load

_HEADER: Final = re.compile(r'\s*OPENQASM\s+3(?:\.[01])?\s*;\s*include\s*"stdgates\.inc"\s*;')
_COMMENT: Final = re.compile(r"//[^\n]*|/\*.*?\*/", re.DOTALL)
_OPERAND: Final = r"[a-z_]\w*\s*(?:\[\s*\d{1,9}\s*\])?"
_STATEMENT: Final = re.compile(
    rf"""\s*(?:
    (?P<kind>qubit|bit)\s*\[\s*(?P<size>\d{{1,9}})\s*\]\s*(?P<register>[a-z]\w*)
    |(?P<target>{_OPERAND})\s*=\s*measure\s+(?P<measured>{_OPERAND})
    |(?P<head>[A-Za-z_]\w*)\s*(?:\((?P<angles>[^()]*)\)\s*|\s)(?P<operands>{_OPERAND}(?:\s*,\s*{_OPERAND})*)
    )\s*;""",
    re.VERBOSE | re.ASCII,
)
_REST: Final = re.compile(r"\s*\Z")
_NUMBER: Final = r"(?:\d{1,15}(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d{1,4})?"
_ANGLE: Final = re.compile(
    rf"\s*(-?)\s*(?:({_NUMBER})|(?:({_NUMBER})\s*\*\s*)?pi(?:\s*/\s*({_NUMBER}))?)\s*", re.ASCII
)
_WORD: Final = re.compile(
    "OPENQASM|include|defcalgrammar|def|cal|defcal|gate|extern|box|let|break|continue|if|else|end"
    "|return|for|while|in|switch|case|default|pragma|input|output|const|readonly|mutable|qreg|qubit"
    "|creg|bool|bit|int|uint|float|angle|complex|array|void|duration|stretch|gphase|inv|pow|ctrl"
    "|negctrl|durationof|delay|reset|measure|barrier|true|false|im|pi|tau|euler|sizeof|arccos"
    "|arcsin|arctan|ceiling|cos|exp|floor|log|mod|popcount|real|imag|rotl|rotr|sin|sqrt|tan|nop|id"
)
"""What nothing can be named."""
_NO_GATES: Final = frozenset({"qubit", "bit", "reset", "barrier"})
_MOST_REGISTERS: Final = 2


class _NotPlain(Exception):
    """The text is for the importer."""


def read_plain(source: str) -> Any:  # noqa: ANN401 - a qiskit.QuantumCircuit, which has no type information
    """Return the circuit of an OpenQASM 3 text; None if the text is not plain, or not right."""
    text = _COMMENT.sub(" ", source)
    start = _HEADER.match(text)
    if start is None:
        return None
    reading = _Reading()
    place = start.end()
    try:
        while (found := _STATEMENT.match(text, place)) is not None:
            reading.take(found)
            place = found.end()
    except (_NotPlain, load("qiskit").exceptions.QiskitError):
        return None
    return reading.circuit if _REST.match(text, place) else None


class _Reading:
    """One statement after another, and what has been declared."""

    def __init__(self) -> None:
        self.circuit = load("qiskit").QuantumCircuit()
        self._qubits: dict[str, Any] = {}
        self._bits: dict[str, Any] = {}
        self._gates = _gates()

    def take(self, found: re.Match[str]) -> None:
        """Add a statement to the circuit."""
        kind, size, register, target, measured, head, angles, operands = found.groups()
        if head is not None:
            self._operation(head, angles, operands)
        elif target is not None:
            self.circuit.measure(_of(self._qubits, measured), _of(self._bits, target))
        else:
            self._declare(kind, register, int(size))

    def _operation(self, head: str, angles: str | None, operands: str) -> None:
        if head in _NO_GATES:
            if angles is not None:
                raise _NotPlain
            self._other(head, operands)
            return
        gate = self._gates.get(head)
        params = [] if angles is None else [_angle(one) for one in angles.split(",")]
        if gate is None or gate.params != len(params):
            raise _NotPlain
        qubits = [_of(self._qubits, one) for one in operands.split(",")]
        if gate.qubits != len(qubits) or not _alike(qubits):
            raise _NotPlain
        self.circuit.append(gate.make(*params), qubits)

    def _other(self, head: str, operands: str) -> None:
        if head in {"qubit", "bit"}:
            self._declare(head, operands, None)
            return
        places = [_of(self._qubits, one) for one in operands.split(",")]
        if head == "barrier":
            self.circuit.barrier(*places)
        elif len(places) == 1:
            self.circuit.reset(places[0])
        else:
            raise _NotPlain

    def _declare(self, kind: str, name: str, size: int | None) -> None:
        known_as = name in self._gates or name in self._qubits or name in self._bits
        if not name.isidentifier() or known_as or _WORD.fullmatch(name):
            raise _NotPlain
        kinds = load("qiskit.circuit")
        known = self._qubits if kind == "qubit" else self._bits
        if size is None:
            bit = kinds.Qubit() if kind == "qubit" else kinds.Clbit()
            self.circuit.add_bits([bit])
            known[name] = bit
            return
        make = kinds.QuantumRegister if kind == "qubit" else kinds.ClassicalRegister
        register = make(size, name=name)
        self.circuit.add_register(register)
        known[name] = register
        known.update((f"{name}[{index}]", bit) for index, bit in enumerate(register))


def _of(known: dict[str, Any], operand: str) -> Any:  # noqa: ANN401 - Qiskit has no type information
    found = known.get(operand) or known.get("".join(operand.split()))
    if found is None:
        raise _NotPlain
    return found


def _alike(qubits: list[Any]) -> bool:
    """Whether these are qubits, or one or two registers of one size."""
    sizes = {len(one) if hasattr(one, "size") else None for one in qubits}
    return len(sizes) == 1 and (None in sizes or len(qubits) <= _MOST_REGISTERS)


@lru_cache(maxsize=4096)
def _angle(text: str) -> float:
    found = _ANGLE.fullmatch(text)
    if found is None:
        raise _NotPlain
    sign, number, factor, divisor = found.groups()
    value = float(number) if number else float(factor or 1) * math.pi / float(divisor or 1)
    if not math.isfinite(value):
        raise _NotPlain
    return -value if sign else value


class _Gate:
    """A standard gate: how it is made, and what it takes."""

    def __init__(self, make: Any, params: int, qubits: int) -> None:  # noqa: ANN401 - a class of Qiskit's
        self.make, self.params, self.qubits = make, params, qubits


_TAKES: Final = {
    (0, 1): "x:X y:Y z:Z h:H s:S sdg:Sdg t:T tdg:Tdg sx:SX",
    (1, 1): "p:Phase phase:Phase rx:RX ry:RY rz:RZ u1:U1",
    (2, 1): "u2:U2",
    (3, 1): "u3:U3 U:U",
    (0, 2): "cx:CX CX:CX cy:CY cz:CZ ch:CH swap:Swap",
    (1, 2): "cp:CPhase cphase:CPhase crx:CRX cry:CRY crz:CRZ",
    (4, 2): "cu:CU",
    (0, 3): "ccx:CCX cswap:CSwap",
}
"""Of all standard gates, by how many angles and qubits they take: the name, and Qiskit's.

But for ``id``, which the importer reads as another gate."""


@cache
def _gates() -> dict[str, _Gate]:
    library = load("qiskit.circuit.library")
    found: dict[str, _Gate] = {}
    for (params, qubits), names in _TAKES.items():
        for pair in names.split():
            name, _, own = pair.partition(":")
            found[name] = _Gate(getattr(library, f"{own}Gate"), params, qubits)
    return found
