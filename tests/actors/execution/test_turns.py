"""Controllers start in their order, and come to rest the other way round."""

from stationd.actors.execution.execution import Execution
from stationd.actors.execution.part import Send, Tell
from stationd.actors.ladder import ExecutionBegan
from stationd.proto import instruments_protocol as wire
from stationd.proto.error import ErrorCode
from tests.actors.one_ticket import AUTHORITY, aborted, at_rest, at_work, starting, station
from tests.actors.two_cores import RANKS, TICKET, group, pair, settle


def test_groups_start_by_their_numbers_when_all_are_armed_and_the_trigger_master_last() -> None:
    daemon, acts = station(group())
    settle(daemon)
    starts = [name for name, what, _ in acts if what == "start"]
    assert sorted(starts[:2]) == ["meter", "source"]
    assert starts[2:] == ["stage", "trigger"]


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


def test_one_that_has_come_to_its_end_already_keeps_the_next_group_from_nothing() -> None:
    execution = Execution(TICKET, AUTHORITY, pair(), RANKS)
    execution.arm()
    execution.report("master", wire.Armed(TICKET))
    execution.report("follower", wire.Armed(TICKET))
    assert starting(execution.report("follower", wire.Finished(TICKET, 0, 2.0))) == ["master"]


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
