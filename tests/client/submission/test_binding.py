"""A circuit and a table of values are one program for each row."""

import math
from typing import Any

import numpy as np
import pytest

from stationd.client.submission.binding import bound_programs
from stationd.proto.error import InvalidJob
from stationd.proto.program import MOST_ITEMS, NullProgram, OpenQasm, Program, Qpy

RAMSEY = OpenQasm(source="...", name="ramsey")


def test_columns_go_together_and_single_values_hold_for_all() -> None:
    made = bound_programs([RAMSEY], {"theta": [0.0, 0.5], "phi": (1, 2), "g": 3})
    assert [one.binding for one in made if isinstance(one, OpenQasm)] == [
        {"theta": 0.0, "phi": 1.0, "g": 3.0},
        {"theta": 0.5, "phi": 2.0, "g": 3.0},
    ]
    assert [one.name for one in made] == ["ramsey theta=0 phi=1 g=3", "ramsey theta=0.5 phi=2 g=3"]


def test_every_program_is_there_for_every_row() -> None:
    other = Qpy(data=b"")
    made = bound_programs([RAMSEY, other], {"theta": np.array([0.25, 0.5]), "x": np.float64(1)})
    assert [type(one) for one in made] == [OpenQasm, OpenQasm, Qpy, Qpy]
    assert [one.name for one in made[2:]] == ["theta=0.25 x=1", "theta=0.5 x=1"]
    assert bound_programs([RAMSEY], {"theta": 2.0})[0].name == "ramsey theta=2"
    assert len(bound_programs([RAMSEY], {"theta": range(MOST_ITEMS)})) == MOST_ITEMS


@pytest.mark.parametrize(
    ("programs", "bindings", "expected"),
    [
        ([RAMSEY], {"a": [1, 2], "b": [1]}, r"differ in length \(a 2, b 1\)"),
        ([RAMSEY], {"a": []}, "there are no values"),
        ([RAMSEY], {"a": ["x"]}, "a: 'x' is not a number"),
        ([RAMSEY], {"a": [1, math.nan]}, "a: nan is not a finite number"),
        ([RAMSEY], {"a": -math.inf}, "a: -inf is not a finite number"),
        ([RAMSEY], {"a": "0.5"}, "a: '0.5' is neither a number nor a list"),
        ([RAMSEY], {"a": None}, "a: None is neither a number nor a list"),
        ([RAMSEY], {3: [1]}, "3 is not a parameter's name"),
        ([NullProgram()], {"a": [1]}, "a NullProgram has no parameters"),
    ],
)
def test_what_is_no_table_is_refused(programs: list[Program], bindings: Any, expected: str) -> None:  # noqa: ANN401 - what is wrong has any type
    with pytest.raises(InvalidJob, match=expected):
        bound_programs(programs, bindings)
