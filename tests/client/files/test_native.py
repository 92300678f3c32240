"""Native circuits of a JSON text are programs, or the instruction that is wrong is named."""

import json
from typing import Any

import pytest

from stationd.client.files.native import native_program, native_programs
from stationd.proto.error import InvalidJob
from stationd.proto.program import Instruction, NativeCircuit, NativeProgram

BELL: dict[str, Any] = {
    "name": "bell",
    "instructions": [
        {"name": "prx", "locus": ["QB1"], "args": {"angle": 1.5, "phase": 0}},
        {"name": "cz", "locus": ["QB1", "QB2"], "args": {}, "implementation": None},
        {"name": "barrier", "locus": ["QB1", "QB2"]},
        {"name": "delay", "locus": ["QB1"], "args": {"duration": 1e-6}},
        {"name": "measure", "locus": ["QB1", "QB2"], "args": {"key": "m"}},
        {"name": "reset", "locus": ["QB1"]},
        {"name": "measure", "locus": ["QB1"], "args": {"key": "again"}},
    ],
    "metadata": {"author": "ann"},
}
PROGRAM = NativeProgram(
    circuit=NativeCircuit(
        instructions=(
            Instruction("prx", ("QB1",), (1.5, 0.0)),
            Instruction("cz", ("QB1", "QB2")),
            Instruction("barrier", ("QB1", "QB2")),
            Instruction("delay", ("QB1",), (1e-6,)),
            Instruction("measure", ("QB1", "QB2"), (), (0, 1)),
            Instruction("reset", ("QB1",)),
            Instruction("measure", ("QB1",), (), (2,)),
        ),
        n_bits=3,
        bit_names=("m[0]", "m[1]", "again[0]"),
        name="bell",
    ),
    name="bell",
)


def test_a_text_holds_a_circuit_a_list_of_them_or_a_body() -> None:
    assert native_programs(json.dumps(BELL).encode(), "f") == [PROGRAM]
    assert native_programs(json.dumps([BELL, BELL]).encode(), "f") == [PROGRAM] * 2
    assert native_programs(json.dumps({"circuits": [BELL], "shots": 3}).encode(), "f") == [PROGRAM]


@pytest.mark.parametrize(
    ("one", "expected"),
    [
        ({"name": "h", "locus": ["QB1"]}, "there is no operation 'h': there are prx, cz, measure"),
        (
            {"name": "prx", "locus": ["QB1"], "args": {"angle_t": 0.25, "phase_t": 0.0}},
            "'prx' takes the arguments angle, phase, not angle_t, phase_t",
        ),
        ({"name": "cz", "locus": ["A", "B"], "args": {"x": 1}}, "takes the arguments none, not x"),
        (
            {"name": "prx", "locus": ["A"], "args": {"angle": "1", "phase": 0}},
            "angle is a number, not '1'",
        ),
        ({"name": "measure", "locus": ["A"], "args": {"key": 1}}, "key is a text, not 1.0"),
        ({"name": "measure", "locus": ["A"], "args": {"key": "m"}}, "the key 'm' is used twice"),
        (
            {"name": "cz", "locus": ["A", "B"], "implementation": "tgss"},
            "the implementation 'tgss' cannot be chosen here",
        ),
    ],
)
def test_an_instruction_that_is_wrong_is_named(one: dict[str, Any], expected: str) -> None:
    measured = {"name": "measure", "locus": ["QB1"], "args": {"key": "m"}}
    with pytest.raises(InvalidJob, match=r"c\.json, instructions\[1\]: ") as raised:
        native_programs(json.dumps({"instructions": [measured, one]}).encode(), "c.json")
    assert expected in str(raised.value)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (b"{", "c.json is not JSON"),
        (b"\xff", "c.json is not JSON"),
        (b"7", "c.json is not JSON with circuits: Expected `object | array`"),
        (b"{}", "missing required field `instructions`"),
        (b'[{"instructions": []}, {"instructions": [{"name": "cz"}]}]', "c.json, circuit 1 is not"),
        (b'{"instructions": [], "shots": 3}', "unknown field `shots`"),
    ],
)
def test_what_is_no_circuit_is_refused(text: bytes, expected: str) -> None:
    with pytest.raises(InvalidJob) as raised:
        native_programs(text, "c.json")
    assert expected in str(raised.value)


def test_a_circuit_may_be_given_as_values() -> None:
    assert native_program(BELL) == PROGRAM
