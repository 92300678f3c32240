"""A circuit takes as long as its longest chain of operations."""

import pytest

from stationd.actors.qpu_properties import QpuProperties
from stationd.actors.stages.timing import duration
from stationd.proto.program import Instruction, NativeCircuit

KNOWN = QpuProperties(
    {
        "a.prx.duration": 1.0,
        "b.prx.duration": 2.0,
        "b-a.cz.duration": 10.0,
        "a.readout.duration": 100.0,
        "b.readout.duration": 300.0,
        "a.reset.duration": 50.0,
    }
)
PRX_A = Instruction("prx", ("a",), (0.1, 0.2))
PRX_B = Instruction("prx", ("b",), (0.1, 0.2))
CZ = Instruction("cz", ("a", "b"))
READ_A = Instruction("measure", ("a",), bits=(0,))
READ_B = Instruction("measure", ("b",), bits=(1,))
BARRIER = Instruction("barrier", ("a", "b"))


@pytest.mark.parametrize(
    ("instructions", "seconds"),
    [
        ((), 0.0),
        ((PRX_A, PRX_B), 2.0),
        ((PRX_A, PRX_A, PRX_A), 3.0),
        ((PRX_A, PRX_B, CZ, PRX_A), 13.0),
        ((READ_A, READ_B), 300.0),
        ((READ_A, BARRIER, PRX_B), 102.0),
        ((READ_A, PRX_B), 100.0),
        ((PRX_A, Instruction("delay", ("a",), (5.0,)), PRX_A), 7.0),
        ((PRX_A, Instruction("reset", ("a",)), PRX_A), 52.0),
    ],
)
def test_a_circuit_takes_as_long_as_its_longest_chain(
    instructions: tuple[Instruction, ...], seconds: float
) -> None:
    assert duration(NativeCircuit(instructions=instructions, n_bits=2), KNOWN) == seconds


def test_what_was_not_observed_takes_its_usual_time() -> None:
    circuit = NativeCircuit(instructions=(PRX_A, CZ, READ_A), n_bits=1)
    assert duration(circuit, QpuProperties({})) == 40e-9 + 60e-9 + 1e-6
