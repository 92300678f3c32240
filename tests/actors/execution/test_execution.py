"""The daemon's side of a ticket, against the controllers' real machines."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stationd.actors.execution.execution import Execution
from stationd.actors.execution.part import Returned, Send, Standing, Tell
from stationd.actors.ladder import (
    CancelAccepted,
    DataKept,
    ExecutionBegan,
    ExecutionDone,
    LeftQueue,
)
from stationd.proto import instruments_protocol as wire
from stationd.proto.error import ErrorCode
from stationd.proto.program import Work
from stationd.proto.status import JobExecutorStatus as S
from tests.actors.one_ticket import AUTHORITY, SHAPES, check, exchange, station
from tests.actors.two_cores import TICKET, Daemon, group, pair, settle, single


@pytest.fixture(params=SHAPES)
def works(request: pytest.FixtureRequest) -> dict[str, Work]:
    return SHAPES[request.param]()


# --- one after the other ----------------------------------------------------------------------


def test_an_execution_runs_to_its_end(works: dict[str, Work]) -> None:
    daemon, acts = station(works)
    settle(daemon)
    check(daemon, acts)
    assert daemon.told == [ExecutionBegan(), ExecutionDone()]
    assert daemon.job.status is S.EXECUTION_ENDED


def test_a_ticket_for_one_controller_is_armed_with_its_start() -> None:
    execution = Execution(TICKET, AUTHORITY, single())
    assert execution.arm() == [
        Send("null", wire.Arm(AUTHORITY.fence, TICKET, single()["null"], start=True))
    ]


def test_a_paced_sweep_visits_every_spot_in_order_and_sets_before_it_reads() -> None:
    daemon, acts = station(group())
    settle(daemon)
    steps = [(name, what, spot) for name, what, spot in acts if what in {"set", "read"}]
    assert sorted(steps, key=lambda s: (s[2], s[1] != "set")) == steps
    for spot in range(3):
        assert {s for s in steps if s[2] == spot} == {
            ("stage", "set", spot),
            ("trigger", "set", spot),
            ("meter", "read", spot),
            ("trigger", "read", spot),
        }


def test_a_word_for_a_step_that_is_done_is_answered_again_and_not_acted_on() -> None:
    daemon, acts = station(group())
    daemon.arm()
    while ("stage", "set", 0) not in acts:
        exchange(daemon, work=True)
    # The answer is lost with the connection; after it the same word is sent again.
    daemon.hello("stage")
    settle(daemon)
    check(daemon, acts)
    assert acts.count(("stage", "set", 0)) == 1
    assert daemon.job.status is S.EXECUTION_ENDED


@pytest.mark.parametrize("failing", list(group()))
def test_one_that_fails_brings_the_others_to_rest(failing: str) -> None:
    daemon, acts = station(group(), failing)
    settle(daemon)
    check(daemon, acts)
    assert isinstance(daemon.told[-1], DataKept)
    assert daemon.job.status is S.FAILED
    assert daemon.job.error is not None
    assert failing in daemon.job.error.detail
    assert [what for _, what, _ in acts].count("start") == [what for _, what, _ in acts].count(
        "end"
    )


# --- cancels ----------------------------------------------------------------------------------


def test_a_cancel_in_line_takes_the_ticket_back(works: dict[str, Work]) -> None:
    daemon, acts = station(works)
    daemon.arm()
    daemon.cancel()
    settle(daemon)
    check(daemon, acts)
    assert acts == []
    assert daemon.told == [CancelAccepted(), LeftQueue()]


def test_a_cancel_that_is_too_late_for_the_line_aborts(works: dict[str, Work]) -> None:
    daemon, acts = station(works)
    daemon.arm()
    # All commands arrive and the first instrument begins, and nobody has heard of it.
    while not acts:
        for controller in daemon.controllers.values():
            while controller.commands:
                controller.take_command()
            controller.work()
        if not acts:
            exchange(daemon)
    daemon.cancel()
    settle(daemon)
    check(daemon, acts)
    assert daemon.told[1] == ExecutionBegan()
    assert daemon.job.status is S.ABORTED


def test_a_cancel_of_a_running_job_waits_until_all_are_at_rest(works: dict[str, Work]) -> None:
    daemon, acts = station(works)
    daemon.arm()
    while ExecutionBegan() not in daemon.told:
        exchange(daemon, work=True)
    daemon.cancel()
    assert not daemon.over
    settle(daemon)
    check(daemon, acts)
    assert daemon.job.status is S.ABORTED
    assert [what for _, what, _ in acts].count("start") == [what for _, what, _ in acts].count(
        "end"
    )


def test_a_cancel_goes_on_after_a_restart(works: dict[str, Work]) -> None:
    daemon, acts = station(works)
    daemon.arm()
    while ExecutionBegan() not in daemon.told:
        exchange(daemon, work=True)
    daemon.cancel()
    daemon.die()
    settle(daemon)
    check(daemon, acts)
    assert daemon.job.status is S.ABORTED


def test_a_cancel_in_the_queue_is_not_called_done_before_the_controllers_have_said() -> None:
    daemon, acts = station(single())
    daemon.arm()
    null = daemon.controllers["null"]
    null.take_command()
    null.work()
    daemon.die()
    daemon.cancel()
    assert daemon.told == [CancelAccepted()]
    settle(daemon)
    check(daemon, acts)
    assert daemon.told[1] == ExecutionBegan()
    assert daemon.job.status is S.ABORTED


# --- taking back ------------------------------------------------------------------------------


def test_a_ticket_that_was_taken_back_can_be_armed_again(works: dict[str, Work]) -> None:
    daemon, acts = station(works)
    daemon.arm()
    daemon.revoke()
    exchange(daemon, 2)
    assert daemon.waiting
    settle(daemon)
    check(daemon, acts)
    assert daemon.job.status is S.EXECUTION_ENDED


def test_a_group_that_began_while_it_was_taken_back_is_armed_again_where_it_was_not() -> None:
    daemon, acts = station(pair())
    daemon.arm()
    exchange(daemon)
    follower = daemon.controllers["follower"]
    follower.take_command()
    follower.work()  # it has started, and nobody has heard of it
    daemon.revoke()
    settle(daemon)
    check(daemon, acts)
    assert daemon.job.status is S.EXECUTION_ENDED


# --- controllers that go away -----------------------------------------------------------------


def test_a_controller_lost_before_the_start_leaves_the_group_in_the_queue() -> None:
    daemon, acts = station(pair())
    daemon.arm()
    exchange(daemon)
    daemon.controllers["master"].disconnect()
    daemon.execution.parts["follower"].standing = Standing.ARMED
    daemon.absent("master")
    assert not daemon.execution.began
    exchange(daemon, 2)
    assert daemon.told == [] or daemon.told == [ExecutionBegan()]
    settle(daemon)
    check(daemon, acts)


def test_a_follower_that_never_came_back_leaves_the_others_revoked() -> None:
    works = pair()
    execution = Execution(TICKET, AUTHORITY, works)
    execution.arm()
    execution.report("follower", wire.Armed(TICKET))
    assert execution.absent("master") == [Send("follower", wire.Revoke(AUTHORITY.fence, TICKET))]
    assert execution.report("follower", wire.Revoked(TICKET)) == [Returned()]
    assert execution.over


def test_a_lost_controller_fails_the_job_after_the_start(works: dict[str, Work]) -> None:
    daemon, acts = station(works)
    daemon.arm()
    while ExecutionBegan() not in daemon.told:
        exchange(daemon, work=True)
    started = next(name for name, what, _ in acts if what == "start")
    daemon.controllers[started].disconnect()
    daemon.absent(started)
    settle(daemon)
    check(daemon, acts)
    assert daemon.job.status is S.FAILED
    assert daemon.job.error is not None
    assert daemon.job.error.code is ErrorCode.INSTRUMENT_LOST


def test_an_end_that_arrives_before_the_start_was_heard_of_is_told_in_order() -> None:
    daemon, acts = station(single())
    daemon.arm()
    null = daemon.controllers["null"]
    null.take_command()
    null.disconnect()
    while ("null", "end", 0) not in acts:
        null.work()
    daemon.hello("null")
    settle(daemon)
    assert daemon.told == [ExecutionBegan(), ExecutionDone()]


def test_data_of_an_instrument_at_rest_is_not_waited_for_beyond_the_bound() -> None:
    execution = Execution(TICKET, AUTHORITY, pair(), began=True)
    execution.recover({})
    first, second = execution.parts
    for name in execution.parts:
        execution.reconnected(name, wire.HeldTicket(TICKET, "running"), same_ledger=True)
    execution.abort()
    execution.report(first, wire.AtRest(TICKET, 0, 1.0, began=True))
    collect = execution.report(second, wire.AtRest(TICKET, 2, 1.0, began=True))
    assert collect == [Send(second, wire.Collect(AUTHORITY.fence, TICKET, 0))]
    stubborn, outputs = execution.give_up(10.0)
    assert stubborn == []  # it came to rest, whatever became of its data
    assert [isinstance(output, Tell) for output in outputs] == [True]
    assert execution.over
    assert execution.give_up(10.0) == ([], [])


# --- any order of everything ------------------------------------------------------------------


def take_command(daemon: Daemon, name: str) -> None:
    if daemon.controllers[name].commands:
        daemon.controllers[name].take_command()


def take_report(daemon: Daemon, name: str) -> None:
    if daemon.controllers[name].reports:
        daemon.take_report(name)


def give_up(daemon: Daemon, name: str) -> None:
    if not daemon.controllers[name].connected:
        daemon.absent(name)


def forget(daemon: Daemon, name: str) -> None:
    # Whoever loses his memory after he has executed something may be asked to do it again.
    if not daemon.executed:
        daemon.controllers[name].die(forget=True)


def cancel(daemon: Daemon, _name: str) -> None:
    if not daemon.over:
        daemon.cancel()


HAPPENINGS: dict[str, Callable[[Daemon, str], None]] = {
    "a command arrives": take_command,
    "a report arrives": take_report,
    "the instrument works": lambda daemon, name: daemon.controllers[name].work(),
    "the queue grants": lambda daemon, _: daemon.arm(),
    "a connection breaks": lambda daemon, name: daemon.controllers[name].disconnect(),
    "a controller says hello": lambda daemon, name: daemon.hello(name),
    "a controller is given up": give_up,
    "a controller dies": lambda daemon, name: daemon.controllers[name].die(),
    "a controller loses its memory": forget,
    "the daemon dies": lambda daemon, _: daemon.die(),
    "a client cancels": cancel,
    "the daemon takes the ticket back": lambda daemon, _: daemon.revoke(),
}


OFTEN = [*HAPPENINGS, *list(HAPPENINGS)[:3] * 5, "the queue grants", "the queue grants"]


@given(st.sampled_from(sorted(SHAPES)), st.data())
def test_whatever_happens_the_job_is_told_the_truth_once(shape: str, data: st.DataObject) -> None:
    works = SHAPES[shape]()
    failing = data.draw(st.sampled_from(["", "", "", *works]), "failing")
    daemon, acts = station(works, failing)
    names = st.sampled_from(sorted(works))
    for _ in range(data.draw(st.integers(0, 60), "steps")):
        HAPPENINGS[data.draw(st.sampled_from(OFTEN))](daemon, data.draw(names))
    settle(daemon)
    check(daemon, acts)
