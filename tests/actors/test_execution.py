"""The daemon's side of a ticket, against the controllers' real machines."""

from collections.abc import Callable, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stationd.actors.execution import Execution
from stationd.actors.ladder import (
    CameToRest,
    CancelAccepted,
    DataKept,
    ExecutionBegan,
    ExecutionDone,
    ExecutionFailed,
    LeftQueue,
)
from stationd.actors.part import Output, Returned, Send, Standing, Tell
from stationd.proto import instruments_protocol as wire
from stationd.proto.error import ErrorCode
from stationd.proto.job import Fence
from stationd.proto.program import Work
from stationd.proto.status import JobExecutorStatus as S
from tests.actors.two_cores import (
    RANKS,
    TICKET,
    Act,
    Commander,
    Controller,
    Daemon,
    group,
    pair,
    settle,
    single,
)

AUTHORITY = Commander(Fence("lab", 1))
ENDS = (ExecutionDone, ExecutionFailed, CameToRest, LeftQueue)
SHAPES: dict[str, Callable[[], dict[str, Work]]] = {"single": single, "pair": pair, "group": group}


@pytest.fixture(params=SHAPES)
def works(request: pytest.FixtureRequest) -> dict[str, Work]:
    return SHAPES[request.param]()


def station(works: dict[str, Work], failing: str = "") -> tuple[Daemon, list[Act]]:
    acts: list[Act] = []
    controllers = {name: Controller(name, acts, fails=name == failing) for name in works}
    daemon = Daemon(controllers, works, acts)
    for name in works:
        daemon.hello(name)
    return daemon, acts


def exchange(daemon: Daemon, rounds: int = 1, *, work: bool = False) -> None:
    """Let every word arrive; the instruments stand still unless they are to work."""
    for _ in range(rounds):
        for controller in daemon.controllers.values():
            while controller.commands:
                controller.take_command()
            if work:
                controller.work()
        for name, controller in daemon.controllers.items():
            while controller.reports:
                daemon.take_report(name)


def check(daemon: Daemon, acts: list[Act]) -> None:
    """Compare what the job was told with what the instruments did."""
    starts = [name for name, what, _ in acts if what == "start"]
    assert len(starts) == len(set(starts)), "a ticket was executed twice"
    assert daemon.over, f"the job was never told the end: {daemon.told}"
    ends = [event for event in daemon.told if isinstance(event, ENDS)]
    assert len(ends) == 1, f"the job was told of the end more than once: {daemon.told}"
    assert daemon.told.count(ExecutionBegan()) <= 1
    end = ends[0]
    if isinstance(end, LeftQueue):
        assert not starts, "the job was called cancelled before execution, and it was executed"
    if daemon.job.status is S.EXECUTION_ENDED:
        assert sorted(starts) == sorted(daemon.works)
    if isinstance(end, ExecutionDone | CameToRest):
        parts = daemon.execution.parts.values()
        assert all(part.end is None or part.received >= part.end.blocks for part in parts)
    steps = [(spot, what) for _, what, spot in acts if what in {"set", "read"}]
    order = {"set": 0, "read": 1}
    assert steps == sorted(steps, key=lambda step: (step[0], order[step[1]]))


# --- one after the other ---------------------------------------------------------------------


def test_an_execution_runs_to_its_end(works: dict[str, Work]) -> None:
    daemon, acts = station(works)
    settle(daemon)
    check(daemon, acts)
    assert daemon.told == [ExecutionBegan(), ExecutionDone()]
    assert daemon.job.status is S.EXECUTION_ENDED


def test_groups_start_by_their_numbers_when_all_are_armed_and_the_trigger_master_last() -> None:
    daemon, acts = station(group())
    settle(daemon)
    starts = [name for name, what, _ in acts if what == "start"]
    assert sorted(starts[:2]) == ["meter", "source"]
    assert starts[2:] == ["stage", "trigger"]


def starting(outputs: Sequence[Output]) -> list[str]:
    """Return who is told to start."""
    return [
        output.controller
        for output in outputs
        if isinstance(output, Send) and isinstance(output.command, wire.Start)
    ]


def test_the_members_of_a_group_start_together_and_the_next_when_all_of_them_have() -> None:
    execution = Execution(TICKET, AUTHORITY, group(), RANKS)
    execution.arm()
    said = [starting(execution.report(name, wire.Armed(TICKET))) for name in group()]
    assert said == [[], [], [], ["source", "meter"]]
    started = wire.Started(TICKET, 1.0)
    assert starting(execution.report("meter", started)) == []
    assert starting(execution.report("source", started)) == ["stage"]
    assert starting(execution.report("stage", started)) == ["trigger"]


def test_a_group_without_an_order_starts_together() -> None:
    execution = Execution(TICKET, AUTHORITY, pair())
    execution.arm()
    assert starting(execution.report("master", wire.Armed(TICKET))) == []
    assert starting(execution.report("follower", wire.Armed(TICKET))) == ["follower", "master"]


def aborted(outputs: Sequence[Output]) -> list[str]:
    """Return who is told to come to rest."""
    return [
        output.controller
        for output in outputs
        if isinstance(output, Send) and isinstance(output.command, wire.Abort)
    ]


def at_work(works: dict[str, Work]) -> Execution:
    """Return an execution of which all controllers are at work."""
    execution = Execution(TICKET, AUTHORITY, works, RANKS)
    execution.arm()
    for report in (wire.Armed(TICKET), wire.Started(TICKET, 1.0)):
        for name in works:
            execution.report(name, report)
    return execution


def at_rest(execution: Execution, name: str) -> list[str]:
    """Let a controller come to rest, and return who is told to after it."""
    return aborted(execution.report(name, wire.AtRest(TICKET, 0, 2.0, began=True)))


