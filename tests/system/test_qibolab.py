"""A circuit goes all the way to the pulses of a Qibolab platform, and its shots come back."""

import math
from collections.abc import Iterator
from pathlib import Path

import pytest

import stationd
from stationd import jobs
from stationd.client.results.outcome import CircuitResult
from stationd.proto.program import Circuits, Instruction, NativeCircuit, NativeProgram
from tests.end_to_end.station import PATIENCE, Station

pytest.importorskip("qibolab", reason="needs Qibolab: make instruments has it")

CONFIG = """
[controllers.qpu]
driver = "qibolab"
[controllers.qpu.options]
platform = "{platform}"
[targets.emulated]
controller = "qpu"
"""
PLATFORM = Path(__file__).parents[1] / "actors" / "drivers" / "emulated_platform"


@pytest.fixture(scope="module")
def station() -> Iterator[Station]:
    made = Station("trio", CONFIG.replace("{platform}", str(PLATFORM)))
    try:
        stationd.connect(made.start().endpoint)
        made.wait_connected("qpu")
        yield made
    finally:
        jobs.close()
        made.close()


def turned(angle: float) -> NativeProgram:
    instructions = (
        Instruction("prx", ("0",), (angle, 0.0)),
        Instruction("measure", ("0",), (), (0,)),
    )
    return NativeProgram(circuit=NativeCircuit(instructions=instructions, n_bits=1))


def counted(reference: object) -> dict[str, int]:
    assert isinstance(reference, jobs.ResultRef)
    result = reference.download_result()
    assert isinstance(result, CircuitResult)
    return result.counts


@pytest.mark.usefixtures("station")
def test_rabis_oscillation_is_what_the_emulated_qubit_does() -> None:
    angles = [index * math.pi / 4 for index in range(5)]
    programs = tuple(map(turned, angles))
    job = jobs.submit(work=Circuits(programs=programs, n_shots=(500,) * len(programs)))
    jobs.wait_for(job, timeout=PATIENCE)
    counts = [counted(one) for one in jobs.results(job)]
    # Five standard deviations of 500 shots.
    assert [one.get("1", 0) / 500 for one in counts] == pytest.approx(
        [math.sin(angle / 2) ** 2 for angle in angles], abs=0.12
    )
