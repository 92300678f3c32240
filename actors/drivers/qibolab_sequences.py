"""A native circuit as the pulses of a Qibolab platform; imported in the platform's process only.

Rule 1. A gate starts when all channels of its qubits are free, and no sooner.
Rule 2. Measurements that follow one another in the circuit are taken at the same moment.
Rule 3. What a gate is made of is the platform's own calibration (its natives), nothing of ours.
"""

from __future__ import annotations

import math
from itertools import groupby
from typing import TYPE_CHECKING, Any, Final

from stationd.actors.untyped import load
from stationd.proto.program import Qpu

if TYPE_CHECKING:
    from collections.abc import Iterable

    from stationd.proto.program import Instruction, NativeCircuit

_TURN: Final = 2 * math.pi
_NANOSECONDS: Final = 1e9
"""In a second; Qibolab's durations are nanoseconds."""


def qpu_of(platform: Any) -> Qpu:  # noqa: ANN401 - Qibolab has no types for us
    """Return what a platform can execute: qubits that can be driven and read, pairs with a CZ."""
    natives = platform.natives
    qubits = [
        name
        for name in platform.qubits
        if (natives.single_qubit[name].RX or natives.single_qubit[name].RX90)
        and natives.single_qubit[name].MZ
    ]
    couplings = {
        tuple(sorted(pair, key=qubits.index))
        for pair, native in natives.two_qubit.items()
        if native.CZ and set(pair) <= set(qubits)
    }
    return Qpu(
        qubits=tuple(map(str, qubits)),
        couplings=tuple(
            (str(one), str(other))
            for one, other in sorted(couplings, key=lambda pair: [*map(qubits.index, pair)])
        ),
        delay=True,
    )


class Pulses:
    """The pulses of one circuit, and which acquisition ends in which bit.

    Args:
        platform: A ``qibolab.Platform``.
        circuit: In the names of `qpu_of`.

    Raises:
        ValueError: The platform has no such qubit, gate or coupling.
    """

    def __init__(self, platform: Any, circuit: NativeCircuit) -> None:  # noqa: ANN401
        self._platform = platform
        self._ids = {str(name): name for name in platform.qubits}
        self.sequence = load("qibolab").PulseSequence()
        """What the platform executes."""
        self.bits: dict[object, int] = {}
        """Of every acquisition's id: the classical bit that takes its outcomes."""
        for measured, group in groupby(circuit.instructions, lambda one: one.gate == "measure"):
            if measured:
                self._measure(list(group))
            else:
                for instruction in group:
                    self._play(instruction)

    def _play(self, instruction: Instruction) -> None:
        qubits = [self._id(name) for name in instruction.qubits]
        match instruction.gate, qubits, instruction.params:
            case "prx", [qubit], (angle, phase):
                self._append(qubits, self._rotation(qubit, angle, phase))
            case "cz", [one, other], ():
                self._append(qubits, self._cz(one, other))
            case "barrier", _, ():
                self._append(qubits, ())
            case "delay", _, (seconds,):
                self._wait(qubits, seconds)
            case _:
                raise ValueError(
                    f"the platform plays prx, cz, measure, delay and barrier, not {instruction}"
                )

    def _rotation(self, qubit: object, angle: float, phase: float) -> Any:  # noqa: ANN401
        # Qibolab takes an angle of one turn; stationd's PRX and its R turn about the same axis.
        return self._platform.natives.single_qubit[qubit].R(theta=angle % _TURN, phi=phase)

    def _cz(self, one: object, other: object) -> Any:  # noqa: ANN401
        pairs = self._platform.natives.two_qubit
        for pair in ((one, other), (other, one)):
            if pair in pairs and pairs[pair].CZ:
                return pairs[pair].CZ.create_sequence()
        raise ValueError(f"the platform has no CZ between {str(one)!r} and {str(other)!r}")

    def _wait(self, qubits: list[Any], seconds: float) -> None:
        delay = load("qibolab").Delay
        drives = [self._platform.qubits[qubit].drive for qubit in qubits]
        self._append(qubits, [(drive, delay(duration=seconds * _NANOSECONDS)) for drive in drives])

    def _measure(self, instructions: list[Instruction]) -> None:
        readouts = [
            (self._id(qubit), bit)
            for instruction in instructions
            for qubit, bit in zip(instruction.qubits, instruction.bits, strict=True)
        ]
        pulses: list[Any] = []
        for qubit, bit in readouts:
            readout = self._platform.natives.single_qubit[qubit].ensure("MZ").create_sequence()
            ((_, acquisition),) = readout.acquisitions
            self.bits[acquisition.id] = bit
            pulses.extend(readout)
        self._append([qubit for qubit, _ in readouts], pulses)

    def _append(self, qubits: list[Any], pulses: Iterable[Any]) -> None:
        pulses = list(pulses)
        channels = {channel for channel, _ in pulses}
        for qubit in qubits:
            wired = self._platform.qubits[qubit]
            channels |= {wired.drive, wired.acquisition}
        # Before, so that it waits for others; after, since a pulse on a coupler or a flux line
        # keeps the drive waiting as well.
        self.sequence.align(sorted(channels))
        self.sequence.extend(pulses)
        self.sequence.align(sorted(channels))

    def _id(self, name: str) -> Any:  # noqa: ANN401 - a number or a string
        if name not in self._ids:
            raise ValueError(f"the platform has no qubit {name!r}: it has {', '.join(self._ids)}")
        return self._ids[name]
