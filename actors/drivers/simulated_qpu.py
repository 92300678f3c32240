"""A QPU that is simulated: noise by the calibration set, time as on the real one.

Rule 1. Circuits run in blocks of shots, in a process of their own; data goes out block by block.
Rule 2. An abort ends the wait for a block at once; the blocks before it are kept.
Rule 3. A simulator that dies fails the ticket, and another one takes its place.
"""

from __future__ import annotations

import time
from itertools import pairwise
from typing import TYPE_CHECKING, Annotated, Final, Literal

import numpy as np
from msgspec import Meta

from stationd.actors.driver import Driver
from stationd.actors.drivers.qpu_process import Interrupt, Interrupted, QpuProcess
from stationd.actors.drivers.qpu_protocol import Bits, Load, Sample, Unable
from stationd.actors.stages.native_operations import circuit_problems
from stationd.proto.error import InstrumentError
from stationd.proto.program import Capabilities, CircuitsWork, NullWork, Qpu

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from stationd.actors.driver import Execution
    from stationd.actors.drivers.qpu_protocol import Answer, Request
    from stationd.proto.program import CircuitWork, Work

_FEWEST_QUBITS: Final = 2
_MOST_QUBITS: Final = 20

Topology = Literal["star", "line"]


class SimulatedQpu(Driver):
    """A simulated QPU with PRX, CZ, measurement within the circuit, reset and delay.

    Args:
        qubits: How many, from 2 to 20; they are named QB1, QB2 and so on.
        topology: ``star`` couples QB1 with all others, ``line`` every qubit with the next.
        seed: Makes jobs without a seed of their own repeatable; None for new noise every time.
        time_per_shot: Seconds that a shot takes on the instrument; 0 for as fast as it goes.
        shots_per_block: Shots between two blocks of data. Outcomes of a seed depend on it.
    """

    # `prepare` only looks at the work.
    runs_while_preparing = True

    def __init__(
        self,
        *,
        qubits: Annotated[int, Meta(ge=_FEWEST_QUBITS, le=_MOST_QUBITS)] = 5,
        topology: Topology = "star",
        seed: int | None = None,
        time_per_shot: Annotated[float, Meta(ge=0)] = 1e-4,
        shots_per_block: Annotated[int, Meta(ge=1)] = 500,
    ) -> None:
        super().__init__()
        self._qpu = _qpu(qubits, topology)
        if not time_per_shot >= 0:
            raise ValueError(f"time_per_shot must be 0 or more seconds, not {time_per_shot!r}")
        if shots_per_block < 1:
            raise ValueError(f"shots_per_block must be 1 or more, not {shots_per_block!r}")
        self._time_per_shot = time_per_shot
        self._shots_per_block = shots_per_block
        self._random = np.random.default_rng(seed)
        self._interrupt = Interrupt()
        # It loads its libraries while the controller connects.
        self.simulator = _simulator()
        """The process that simulates; another one after it died or was killed."""

    def describe(self) -> Capabilities:
        """Return the qubits and their couplings."""
        return Capabilities(qpu=self._qpu, null=True)

    def prepare(self, work: Work) -> None:
        """Refuse work that this QPU cannot execute.

        Raises:
            InstrumentError: A gate, qubit, coupling or bit does not exist.
        """
        if isinstance(work, NullWork):
            return
        if not isinstance(work, CircuitsWork):
            raise InstrumentError("a QPU runs circuits, not sweeps")
        for one in work.circuits:
            for problem in circuit_problems(one.circuit, self._qpu):
                raise InstrumentError(f"item {one.item}: {problem}")

    def run(self, work: Work, execution: Execution) -> None:
        """Execute circuits in order, or wait.

        Raises:
            InstrumentError: The simulator failed or died.
        """
        self._interrupt.clear()
        if isinstance(work, NullWork):
            if work.duration and not execution.aborted:
                self._interrupt.wait(work.duration)
            return
        self.prepare(work)
        assert isinstance(work, CircuitsWork)  # noqa: S101 - `prepare` has refused all others
        try:
            self._run_circuits(work, execution)
        except Interrupted:
            self.simulator = _simulator()

    def abort(self) -> None:
        """Make `run` return soon; a block that takes longer is given up."""
        self._interrupt.set()

    def close(self) -> None:
        """End the simulator."""
        self.simulator.close()
        self._interrupt.close()

    def _run_circuits(self, work: CircuitsWork, execution: Execution) -> None:
        total = sum(one.shots for one in work.circuits)
        before = 0
        for one in work.circuits:
            if execution.aborted:
                return
            self._ask(Load(one.circuit, work.calibration))
            self._run_circuit(one, execution, before, total)
            before += one.shots

    def _run_circuit(self, one: CircuitWork, execution: Execution, before: int, total: int) -> None:
        seed = int(self._random.integers(2**62)) if one.seed is None else one.seed
        edges = [*range(0, one.shots, self._shots_per_block), one.shots]
        # A block leaves when the instrument would have measured its last shot.
        start = time.monotonic()
        for offset, end in pairwise(edges):
            if execution.aborted:
                return
            bits = self._block(one, offset, end - offset, seed)
            pause = start + end * self._time_per_shot - time.monotonic()
            if pause > 0 and self._interrupt.wait(pause):
                return
            execution.data("bits", bits, offset=offset, item=one.item)
            execution.progress(before + end, total, "shots")

    def _block(self, one: CircuitWork, offset: int, shots: int, seed: int) -> NDArray[np.uint8]:
        words = np.random.SeedSequence([abs(seed), one.item, offset]).generate_state(1)
        answer = self._ask(Sample(shots, int(words[0])))
        if not isinstance(answer, Bits):
            raise InstrumentError("the simulator's process answered something else than was asked")
        return np.frombuffer(answer.data, np.uint8).reshape(shots, one.circuit.n_bits)

    def _ask(self, request: Request) -> Answer:
        try:
            answer = self.simulator.ask(request, self._interrupt)
        except InstrumentError:
            self.simulator = _simulator()
            raise
        if isinstance(answer, Unable):
            raise InstrumentError(f"the circuit cannot be simulated: {answer.detail}")
        return answer


def _simulator() -> QpuProcess:
    return QpuProcess("stationd.actors.drivers.qpu_simulator")


def _qpu(qubits: int, topology: str) -> Qpu:
    if not _FEWEST_QUBITS <= qubits <= _MOST_QUBITS:
        raise ValueError(f"qubits must be {_FEWEST_QUBITS} to {_MOST_QUBITS}, not {qubits!r}")
    names = tuple(f"QB{number}" for number in range(1, qubits + 1))
    match topology:
        case "star":
            couplings = tuple((names[0], name) for name in names[1:])
        case "line":
            couplings = tuple(pairwise(names))
        case _:
            raise ValueError(f"topology must be 'star' or 'line', not {topology!r}")
    return Qpu(qubits=names, couplings=couplings, reset=True, delay=True)
