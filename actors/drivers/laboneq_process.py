"""The process in which a LabOne Q platform lives: it compiles circuits and plays them.

``python -m stationd.actors.drivers.laboneq_process FD PLATFORM connect|emulate``: connects to the
instruments, then answers requests on the connection with that descriptor until it is closed.

Rule 1. A native gate is the platform's quantum operation of the same name, and nothing of ours.
Rule 2. A circuit is compiled once for each number of shots, when it is asked for.
Rule 3. Every shot begins with ``passive_reset`` of its qubits, if there is that operation.
"""

from __future__ import annotations

import importlib
import sys
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from stationd.actors.drivers.platform_process import play
from stationd.actors.drivers.qpu_protocol import (
    Bits,
    Describe,
    Described,
    Load,
    Loaded,
    Sample,
    Unable,
)
from stationd.actors.untyped import load
from stationd.proto.program import Qpu

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from stationd.actors.drivers.qpu_protocol import Answer, Request
    from stationd.proto.program import Instruction, NativeCircuit

_NEEDED: Final = ("prx", "measure")


def open_platform(place: str) -> Any:  # noqa: ANN401 - LabOne Q has no types for us
    """Return what a function that is named as ``package.module:function`` makes.

    Raises:
        ValueError: It names none, or the platform cannot play circuits.
    """
    load("laboneq")
    module, colon, function = place.partition(":")
    if not colon:
        raise ValueError(f"the platform must be 'package.module:function', not {place!r}")
    platform = getattr(importlib.import_module(module), function)()
    missing = [name for name in _NEEDED if name not in platform.qpu.quantum_operations]
    if missing:
        raise ValueError(f"the platform has no quantum operation {' and no '.join(missing)}")
    return platform


def qpu_of(platform: Any) -> Qpu:  # noqa: ANN401
    """Return the platform's elements, and the edges of its topology if it has a ``cz``."""
    operations = platform.qpu.quantum_operations
    edges = platform.qpu.topology.edge_keys() if "cz" in operations else ()
    return Qpu(
        qubits=tuple(element.uid for element in platform.qpu.quantum_elements),
        couplings=tuple(dict.fromkeys((one, other) for _, one, other in edges)),
        reset="reset" in operations,
        delay="delay" in operations,
    )


class Player:
    """Answers requests for one platform.

    Args:
        platform: A LabOne Q ``QuantumPlatform``.
        emulate: Whether to play without instruments.
    """

    def __init__(self, platform: Any, *, emulate: bool) -> None:  # noqa: ANN401
        self._qpu = qpu_of(platform)
        self._operations = platform.qpu.quantum_operations
        self._elements = {element.uid: element for element in platform.qpu.quantum_elements}
        # Its own logging would write files into whatever directory this is.
        self._session = load("laboneq.simple").Session(platform.setup, configure_logging=False)
        self._session.connect(do_emulation=emulate)
        self._circuit: NativeCircuit | None = None
        self._compiled: dict[int, Any] = {}

    def answer(self, request: Request) -> Answer:
        """Carry out a request."""
        match request:
            case Describe():
                return Described(self._qpu)
            case Load(circuit):
                for instruction in circuit.instructions:
                    self._check(instruction)
                self._circuit, self._compiled = circuit, {}
                return Loaded()
            case Sample(shots, _):
                return self._sample(shots)

    def close(self) -> None:
        """Let go of the instruments."""
        self._session.disconnect()

    def _sample(self, shots: int) -> Answer:
        if self._circuit is None:
            return Unable("no circuit has been loaded")
        if shots not in self._compiled:
            self._compiled[shots] = self._session.compile(self._experiment(self._circuit, shots))
        outcomes = self._session.run(self._compiled[shots])
        bits = np.zeros((shots, self._circuit.n_bits), np.uint8)
        for number, bit in enumerate(_measured(self._circuit)):
            bits[:, bit] = _told_apart(np.asarray(outcomes[_handle(number)].data), shots)
        return Bits(bits.tobytes())

    def _experiment(self, circuit: NativeCircuit, shots: int) -> Any:  # noqa: ANN401
        simple = load("laboneq.simple")
        build = load("laboneq.dsl.experiment.build_experiment").build
        names = dict.fromkeys(name for one in circuit.instructions for name in one.qubits)

        def body(*elements: Any) -> None:  # noqa: ANN401
            with simple.dsl.acquire_loop_rt(
                count=shots,
                averaging_mode=simple.AveragingMode.SINGLE_SHOT,
                acquisition_type=simple.AcquisitionType.DISCRIMINATION,
            ):
                self._play(circuit, dict(zip(names, elements, strict=True)))

        return build(body, *(self._elements[name] for name in names), name="circuit")

    def _play(self, circuit: NativeCircuit, elements: dict[str, Any]) -> None:
        if "passive_reset" in self._operations:
            for element in elements.values():
                self._operations.passive_reset(element)
        measured = 0
        for gate, qubits, params, bits in map(_parts, circuit.instructions):
            used = [elements[name] for name in qubits]
            if gate == "barrier":
                _align(used)
            elif gate == "measure":
                for element, _ in zip(used, bits, strict=True):
                    self._operations.measure(element, _handle(measured))
                    measured += 1
            else:
                self._operations[gate](*used, *params)

    def _check(self, instruction: Instruction) -> None:
        strange = set(instruction.qubits) - self._elements.keys()
        if strange:
            raise ValueError(
                f"the platform has no qubit {min(strange)!r}: it has {', '.join(self._elements)}"
            )
        if instruction.gate not in self._operations and instruction.gate != "barrier":
            raise ValueError(
                f"the platform has no quantum operation {instruction.gate!r}: it has"
                f" {', '.join(sorted(self._operations.keys()))}"
            )


def _parts(
    one: Instruction,
) -> tuple[str, tuple[str, ...], tuple[float, ...], tuple[int, ...]]:
    return one.gate, one.qubits, one.params, one.bits


def _measured(circuit: NativeCircuit) -> list[int]:
    return [bit for one in circuit.instructions if one.gate == "measure" for bit in one.bits]


def _handle(number: int) -> str:
    return f"outcome{number}"


def _align(elements: list[Any]) -> None:
    """Let nothing on these qubits begin before all that stands before it has ended."""
    dsl = load("laboneq.simple").dsl
    with dsl.section(name="barrier"):
        for element in elements:
            for signal in element.signals.values():
                dsl.reserve(signal)


def _told_apart(states: NDArray[Any], shots: int) -> NDArray[np.uint8]:
    """Return one bit per shot of the discriminated states: whatever is above the ground is one.

    Raises:
        ValueError: There is not one outcome for each shot.
    """
    states = np.real(states)
    if states.shape != (shots,) or not np.isfinite(states).all():
        raise ValueError(f"the platform gave outcomes of the shape {states.shape}, or none")
    return (states > 0).astype(np.uint8)


def main() -> None:
    """Serve the connection that the command line names, for the platform that it names."""
    _, _, place, how = sys.argv
    play(lambda: Player(open_platform(place), emulate=how == "emulate"))


if __name__ == "__main__":
    main()
