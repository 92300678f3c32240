"""Guards: readouts that must be within limits, lest nothing begins at their targets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from msgspec import Meta, Struct

from stationd.runtime.settings.keys import dotted
from stationd.runtime.settings.problems import Problem, suggestion

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stationd.runtime.settings.settings import Settings

Targets = Annotated[tuple[str, ...], Meta(min_length=1)]


class Guard(Struct, frozen=True, forbid_unknown_fields=True):
    """A readout, what it must be, and what follows if it is not."""

    readout: str
    """Dotted: a controller and a readout of it, as in ``fridge.temperature``."""
    targets: Targets
    """The targets and controllers at which nothing begins while it is violated."""
    minimum: float | None = None
    maximum: float | None = None
    expected: bool | int | float | str | None = None
    """What it must be exactly, in the place of limits."""
    grace: Annotated[float, Meta(ge=0, le=1_000_000)] = 10.0
    """Seconds that it may be otherwise; and that it must be right again before work goes on."""
    every: Annotated[float, Meta(ge=0.01, le=86_400)] = 5.0
    """Seconds between two readings."""
    abort: bool = False
    """Whether what is at work there is brought to rest, too."""

    @property
    def controller(self) -> str:
        """The controller that is asked."""
        return self.readout.partition(".")[0]


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
    if guard.expected is None and not limits:
        yield "readout", "nothing says what it must be: give minimum, maximum or expected"
    elif guard.expected is not None and limits:
        yield (
            "expected",
            "stands in the place of minimum and maximum: leave out the one or the others",
        )
    elif guard.minimum is not None and guard.maximum is not None and guard.minimum > guard.maximum:
        yield "minimum", f"{guard.minimum:g} is above the maximum, {guard.maximum:g}"


def _where(guard: Guard, settings: Settings) -> Iterator[tuple[str, str]]:
    known = [*settings.targets, *settings.controllers]
    for target in guard.targets:
        if target not in known:
            yield (
                "targets",
                f"no target or controller is called {target!r}{suggestion(target, known)}",
            )
