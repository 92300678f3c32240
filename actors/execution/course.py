"""The course of a ticket: what follows when one of its controllers has come further. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stationd.actors.execution.ends import error_of, outcome
from stationd.actors.execution.part import AT_REST, ENDED, UNHEARD, Output, Returned, Standing, Tell
from stationd.actors.execution.turns import abort_next, start_next
from stationd.actors.ladder import ExecutionBegan, LeftQueue
from stationd.proto.error import ErrorCode
from stationd.proto.instruments_protocol import (
    AtRest,
    Failed,
    Finished,
    Lost,
    Reached,
    Refused,
)

if TYPE_CHECKING:
    from stationd.actors.execution.state import ExecutionState


def armed(state: ExecutionState, controller: str) -> list[Output]:
    """It has the ticket."""
    part = state.parts[controller]
    if part.standing in UNHEARD:
        part.standing = Standing.ARMED
    return start_next(state)


def started(state: ExecutionState, controller: str) -> list[Output]:
    """It has begun."""
    part = state.parts[controller]
    if part.standing is Standing.ENDED:
        return []
    part.standing = Standing.RUNNING
    state.revoking.discard(controller)
    outputs = begin(state)
    if state.ending:
        # It may not have been at work when it was told to come to rest.
        state.aborted.discard(controller)
        return [*outputs, *abort_next(state)]
    return [*outputs, *start_next(state), *pace(state)]


def begin(state: ExecutionState) -> list[Output]:
    """Take note that something has begun, and tell the job if it is the first to hear of."""
    outputs: list[Output] = []
    if not state.began:
        state.began = True
        outputs.append(Tell(ExecutionBegan()))
    if state.returning and not state.leaving:
        # It was too late to take the ticket back, so the others must take part after all.
        state.returning = False
        for name, part in state.parts.items():
            if name in state.gone:
                outputs += part_over(state, name, Lost(state.ticket, part.received))
            elif part.standing is Standing.UNSENT and not state.ending:
                outputs.append(state.arm(name))
    return outputs


def abort(state: ExecutionState) -> list[Output]:
    """Bring all controllers to rest, in their order."""
    state.aborting = True
    return [*abort_next(state), *finish(state)]


def too_late(state: ExecutionState, controller: str) -> list[Output]:
    """It has begun, or is about to, and cannot give the ticket back."""
    state.revoking.discard(controller)
    unsaid = state.parts[controller].standing in {Standing.ARMED, Standing.STARTING}
    if not state.leaving or state.ending or not unsaid:
        # Started or the end is on its way, or was here.
        return []
    # It may be preparing, which may take for ever: an abort is bounded.
    return abort(state)


def revoked(state: ExecutionState, controller: str) -> list[Output]:
    """It has given the ticket back."""
    part = state.parts[controller]
    state.revoking.discard(controller)
    if part.standing in {Standing.UNSENT, Standing.RUNNING, Standing.ENDED}:
        return []
    part.standing = Standing.UNSENT
    if state.ending:
        return [*abort_next(state), *finish(state)]
    if state.began and not state.leaving:
        return [state.arm(controller)]
    return returned(state)


def returned(state: ExecutionState) -> list[Output]:
    """Say that the ticket is back, if every controller has given it back."""
    if state.began or any(part.standing is not Standing.UNSENT for part in state.parts.values()):
        return []
    state.over = True
    return [Tell(LeftQueue())] if state.leaving else [Returned()]


def refused(state: ExecutionState, controller: str, said: Refused) -> list[Output]:
    """It does not do what it was told."""
    standing = state.parts[controller].standing
    if said.code is ErrorCode.CONFLICT and standing not in AT_REST:
        # Over there and not here: it was executed for a daemon whose journal is gone.
        lost = Failed(state.ticket, 0, ErrorCode.INSTRUMENT_LOST, said.detail, 0.0)
        return [*begin(state), *part_over(state, controller, lost)]
    if standing not in {Standing.SENT, Standing.STARTING}:
        return []
    failed = Failed(state.ticket, 0, said.code, said.detail, 0.0)
    return part_over(state, controller, failed)


def part_over(
    state: ExecutionState, controller: str, end: Finished | Failed | AtRest | Lost
) -> list[Output]:
    """It has come to its end; its data may still be on the way."""
    part = state.parts[controller]
    if part.standing is Standing.ENDED:
        return []
    outputs: list[Output] = []
    if isinstance(end, Lost | Finished) or end.began or end.blocks:
        # It was at work, even if it died or went away before it could say so.
        outputs += begin(state)
    part.end = end
    if not isinstance(end, Lost) and part.received < end.blocks:
        outputs.append(state.collect(controller))
        return [*outputs, *abort_next(state)] if state.ending else outputs
    return [*outputs, *ended(state, controller)]


def block_arrived(state: ExecutionState, controller: str) -> list[Output]:
    """Go on after a block: it may have been the last one of a part that has ended."""
    part = state.parts[controller]
    if part.end is None or part.standing is Standing.ENDED:
        return []
    return ended(state, controller) if part.received >= part.end.blocks else []


def ended(state: ExecutionState, controller: str) -> list[Output]:
    """It has come to its end, and all of its data is here."""
    part = state.parts[controller]
    part.standing = Standing.ENDED
    called = state.pacing.leave(controller)
    state.revoking.discard(controller)
    outputs: list[Output] = []
    error = error_of(controller, part.end, expected=state.ending)
    if error is not None and state.error is None:
        state.error = error
    if state.ending:
        outputs += abort_next(state)
    else:
        # What it said of its last step may have been lost with a connection.
        outputs += state.call(called)
    return [*outputs, *(finish(state) or [*start_next(state), *pace(state)])]


def finish(state: ExecutionState) -> list[Output]:
    """Tell the job of the end, if it is there."""
    at_rest = AT_REST if state.ending else ENDED
    if state.over or any(part.standing not in at_rest for part in state.parts.values()):
        return []
    state.over = True
    ends = [part.end for part in state.parts.values()]
    return [Tell(outcome(ends, state.error, began=state.began))]


def pace(state: ExecutionState) -> list[Output]:
    """Begin with the first spot as soon as every controller stands ready."""
    if state.ending:
        return []
    for name, part in state.parts.items():
        # One that only applies settings must have applied them, so it must have ended. One
        # that had done all of its part before the daemon started again has ended as well.
        at_work = part.standing is Standing.RUNNING and state.pacing.paces(name)
        if not at_work and part.standing is not Standing.ENDED:
            return []
    return state.call(state.pacing.begin())


def reached(state: ExecutionState, controller: str, said: Reached) -> list[Output]:
    """It has done a step of a sweep."""
    called = state.pacing.reached(controller, said.spot, said.phase)
    return [] if state.ending else state.call(called)


def again(state: ExecutionState, controller: str) -> list[Output]:
    """Repeat the words that a controller at work may not have heard."""
    return [] if state.ending else state.call(state.pacing.again(controller))
