"""Results of null programs are those that every other way leads to."""

import pytest

from stationd.actors.stages.null_results import null_outcomes
from stationd.actors.stages.post_process import post_process
from stationd.actors.stages.requests import PostProcessRequest
from stationd.proto.job import JobId
from stationd.proto.program import Circuits, NullProgram
from stationd.proto.result import NullResult, decode_result

JOB = JobId("00000000-0000-0000-0000-000000000001")
CIRCUITS = Circuits(
    programs=(NullProgram(), NullProgram(duration=0.25), NullProgram()), n_shots=(1, 1, 1)
)


@pytest.mark.parametrize("partial", [False, True])
@pytest.mark.parametrize("items", [(), (0,), (0, 1, 2), (2, 1)])
def test_null_programs_come_out_as_if_they_were_worked_up(
    items: tuple[int, ...], *, partial: bool
) -> None:
    request = PostProcessRequest(
        job=JOB, attempt=3, work=CIRCUITS, items=items, artifacts="/nowhere", partial=partial
    )
    assert null_outcomes(JOB, 3, CIRCUITS, items, partial=partial) == post_process(request)


def test_each_null_program_has_its_own_duration() -> None:
    outcomes = null_outcomes(JOB, 1, CIRCUITS, (0, 1), partial=False)
    results = [decode_result(outcome.data or b"") for outcome in outcomes]
    assert results == [NullResult(duration=0.0), NullResult(duration=0.25)]
