"""How an execution has come out."""

import pytest

from stationd.actors.execution.ends import End, error_of, outcome
from stationd.actors.ladder import CameToRest, ExecutionDone, ExecutionFailed, LeftQueue
from stationd.proto.error import ErrorCode, ErrorInfo
from stationd.proto.instruments_protocol import AtRest, Failed, Finished, Lost
from stationd.proto.job import JobId, Ticket

TICKET = Ticket(1, JobId("job"), 1)
FINISHED = Finished(TICKET, 0, 1.0)
AT_REST = AtRest(TICKET, 0, 1.0)
BROKEN = Failed(TICKET, 0, ErrorCode.DRIVER_FAILED, "no trigger came", 1.0)
WRONG = ErrorInfo(ErrorCode.DRIVER_FAILED, "no trigger came")


def test_an_error_names_its_controller_and_keeps_its_code() -> None:
    error = error_of("a", BROKEN, expected=False)
    assert error == ErrorInfo(ErrorCode.DRIVER_FAILED, "controller 'a': no trigger came")


@pytest.mark.parametrize("end", [Lost(TICKET, 3), AT_REST])
def test_an_end_that_nobody_asked_for_is_a_loss(end: End) -> None:
    error = error_of("a", end, expected=False)
    assert error is not None
    assert error.code is ErrorCode.INSTRUMENT_LOST
    assert "'a'" in error.detail


def test_what_was_to_come_to_rest_and_did_is_no_error() -> None:
    assert error_of("a", AT_REST, expected=True) is None
    assert error_of("a", FINISHED, expected=False) is None
    assert error_of("a", None, expected=False) is None


def test_the_first_error_counts_whatever_the_others_did() -> None:
    assert outcome([FINISHED, AT_REST, BROKEN], WRONG, began=True) == ExecutionFailed(WRONG)


def test_all_that_finished_is_done_though_a_cancel_came() -> None:
    assert outcome([FINISHED, FINISHED], None, began=True) == ExecutionDone()


def test_what_was_stopped_came_to_rest_or_never_began() -> None:
    assert outcome([FINISHED, AT_REST], None, began=True) == CameToRest()
    assert outcome([AT_REST, None], None, began=False) == LeftQueue()
