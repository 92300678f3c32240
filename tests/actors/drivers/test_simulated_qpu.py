"""The simulated QPU runs circuits in blocks, stops when told, and survives its simulator."""

import math
import os
import signal
import threading
from collections.abc import Iterator, Mapping
from typing import Literal

import numpy as np
import pytest
from numpy.typing import ArrayLike, NDArray

from stationd.actors.drivers.simulated_qpu import SimulatedQpu, Topology
from stationd.proto.error import InstrumentError
from stationd.proto.program import (
    CircuitsWork,
    CircuitWork,
    Instruction,
    NativeCircuit,
    NullWork,
    SettingValue,
    SweepWork,
)

HALF = math.pi / 2
BELL = NativeCircuit(
    instructions=(
        Instruction("prx", ("QB1",), (HALF, -HALF)),
        Instruction("prx", ("QB2",), (HALF, -HALF)),
        Instruction("cz", ("QB1", "QB2")),
        Instruction("prx", ("QB2",), (HALF, HALF)),
        Instruction("barrier", ("QB1", "QB2")),
        Instruction("measure", ("QB1",), (), (0,)),
        Instruction("measure", ("QB2",), (), (1,)),
    ),
    n_bits=2,
    bit_names=("c[0]", "c[1]"),
)


class Recorder:
    """An execution that keeps what it is handed.

    Args:
        driver: What to abort.
        after_blocks: Abort when so many blocks have come.
        after_looks: Abort as soon as `aborted` has been looked at so often, which still tells
            the driver to go on.
    """

    ticket = 1

    def __init__(
        self,
        driver: SimulatedQpu | None = None,
        after_blocks: int | None = None,
        after_looks: int | None = None,
    ) -> None:
        self.blocks: list[tuple[int, int, NDArray[np.uint8]]] = []
        self.reports: list[tuple[int, int, str]] = []
        self._driver = driver
        self._after_blocks = after_blocks
        self._after_looks = after_looks
        self._looks = 0
        self._aborted = False

    @property
    def aborted(self) -> bool:
        answer = self._aborted
        self._looks += 1
        if self._looks == self._after_looks:
            self.stop()
        return answer

    def data(self, name: str, values: ArrayLike, *, offset: int, item: int = 0) -> None:
        assert name == "bits"
        self.blocks.append((item, offset, np.array(values, np.uint8)))
        if len(self.blocks) == self._after_blocks:
            self.stop()

    def snapshot(self, standing: Mapping[str, SettingValue | None]) -> None:
        raise NotImplementedError

    def progress(self, done: int, total: int, unit: str) -> None:
        self.reports.append((done, total, unit))

    def steps(self, work: SweepWork) -> Iterator[tuple[int, Literal["set", "read"]]]:
        raise AssertionError(work)

    def stop(self) -> None:
        """Do as the controller does: the flag first, then the hook from another thread."""
        self._aborted = True
        if self._driver is not None:
            thread = threading.Thread(target=self._driver.abort)
            thread.start()
            thread.join()

    def bits(self, item: int = 0) -> NDArray[np.uint8]:
        return np.concatenate([values for of, _, values in self.blocks if of == item])


def work(
    circuit: NativeCircuit = BELL, shots: int = 400, seed: int | None = 1, **known: float
) -> CircuitsWork:
    calibration = {path.replace("_", "."): value for path, value in known.items()}
    return CircuitsWork(
        circuits=(CircuitWork(item=0, circuit=circuit, shots=shots, seed=seed),),
        calibration=calibration,
    )


@pytest.fixture(scope="module")
def qpu() -> Iterator[SimulatedQpu]:
    driver = SimulatedQpu(seed=1, time_per_shot=0.0, shots_per_block=100)
    yield driver
    driver.close()


def run(qpu: SimulatedQpu, job: CircuitsWork) -> Recorder:
    recorder = Recorder()
    qpu.prepare(job)
    qpu.run(job, recorder)
    return recorder


def test_it_describes_a_star_of_qubits(qpu: SimulatedQpu) -> None:
    offered = qpu.describe()
    assert offered.null
    assert offered.qpu is not None
    assert offered.qpu.qubits == ("QB1", "QB2", "QB3", "QB4", "QB5")
    assert offered.qpu.couplings == tuple(("QB1", f"QB{other}") for other in (2, 3, 4, 5))


def test_an_ideal_bell_pair_agrees(qpu: SimulatedQpu) -> None:
    bits = run(qpu, work()).bits()
    assert bits.shape == (400, 2)
    assert np.array_equal(bits[:, 0], bits[:, 1])
    assert 100 < bits[:, 0].sum() < 300


def test_noise_is_that_of_the_calibration_set(qpu: SimulatedQpu) -> None:
    bits = run(qpu, work(QB1_readout_error=0.5)).bits()
    assert 100 < (bits[:, 0] != bits[:, 1]).sum() < 300


def test_data_comes_in_blocks_with_progress_over_the_whole_job(qpu: SimulatedQpu) -> None:
    circuits = (
        CircuitWork(item=2, circuit=BELL, shots=150),
        CircuitWork(item=5, circuit=BELL, shots=50),
    )
    recorder = run(qpu, CircuitsWork(circuits=circuits))
    assert [(item, offset, len(values)) for item, offset, values in recorder.blocks] == [
        (2, 0, 100),
        (2, 100, 50),
        (5, 0, 50),
    ]
    assert recorder.reports == [(100, 200, "shots"), (150, 200, "shots"), (200, 200, "shots")]


