"""Where a controller that connected again stands, by what it holds of a ticket. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stationd.actors.execution.course import again, begin, part_over, started
from stationd.actors.execution.ends import brought_to_rest
from stationd.actors.execution.part import AT_REST, Output, Standing
from stationd.actors.execution.turns import abort_next
from stationd.proto.instruments_protocol import HeldTicket, Lost

if TYPE_CHECKING:
    from stationd.actors.execution.state import ExecutionState


def reconnected(
    state: ExecutionState, controller: str, held: HeldTicket | None, *, same_ledger: bool
) -> list[Output]:
    """Settle how things stand with a controller that has said Hello.

    Args:
        state: Of the ticket.
        controller: Its name.
        held: What it holds of the ticket; None if nothing.
        same_ledger: Whether it has the ledger that it had when the ticket was sent.
    """
    part = state.parts[controller]
    state.gone.discard(controller)
    state.revoking.discard(controller)
    state.aborted.discard(controller)
    if state.over or part.standing in AT_REST:
        return _left_behind(state, controller, held)
    if held is None:
        return _not_held(state, controller, same_ledger=same_ledger)
    match held.state:
        case "armed":
            return _held_in_line(state, controller)
        case "running":
            return _running(state, controller, stopping=held.stopping)
        case "lost":
            return part_over(state, controller, Lost(state.ticket, part.received))
        case "finished":
            # Told at once, so that it comes before what has begun after it.
            return [*begin(state), state.collect(controller)]
        case "failed" | "at_rest":
            # A driver may refuse a ticket, or end it before it begins.
            return [state.collect(controller)]


def _left_behind(state: ExecutionState, controller: str, held: HeldTicket | None) -> list[Output]:
    """Take away what a controller still holds of a ticket that it was given up for."""
    if held is not None and held.state == "armed":
        return [state.take_away(controller)]
    if held is not None and held.state == "running":
        return [state.abort(controller)]
    return []


def _held_in_line(state: ExecutionState, controller: str) -> list[Output]:
    state.parts[controller].standing = Standing.ARMED
    if state.ending:
        return abort_next(state)
    if state.taken_back:
        return [state.revoke(controller)]
    return [state.arm(controller)]


def _running(state: ExecutionState, controller: str, *, stopping: bool) -> list[Output]:
    if state.ending or not stopping:
        return [*started(state, controller), *again(state, controller)]
    # An earlier daemon took the reason with it.
    state.error = brought_to_rest(controller)
    state.parts[controller].standing = Standing.RUNNING
    return [*begin(state), *abort_next(state)]


def _not_held(state: ExecutionState, controller: str, *, same_ledger: bool) -> list[Output]:
    part = state.parts[controller]
    unknown = part.standing is Standing.UNKNOWN
    # Of a group another one may have begun, and this one have given the ticket back. But it
    # may have lost its ledger as well, and an earlier daemon have known: it is not sent again.
    began = part.standing is Standing.RUNNING or (unknown and state.began)
    if began or not same_ledger:
        # Of what was sent to another ledger nobody knows what became of it.
        return part_over(state, controller, Lost(state.ticket, part.received))
    # An Arm may have crossed this Hello, so what ends the ticket is the answer to a command
    # that stands behind the Arm in line.
    if state.ending:
        return abort_next(state)
    if state.taken_back:
        part.standing = Standing.ARMED
        return [state.revoke(controller)]
    return [state.arm(controller)]
