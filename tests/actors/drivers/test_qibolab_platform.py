"""A Qibolab platform runs circuits: its emulator with physics, its dummy with five qubits."""

import math
import os
import shutil
import signal
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

from stationd.actors.drivers.qibolab_platform import QibolabPlatform
from stationd.actors.drivers.qibolab_sequences import Pulses
from stationd.actors.drivers.registry import load_driver
from stationd.actors.untyped import load
from stationd.proto.error import InstrumentError
from stationd.proto.program import Instruction, NullWork, Qpu
from tests.actors.drivers.shots import Recorder, circuit, run, work

pytest.importorskip("qibolab", reason="the extra 'qibolab' is not installed")

EMULATED = Path(__file__).parent / "emulated_platform"


def prx(angle: float, phase: float = 0.0) -> Instruction:
    return Instruction("prx", ("0",), (angle, phase))


MEASURE = Instruction("measure", ("0",), (), (0,))


@pytest.fixture(scope="module")
def emulated() -> Iterator[QibolabPlatform]:
    driver = QibolabPlatform(platform=str(EMULATED), shots_per_block=400)
    yield driver
    driver.close()


def test_it_describes_the_qubits_and_pairs_that_the_platform_is_calibrated_for() -> None:
    driver = load_driver("qibolab", {"platform": "dummy"})
    try:
        assert driver.describe().qpu == Qpu(
            qubits=("0", "1", "2", "3", "4"),
            couplings=(("0", "2"), ("1", "2"), ("2", "3"), ("2", "4")),
            delay=True,
        )
    finally:
        driver.close()


@pytest.mark.parametrize("angle", [0.0, math.pi / 4, math.pi / 2, math.pi, 3 * math.pi / 2, -1.0])
def test_the_emulated_qubit_turns_as_far_as_it_is_told(
    emulated: QibolabPlatform, angle: float
) -> None:
    excited = run(emulated, work(circuit(prx(angle), MEASURE))).bits().mean()
    # Five standard deviations of 1000 shots, and what relaxes in 20 ns of 1 us.
    assert excited == pytest.approx(math.sin(angle / 2) ** 2, abs=0.09)


def test_the_phase_is_the_axis_of_the_turn(emulated: QibolabPlatform) -> None:
    execution = run(
        emulated,
        work(
            *(
                circuit(prx(math.pi / 2), prx(math.pi / 2, phase), MEASURE)
                for phase in (0, math.pi / 2, math.pi)
            )
        ),
    )
    assert [execution.bits(item).mean() for item in range(3)] == pytest.approx(
        [1, 0.5, 0], abs=0.09
    )


def test_the_emulated_qubit_relaxes_while_it_waits(emulated: QibolabPlatform) -> None:
    delays = (0.0, 0.5e-6, 2e-6)
    circuits = (
        circuit(prx(math.pi), Instruction("delay", ("0",), (delay,)), MEASURE) for delay in delays
    )
    execution = run(emulated, work(*circuits))
    # T1 is 1 us.
    assert [execution.bits(item).mean() for item in range(3)] == pytest.approx(
        [math.exp(-delay / 1e-6) for delay in delays], abs=0.09
    )


def test_blocks_cover_all_shots_in_order_and_a_seed_repeats_them(emulated: QibolabPlatform) -> None:
    half = work(circuit(prx(math.pi / 2), MEASURE))
    one, other = run(emulated, half), run(emulated, half)
    assert [offset for _, offset, _ in one.blocks] == [0, 400, 800]
    assert one.done == len(one.bits()) == 1000
    assert (one.bits() == other.bits()).all()
    assert (one.blocks[0][2] != one.blocks[1][2]).any()


def test_two_qubits_are_coupled_and_every_bit_is_written() -> None:
    driver = QibolabPlatform(platform="dummy")
    bell = circuit(
        Instruction("prx", ("0",), (math.pi / 2, 0.0)),
        Instruction("cz", ("2", "0")),
        Instruction("barrier", ("0", "2")),
        Instruction("measure", ("2",), (), (1,)),
        Instruction("measure", ("0",), (), (0,)),
        n_bits=3,
    )
    try:
        bits = run(driver, work(bell)).bits()
    finally:
        driver.close()
    # The dummy's outcomes are dice; a bit that nobody measures stays zero.
    assert bits.shape == (1000, 3)
    assert [0.4 < bit.mean() < 0.6 for bit in bits.T] == [True, True, False]
    assert not bits[:, 2].any()