def test_a_seed_makes_outcomes_repeatable(qpu: SimulatedQpu) -> None:
    first, again = run(qpu, work(seed=7)).bits(), run(qpu, work(seed=7)).bits()
    assert np.array_equal(first, again)
    assert not np.array_equal(first, run(qpu, work(seed=8)).bits())
    assert not np.array_equal(run(qpu, work(seed=None)).bits(), run(qpu, work(seed=None)).bits())


def test_blocks_of_one_job_differ(qpu: SimulatedQpu) -> None:
    recorder = run(qpu, work())
    assert not np.array_equal(recorder.blocks[0][2], recorder.blocks[1][2])


def test_an_abort_keeps_the_blocks_before_it(qpu: SimulatedQpu) -> None:
    recorder = Recorder(qpu, after_blocks=2)
    qpu.run(work(shots=1000), recorder)
    assert [offset for _, offset, _ in recorder.blocks] == [0, 100]
    assert len(run(qpu, work()).blocks) == 4, "the next job is not cut short"


def test_an_abort_ends_the_wait_for_the_instrument() -> None:
    slow = SimulatedQpu(seed=1, time_per_shot=1000.0, shots_per_block=100)
    try:
        # The first look is before the circuit, the second before its first block.
        recorder = Recorder(slow, after_looks=2)
        slow.run(work(), recorder)
        assert recorder.blocks == []
        slow.run(NullWork(duration=86_400.0), Recorder(slow, after_looks=1))
    finally:
        slow.close()


def test_a_simulation_that_takes_too_long_is_killed(qpu: SimulatedQpu) -> None:
    before = qpu.simulator
    # A process that is stopped answers as little as one that computes for an hour.
    os.kill(before.pid, signal.SIGSTOP)
    recorder = Recorder(qpu, after_looks=1)
    qpu.run(work(), recorder)
    assert recorder.blocks == []
    assert not before.alive
    assert len(run(qpu, work()).blocks) == 4


def test_a_simulator_that_dies_fails_the_job_and_not_the_next(qpu: SimulatedQpu) -> None:
    run(qpu, work())
    os.kill(qpu.simulator.pid, signal.SIGKILL)
    with pytest.raises(InstrumentError, match="the QPU's process ended"):
        run(qpu, work())
    assert len(run(qpu, work()).blocks) == 4


def test_interrupts_of_the_terminal_are_not_for_the_simulator(qpu: SimulatedQpu) -> None:
    run(qpu, work())
    pid = qpu.simulator.pid
    assert os.getsid(pid) == pid
    os.kill(pid, signal.SIGINT)
    assert len(run(qpu, work()).blocks) == 4
    assert qpu.simulator.pid == pid


def circuit(*instructions: Instruction, n_bits: int = 1) -> NativeCircuit:
    return NativeCircuit(instructions=instructions, n_bits=n_bits)


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        (
            Instruction("prx", ("QB9",), (0.0, 0.0)),
            "item 0: instructions.0.: the QPU has no qubit 'QB9'; did you",
        ),
        (Instruction("h", ("QB1",)), "the QPU has no operation 'h': it has 'barrier', 'cz'"),
        (
            Instruction("prx", ("QB1",), (0.0,)),
            "'prx' takes one qubit and two parameters, angle and phase",
        ),
        (Instruction("prx", ("QB1",), (math.nan, 0.0)), "'prx' takes finite numbers"),
        (Instruction("cz", ("QB2", "QB3")), "no coupling between 'QB2' and 'QB3'"),
        (Instruction("measure", ("QB1",), (), (1,)), "there is no bit 1"),
    ],
)
def test_work_that_it_cannot_execute_is_refused(
    qpu: SimulatedQpu, bad: Instruction, said: str
) -> None:
    with pytest.raises(InstrumentError, match=said):
        qpu.prepare(work(circuit(bad)))


def test_couplings_work_in_both_orders(qpu: SimulatedQpu) -> None:
    qpu.prepare(work(circuit(Instruction("cz", ("QB2", "QB1")))))


def test_sweeps_are_refused_and_null_work_is_taken(qpu: SimulatedQpu) -> None:
    with pytest.raises(InstrumentError, match="runs circuits, not sweeps"):
        qpu.prepare(SweepWork())
    recorder = Recorder()
    qpu.prepare(NullWork())
    qpu.run(NullWork(), recorder)
    qpu.run(NullWork(duration=0.001), recorder)
    assert recorder.blocks == []


@pytest.mark.parametrize(
    ("qubits", "topology", "time_per_shot", "shots_per_block", "said"),
    [
        (1, "star", 0.0, 1, "qubits must be 2 to 20, not 1"),
        (21, "star", 0.0, 1, "qubits must be 2 to 20, not 21"),
        (5, "ring", 0.0, 1, "topology must be 'star' or 'line', not 'ring'"),
        (5, "star", -1.0, 1, "time_per_shot must be 0 or more seconds"),
        (5, "star", math.nan, 1, "time_per_shot must be 0 or more seconds"),
        (5, "star", 0.0, 0, "shots_per_block must be 1 or more"),
    ],
)
def test_options_are_checked(
    qubits: int, topology: Topology, time_per_shot: float, shots_per_block: int, said: str
) -> None:
    with pytest.raises(ValueError, match=said):
        SimulatedQpu(
            qubits=qubits,
            topology=topology,
            time_per_shot=time_per_shot,
            shots_per_block=shots_per_block,
        )


def test_a_line_couples_neighbours() -> None:
    driver = SimulatedQpu(qubits=3, topology="line")
    try:
        offered = driver.describe().qpu
        assert offered is not None
        assert offered.couplings == (("QB1", "QB2"), ("QB2", "QB3"))
    finally:
        driver.close()


def test_closing_ends_the_simulator() -> None:
    driver = SimulatedQpu()
    process = driver.simulator
    driver.close()
    assert not process.alive
