"""LabOne Q plays circuits: its own compiler for an SHFQC, with no instrument behind it."""

import math
from collections.abc import Iterator

import pytest

from stationd.actors.driver import Driver
from stationd.actors.drivers.registry import load_driver
from stationd.proto.error import InstrumentError
from stationd.proto.program import Instruction, NullWork
from tests.actors.drivers.shots import circuit, run, work

pytest.importorskip("laboneq", reason="the extra 'laboneq' is not installed")

LAB = "tests.actors.drivers.laboneq_lab:platform"
BELL = circuit(
    Instruction("prx", ("q0",), (math.pi / 2, 0.0)),
    Instruction("prx", ("q1",), (math.pi / 2, 0.0)),
    Instruction("cz", ("q1", "q0")),
    Instruction("prx", ("q1",), (math.pi / 2, math.pi)),
    Instruction("barrier", ("q0", "q1")),
    Instruction("measure", ("q1",), (), (2,)),
    Instruction("measure", ("q0",), (), (0,)),
    n_bits=3,
)


def emulated(platform: str = LAB, **options: object) -> Driver:
    return load_driver("laboneq", {"platform": platform, "emulate": True, **options})


@pytest.fixture(scope="module")
def lab() -> Iterator[Driver]:
    driver = emulated(shots_per_block=60)
    yield driver
    driver.close()


def test_it_describes_the_elements_and_edges_of_the_platform(lab: Driver) -> None:
    qpu = lab.describe().qpu
    assert qpu is not None
    assert qpu.qubits == ("q0", "q1")
    assert qpu.couplings == (("q0", "q1"),)


def test_a_circuit_is_compiled_and_played_and_the_bits_that_were_measured_are_written(
    lab: Driver,
) -> None:
    execution = run(lab, work(BELL, shots=100))
    assert [offset for _, offset, _ in execution.blocks] == [0, 60]
    # The emulation's placeholders are above the ground state, all of them.
    assert execution.bits().tolist() == [[1, 0, 1]] * 100


def test_a_qubit_that_is_measured_twice_gives_two_outcomes(lab: Driver) -> None:
    measured = (Instruction("measure", ("q0",), (), (bit,)) for bit in (0, 1))
    assert run(lab, work(circuit(*measured, n_bits=2), shots=5)).bits().all()


@pytest.mark.parametrize(
    ("instruction", "told"),
    [
        (Instruction("prx", ("q7",), (1.0, 0.0)), "item 0: .*no qubit 'q7': it has q0, q1"),
        (Instruction("h", ("q0",)), "no quantum operation 'h': it has cz, measure"),
    ],
)
def test_what_the_platform_cannot_play_is_refused_before_the_run(
    lab: Driver, instruction: Instruction, told: str
) -> None:
    with pytest.raises(InstrumentError, match=told):
        lab.prepare(work(circuit(instruction)))
    assert run(lab, work(BELL, shots=1)).done == 1


def test_what_the_hardware_cannot_do_is_told_by_the_compiler(lab: Driver) -> None:
    # More than the SHFQC's output can give.
    loud = circuit(Instruction("prx", ("q0",), (1000.0, 0.0)))
    with pytest.raises(InstrumentError, match="LabOneQException"):
        run(lab, work(loud, shots=1))
    assert run(lab, work(BELL, shots=1)).done == 1


def test_work_that_is_no_circuit_is_refused(lab: Driver) -> None:
    with pytest.raises(InstrumentError, match="runs circuits"):
        lab.prepare(NullWork())


@pytest.mark.parametrize(
    ("platform", "told"),
    [
        ("lab", "must be 'package.module:function', not 'lab'"),
        ("nowhere:platform", "No module named 'nowhere'"),
        (f"{LAB}s", "has no attribute 'platforms'"),
        ("tests.actors.drivers.laboneq_lab:no_platform", "no quantum operation prx and no measure"),
        ("", "must not be empty"),
    ],
)
def test_a_platform_that_cannot_be_opened_says_why(platform: str, told: str) -> None:
    with pytest.raises(InstrumentError, match=told):
        emulated(platform)


def test_without_emulation_instruments_are_asked_for() -> None:
    with pytest.raises(InstrumentError, match=r"localhost.?:.?8004|[Cc]onnect"):
        load_driver("laboneq", {"platform": LAB})
