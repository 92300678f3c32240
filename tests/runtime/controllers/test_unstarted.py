"""Who should begin and does not is found: the first in line, once all of its time is over."""

from types import SimpleNamespace
from typing import cast

import pytest

from stationd.actors.execution.execution import Execution
from stationd.actors.ladder import DeadlinePassed
from stationd.proto.error import ErrorCode
from stationd.proto.instruments_protocol import Armed, Finished, Started
from stationd.proto.job import Fence, Ticket
from stationd.proto.program import NullWork
from stationd.runtime.controllers.unstarted import Unstarted, first_due
from stationd.runtime.live import LiveJob
from tests.runtime.bench import job_id
from tests.runtime.held_timers import HeldTimers

KEY = ("unstarted", "a")


class Authority:
    """Somebody who commands."""

    fence = Fence("station", 1)


class Line:
    """The line of controller a."""

    def __init__(self) -> None:
        self.timers = HeldTimers()
        self.told: list[tuple[LiveJob, DeadlinePassed]] = []
        self.executions: list[tuple[LiveJob, Execution]] = []

    def add(self, number: int, *others: str) -> Execution:
        works = dict.fromkeys(("a", *others), NullWork())
        ranks = dict.fromkeys(others, (True, 0))
        execution = Execution(Ticket(number, job_id(number), 1), Authority(), works, ranks)
        live = cast("LiveJob", SimpleNamespace(job=SimpleNamespace(id=job_id(number))))
        self.executions.append((live, execution))
        execution.arm()
        for name in works:
            execution.report(name, Armed(execution.ticket))
        return execution

    def watched(self, seconds: float = 4.0) -> None:
        Unstarted(
            self.timers,
            {"a": seconds, "b": 0.0},
            at=lambda _: self.executions,
            tell=lambda live, event: self.told.append((live, event)),
        ).watch()

    def look(self, times: int) -> None:
        for _ in range(times):
            self.timers.come(KEY)


@pytest.fixture
def line() -> Line:
    return Line()


def test_the_first_in_line_is_told_after_all_of_its_time_and_once(line: Line) -> None:
    line.add(1)
    line.add(2)
    line.watched()
    assert line.timers.held[KEY][0] == 1.0
    line.look(4)
    assert not line.told
    line.look(5)
    ((live, event),) = line.told
    assert live.job.id == job_id(1)
    assert event.error.code is ErrorCode.CONTROLLER_SILENT
    assert "did not begin with the job for 4 s" in event.error.detail


def test_whoever_comes_to_the_front_has_all_of_its_time(line: Line) -> None:
    first = line.add(1)
    line.add(2)
    line.watched()
    line.look(4)
    first.report("a", Started(first.ticket, 0.0))
    line.look(10)
    first.report("a", Finished(first.ticket, 0, 0.0))
    line.look(4)
    assert not line.told
    line.look(1)
    assert [live.job.id for live, _ in line.told] == [job_id(2)]


def test_a_group_waits_for_its_members_and_then_has_its_time(line: Line) -> None:
    group = line.add(1, "b")
    live, _ = line.executions[0]
    # The follower was told to start, the trigger master was not.
    assert first_due("a", line.executions) is live
    assert first_due("b", line.executions) is None
    group.report("a", Started(group.ticket, 0.0))
    assert first_due("a", line.executions) is None
    assert first_due("b", line.executions) is live


def test_controllers_without_a_bound_are_not_looked_at(line: Line) -> None:
    line.watched(0.0)
    assert not line.timers.held


def test_an_empty_line_and_one_that_is_being_taken_back_wait_for_nobody(line: Line) -> None:
    assert first_due("a", line.executions) is None
    line.add(1).leave()
    assert first_due("a", line.executions) is None
