"""Controllers that did not come to rest: bounded, kept from work, and trusted again."""

import pytest

from stationd.proto.job import Ticket
from stationd.runtime.controllers.quarantine import Quarantine
from tests.runtime.bench import job_id
from tests.runtime.held_timers import HeldTimers

TICKET = Ticket(7, job_id(1), 1)


@pytest.fixture
def timers() -> HeldTimers:
    return HeldTimers()


@pytest.fixture
def escalated() -> list[str]:
    return []


@pytest.fixture
def quarantine(timers: HeldTimers, escalated: list[str]) -> Quarantine:
    return Quarantine(timers, 5.0, escalated.append)


def test_an_abort_is_bounded_by_its_first_word(quarantine: Quarantine, timers: HeldTimers) -> None:
    overdue: list[int] = []
    quarantine.bound(TICKET.job, lambda: overdue.append(1))
    quarantine.bound(TICKET.job, lambda: overdue.append(2))
    assert [seconds for seconds, _ in timers.held.values()] == [5.0]
    timers.come(("abort", TICKET.job))
    assert overdue == [1]


def test_halfway_there_others_are_kept_waiting_no_more(
    quarantine: Quarantine, timers: HeldTimers
) -> None:
    said: list[str] = []
    quarantine.bound(TICKET.job, lambda: said.append("over"), lambda: said.append("hurry"))
    assert [seconds for seconds, _ in timers.held.values()] == [5.0, 2.5]
    timers.come(("halfway", TICKET.job))
    assert said == ["hurry"]
    quarantine.settled(TICKET.job)
    assert not timers.held


def test_what_came_to_rest_in_time_is_bounded_no_more(
    quarantine: Quarantine, timers: HeldTimers
) -> None:
    quarantine.bound(TICKET.job, lambda: None)
    quarantine.settled(TICKET.job)
    assert not timers.held
    # Its next attempt has a bound of its own.
    quarantine.bound(TICKET.job, lambda: None)
    assert len(timers) == 1


def test_a_controller_that_did_not_come_to_rest_is_escalated_and_named(
    quarantine: Quarantine, escalated: list[str]
) -> None:
    quarantine.put("a", TICKET)
    assert "a" in quarantine
    assert "b" not in quarantine
    assert quarantine.job("a") == TICKET.job
    assert escalated == ["a"]


def test_only_the_end_of_that_ticket_or_a_reset_lifts_a_quarantine(quarantine: Quarantine) -> None:
    quarantine.put("a", TICKET)
    quarantine.lift("a", TICKET.number + 1)
    assert "a" in quarantine
    quarantine.lift("a", TICKET.number)
    assert "a" not in quarantine
    assert quarantine.job("a") is None
    quarantine.put("a", TICKET)
    quarantine.reset("a")
    assert "a" not in quarantine
