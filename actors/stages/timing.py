"""How long one run of a native circuit takes, from what was observed of the QPU.

Each operation begins as soon as all its qubits are free; a barrier makes its qubits wait for each
other. What is not observed takes as long as `stationd.actors.qpu_properties` says. Rotations about
Z take no time, for they are not played; what the instruments need between two shots is not known
here and not counted.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from stationd.actors.qpu_properties import QpuProperties
    from stationd.proto.program import Instruction, NativeCircuit


def duration(circuit: NativeCircuit, properties: QpuProperties) -> float:
    """Return the seconds from the first operation of a circuit to the end of the last one."""
    free: dict[str, float] = {}
    for one in circuit.instructions:
        begins = max((free.get(qubit, 0.0) for qubit in one.qubits), default=0.0)
        ends = begins + _seconds(one, properties)
        free.update(dict.fromkeys(one.qubits, ends))
    return max(free.values(), default=0.0)


def _seconds(one: Instruction, properties: QpuProperties) -> float:
    match one.gate, one.qubits:
        case "prx", (qubit,):
            return properties.prx_duration(qubit)
        case "cz", (first, second):
            return properties.cz_duration(first, second)
        case "measure", (qubit,):
            return properties.readout_duration(qubit)
        case "delay", _:
            return one.params[0]
        case "reset", (qubit,):
            return properties.reset_duration(qubit)
        case _:
            return 0.0
