"""Whose turn it is: controllers start in their order, and come to rest the other way. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stationd.actors.execution.part import Standing
from stationd.actors.execution.start_order import start_groups

if TYPE_CHECKING:
    from stationd.actors.execution.part import Output
    from stationd.actors.execution.state import ExecutionState


def start_next(state: ExecutionState) -> list[Output]:
    """Start what may start when all are armed: a group when those before it have started."""
    taken_back = state.taken_back or state.revoking
    if not state.is_group or taken_back or state.ending:
        return []
    waiting = {Standing.UNSENT, Standing.SENT, Standing.UNKNOWN}
    if any(part.standing in waiting for part in state.parts.values()):
        return []
    for members in start_groups(state.parts, state.ranks):
        standings = {state.parts[name].standing for name in members}
        if Standing.ARMED in standings:
            return [
                state.start(name)
                for name in members
                if state.parts[name].standing is Standing.ARMED
            ]
        if Standing.STARTING in standings:
            break
    return []


def abort_next(state: ExecutionState) -> list[Output]:
    """Bring those to rest whose turn it is: all that started after them are at rest."""
    outputs: list[Output] = []
    for members in reversed(start_groups(state.parts, state.ranks)):
        restless = [name for name in members if state.is_restless(name)]
        outputs += [state.abort(name) for name in restless if name not in state.aborted]
        state.aborted.update(restless)
        if restless and not state.hurrying:
            break
    return outputs
