"""What a QPU's native operations take, and what is wrong with a circuit of them. Pure.

==============  =======  ===================================  ====================================
operation       qubits   parameters                           of which QPUs
==============  =======  ===================================  ====================================
``prx``         1        angle and phase, radians             all
``cz``          2        none                                 all, on coupled qubits
``measure``     1, ...   none; writes a bit of each           all; more than once on a qubit, or
                                                              followed by anything else, where
                                                              `Qpu.mid_circuit_measurement` is true
``barrier``     any      none                                 all
``reset``       1, ...   none                                 where `Qpu.reset` is true
``delay``       1, ...   a duration, seconds                  where `Qpu.delay` is true
==============  =======  ===================================  ====================================

What acts on several qubits one by one is taken apart by `checked_circuit`: a QPU gets measurements,
resets and delays of one qubit.
"""

from __future__ import annotations

import math
from itertools import islice
from typing import TYPE_CHECKING, Final

from msgspec import Struct
from msgspec.structs import replace

from stationd.actors.stages.bad_program import BadProgram
from stationd.actors.stages.wording import any_of, suggestion
from stationd.proto.error import Problem
from stationd.proto.program import Instruction

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stationd.proto.program import NativeCircuit, NativeProgram, Qpu

MOST_BITS: Final = 1024
"""Classical bits of one circuit: every shot has a column for each."""
MOST_INSTRUCTIONS: Final = 100_000
_MOST_PROBLEMS: Final = 20


class _Operation(Struct, frozen=True):
    """How many qubits, parameters and bits a native operation takes."""

    qubits: int
    params: int
    bits: int
    words: str


_OPERATIONS: Final = {
    "prx": _Operation(1, 2, 0, "one qubit and two parameters, angle and phase in radians"),
    "cz": _Operation(2, 0, 0, "two qubits and no parameters"),
    "measure": _Operation(1, 0, 1, "qubits, no parameters and a bit for each qubit"),
    "reset": _Operation(1, 0, 0, "qubits and no parameters"),
    "delay": _Operation(1, 1, 0, "qubits and one parameter, the duration in seconds"),
}
_ONE_BY_ONE: Final = frozenset({"measure", "reset", "delay"})


def operations(qpu: Qpu) -> tuple[str, ...]:
    """Return the names of the operations that a QPU has."""
    optional = {"reset": qpu.reset, "delay": qpu.delay}
    return (*(name for name in _OPERATIONS if optional.get(name, True)), "barrier")


def circuit_problems(circuit: NativeCircuit, qpu: Qpu) -> Iterator[Problem]:
    """Yield what keeps a QPU from executing a circuit; each names its instruction's index."""
    if not 0 <= circuit.n_bits <= MOST_BITS:
        yield Problem(f"{circuit.n_bits:,} bits: 0 to {MOST_BITS} are taken", field="n_bits")
        return
    if circuit.bit_names and len(circuit.bit_names) != circuit.n_bits:
        named = f"there are {len(circuit.bit_names)} names for {circuit.n_bits} bits"
        yield Problem(f"{named}: name all of them, or none", field="bit_names")
    if len(circuit.instructions) > MOST_INSTRUCTIONS:
        yield Problem(
            f"the circuit has {len(circuit.instructions):,} instructions, at most"
            f" {MOST_INSTRUCTIONS:,} are taken: split it into several circuits",
            field="instructions",
        )
        return
    checks = _Checks(circuit, qpu)
    for index, instruction in enumerate(circuit.instructions):
        found = checks.problem(instruction)
        if found:
            yield Problem(found, field=f"instructions[{index}]")


def checked_circuit(program: NativeProgram, qpu: Qpu) -> NativeCircuit:
    """Return a program's circuit, by the program's name if it has one.

    Raises:
        BadProgram: The QPU cannot execute it.
    """
    problems = tuple(islice(circuit_problems(program.circuit, qpu), _MOST_PROBLEMS))
    if problems:
        raise BadProgram(*problems)
    circuit = program.circuit
    names = circuit.bit_names or tuple(f"bit[{index}]" for index in range(circuit.n_bits))
    return replace(
        circuit,
        instructions=tuple(part for one in circuit.instructions for part in _parts(one)),
        name=program.name or circuit.name,
        bit_names=names,
    )


def _parts(one: Instruction) -> Iterator[Instruction]:
    """Yield an instruction; one for each of its qubits if it acts on them one by one."""
    if one.gate not in _ONE_BY_ONE or len(one.qubits) == 1:
        yield one
        return
    for index, qubit in enumerate(one.qubits):
        yield Instruction(one.gate, (qubit,), one.params, one.bits[index : index + 1])


class _Checks:
    """Goes through a circuit, and remembers which qubits have been measured."""

    def __init__(self, circuit: NativeCircuit, qpu: Qpu) -> None:
        self._qpu = qpu
        self._n_bits = circuit.n_bits
        self._qubits = frozenset(qpu.qubits)
        self._pairs = frozenset(qpu.couplings) | {pair[::-1] for pair in qpu.couplings}
        self._operations = operations(qpu)
        self._measured: set[str] = set()

    def problem(self, one: Instruction) -> str:
        """Return what is wrong with the next instruction; empty if it can be executed."""
        if one.gate not in self._operations:
            there = any_of(self._operations)
            return f"the QPU has no operation {one.gate!r}: it has {there}"
        for qubit in one.qubits:
            if qubit not in self._qubits:
                near = suggestion(qubit, self._qpu.qubits)
                return f"the QPU has no qubit {qubit!r}{near}"
        if one.gate == "barrier":
            return "'barrier' takes qubits and nothing else" if one.params or one.bits else ""
        return self._operands(one) or self._place(one) or self._order(one)

    def _operands(self, one: Instruction) -> str:
        wanted = _OPERATIONS[one.gate]
        given = len(one.qubits), len(one.params), len(one.bits)
        times = max(1, len(one.qubits)) if one.gate in _ONE_BY_ONE else 1
        if given != (wanted.qubits * times, wanted.params, wanted.bits * times):
            return (
                f"{one.gate!r} takes {wanted.words}; it was given {given[0]} qubits,"
                f" {given[1]} parameters and {given[2]} bits"
            )
        if not all(map(math.isfinite, one.params)):
            return f"{one.gate!r} takes finite numbers, not {one.params}"
        if one.gate == "delay" and one.params[0] < 0:
            return f"a delay takes 0 seconds or more, not {one.params[0]:g}"
        return ""

    def _place(self, one: Instruction) -> str:
        strange = [bit for bit in one.bits if not 0 <= bit < self._n_bits]
        if strange:
            return f"there is no bit {strange[0]}: the circuit has {self._n_bits}"
        if len(set(one.qubits)) != len(one.qubits):
            return f"{one.gate!r} takes a qubit once, not {', '.join(one.qubits)}"
        if one.gate == "cz" and one.qubits not in self._pairs:
            first, second = one.qubits
            others = sorted(b for a, b in self._pairs if a == first)
            there = f": {first!r} is coupled with {any_of(others)}" if others else ""
            return f"the QPU has no coupling between {first!r} and {second!r}{there}"
        return ""

    def _order(self, one: Instruction) -> str:
        if not self._qpu.mid_circuit_measurement:
            for qubit in one.qubits:
                if qubit in self._measured:
                    return f"{qubit!r} has been measured, and this QPU can only do that at the end"
        if one.gate == "measure":
            self._measured.update(one.qubits)
        return ""
