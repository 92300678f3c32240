"""The ticket's table is total, and no way leads from an execution to another one."""

import itertools

import pytest

from stationd.actors.line.ticket import (
    IGNORED,
    TRANSITIONS,
    Rule,
    TicketAction,
    TicketInput,
    TicketState,
    follow,
)
from stationd.proto.error import UnexpectedEvent

PAIRS = list(itertools.product(TicketState, TicketInput))

ARMS = {TicketInput.ARM, TicketInput.ARM_AND_START}
COMMANDS = ARMS | {
    TicketInput.START,
    TicketInput.REVOKE,
    TicketInput.ABORT,
    TicketInput.ADVANCE,
    TicketInput.COLLECT,
    TicketInput.ACKNOWLEDGE,
}
STARTABLE = {
    TicketState.UNKNOWN,
    TicketState.ARMED,
    TicketState.CLEARING,
    TicketState.CLEARED,
    TicketState.RELEASED,
}
EXECUTED = set(TicketState) - STARTABLE
ENDS = (TicketState.FINISHED, TicketState.FAILED, TicketState.AT_REST, TicketState.LOST)
REPORTS = {action for action in TicketAction if action.name.startswith(("REPORT", "REFUSE"))}


@pytest.mark.parametrize(("state", "happened"), PAIRS)
def test_every_pair_is_a_rule_or_ignored_or_a_bug(
    state: TicketState, happened: TicketInput
) -> None:
    if (state, happened) in TRANSITIONS:
        assert (state, happened) not in IGNORED
        assert follow(state, happened) is TRANSITIONS[state, happened]
    elif (state, happened) in IGNORED:
        assert IGNORED[state, happened]
        assert follow(state, happened) == Rule(state, ())
    else:
        with pytest.raises(UnexpectedEvent, match=state.value):
            follow(state, happened)


@pytest.mark.parametrize(
    ("state", "command"), list(itertools.product(TicketState, sorted(COMMANDS, key=str)))
)
def test_no_command_is_ever_a_bug(state: TicketState, command: TicketInput) -> None:
    follow(state, command)


@pytest.mark.parametrize(("pair", "rule"), list(TRANSITIONS.items()))
def test_what_may_have_been_executed_never_becomes_startable(
    pair: tuple[TicketState, TicketInput], rule: Rule
) -> None:
    state, _ = pair
    if state in EXECUTED:
        assert rule.to in EXECUTED


@pytest.mark.parametrize(("pair", "rule"), list(TRANSITIONS.items()))
def test_only_a_cleared_ticket_is_released(
    pair: tuple[TicketState, TicketInput], rule: Rule
) -> None:
    released = TicketAction.RELEASE in rule.actions
    assert released == (pair == (TicketState.CLEARED, TicketInput.TURN))
    assert released == (rule.to is TicketState.RELEASED and pair[0] is not TicketState.RELEASED)


@pytest.mark.parametrize(("pair", "rule"), list(TRANSITIONS.items()))
def test_every_end_is_recorded_and_reported(
    pair: tuple[TicketState, TicketInput], rule: Rule
) -> None:
    if rule.to in ENDS and pair[0] is not rule.to:
        assert rule.actions == (TicketAction.RECORD_END, TicketAction.REPORT_END)


@pytest.mark.parametrize(("pair", "rule"), list(TRANSITIONS.items()))
def test_every_change_that_a_restart_must_know_is_recorded(
    pair: tuple[TicketState, TicketInput], rule: Rule
) -> None:
    # The instrument's thread marks the start itself, and the rest is as good as in line.
    fleeting = {
        TicketState.CLEARED,
        TicketState.RELEASED,
        *(TicketState.RUNNING, TicketState.STOPPING),
    }
    if pair[0] is not rule.to and rule.to not in fleeting:
        assert any(action.name.startswith("RECORD") for action in rule.actions)


def test_every_state_is_reached() -> None:
    reached = {rule.to for (state, _), rule in TRANSITIONS.items() if rule.to is not state}
    # Lost is what a restart finds, see the line.
    assert reached == set(TicketState) - {TicketState.LOST}


def test_over_has_no_way_out() -> None:
    out = {rule.to for (state, _), rule in TRANSITIONS.items() if state is TicketState.OVER}
    assert out == {TicketState.OVER}


@pytest.mark.parametrize("state", ENDS)
def test_an_end_that_is_asked_for_again_is_told_again(state: TicketState) -> None:
    for happened in (*sorted(ARMS, key=str), TicketInput.START, TicketInput.ABORT):
        assert follow(state, happened) == Rule(state, (TicketAction.REPORT_END,))


@pytest.mark.parametrize("state", TicketState)
@pytest.mark.parametrize("arm", sorted(ARMS, key=str))
def test_every_arm_is_answered(state: TicketState, arm: TicketInput) -> None:
    assert REPORTS & set(follow(state, arm).actions)


def test_every_action_is_used() -> None:
    assert {action for rule in TRANSITIONS.values() for action in rule.actions} == set(TicketAction)
