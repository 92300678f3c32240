"""What a QPU cannot execute is found, with the instruction's index and what would be right."""

import math

import pytest
from msgspec.structs import replace

from stationd.actors.stages.bad_program import BadProgram
from stationd.actors.stages.native_operations import (
    MOST_BITS,
    MOST_INSTRUCTIONS,
    checked_circuit,
    circuit_problems,
    operations,
)
from stationd.proto.program import Instruction, NativeCircuit, NativeProgram, Qpu

BARE = Qpu(
    qubits=("QB1", "QB2", "QB3"),
    couplings=(("QB1", "QB2"), ("QB1", "QB3")),
    mid_circuit_measurement=False,
)
ABLE = replace(BARE, mid_circuit_measurement=True, reset=True, delay=True)
MEASURE = Instruction("measure", ("QB1",), (), (0,))


def circuit(*instructions: Instruction, n_bits: int = 1) -> NativeCircuit:
    return NativeCircuit(instructions=instructions, n_bits=n_bits)


def said(made: NativeCircuit, qpu: Qpu = ABLE) -> list[str]:
    return [str(problem) for problem in circuit_problems(made, qpu)]


@pytest.mark.parametrize(
    ("bad", "expected"),
    [
        (Instruction("h", ("QB1",)), "the QPU has no operation 'h': it has 'barrier', 'cz', "),
        (Instruction("cz", ("QB1", "QB9")), "the QPU has no qubit 'QB9'; did you mean 'QB"),
        (Instruction("prx", ("QB1",), (0.5,)), "'prx' takes one qubit and two parameters, angle"),
        (Instruction("cz", ("QB1",)), "'cz' takes two qubits and no parameters; it was given 1"),
        (
            Instruction("measure", ("QB1",)),
            "'measure' takes qubits, no parameters and a bit for each qubit",
        ),
        (Instruction("prx", ("QB1",), (math.inf, 0.0)), "'prx' takes finite numbers"),
        (Instruction("delay", ("QB1",), (-1e-9,)), "a delay takes 0 seconds or more"),
        (
            Instruction("delay", ("QB1", "QB2"), ()),
            "'delay' takes qubits and one parameter, the duration",
        ),
        (Instruction("reset", ("QB1",), (1.0,)), "'reset' takes qubits and no parameters"),
        (Instruction("barrier", ("QB1",), (1.0,)), "'barrier' takes qubits and nothing else"),
        (Instruction("measure", ("QB1",), (), (7,)), "there is no bit 7: the circuit has 1"),
        (
            Instruction("cz", ("QB2", "QB3")),
            "the QPU has no coupling between 'QB2' and 'QB3': 'QB2' is coupled with 'QB1'",
        ),
        (Instruction("cz", ("QB1", "QB1")), "'cz' takes a qubit once, not QB1, QB1"),
    ],
)
def test_each_bad_instruction_is_named_with_its_index(bad: Instruction, expected: str) -> None:
    (problem,) = said(circuit(MEASURE, bad, MEASURE))
    assert problem.startswith("instructions[1]: ")
    assert expected in problem


def test_a_good_circuit_has_no_problems() -> None:
    good = circuit(
        Instruction("reset", ("QB2",)),
        Instruction("prx", ("QB2",), (math.pi, 0.0)),
        Instruction("cz", ("QB2", "QB1")),
        Instruction("delay", ("QB1",), (1e-6,)),
        Instruction("barrier", ("QB1", "QB2", "QB3")),
        MEASURE,
        Instruction("prx", ("QB1",), (math.pi, 0.0)),
        MEASURE,
    )
    assert said(good) == []


def test_a_qpu_that_cannot_reset_or_wait_or_go_on_after_a_measurement_says_so() -> None:
    assert operations(BARE) == ("prx", "cz", "measure", "barrier")
    assert operations(ABLE) == ("prx", "cz", "measure", "reset", "delay", "barrier")
    made = circuit(
        Instruction("reset", ("QB1",)),
        Instruction("delay", ("QB1",), (1e-6,)),
        MEASURE,
        Instruction("barrier", ("QB1",)),
        Instruction("prx", ("QB2",), (1.0, 0.0)),
        Instruction("prx", ("QB1",), (1.0, 0.0)),
    )
    assert [one[:17] for one in said(made, BARE)] == [
        f"instructions[{n}]: "[:17] for n in (0, 1, 5)
    ]
    assert "has been measured, and this QPU can only do that at the end" in said(made, BARE)[2]


def test_sizes_are_bounded() -> None:
    assert said(circuit(n_bits=MOST_BITS + 1)) == ["n_bits: 1,025 bits: 0 to 1024 are taken"]
    assert said(circuit(n_bits=-1)) == ["n_bits: -1 bits: 0 to 1024 are taken"]
    (long,) = said(circuit(*[MEASURE] * (MOST_INSTRUCTIONS + 1)))
    assert long.startswith("instructions: the circuit has 100,001 instructions")
    (names,) = said(replace(circuit(n_bits=2), bit_names=("a",)))
    assert names == "bit_names: there are 1 names for 2 bits: name all of them, or none"


def test_a_program_is_its_circuit_by_its_name() -> None:
    made = checked_circuit(NativeProgram(circuit=circuit(MEASURE), name="it"), ABLE)
    assert (made.name, made.bit_names, made.instructions) == ("it", ("bit[0]",), (MEASURE,))


def test_what_acts_on_qubits_one_by_one_is_taken_apart() -> None:
    made = circuit(
        Instruction("reset", ("QB2", "QB1")),
        Instruction("delay", ("QB1",), (1e-6,)),
        Instruction("measure", ("QB1", "QB3"), (), (1, 0)),
        n_bits=2,
    )
    assert checked_circuit(NativeProgram(circuit=made), ABLE).instructions == (
        Instruction("reset", ("QB2",)),
        Instruction("reset", ("QB1",)),
        Instruction("delay", ("QB1",), (1e-6,)),
        Instruction("measure", ("QB1",), (), (1,)),
        Instruction("measure", ("QB3",), (), (0,)),
    )


def test_a_program_that_cannot_be_executed_tells_at_most_some_problems() -> None:
    bad = circuit(*[Instruction("h", ("QB1",))] * 50)
    with pytest.raises(BadProgram) as raised:
        checked_circuit(NativeProgram(circuit=bad), ABLE)
    assert len(raised.value.problems) == 20