def test_they_come_to_rest_the_other_way_round() -> None:
    execution = at_work(group())
    assert aborted(execution.abort()) == ["trigger"]
    assert at_rest(execution, "trigger") == ["stage"]
    assert at_rest(execution, "stage") == ["source", "meter"]
    assert at_rest(execution, "source") == []
    assert not execution.over
    assert at_rest(execution, "meter") == []
    assert execution.over


def test_when_one_fails_the_others_come_to_rest_in_their_order() -> None:
    execution = at_work(group())
    failed = wire.Failed(TICKET, 0, ErrorCode.DRIVER_FAILED, "broken", 2.0, began=True)
    assert aborted(execution.report("source", failed)) == ["trigger"]
    assert at_rest(execution, "trigger") == ["stage"]
    assert at_rest(execution, "stage") == ["meter"]


def test_one_that_is_at_rest_and_has_data_to_send_keeps_nobody_from_coming_to_rest() -> None:
    execution = at_work(group())
    execution.abort()
    ended = execution.report("trigger", wire.AtRest(TICKET, 3, 2.0, began=True))
    assert aborted(ended) == ["stage"]


def test_in_a_hurry_all_that_are_not_at_rest_are_brought_there_at_once() -> None:
    execution = at_work(group())
    execution.abort()
    assert aborted(execution.hurry()) == ["stage", "source", "meter"]
    assert aborted(execution.hurry()) == []


def test_there_is_no_hurry_before_anything_is_to_end() -> None:
    assert at_work(group()).hurry() == []


def test_one_that_comes_back_is_told_again_when_its_turn_has_come() -> None:
    execution = at_work(pair())
    execution.abort()
    running = wire.HeldTicket(TICKET, "running")
    assert aborted(execution.reconnected("follower", running, same_ledger=True)) == []
    assert aborted(execution.reconnected("master", running, same_ledger=True)) == ["master"]
    assert at_rest(execution, "master") == ["follower"]


def test_one_that_has_come_to_its_end_already_keeps_the_next_group_from_nothing() -> None:
    execution = Execution(TICKET, AUTHORITY, pair(), RANKS)
    execution.arm()
    execution.report("master", wire.Armed(TICKET))
    execution.report("follower", wire.Armed(TICKET))
    assert starting(execution.report("follower", wire.Finished(TICKET, 0, 2.0))) == ["master"]


def test_nobody_of_a_group_starts_before_all_are_armed() -> None:
    works = pair()
    execution = Execution(TICKET, AUTHORITY, works, RANKS)
    assert execution.arm() == [
        Send(name, wire.Arm(AUTHORITY.fence, TICKET, work, start=False))
        for name, work in works.items()
    ]
    assert execution.report("follower", wire.Armed(TICKET)) == []
    started = execution.report("master", wire.Armed(TICKET))
    assert started == [Send("follower", wire.Start(AUTHORITY.fence, TICKET))]
    assert execution.report("follower", wire.Started(TICKET, 1.0)) == [
        Tell(ExecutionBegan()),
        Send("master", wire.Start(AUTHORITY.fence, TICKET)),
    ]


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


@pytest.mark.parametrize("cancelled", ["in line", "running"])
def test_a_cancel_of_a_ticket_that_is_over_at_its_controller_alone_ends(cancelled: str) -> None:
    began = cancelled == "running"
    execution = Execution(TICKET, AUTHORITY, single(), began=began)
    execution.recover({})
    _ = execution.abort() if began else execution.leave()
    execution.reconnected("null", None, same_ledger=True)
    execution.report("null", wire.Refused(TICKET, ErrorCode.CONFLICT, "it is over"))
    assert execution.over


# --- cancels ---------------------------------------------------------------------------------


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


# --- taking back -----------------------------------------------------------------------------


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


def test_a_revoked_from_before_the_ticket_was_armed_again_means_nothing() -> None:
    execution = Execution(TICKET, AUTHORITY, single())
    execution.arm()
    assert execution.report("null", wire.Revoked(TICKET)) == []
    assert execution.parts["null"].standing is Standing.SENT


# --- controllers that go away ----------------------------------------------------------------


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


def test_an_abort_that_crossed_an_arm_waits_for_the_controllers_word() -> None:
    works = single()
    (name,) = works
    execution = Execution(TICKET, AUTHORITY, works, began=False)
    execution.arm()
    execution.abort()
    crossed = execution.reconnected(name, None, same_ledger=True)
    assert crossed == [Send(name, wire.Abort(AUTHORITY.fence, TICKET))]
    assert execution.report(name, wire.AtRest(TICKET, 0, 1.0)) == [Tell(LeftQueue())]


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


def test_a_finished_ticket_is_told_to_have_begun_before_those_behind_it() -> None:
    execution = Execution(TICKET, AUTHORITY, single())
    execution.recover({})
    held = wire.HeldTicket(TICKET, "finished", 2)
    assert execution.reconnected("null", held, same_ledger=True) == [
        Tell(ExecutionBegan()),
        Send("null", wire.Collect(AUTHORITY.fence, TICKET, 0)),
    ]


# --- recovered executions --------------------------------------------------------------------

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


@pytest.mark.parametrize("began", [False, True])
def test_an_end_says_whether_the_instrument_had_begun(began: bool) -> None:  # noqa: FBT001
    execution = Execution(TICKET, AUTHORITY, single())
    execution.arm()
    failed = wire.Failed(TICKET, 0, ErrorCode.DRIVER_FAILED, "no", 2.0, began)
    told = [one.event for one in execution.report("null", failed) if isinstance(one, Tell)]
    assert (ExecutionBegan() in told) is began
    assert isinstance(told[-1], ExecutionFailed)


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


# --- any order of everything -----------------------------------------------------------------


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
