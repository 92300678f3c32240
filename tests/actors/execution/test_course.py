"""What follows on a controller's word about a ticket."""

import pytest

from stationd.actors.execution.execution import Execution
from stationd.actors.execution.part import Send, Standing, Tell
from stationd.actors.ladder import ExecutionBegan, ExecutionFailed, LeftQueue
from stationd.proto import instruments_protocol as wire
from stationd.proto.error import ErrorCode
from tests.actors.one_ticket import AUTHORITY
from tests.actors.two_cores import TICKET, pair, single


def test_a_refused_ticket_fails_its_job_and_names_the_controller() -> None:
    execution = Execution(TICKET, AUTHORITY, single())
    execution.arm()
    told = execution.report("null", wire.Refused(TICKET, ErrorCode.STALE_FENCE, "superseded"))
    assert len(told) == 1
    assert isinstance(told[0], Tell)
    assert isinstance(told[0].event, ExecutionFailed)
    assert "null" in told[0].event.error.detail
    assert execution.over


def test_a_ticket_that_is_over_at_its_controller_alone_is_lost() -> None:
    execution = Execution(TICKET, AUTHORITY, single())
    execution.arm()
    began, failed = execution.report("null", wire.Refused(TICKET, ErrorCode.CONFLICT, "over"))
    assert began == Tell(ExecutionBegan())
    assert isinstance(failed, Tell)
    assert isinstance(failed.event, ExecutionFailed)
    assert failed.event.error.code is ErrorCode.INSTRUMENT_LOST
    assert "over" in failed.event.error.detail


def test_a_revoked_from_before_the_ticket_was_armed_again_means_nothing() -> None:
    execution = Execution(TICKET, AUTHORITY, single())
    execution.arm()
    assert execution.report("null", wire.Revoked(TICKET)) == []
    assert execution.parts["null"].standing is Standing.SENT


def test_what_cannot_be_taken_back_for_good_is_aborted_for_it_may_hang_in_preparing() -> None:
    works = single()
    (name,) = works
    execution = Execution(TICKET, AUTHORITY, works)
    execution.arm()
    execution.report(name, wire.Armed(TICKET))
    execution.leave()
    abort = Send(name, wire.Abort(AUTHORITY.fence, TICKET))
    assert execution.report(name, wire.TooLate(TICKET)) == [abort]
    assert execution.report(name, wire.TooLate(TICKET)) == []
    assert execution.report(name, wire.AtRest(TICKET, 0, 1.0)) == [Tell(LeftQueue())]


def test_what_cannot_be_taken_back_for_now_goes_on() -> None:
    works = single()
    (name,) = works
    execution = Execution(TICKET, AUTHORITY, works)
    execution.arm()
    execution.report(name, wire.Armed(TICKET))
    execution.revoke()
    assert execution.report(name, wire.TooLate(TICKET)) == []


def test_a_group_of_which_one_is_gone_and_another_has_started_fails() -> None:
    execution = Execution(TICKET, AUTHORITY, {**pair(), "third": single()["null"]})
    execution.arm()
    for name in execution.parts:
        execution.report(name, wire.Armed(TICKET))
    execution.parts["third"].standing = Standing.ARMED
    execution.absent("third")
    outputs = execution.report("follower", wire.Started(TICKET, 1.0))
    assert outputs[0] == Tell(ExecutionBegan())
    assert Send("follower", wire.Abort(AUTHORITY.fence, TICKET)) in outputs
    outputs = execution.report("follower", wire.AtRest(TICKET, 0, 2.0))
    outputs += execution.report("master", wire.AtRest(TICKET, 0, 2.0))
    told = [output.event for output in outputs if isinstance(output, Tell)]
    assert len(told) == 1
    assert isinstance(told[0], ExecutionFailed)
    assert told[0].error.code is ErrorCode.INSTRUMENT_LOST


@pytest.mark.parametrize("began", [False, True])
def test_an_end_says_whether_the_instrument_had_begun(began: bool) -> None:  # noqa: FBT001
    execution = Execution(TICKET, AUTHORITY, single())
    execution.arm()
    failed = wire.Failed(TICKET, 0, ErrorCode.DRIVER_FAILED, "no", 2.0, began)
    told = [one.event for one in execution.report("null", failed) if isinstance(one, Tell)]
    assert (ExecutionBegan() in told) is began
    assert isinstance(told[-1], ExecutionFailed)
