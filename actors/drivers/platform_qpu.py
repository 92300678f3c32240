"""A QPU that another package plays: Qibolab's platforms, LabOne Q's.

Rule 1. The platform lives in a process of its own, which holds all connections to instruments.
Rule 2. After anything that failed the process ends, and the next `prepare` starts another one:
        instruments are opened anew before they are trusted.
Rule 3. Circuits run in blocks of shots; an abort waits for the block under way, so that the
        hardware is at rest when `run` returns, and the blocks before it are kept.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from stationd.actors.driver import Driver
from stationd.actors.drivers.qpu_process import Interrupt, QpuProcess
from stationd.actors.drivers.qpu_protocol import Bits, Describe, Described, Load, Sample, Unable
from stationd.proto.error import InstrumentError
from stationd.proto.program import Capabilities, CircuitsWork

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from stationd.actors.driver import Execution
    from stationd.actors.drivers.qpu_protocol import Answer, Request
    from stationd.proto.program import CircuitWork, Work


class PlatformQpu(Driver):
    """What drivers have in common that leave the playing to a package of its own.

    Args:
        module: What runs in the platform's process; see `qpu_protocol.serve`.
        place: What the module is told: which platform, and how to open it.
        shots_per_block: Shots between two blocks of data; an abort waits for one of them.

    Raises:
        InstrumentError: The package is not installed, or the platform cannot be opened.
        ValueError: An option has no meaning.
    """

    def __init__(self, module: str, *place: str, shots_per_block: int) -> None:
        super().__init__()
        if not place[0]:
            raise ValueError("platform must not be empty")
        if shots_per_block < 1:
            raise ValueError(f"shots_per_block must be 1 or more, not {shots_per_block!r}")
        self._module = module
        self._place = place
        self._shots_per_block = shots_per_block
        self._random = np.random.default_rng()
        self._interrupt = Interrupt()
        self._process: QpuProcess | None = None
        described = self._ask(Describe())
        assert isinstance(described, Described)  # noqa: S101 - `_ask` has refused `Unable`
        self._capabilities = Capabilities(qpu=described.qpu)

    @property
    def pid(self) -> int | None:
        """The platform's process; None while there is none."""
        return self._process.pid if self._process else None

    def describe(self) -> Capabilities:
        """Return the qubits and couplings that the platform is calibrated for."""
        return self._capabilities

    def prepare(self, work: Work) -> None:
        """Open the platform if need be, and refuse circuits that it cannot play.

        Raises:
            InstrumentError: The platform cannot be opened, or has no such gate or qubit.
        """
        if not isinstance(work, CircuitsWork):
            raise InstrumentError("a QPU runs circuits, not sweeps")
        for one in work.circuits:
            self._load(one, work)

    def run(self, work: Work, execution: Execution) -> None:
        """Execute circuits in order.

        Raises:
            InstrumentError: The platform failed, or its process died.
        """
        assert isinstance(work, CircuitsWork)  # noqa: S101 - `prepare` has refused all others
        total = sum(one.shots for one in work.circuits)
        before = 0
        for one in work.circuits:
            if execution.aborted:
                return
            self._load(one, work)
            self._run_circuit(one, execution, before, total)
            before += one.shots

    def close(self) -> None:
        """Let go of the instruments."""
        self._end()
        self._interrupt.close()

    def _run_circuit(self, one: CircuitWork, execution: Execution, before: int, total: int) -> None:
        seed = int(self._random.integers(2**62)) if one.seed is None else one.seed
        for offset, end in pairwise([*range(0, one.shots, self._shots_per_block), one.shots]):
            if execution.aborted:
                return
            bits = self._block(one, offset, end - offset, seed)
            execution.data("bits", bits, offset=offset, item=one.item)
            execution.progress(before + end, total, "shots")

    def _block(self, one: CircuitWork, offset: int, shots: int, seed: int) -> NDArray[np.uint8]:
        (word,) = np.random.SeedSequence([seed, one.item, offset]).generate_state(1)
        answer = self._ask(Sample(shots, int(word)))
        assert isinstance(answer, Bits)  # noqa: S101 - `_ask` has refused `Unable`
        return np.frombuffer(answer.data, np.uint8).reshape(shots, one.circuit.n_bits)

    def _load(self, one: CircuitWork, work: CircuitsWork) -> None:
        try:
            self._ask(Load(one.circuit, work.calibration))
        except InstrumentError as error:
            raise InstrumentError(f"item {one.item}: {error}") from error

    def _ask(self, request: Request) -> Answer:
        if self._process is None:
            self._process = QpuProcess(self._module, *self._place, patience=None)
        try:
            answer = self._process.ask(request, self._interrupt)
        except InstrumentError:
            self._end()
            raise
        if isinstance(answer, Unable):
            self._end()
            raise InstrumentError(f"the platform {self._place[0]!r}: {answer.detail}")
        return answer

    def _end(self) -> None:
        if self._process is not None:
            self._process.close()
            self._process = None
