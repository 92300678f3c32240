"""How a ticket goes on with a controller that connected again, by what it holds of it."""

import pytest

from stationd.actors.execution.execution import Execution
from stationd.actors.execution.part import Returned, Send, Tell
from stationd.actors.ladder import ExecutionBegan, ExecutionFailed, LeftQueue
from stationd.proto import instruments_protocol as wire
from stationd.proto.error import ErrorCode
from tests.actors.one_ticket import AUTHORITY, aborted, at_rest, at_work
from tests.actors.two_cores import TICKET, pair, single


def test_one_that_comes_back_is_told_again_when_its_turn_has_come() -> None:
    execution = at_work(pair())
    execution.abort()
    running = wire.HeldTicket(TICKET, "running")
    assert aborted(execution.reconnected("follower", running, same_ledger=True)) == []
    assert aborted(execution.reconnected("master", running, same_ledger=True)) == ["master"]
    assert at_rest(execution, "master") == ["follower"]


def test_a_hello_that_crossed_an_arm_does_not_say_that_the_ticket_never_came() -> None:
    works = single()
    (name,) = works
    execution = Execution(TICKET, AUTHORITY, works)
    execution.arm()
    execution.leave()
    # Said before the Arm arrived; the answer to a Revoke behind the Arm is what counts.
    crossed = execution.reconnected(name, None, same_ledger=True)
    assert crossed == [Send(name, wire.Revoke(AUTHORITY.fence, TICKET))]
    assert execution.report(name, wire.Armed(TICKET)) == []
    told = execution.report(name, wire.Started(TICKET, 1.0))
    assert told == [Tell(ExecutionBegan())]
    assert execution.report(name, wire.TooLate(TICKET)) == []


def test_an_abort_that_crossed_an_arm_waits_for_the_controllers_word() -> None:
    works = single()
    (name,) = works
    execution = Execution(TICKET, AUTHORITY, works, began=False)
    execution.arm()
    execution.abort()
    crossed = execution.reconnected(name, None, same_ledger=True)
    assert crossed == [Send(name, wire.Abort(AUTHORITY.fence, TICKET))]
    assert execution.report(name, wire.AtRest(TICKET, 0, 1.0)) == [Tell(LeftQueue())]


def test_a_finished_ticket_is_told_to_have_begun_before_those_behind_it() -> None:
    execution = Execution(TICKET, AUTHORITY, single())
    execution.recover({})
    held = wire.HeldTicket(TICKET, "finished", 2)
    assert execution.reconnected("null", held, same_ledger=True) == [
        Tell(ExecutionBegan()),
        Send("null", wire.Collect(AUTHORITY.fence, TICKET, 0)),
    ]


@pytest.mark.parametrize("cancelled", ["in line", "running"])
def test_a_cancel_of_a_ticket_that_is_over_at_its_controller_alone_ends(cancelled: str) -> None:
    began = cancelled == "running"
    execution = Execution(TICKET, AUTHORITY, single(), began=began)
    execution.recover({})
    _ = execution.abort() if began else execution.leave()
    execution.reconnected("null", None, same_ledger=True)
    execution.report("null", wire.Refused(TICKET, ErrorCode.CONFLICT, "it is over"))
    assert execution.over


HELD: dict[str, tuple[wire.HeldTicket | None, bool, type[object]]] = {
    "in line": (wire.HeldTicket(TICKET, "armed"), True, wire.Arm),
    "running": (wire.HeldTicket(TICKET, "running"), True, type(None)),
    "being stopped": (wire.HeldTicket(TICKET, "running", stopping=True), True, wire.Abort),
    "finished": (wire.HeldTicket(TICKET, "finished", 2), True, wire.Collect),
    "failed": (wire.HeldTicket(TICKET, "failed", 2), True, wire.Collect),
    "at rest": (wire.HeldTicket(TICKET, "at_rest", 2), True, wire.Collect),
    "lost": (wire.HeldTicket(TICKET, "lost"), True, ExecutionFailed),
    "nothing": (None, True, ExecutionFailed),
    "another ledger": (None, False, ExecutionFailed),
}


@pytest.mark.parametrize("found", HELD)
def test_a_recovered_execution_goes_on_from_what_its_controller_holds(found: str) -> None:
    held, same_ledger, expected = HELD[found]
    execution = Execution(TICKET, AUTHORITY, single(), began=True)
    execution.recover({"null": 1})
    outputs = execution.reconnected("null", held, same_ledger=same_ledger)
    said = [
        o.command if isinstance(o, Send) else o.event
        for o in outputs
        if not isinstance(o, Returned)
    ]
    assert [type(word) for word in said] == ([] if expected is type(None) else [expected])
    if expected is wire.Collect:
        assert said == [wire.Collect(AUTHORITY.fence, TICKET, 1)]


def test_an_abort_whose_reason_is_forgotten_ends_the_ticket_at_all_its_controllers() -> None:
    # The daemon gave up a controller, aborted the others and died before that was on disk.
    works = pair()
    first, *others = works
    execution = Execution(TICKET, AUTHORITY, works, began=True)
    execution.recover({})
    for name in others:
        execution.reconnected(name, wire.HeldTicket(TICKET, "running"), same_ledger=True)
    held = wire.HeldTicket(TICKET, "running", 1, stopping=True)
    abort = wire.Abort(AUTHORITY.fence, TICKET)
    assert execution.reconnected(first, held, same_ledger=True) == [
        Send(name, abort) for name in works
    ]
    stubborn, outputs = execution.give_up(10.0)
    assert stubborn == list(works)
    (told,) = outputs
    assert isinstance(told, Tell)
    assert isinstance(told.event, ExecutionFailed)
    assert told.event.error.code is ErrorCode.INSTRUMENT_LOST


def test_a_part_that_is_not_held_once_another_has_begun_is_not_sent_again_after_a_restart() -> None:
    # It may have been given back. Or an earlier daemon has met it with a new ledger, and given the
    # ticket up, which may have been executed.
    works = pair()
    first, second = works
    execution = Execution(TICKET, AUTHORITY, works, began=True)
    execution.recover({})
    execution.reconnected(first, wire.HeldTicket(TICKET, "running"), same_ledger=True)
    outputs = execution.reconnected(second, None, same_ledger=True)
    assert outputs == [Send(first, wire.Abort(AUTHORITY.fence, TICKET))]


def test_a_ticket_that_waited_and_never_came_is_sent_again_to_the_same_ledger() -> None:
    execution = Execution(TICKET, AUTHORITY, single())
    execution.recover({})
    outputs = execution.reconnected("null", None, same_ledger=True)
    assert outputs == [
        Send("null", wire.Arm(AUTHORITY.fence, TICKET, single()["null"], start=True))
    ]


@pytest.mark.parametrize("known", ["sent", "recovered"])
def test_a_ticket_whose_ledger_was_lost_is_not_sent_again(known: str) -> None:
    execution = Execution(TICKET, AUTHORITY, single())
    if known == "sent":
        execution.arm()
    else:
        execution.recover({})
    outputs = execution.reconnected("null", None, same_ledger=False)
    assert not any(isinstance(output, Send) for output in outputs)
    assert execution.over
