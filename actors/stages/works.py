"""The work that controllers are sent, where nothing heavy is needed to make it.

Sweeps and null programs become work in the daemon, at once; so do circuits, once a worker has
compiled them.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from stationd.proto.program import (
    Circuits,
    CircuitsWork,
    CircuitWork,
    Move,
    NullProgram,
    NullWork,
    Sweep,
    SweepWork,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from stationd.proto.result import CompiledResult


def compile_sweep(sweep: Sweep) -> dict[str, SweepWork]:
    """Return each controller's part of a sweep, by the controller's name."""
    controllers = sweep.controllers()
    return {
        controller: SweepWork(
            settings=tuple(
                (_own(name), value)
                for name, value in sweep.settings.items()
                if _controller(name) == controller
            ),
            shape=sweep.shape,
            moves=tuple(
                Move(_own(axis.setting), index, axis.values)
                for index, group in enumerate(sweep.axes)
                for axis in group
                if _controller(axis.setting) == controller
            ),
            returns=tuple(_own(name) for name in sweep.returns if _controller(name) == controller),
            paced=len(controllers) > 1,
        )
        for controller in controllers
    }


def _controller(name: str) -> str:
    return name.partition(".")[0]


def _own(name: str) -> str:
    return name.partition(".")[2]


def compile_null(circuits: Circuits) -> NullWork:
    """Return the work of a job of null programs, which take their time one after another."""
    return NullWork(
        duration=math.fsum(
            program.duration for program in circuits.programs if isinstance(program, NullProgram)
        )
    )


def circuits_work(
    circuits: Circuits,
    compiled: Mapping[int, CompiledResult],
    calibration: Mapping[str, float],
) -> CircuitsWork:
    """Return the work of a job of circuits, from those of its items that could be compiled."""
    return CircuitsWork(
        circuits=tuple(
            CircuitWork(
                item=item,
                circuit=result.native,
                shots=circuits.n_shots[item],
                seed=circuits.seed,
            )
            for item, result in sorted(compiled.items())
        ),
        calibration=dict(calibration),
    )
