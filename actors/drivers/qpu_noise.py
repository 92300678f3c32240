"""What really happens to the qubits of the simulated QPU: a native circuit with its noise.

The model, of the observations that `stationd.actors.qpu_properties` lists:

- A gate is followed by a depolarising channel on its qubits, as strong as its error (the average
  infidelity that benchmarking gives, decoherence during the gate included) demands.
- A qubit that waits, for another one at ``cz`` or at a barrier, or for a delay, relaxes and
  dephases with its T1 and T2 meanwhile. A qubit starts with its first operation: in the ground
  state nothing decays.
- A measurement's outcome is flipped with the readout error's probability. The state goes on as
  it was projected.
- A reset brings a qubit to its ground state, whatever it was, and takes as long as it is observed
  to, or as a measurement.

Gates start as early as they can, and take their observed or usual durations.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from stationd.actors.qpu_properties import QpuProperties

if TYPE_CHECKING:
    from collections.abc import Mapping

    from stationd.proto.program import Instruction, NativeCircuit

_DIMENSIONS: Final = {1: 2, 2: 4}


class Prx(Struct, frozen=True):
    """A rotation by `angle` about the axis at `phase`, in radians."""

    qubit: int
    angle: float
    phase: float


class Cz(Struct, frozen=True):
    """A controlled phase flip."""

    first: int
    second: int


class Depolarise(Struct, frozen=True):
    """With a probability, replace the state of one or two qubits by the wholly mixed one."""

    qubits: tuple[int, ...]
    probability: float


class Relax(Struct, frozen=True):
    """Let a qubit decay for some time, all in seconds."""

    qubit: int
    seconds: float
    t1: float
    t2: float


class Measure(Struct, frozen=True):
    """Measure a qubit; the reported outcome is wrong with a probability."""

    qubit: int
    bit: int
    flip: float


class Reset(Struct, frozen=True):
    """Bring a qubit to its ground state."""

    qubit: int


Step = Prx | Cz | Depolarise | Relax | Measure | Reset


class NoisyCircuit(Struct, frozen=True, kw_only=True):
    """Steps on as few qubits as the circuit touches, numbered from 0."""

    qubits: int
    n_bits: int
    steps: tuple[Step, ...]

    @property
    def measurements(self) -> tuple[Measure, ...]:
        """The measurements, in order."""
        return tuple(step for step in self.steps if isinstance(step, Measure))


def noisy_circuit(circuit: NativeCircuit, calibration: Mapping[str, float]) -> NoisyCircuit:
    """Return what executing a native circuit does to the qubits.

    Raises:
        ValueError: The circuit holds an operation that the QPU does not know.
    """
    player = _Player(QpuProperties(calibration))
    for instruction in circuit.instructions:
        player.play(instruction)
    return NoisyCircuit(qubits=len(player.places), n_bits=circuit.n_bits, steps=tuple(player.steps))


class _Player:
    """Plays instructions as early as possible and notes what happens."""

    def __init__(self, properties: QpuProperties) -> None:
        self._properties = properties
        self._free_at: dict[str, float] = {}
        self.places: dict[str, int] = {}
        """Numbers of the qubits that something has been done to."""
        self.steps: list[Step] = []

    def play(self, one: Instruction) -> None:
        """Take the next instruction."""
        if one.gate in {"reset", "delay", "barrier"}:
            self._idle(one)
        else:
            self._active(one)

    def _active(self, one: Instruction) -> None:
        known = self._properties
        match one.gate, one.qubits:
            case "prx", (qubit,):
                angle, phase = one.params
                self._at(one.qubits, known.prx_duration(qubit))
                self.steps.append(Prx(self._place(qubit), angle, phase))
                self._depolarise(one.qubits, known.prx_error(qubit))
            case "cz", (first, second):
                self._at(one.qubits, known.cz_duration(first, second))
                self.steps.append(Cz(self._place(first), self._place(second)))
                self._depolarise(one.qubits, known.cz_error(first, second))
            case "measure", qubits:
                for qubit, bit in zip(qubits, one.bits, strict=True):
                    self._at((qubit,), known.readout_duration(qubit))
                    flip = known.readout_error(qubit)
                    self.steps.append(Measure(self._place(qubit), bit, flip))
            case _:
                raise ValueError(f"the QPU cannot play {one.gate!r} on {one.qubits}")

    def _idle(self, one: Instruction) -> None:
        """Let qubits wait, or be reset; to those in the ground state nothing happens."""
        seconds = one.params[0] if one.gate == "delay" else 0.0
        if one.gate == "barrier":
            self._at(one.qubits, 0.0)
            return
        for qubit in one.qubits:
            if one.gate == "reset":
                self._at((qubit,), self._properties.reset_duration(qubit))
            else:
                self._at((qubit,), 0.0)
                self._free_at[qubit] += seconds
            if qubit in self.places:
                self._relax(qubit, seconds)
                if one.gate == "reset":
                    self.steps.append(Reset(self._place(qubit)))

    def _place(self, qubit: str) -> int:
        return self.places.setdefault(qubit, len(self.places))

    def _at(self, qubits: tuple[str, ...], duration: float) -> None:
        """Let the qubits wait for each other, then be busy."""
        start = max((self._free_at.get(qubit, 0.0) for qubit in qubits), default=0.0)
        for qubit in qubits:
            if qubit in self.places:
                self._relax(qubit, start - self._free_at[qubit])
            self._free_at[qubit] = start + duration

    def _relax(self, qubit: str, seconds: float) -> None:
        t1, t2 = self._properties.t1(qubit), self._properties.t2(qubit)
        if seconds > 0 and (math.isfinite(t1) or math.isfinite(t2)):
            self.steps.append(Relax(self._place(qubit), seconds, t1, t2))

    def _depolarise(self, qubits: tuple[str, ...], infidelity: float) -> None:
        if infidelity > 0:
            dimension = _DIMENSIONS[len(qubits)]
            # The whole mixture has this average infidelity; a gate cannot be worse.
            worst = (dimension - 1) / dimension
            places = tuple(self._place(qubit) for qubit in qubits)
            self.steps.append(Depolarise(places, min(1.0, infidelity / worst)))


# --- Pauli form ------------------------------------------------------------------------------


def twirled(step: Relax) -> tuple[float, float, float]:
    """Return the probabilities of X, Y and Z that stand for a decay, averaged over all states.

    It loses the preference for the ground state, and is what a Clifford simulation can do.
    """
    decayed = -math.expm1(-step.seconds / step.t1)
    dephased = -math.expm1(-step.seconds / step.t2)
    flip = decayed / 4
    return flip, flip, max(0.0, dephased / 2 - flip)
