"""Sweeps that go on where they were cut short: what must hold of what they read."""

from collections.abc import Iterable, Sequence
from typing import Final

import numpy as np

from stationd.client.results.outcome import SweepData
from stationd.proto.program import SettingValue, Sweep
from tests.simulation.instrument import Act, reading

NOTHING: Final = ""


def wrong_steps(sweep: Sweep, acts: Sequence[Act], *, resumed: bool) -> str:
    """Return what is wrong with the spots that a ticket visited to the end; nothing if it is right.

    Args:
        sweep: What was asked for.
        acts: What its controllers did.
        resumed: It may have begun with another spot than the first.
    """
    readers = len({name.partition(".")[0] for name in sweep.returns})
    reads = sorted(spot for act in acts for phase, spot, _ in act.steps if phase == "read")
    first = reads[0] if reads else sweep.spots
    if first and not resumed:
        return "did not begin with the first spot"
    if reads != sorted(list(range(first, sweep.spots)) * readers):
        return "did not read at every spot once"
    return _wrong_standing(sweep, acts)


def _wrong_standing(sweep: Sweep, acts: Sequence[Act]) -> str:
    """Return what was not set as it should be when something was read."""
    steps = sorted(
        (when, phase == "read", spot, act.controller)
        for act in acts
        for phase, spot, when in act.steps
    )
    movers = {axis.setting.partition(".")[0] for group in sweep.axes for axis in group}
    standing: dict[str, list[SettingValue]] = {}
    for _, is_read, spot, controller in steps:
        if not is_read:
            standing[controller] = _set_at(sweep, controller, spot)
            continue
        for mover in movers:
            if standing.get(mover) != _set_at(sweep, mover, spot):
                return f"read at spot {spot} while {mover} was at {standing.get(mover)}"
    return NOTHING


def stands_still(sweep: Sweep, controller: str, spot: int) -> bool:
    """Whether nothing that a controller sets differs from the spot before."""
    return spot > 0 and _set_at(sweep, controller, spot) == _set_at(sweep, controller, spot - 1)


def _set_at(sweep: Sweep, controller: str, spot: int) -> list[SettingValue]:
    shape = [len(group[0].values) for group in sweep.axes]
    place = np.unravel_index(spot, shape)
    return [
        axis.values[index]
        for group, index in zip(sweep.axes, place, strict=True)
        for axis in group
        if axis.setting.partition(".")[0] == controller
    ]


def wrong_readings(data: SweepData, tickets: Sequence[int], acts: Iterable[Act]) -> str:
    """Return what is wrong with the result of a sweep that made several attempts.

    Args:
        data: The result.
        tickets: Of the attempts, in order.
        acts: What all controllers did.
    """
    read = {
        (act.ticket, act.controller, spot)
        for act in acts
        for phase, spot, _ in act.steps
        if phase == "read"
    }
    arrays = {name: np.ravel(array).tolist() for name, array in data.arrays.items()}
    before = 0
    for spot in range(data.spots_done):
        values = {values[spot] for values in arrays.values()}
        of = [n for n, ticket in enumerate(tickets) if values == {reading(ticket, spot)}]
        if not of or of[-1] < before:
            return f"spot {spot} is {values}, of no attempt from {before + 1} on"
        before = of[-1]
        for name in arrays:
            if (tickets[before], name.partition(".")[0], spot) not in read:
                return f"spot {spot} of {name} was never read with ticket {tickets[before]}"
    return NOTHING
