"""An error as a value: what it says, and that newer ones are understood."""

import msgspec
import pytest

from stationd.proto.error_info import ErrorCode, ErrorInfo, Problem


@pytest.mark.parametrize(
    ("problem", "text"),
    [
        (Problem("no qubits"), "no qubits"),
        (Problem("no such gate", 0), "item 0: no such gate"),
        (Problem("no such gate", 2, 7), "item 2, line 7: no such gate"),
        (Problem("at most 5", 0, None, "n_shots"), "item 0, n_shots: at most 5"),
        (Problem("is no setting", field="a.b"), "a.b: is no setting"),
    ],
)
def test_a_problem_says_where_it_is(problem: Problem, text: str) -> None:
    assert str(problem) == text


def test_codes_are_their_names_in_lower_case() -> None:
    for code in ErrorCode:
        assert code.value == code.name.lower()
        assert str(code) == code.value


def test_a_code_of_a_newer_version_reads_as_unknown_and_no_other_thing_does() -> None:
    assert ErrorCode("not_invented_yet") is ErrorCode.UNKNOWN
    data = msgspec.msgpack.encode({"code": "not_invented_yet", "detail": "wait for it"})
    info = msgspec.msgpack.decode(data, type=ErrorInfo)
    assert info == ErrorInfo(ErrorCode.UNKNOWN, "wait for it")
    with pytest.raises(ValueError, match="17 is not a valid ErrorCode"):
        ErrorCode(17)  # type: ignore[arg-type]
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"code": 17, "detail": ""}, ErrorInfo)