@pytest.fixture
def signals() -> Iterator[None]:
    """Give the process its signals back: Qibolab takes them whenever it makes a platform."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.usefixtures("signals")
def test_a_gate_waits_for_a_pulse_on_a_flux_line_of_its_qubit() -> None:
    platform = load("qibolab").create_platform("dummy")
    pulses = Pulses(
        platform,
        circuit(Instruction("cz", ("0", "2")), Instruction("prx", ("2",), (math.pi, 0.0))),
    )
    ends: dict[str, float] = defaultdict(float)
    starts: dict[object, float] = {}
    for channel, pulse in pulses.sequence.align_to_delays():
        starts[pulse.id] = ends[channel]
        ends[channel] += pulse.duration
    flux, turn = (
        next(
            pulse for channel, pulse in pulses.sequence if channel == name and pulse.kind == "pulse"
        )
        for name in ("2/flux", "2/drive")
    )
    assert starts[turn.id] == starts[flux.id] + flux.duration > 0


def test_an_abort_waits_for_its_block_and_keeps_those_before(emulated: QibolabPlatform) -> None:
    execution = Recorder(then=lambda: setattr(execution, "aborted", True))
    what = work(circuit(MEASURE), circuit(MEASURE))
    emulated.prepare(what)
    emulated.run(what, execution)  # type: ignore[arg-type]
    assert [(item, offset) for item, offset, _ in execution.blocks] == [(0, 0)]


@pytest.mark.parametrize(
    ("instruction", "told"),
    [
        (Instruction("prx", ("9",), (1.0, 0.0)), "item 0: .*no qubit '9': it has 0"),
        (Instruction("cz", ("0", "0")), "no CZ between '0' and '0'"),
        (Instruction("h", ("0",)), "plays prx, cz, measure, delay and barrier, not"),
    ],
)
def test_what_the_platform_cannot_play_is_refused_before_the_run(
    emulated: QibolabPlatform, instruction: Instruction, told: str
) -> None:
    with pytest.raises(InstrumentError, match=told):
        emulated.prepare(work(circuit(instruction)))
    assert run(emulated, work(circuit(MEASURE))).done == 1000


def test_work_that_is_no_circuit_is_refused(emulated: QibolabPlatform) -> None:
    with pytest.raises(InstrumentError, match="runs circuits"):
        emulated.prepare(NullWork())


def test_a_platform_that_died_is_opened_anew_for_the_next_job(emulated: QibolabPlatform) -> None:
    what = work(circuit(MEASURE))
    emulated.prepare(what)
    assert emulated.pid is not None
    os.kill(emulated.pid, signal.SIGKILL)
    with pytest.raises(InstrumentError, match="process ended"):
        emulated.run(what, Recorder())  # type: ignore[arg-type]
    assert run(emulated, what).done == 1000


@pytest.mark.parametrize(
    ("platform", "told"),
    [
        ("/nowhere/lab", r"there is no /nowhere/lab/platform\.py"),
        ("unheard-of", "QIBOLAB_PLATFORMS"),
    ],
)
def test_a_platform_that_cannot_be_opened_says_why(platform: str, told: str) -> None:
    with pytest.raises(InstrumentError, match=told):
        load_driver("qibolab", {"platform": platform})


def test_parameters_that_cannot_be_read_are_told(tmp_path: Path) -> None:
    broken = tmp_path / "broken"
    shutil.copytree(EMULATED, broken)
    (broken / "parameters.json").write_text("{")
    with pytest.raises(InstrumentError, match="ValidationError"):
        load_driver("qibolab", {"platform": str(broken)})


@pytest.mark.parametrize("options", [{"platform": ""}, {"platform": "dummy", "shots_per_block": 0}])
def test_options_without_meaning_are_refused(options: dict[str, object]) -> None:
    with pytest.raises(InstrumentError, match="must"):
        load_driver("qibolab", options)
