"""Values for a circuit's parameters fit, or the parameter is named."""

import json

from stationd.actors.stages.binding import binding_note, binding_problems
from stationd.proto.program import NullProgram, OpenQasm, Qpy


def said(binding: dict[str, float], *parameters: str) -> list[str]:
    program = OpenQasm(source="", binding=binding)
    return [str(problem) for problem in binding_problems(program, frozenset(parameters))]


def test_values_for_all_parameters_and_no_others_are_right() -> None:
    assert said({"theta": 0.0, "phi": 1.0}, "phi", "theta") == []
    assert said({}) == []


def test_what_has_no_value_is_named() -> None:
    assert said({"phi": 1.0}, "phi", "theta", "chi") == [
        (
            "bindings: the circuit has free parameters: chi, theta; give them values, as in"
            " bindings={'chi': [0.1, 0.2]}"
        )
    ]
    (many,) = said({}, *(f"p{number}" for number in range(20)))
    assert "p16, p17, ...; give" in many


def test_what_is_no_parameter_is_named_with_the_likely_one() -> None:
    assert said({"theta": 0.0, "thta": 1.0}, "theta") == [
        "bindings: the circuit has no parameter 'thta'; did you mean 'theta'?"
    ]
    assert said({"x": 0.0}) == ["bindings: the circuit has no parameter 'x'; it has none"]


def test_values_are_noted_with_the_result() -> None:
    assert binding_note(NullProgram()) == binding_note(OpenQasm(source="")) == {}
    note = binding_note(Qpy(data=b"", binding={"theta[0]": 0.5}))
    assert json.loads(note["binding"]) == {"theta[0]": 0.5}
