"""Two transmons on one SHFQC, as a laboratory would describe them to LabOne Q."""

import math
from typing import Any

from stationd.actors.untyped import load


def platform() -> Any:  # noqa: ANN401 - LabOne Q is not where types are checked
    """Return the laboratory's ``QuantumPlatform``."""
    quantum, simple = load("laboneq.dsl.quantum"), load("laboneq.simple")
    setup = simple.DeviceSetup("lab")
    setup.add_dataserver(host="localhost", port="8004")
    setup.add_instruments(simple.SHFQC("shfqc", address="DEV12000", device_options="SHFQC/QC6CH"))
    elements = [_transmon(setup, index) for index in range(2)]
    qpu = quantum.QPU(elements, _operations())
    if "cz" in qpu.quantum_operations:
        qpu.topology.add_edge("cz", "q0", "q1")
    return quantum.QuantumPlatform(setup, qpu)


def no_platform() -> Any:  # noqa: ANN401
    """Return a platform that can do nothing."""
    made = platform()
    made.qpu.quantum_operations = _subclass()()
    return made


def _transmon(setup: Any, index: int) -> Any:  # noqa: ANN401
    quantum, simple = load("laboneq.dsl.quantum"), load("laboneq.simple")
    name = f"q{index}"
    wires = {
        "drive": f"SGCHANNELS/{index}/OUTPUT",
        "measure": "QACHANNELS/0/OUTPUT",
        "acquire": "QACHANNELS/0/INPUT",
    }
    setup.add_connections(
        "shfqc",
        *(
            simple.create_connection(to_signal=f"{name}/{signal}", ports=port)
            for signal, port in wires.items()
        ),
    )
    return quantum.Transmon(
        uid=name,
        signals={signal: f"{name}/{signal}" for signal in wires},
        parameters=quantum.TransmonParameters(
            resonance_frequency_ge=5e9 + index * 100e6,
            drive_lo_frequency=5e9,
            readout_resonator_frequency=7e9 + index * 50e6,
            readout_lo_frequency=7e9,
        ),
    )


def _operations() -> Any:  # noqa: ANN401
    quantum, dsl = load("laboneq.dsl.quantum"), load("laboneq.simple").dsl
    turn = dsl.pulse_library.drag(length=40e-9, uid="turn")
    readout = dsl.pulse_library.const(length=1e-6, uid="readout")

    def prx(self: Any, q: Any, angle: float, phase: float) -> None:  # noqa: ANN401
        dsl.play(q.signals["drive"], turn, amplitude=0.5 * angle / math.pi, phase=phase)

    def cz(self: Any, one: Any, other: Any) -> None:  # noqa: ANN401
        for q in (one, other):
            dsl.delay(q.signals["drive"], 60e-9)

    def measure(self: Any, q: Any, handle: str) -> None:  # noqa: ANN401
        dsl.play(q.signals["measure"], readout, amplitude=0.3)
        dsl.acquire(q.signals["acquire"], handle=handle, kernel=readout)

    def passive_reset(self: Any, q: Any) -> None:  # noqa: ANN401
        dsl.delay(q.signals["drive"], 1e-6)

    mark = quantum.quantum_operation
    return _subclass(
        prx=mark(prx), cz=mark(cz), measure=mark(measure), passive_reset=mark(passive_reset)
    )


def _subclass(**operations: Any) -> Any:  # noqa: ANN401
    quantum = load("laboneq.dsl.quantum")
    contents = {"QUBIT_TYPES": quantum.Transmon, **operations}
    return type("Operations", (quantum.QuantumOperations,), contents)
