"""Guards: readouts that must be within limits, lest nothing begins at their targets."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

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
