"""What is wrong with guards: what they read, what that must be, and where they hold."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from stationd.runtime.settings.keys import dotted
from stationd.runtime.settings.problems import Problem, suggestion

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stationd.runtime.settings.guard import Guard
    from stationd.runtime.settings.settings import Settings


def guard_problems(settings: Settings) -> Iterator[Problem]:
    """Yield what is wrong with guards."""
    for name, guard in settings.guards.items():
        for key, reason in (*_readout(guard, settings), *_bounds(guard), *_where(guard, settings)):
            yield Problem(dotted(("guards", name, key)), reason)


def _readout(guard: Guard, settings: Settings) -> Iterator[tuple[str, str]]:
    controller, dot, readout = guard.readout.partition(".")
    if not (controller and dot and readout):
        wanted = "a controller's name, a dot and the readout's, as in \"fridge.temperature\""
        yield "readout", f"{guard.readout!r} is not {wanted}"
    elif controller not in settings.controllers:
        yield (
            "readout",
            f"no controller is called {controller!r}"
            + suggestion(controller, list(settings.controllers)),
        )


def _bounds(guard: Guard) -> Iterator[tuple[str, str]]:
    limits = guard.minimum is not None or guard.maximum is not None
    if any(_is_nan(value) for value in (guard.minimum, guard.maximum, guard.expected)):
        yield "readout", "nan is no limit: no reading would ever be right"
    elif guard.expected is None and not limits:
        yield "readout", "nothing says what it must be: give minimum, maximum or expected"
    elif guard.expected is not None and limits:
        yield (
            "expected",
            "stands in the place of minimum and maximum: leave out the one or the others",
        )
    elif guard.minimum is not None and guard.maximum is not None and guard.minimum > guard.maximum:
        yield "minimum", f"{guard.minimum:g} is above the maximum, {guard.maximum:g}"


def _is_nan(value: object) -> bool:
    return isinstance(value, float) and math.isnan(value)


def _where(guard: Guard, settings: Settings) -> Iterator[tuple[str, str]]:
    known = [*settings.targets, *settings.controllers]
    for target in guard.targets:
        if target not in known:
            yield (
                "targets",
                f"no target or controller is called {target!r}{suggestion(target, known)}",
            )
